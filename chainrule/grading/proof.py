"""Proof of a grader: run the graded cells of a problem set on every answer of its mistake bank.

The cells run as they stand in the instructor's notebook, with the reference solutions in place and
one answer exchanged for one of the bank, and are scored as nbgrader scores them.
"""

import ast
import contextlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader import utils

from chainrule.checks.bank import load_bank
from chainrule.grading.check_cells import HIDDEN_MARK

SOLUTION_MARK = "### BEGIN SOLUTION"
_EXERCISE = re.compile(r"""checks\.\w+\(\s*["'](\w+)["']""")


@dataclass(frozen=True)
class Trial:
    """How one answer of the bank fared.

    Attributes
    ----------
    exercise, answer : str
    right : bool
        Whether the bank holds it for right.
    expected : str
        The id under which a wrong answer should be named; empty if it need not be.
    visible, hidden : float
        Share of the points earned in the visible and in the hidden cells, 0 to 1.
    named : str
        The first mistake the checks named.
    """

    exercise: str
    answer: str
    right: bool
    expected: str
    visible: float
    hidden: float
    named: str

    @property
    def full_marks(self) -> bool:
        """Whether every point was earned."""
        return self.visible == 1.0 and self.hidden == 1.0


class Grader:
    """The graded cells of an instructor's notebook, ready to be run on any answer.

    Parameters
    ----------
    folder : Path
        The problem set's source folder, with its data file compiled.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        notebook = nbformat.read(self.folder / f"{self.folder.name}.ipynb", as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self._given = [cell.source for cell in code if not utils.is_grade(cell)]
        self._graded: dict[str, list[tuple[str, float]]] = {}
        for cell in code:
            if utils.is_grade(cell) and not utils.is_solution(cell):  # not one for a person
                points = float(cell.metadata.nbgrader["points"])
                name = _EXERCISE.search(cell.source).group(1)
                self._graded.setdefault(name, []).append((cell.source, points))

    @property
    def exercises(self) -> list[str]:
        """Names of the autograded exercises, in order."""
        return list(self._graded)

    def solution(self, exercise: str) -> str:
        """The source of the cell that holds an exercise's reference solution."""
        for source in self._given:
            tops = ast.parse(source).body
            if (
                any(getattr(top, "name", "") == exercise for top in tops)
                and SOLUTION_MARK in source
            ):
                return source
        raise ValueError(f"{self.folder.name}: no cell defines {exercise}")

    def namespace(self) -> dict:
        """What a notebook knows before its checks, with the reference solutions in place."""
        namespace: dict = {"__name__": "__main__"}
        with self._at_home():
            for source in self._given:
                exec(compile(source, "<given>", "exec"), namespace)
        return namespace

    def answer(self, exercise: str, source: str):
        """What an exercise's cell defines when it holds another source."""
        namespace = self.namespace()
        with self._at_home():
            exec(compile(source, "<answer>", "exec"), namespace)
        return namespace[exercise]

    def grade(self, exercise: str, answer: Callable | None = None) -> tuple[float, float, list]:
        """Run the cells of one exercise, with an answer of the bank or the reference solution.

        Returns
        -------
        visible, hidden : float
            Shares of the points, 0 to 1.
        verdicts : list of Verdict
            What each check found.
        """
        earned, possible = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
        namespace = self.namespace()
        if answer is not None:
            namespace[exercise] = answer
        with self._at_home():
            for source, points in self._graded[exercise]:
                hidden = HIDDEN_MARK in source
                earned[hidden] += _score(source, points, namespace)
                possible[hidden] += points
        shares = [earned[one] / possible[one] if possible[one] else 1.0 for one in (False, True)]
        return *shares, namespace["checks"].verdicts

    @contextlib.contextmanager
    def _at_home(self) -> Iterator[None]:
        """In the problem set's folder, with what is printed dropped."""
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(io.StringIO()):
            yield


def prove(folder: Path) -> list[Trial]:
    """Try every answer of a problem set's mistake bank on its graded cells."""
    bank, grader = load_bank(folder), Grader(folder)
    trials = []
    for name, entry in bank.entries.items():
        for id_, answer in entry.right.items():
            trials.append(_try(grader, name, id_, answer, True, ""))
        for wrong in entry.wrong:
            trials.append(_try(grader, name, wrong.id, wrong.answer, False, wrong.named))
    return trials


def _try(grader: Grader, exercise, id_, answer, right, expected) -> Trial:
    visible, hidden, verdicts = grader.grade(exercise, answer)
    named = next((verdict.mistake for verdict in verdicts if verdict.mistake), "")
    return Trial(exercise, id_, right, expected, visible, hidden, named)


def _score(source: str, points: float, namespace: dict) -> float:
    """Points of one cell as nbgrader gives them: none for an error, a final number for part."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    try:
        exec(compile(tree, "<graded>", "exec"), namespace)
        value = None
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<graded>", "eval"), namespace)
    except Exception:
        return 0.0
    return points if value is None else float(value)
