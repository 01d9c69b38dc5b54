"""An assignment as grading needs it: what students got, and what the source adds to it.

Read once for a run and then handed around; it can be pickled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import LimitOutput, SaveCells
from nbgrader.utils import is_grade, is_solution, is_task
from traitlets.config import Config
from traitlets.utils.importstring import import_item

import chainrule
from chainrule.grading.course import Course

# What of the configuration has no influence on points or outputs.
_ELSEWHERE = {
    "AssignLatePenalties", "CourseDirectory", "Exchange", "Exporter", "FormgradeApp",
    "GenerateFeedback", "HTMLExporter", "LateSubmissionPlugin", "NbGrader",
}  # fmt: skip
_LITTER = ("__pycache__", ".ipynb_checkpoints")


@dataclass(frozen=True)
class Assignment:
    """One problem set, as it is now.

    Attributes
    ----------
    name : str
    folder : Path
        In ``source/``: solutions, hidden checks, the mistake bank.
    digest : str
        Of all that a grade depends on, submission and grader aside.
    pristine : dict of str to NotebookNode
        The released notebooks.
    key : dict of str to dict of str to NotebookNode
        By notebook and ``grade_id``: the marked cells as in the source, hidden checks included and
        solutions taken out.
    files : dict of str to bytes
        What was released beside the notebooks.
    theirs : frozenset of str
        Released files that a student may change and hand in.
    max_lines, max_traceback : int
        Of output that is kept.
    """

    name: str
    folder: Path
    digest: str
    pristine: dict[str, NotebookNode]
    key: dict[str, dict[str, NotebookNode]]
    files: dict[str, bytes]
    theirs: frozenset[str]
    max_lines: int
    max_traceback: int

    def __hash__(self) -> int:
        return hash(self.digest)


def read_assignment(course: Course, name: str, config: Config) -> Assignment:
    """Read a problem set that has been released.

    Raises
    ------
    CourseError
        If source/ has no such problem set.
    FileNotFoundError
        If it has not been released.
    """
    titles = course.notebooks(name)
    folder, released = course.source / name, course.release / name
    limit = LimitOutput(config=config)
    places = CourseDirectory(config=config)
    grading = Autograde(coursedir=places, config=config)
    return Assignment(
        name=name,
        folder=folder,
        digest=_digest(folder, released, config),
        pristine={title: _read(released / f"{title}.ipynb") for title in titles},
        key={title: _marked_cells(folder / f"{title}.ipynb", config, places) for title in titles},
        files={
            path.relative_to(released).as_posix(): path.read_bytes()
            for path in _files(released)
            if path.suffix != ".ipynb"
        },
        theirs=frozenset(grading.exclude_overwriting.get(name, [])),
        max_lines=limit.max_lines,
        max_traceback=limit.max_traceback,
    )


@cache
def grader_version() -> str:
    """A digest of the code that grades: another version may give other points."""
    package = Path(chainrule.__file__).parent
    digest = hashlib.sha256(chainrule.__version__.encode())
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def exercises_of(cells: list[NotebookNode], title: str) -> dict[str, str]:
    """The exercise that each graded cell belongs to, in the order of the notebook.

    An exercise is an answer with the check cells below it, named after the answer:
    ``relu_answer``, ``relu_forward`` and ``relu_hidden`` are the exercise ``relu``.
    """
    found, exercise = {}, title
    for cell in cells:
        if is_solution(cell):
            exercise = cell.metadata.nbgrader["grade_id"]
            for ending in ("-answer", "_answer"):
                exercise = exercise.removesuffix(ending)
        if is_grade(cell) or is_task(cell):
            found[cell.metadata.nbgrader["grade_id"]] = exercise
    return found


def _marked_cells(path: Path, config: Config, places: CourseDirectory) -> dict[str, NotebookNode]:
    """The marked cells as nbgrader puts them into its gradebook.

    These are the preprocessors that make the release, up to the one that writes the gradebook.
    """
    nb = _read(path)
    names = {"assignment": path.parent.name, "notebook": path.stem, "student": "."}
    resources = {"nbgrader": names, "metadata": {"path": str(path.parent)}}
    for name in GenerateAssignment(coursedir=places, config=config).preprocessors:
        kind = import_item(name) if isinstance(name, str) else name
        if kind is SaveCells:
            break
        step = kind(config=config)
        if step.enabled:
            nb, resources = step.preprocess(nb, resources)
    marked = (cell for cell in nb.cells if "nbgrader" in cell.metadata)
    return {cell.metadata.nbgrader["grade_id"]: cell for cell in marked}


def _digest(source: Path, released: Path, config: Config) -> str:
    digest = hashlib.sha256()
    for folder in (source, released):
        for path in _files(folder):
            content = hashlib.sha256(path.read_bytes()).digest()
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + content)
        digest.update(b"\1")
    told = {name: value for name, value in config.items() if name not in _ELSEWHERE}
    digest.update(json.dumps(told, sort_keys=True, default=_word).encode())
    return digest.hexdigest()


def _word(value: object) -> str:
    """A value of the configuration as text that is the same in every process."""
    return getattr(value, "__qualname__", None) or str(value)


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not path.name.endswith((".pyc", ".pyo"))
        and not any(part in _LITTER for part in path.relative_to(folder).parts)
    )


def _read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)
