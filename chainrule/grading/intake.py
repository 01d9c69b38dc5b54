"""Take a submission in: whatever was handed in becomes clean notebooks, or a reason.

Nothing a student hands in may stop a run, and nobody may vanish from the table. A notebook that
cannot be read ends as an :class:`Unreadable` whose text tells the student what to do about it.
"""

import json
import re
import shutil
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import parse_utc

from chainrule.grading.notes import Note
from chainrule.grading.transplant import shares_cells

MAX_BYTES = 50_000_000  # of one file; figures as outputs are the usual reason for large ones
SAVE_AGAIN = "Open your own copy in Jupyter, save it, and hand in that file"

_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# What a file really is, by its first bytes.
_OTHER_KINDS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"<": "an HTML page",
    b"\x89PNG": "an image",
}


class Unreadable(Exception):
    """A notebook cannot be graded; the text says why and what the student can do."""


@dataclass
class Submission:
    """What one student handed in for one problem set."""

    student: str
    notebooks: dict[str, NotebookNode] = field(default_factory=dict)  # by the name graded under
    files: dict[str, Path] = field(default_factory=dict)  # other files, by relative path
    notes: list[Note] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Lay the submission out in `folder` for nbgrader."""
        folder.mkdir(parents=True)
        for name, path in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
        for name, nb in self.notebooks.items():
            nbformat.write(nb, folder / f"{name}.ipynb")


def receive(folder: Path, student: str, expected: dict[str, NotebookNode]) -> Submission:
    """Read what `student` handed in for a problem set.

    Parameters
    ----------
    folder : Path
        The submission: ``submitted/<student>/<problem set>``.
    student : str
        Who handed it in.
    expected : dict of str to NotebookNode
        The notebooks of the problem set, as released: what was handed in must share cells with
        them.
    """
    taken = Submission(student)
    if not folder.is_dir():
        found = ", ".join(sorted(path.name for path in _entries(folder.parent))) or "nothing"
        text = f"There is no folder {folder.name!r} in the submission (found: {found})"
        taken.notes.append(Note("missing", f"{text}. Hand in the whole folder as released"))
        return taken

    paths = {path.name: path for path in _entries(folder) if path.suffix.lower() == ".ipynb"}
    others = {name for name in paths if name not in {f"{title}.ipynb" for title in expected}}
    for title, pristine in expected.items():
        try:
            name = _find(title, paths, others, alone=len(expected) == 1)
            nb = read_notebook(paths[name])
            if not shares_cells(nb, pristine):
                raise Unreadable(
                    f"{name} holds none of the exercises of {title}. Is it another notebook? "
                    f"Otherwise download {title}.ipynb again and copy your answers into it"
                )
        except Unreadable as reason:
            taken.notes.append(Note("unreadable", str(reason)))
            continue
        taken.notebooks[title] = nb
        if name in others:
            others.discard(name)
            taken.notes.append(Note("renamed", f"{name} was graded as {title}.ipynb"))
    if taken.notebooks and others:
        taken.notes.append(Note("extra", "Other notebooks were not looked at", sorted(others)))
    _take_files(folder, taken)
    return taken


def _find(title: str, paths: dict[str, Path], others: set[str], alone: bool) -> str:
    """The name of the file to grade as `title`."""
    if f"{title}.ipynb" in paths:
        return f"{title}.ipynb"
    if not others:
        raise Unreadable(f"There is no notebook in the submission. Hand in {title}.ipynb")
    if len(others) == 1 and alone:
        return next(iter(others))
    names = ", ".join(sorted(others))
    raise Unreadable(
        f"None of the notebooks is called {title}.ipynb (found: {names}). Rename yours"
    )


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook, keeping only cells with type, text, id and nbgrader marks.

    Returns
    -------
    NotebookNode
        A valid notebook of format 4.5 without outputs.

    Raises
    ------
    Unreadable
        If it is no regular file, too large, empty, cut off, not JSON or not a notebook.
    """
    text = _read_text(path)
    try:
        raw = json.loads(text)
        if isinstance(raw, dict) and isinstance(raw.get("worksheets"), list):  # format 3
            raw = nbformat.reads(text, as_version=4)
    except json.JSONDecodeError as error:
        raise Unreadable(_why_not_json(path, text, error)) from None
    except Exception as error:  # nested too deep, or a format that nbformat cannot convert
        raise Unreadable(
            f"{path.name} cannot be read as a notebook ({type(error).__name__}). {SAVE_AGAIN}"
        ) from None
    if not isinstance(raw, dict) or not isinstance(raw.get("cells"), list):
        raise Unreadable(f"{path.name} is not a notebook: it has no cells. {SAVE_AGAIN}")
    nb = nbformat.v4.new_notebook()
    for cell in raw["cells"]:
        _take_cell(cell, nb)
    if not nb.cells:
        raise Unreadable(f"{path.name} has no cells. {SAVE_AGAIN}")
    return nb


def _read_text(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        raise Unreadable(f"{path.name} is not a file of its own. Hand in the notebook itself")
    try:
        size = path.stat().st_size
        if size == 0:
            raise Unreadable(f"{path.name} is empty (0 bytes). {SAVE_AGAIN}")
        if size > MAX_BYTES:
            raise Unreadable(
                f"{path.name} is too large: {size / 1e6:.0f} MB, at most {MAX_BYTES / 1e6:.0f} MB "
                "are taken. Clear all outputs in Jupyter, save, and hand in again"
            )
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path.name} could not be opened ({error.strerror})") from None
    for start, kind in _OTHER_KINDS.items():
        if content.startswith(start):
            raise Unreadable(f"{path.name} is {kind}, not a notebook. {SAVE_AGAIN}")
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        raise Unreadable(f"{path.name} is not text: the file is damaged. {SAVE_AGAIN}") from None


def _why_not_json(path: Path, text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return f"{path.name} is empty. {SAVE_AGAIN}"
    if not text.lstrip().startswith("{"):
        return f"{path.name} is not a notebook. {SAVE_AGAIN}"
    # A file that was cut off fails at its end, or in a string that never ends.
    if not text.rstrip().endswith("}") or error.pos >= len(text.rstrip()):
        return f"{path.name} is cut off: it ends in line {text.count(chr(10)) + 1}. {SAVE_AGAIN}"
    return f"{path.name} is damaged in line {error.lineno}. {SAVE_AGAIN}"


def _take_cell(raw: object, nb: NotebookNode) -> None:
    """Add one cell to `nb` if it has the shape of one."""
    if not isinstance(raw, dict):
        return
    source = raw.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return
    make = {"code": nbformat.v4.new_code_cell, "raw": nbformat.v4.new_raw_cell}
    cell = make.get(raw.get("cell_type"), nbformat.v4.new_markdown_cell)(source)
    taken = {other.id for other in nb.cells}
    wanted = raw.get("id")
    usable = isinstance(wanted, str) and _CELL_ID.fullmatch(wanted) and wanted not in taken
    fresh = (f"cell-{number}" for number in count(len(nb.cells)))
    cell.id = wanted if usable else next(name for name in fresh if name not in taken)
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if isinstance(marks, dict) and isinstance(marks.get("grade_id"), str):
        cell.metadata["nbgrader"] = {"grade_id": marks["grade_id"]}
    attachments = raw.get("attachments")
    if cell.cell_type == "markdown" and _are_attachments(attachments):
        cell.attachments = nbformat.from_dict(attachments)
    nb.cells.append(cell)


def _are_attachments(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(bundle, dict) and all(isinstance(data, str) for data in bundle.values())
        for bundle in value.values()
    )


def _take_files(folder: Path, taken: Submission) -> None:
    """Note the regular files that came along; links, pipes and huge files stay outside."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".ipynb" or path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size > MAX_BYTES:
            taken.notes.append(Note("large", "Files were too large to take along", [path.name]))
        elif path.name != "timestamp.txt" or _is_timestamp(path):
            taken.files[path.relative_to(folder).as_posix()] = path


def _is_timestamp(path: Path) -> bool:
    """Whether nbgrader can read this timestamp; one it cannot read ends its run."""
    try:
        return parse_utc(path.read_text(encoding="utf-8").strip()) is not None
    except (ValueError, OverflowError):
        return False


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
