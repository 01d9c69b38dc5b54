"""A small course in a temporary folder, and what students do to its notebook."""

import shutil
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from chainrule.grading.course import Course

ROOT = Path(__file__).parents[2]
NAME = "mini"

# In the metadata of a cell that a student has added, once it has been transplanted.
OWN = {"chainrule": {"author": "student"}}

# Words that stand in hidden checks and in the mistake bank only; no student may ever see one.
CANARIES = ("CANARY_INPUT", "CANARY_HELPER", "CANARY_BANK", "CANARY_SOLUTION")

SOLUTION = """def double(x):
    \"\"\"Return twice x.\"\"\"
    ### BEGIN SOLUTION
    CANARY_SOLUTION = 2
    return CANARY_SOLUTION * x
    ### END SOLUTION"""

VISIBLE = """assert double(3) == 6, "twice 3 is 6"
"""

HIDDEN = """# More checks run when your work is graded.
### BEGIN HIDDEN TESTS
def CANARY_HELPER(f, value):
    return f(value) == 2 * value
CANARY_INPUT = [7, -1]
points = float(sum(1.5 for value in CANARY_INPUT if CANARY_HELPER(double, value)))
### END HIDDEN TESTS
globals().get("points", 0.0)"""

SQUARE = """def square(x):
    ### BEGIN SOLUTION
    return x * x
    ### END SOLUTION"""


def marks(grade_id, *, points=None, solution=False):
    meta = {
        "grade_id": grade_id,
        "grade": points is not None,
        "locked": not solution,
        "solution": solution,
        "task": False,
        "schema_version": 3,
    }
    if points is not None:
        meta["points"] = points
    return {"nbgrader": meta}


def source_notebook():
    """The instructor's version: 10 points, of which 4 are given by hand."""
    cells = [
        new_markdown_cell("# Mini", id="title"),
        new_code_cell("import math", id="imports"),
        new_code_cell(SOLUTION, metadata=marks("double", solution=True), id="double"),
        new_code_cell(VISIBLE, metadata=marks("double-check", points=2), id="double-check"),
        new_code_cell(HIDDEN, metadata=marks("double-hidden", points=3), id="double-hidden"),
        new_markdown_cell("## Squares", id="squares"),
        new_code_cell(SQUARE, metadata=marks("square", solution=True), id="square"),
        new_code_cell(
            "assert square(3) == 9", metadata=marks("square-check", points=1), id="square-check"
        ),
        new_markdown_cell("Because.", metadata=marks("why", points=4, solution=True), id="why"),
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def make_course(root: Path) -> Course:
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    folder = root / "source" / NAME
    folder.mkdir(parents=True)
    nbformat.write(source_notebook(), folder / f"{NAME}.ipynb")
    (folder / "numbers.txt").write_text("1 2 3\n", encoding="utf-8")
    (folder / "mistakes" / "deeper").mkdir(parents=True)
    (folder / "mistakes" / "relu.py").write_text("CANARY_BANK\n", encoding="utf-8")
    (folder / "mistakes" / "deeper" / "notes.txt").write_text("CANARY_BANK\n", encoding="utf-8")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "helper.pyc").write_bytes(b"CANARY_BANK")
    return Course.at(root)


class Student:
    """Edits a released notebook the way a student does."""

    def __init__(self, nb):
        self.nb = nb

    def cell(self, grade_id):
        return next(c for c in self.nb.cells if grade_id in (c.id, self._grade_id(c)))

    @staticmethod
    def _grade_id(cell):
        return cell.metadata.get("nbgrader", {}).get("grade_id")

    def index(self, grade_id):
        return self.nb.cells.index(self.cell(grade_id))

    def answer(self, grade_id, source):
        self.cell(grade_id).source = source
        return self

    def solve(self):
        self.answer("double", "def double(x):\n    return 2 * x")
        self.answer("square", "def square(x):\n    return x**2")
        return self.answer("why", "Because two is a number.")

    def own(self, source, after):
        """Add an own code cell below another."""
        self.nb.cells.insert(self.index(after) + 1, new_code_cell(source))
        return self

    def copy_of(self, grade_id, source=None):
        twin = nbformat.from_dict(self.cell(grade_id))
        twin.id = f"{twin.id}-copy"
        if source is not None:
            twin.source = source
        return twin


def hand_in(course: Course, name: str, content, filename: str = f"{NAME}.ipynb") -> Path:
    """Put a notebook (or raw text, or bytes) where submissions lie."""
    path = course.submitted / name / NAME / filename
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        nbformat.write(content, path)
    return path


def all_text(folder: Path) -> str:
    """Everything that stands in the files of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def points_of(rows) -> dict:
    """Student and points, of a list of rows."""
    return {row.student: row.score for row in rows}
