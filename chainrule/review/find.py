"""Find the notebook of a problem set, or say why there is none to be run."""

from pathlib import Path

import nbformat

from chainrule.checks import store

DATA = "checks.json"


class NotebookError(Exception):
    """There is no notebook that could be checked; the text says what to do about it."""


def find_notebook(place: str, start: Path) -> Path:
    """The notebook that somebody means.

    Parameters
    ----------
    place : str
        A notebook, its folder, or the beginning of the folder's name ("ps3"), which is looked for
        in ``start``, its folder ``release/``, and the same further up.
    start : Path
        Where the command was called.

    Raises
    ------
    NotebookError
        If there is none, more than one could be meant, or it was renamed.
    """
    given = start / place
    if given.is_file():
        return given
    folder = given if given.is_dir() else _folder_by_name(place, start)
    data = folder / DATA
    if not data.is_file():
        raise NotebookError(
            f"{folder.resolve()} is no problem set: {DATA}, which belongs beside its notebook, is "
            "not there"
        )
    name = store.problem_set(data) or folder.resolve().name
    notebook = folder / f"{name}.ipynb"
    if notebook.is_file():
        return notebook
    others = sorted(path.name for path in folder.glob("*.ipynb"))
    if others:
        raise NotebookError(
            f"{notebook.name} is missing in {folder.resolve()}, but there is "
            f"{', '.join(others)}: has it been renamed? It is handed in as {notebook.name}"
        )
    raise NotebookError(f"{notebook.name} is missing in {folder.resolve()}: fetch it again")


def _folder_by_name(name: str, start: Path) -> Path:
    for top in (start, *start.resolve().parents):
        for shelf in (top, top / "release"):
            found = [path for path in sorted(shelf.glob(f"{name}*")) if (path / DATA).is_file()]
            if len(found) > 1:
                names = ", ".join(path.name for path in found)
                raise NotebookError(f"{name!r} could be any of {names}: give more of the name")
            if found:
                return found[0]
    raise NotebookError(
        f"no problem set {name!r} here: give the folder that holds its notebook and {DATA}"
    )


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook, without changing it.

    Raises
    ------
    NotebookError
        If it is damaged, or holds nothing that is graded.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise NotebookError(
            f"{path.name} cannot be read as a notebook ({_first_line(error)}): was it saved "
            "completely? JupyterLab keeps an earlier version, see its menu File, Revert Notebook"
        ) from error
    if not any(cell.metadata.get("nbgrader", {}).get("grade") for cell in notebook.cells):
        raise NotebookError(f"{path.name} has no graded cells: it is no problem set")
    return notebook


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:120]
