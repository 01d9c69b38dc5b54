"""Run the lectures and store their outputs: ``python3 course.py execute [NOTEBOOK ...]``.

A lecture that is run twice does not change by a byte: what varies from run to run (timings, ids,
the version of Python) is left out, and every kernel starts with the same settings.
"""

import argparse
import hashlib
import os
import sys
import time
from contextlib import closing
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat.sign import NotebookNotary

LECTURES = Path(__file__).resolve().parents[1] / "notebooks"
TIMEOUT = 300  # seconds for one cell; a whole lecture should take under 20

# One thread: how many there are changes the last digits of a matrix product.
SETTINGS = {
    **dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS",
            "NUMEXPR_NUM_THREADS",
        ),
        "1",
    ),
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
    "COLUMNS": "80",
}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}


class LectureError(Exception):
    """A lecture that does not run; the text names the lecture and the cell."""


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out, in place, all that says when and by what the notebook was run.

    A cell's id is a hash of its source, so that it stays the same however the notebook was made.
    Of a cell's metadata only the tags are kept; ``hide-input`` folds the source of a cell that only
    draws. Code cells are counted from 1.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen, count = {}, 0
    for cell in notebook.cells:
        cell.source = cell.source.strip("\n")
        digest = hashlib.sha256(f"{cell.cell_type} {cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if "hide-input" in tags:  # JupyterLab goes by the second, static sites by the first
            cell.metadata["jupyter"] = nbformat.from_dict({"source_hidden": True})
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output["execution_count"] = count
    return notebook


def text_of(notebook: nbformat.NotebookNode) -> str:
    """Return what is stored in the file."""
    return nbformat.writes(notebook) + "\n"


def read(path: Path) -> nbformat.NotebookNode:
    """Read one lecture.

    Raises
    ------
    LectureError
        If the file is no notebook.
    """
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise LectureError(f"{path.name}: cannot be read as a notebook: {error}") from error


def run(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Run one lecture, whose place is ``path``, in a kernel of its own, and keep its outputs in it.

    Raises
    ------
    LectureError
        If a cell fails, takes too long or kills the kernel.
    """
    running = {}
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=40"],
        on_cell_start=lambda cell, cell_index: running.update(cell=cell, index=cell_index),
    )
    try:
        client.execute(env={**os.environ, **SETTINGS})
    except (CellControlSignal, DeadKernelError) as error:
        raise LectureError(f"{path.name}, {_cell(running)}: {_reason(error)}") from error


def execute(path: Path) -> bool:
    """Run one lecture, store it, trust it; return whether it changed.

    Raises
    ------
    LectureError
        If the file is no notebook, or a cell fails, takes too long or kills the kernel.
    """
    notebook = read(path)
    before = path.read_text(encoding="utf-8")
    run(notebook, path)
    normalise(notebook)
    nbformat.validate(notebook)
    after = text_of(notebook)
    if after != before:
        path.write_text(after, encoding="utf-8", newline="\n")
    notary = NotebookNotary()
    with closing(notary.store):
        notary.sign(notebook)
    return after != before


def _cell(running: dict) -> str:
    first = running["cell"].source.split("\n", 1)[0] if running else ""
    return f"cell {running['index']} ({first})" if running else "before the first cell"


def _reason(error: Exception) -> str:
    if isinstance(error, DeadKernelError):
        return "the kernel died"
    if hasattr(error, "ename"):
        return f"{error.ename}: {error.evalue}"
    return f"took more than {TIMEOUT} s"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0 if all lectures ran, 1 if one did not."""
    parser = argparse.ArgumentParser(prog="lectures", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("execute", help="run lectures and store their outputs")
    run.add_argument("notebooks", nargs="*", type=Path, help="default: all, in order")
    chosen = parser.parse_args(arguments).notebooks or sorted(LECTURES.glob("*.ipynb"))
    for path in chosen:
        start = time.perf_counter()
        try:
            changed = execute(path)
        except LectureError as error:
            print(error, file=sys.stderr)
            return 1
        state = "stored" if changed else "unchanged"
        print(f"{path.name}: {state}, {time.perf_counter() - start:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
