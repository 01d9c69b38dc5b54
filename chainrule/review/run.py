"""Run a problem set's cells and collect, exercise by exercise, what its checks say."""

import ast
import contextlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

SECONDS = 90  # for one cell; the slowest right answers, which train a network, take some 10
NOT_YET = "not written yet"
PLACEHOLDER = "raise NotImplementedError"
UNANSWERED = ("Write your answer here", "YOUR ANSWER HERE", PLACEHOLDER)
_TITLE = re.compile(r"^## (.+?)(?: \([\d.]+ points?[^)]*\))?$", re.MULTILINE)


@dataclass
class Exercise:
    """How one exercise fares.

    Attributes
    ----------
    title : str
    earned, possible : float
        Points of the visible checks.
    hidden, by_hand : float
        Points that hidden checks and a person will give.
    says : list of str
        What the checks that did not pass explain, and errors of other cells.
    unanswered : bool
        Whether something a person grades is still the placeholder.
    """

    title: str
    earned: float = 0.0
    possible: float = 0.0
    hidden: float = 0.0
    by_hand: float = 0.0
    says: list[str] = field(default_factory=list)
    unanswered: bool = False

    @property
    def passes(self) -> bool:
        """Whether every visible check earns all of its points and no cell fails."""
        return self.earned == self.possible and not self.says


def review(
    notebook: NotebookNode, folder: Path, done: Callable[[Exercise], None] = lambda exercise: None
) -> list[Exercise]:
    """Run all cells in a kernel of their own, in the notebook's folder.

    Parameters
    ----------
    notebook : NotebookNode
        Its outputs are replaced; nothing is written to a file.
    folder : Path
    done : callable
        Told of every exercise when it is through.
    """
    exercises: list[Exercise] = []
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        interrupt_on_timeout=True,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.log_level=40"],
    )
    # One thread is fastest for networks of this size, and gives everybody the same last digits.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    stopped = ""
    with client.setup_kernel(env={**threads, **os.environ}):
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown" and (title := _TITLE.search(cell.source)):
                if exercises:
                    done(exercises[-1])
                exercises.append(Exercise(title[1]))
            if cell.cell_type == "code" and not stopped:
                stopped = _run(client, cell, index)
                if stopped and exercises:
                    exercises[-1].says.append(f"✗ {stopped}")
            if exercises:
                _take_down(exercises[-1], cell, bool(stopped))
    if exercises:
        done(exercises[-1])
    return [one for one in exercises if one.possible or one.hidden or one.by_hand or one.says]


def _run(client: NotebookClient, cell: NotebookNode, index: int) -> str:
    """Run one cell; what keeps the ones below from running, if anything does."""
    try:
        client.execute_cell(cell, index)
    except CellTimeoutError:
        return f"a cell was stopped after {SECONDS} s and did not heed it; does a loop never end?"
    except DeadKernelError:
        return "a cell ended the Python process; the cells below were not run."
    return ""


def _take_down(exercise: Exercise, cell: NotebookNode, stopped: bool) -> None:
    """Add to an exercise what one of its cells yields."""
    mark = cell.metadata.get("nbgrader", {})
    points = float(mark.get("points", 0)) if mark.get("grade") else 0.0
    if points and mark.get("solution"):
        exercise.by_hand += points
        exercise.unanswered |= any(text in cell.source for text in UNANSWERED)
    elif points and not _has_code(cell):
        exercise.hidden += points
    elif points:
        exercise.possible += points
        exercise.earned += 0.0 if stopped else _score(cell, points)
    if cell.cell_type == "code" and not stopped:
        exercise.says += _explanations(cell, points)


def _has_code(cell: NotebookNode) -> bool:
    """Whether anything was left of a check cell when the hidden part was taken out."""
    try:
        return bool(ast.parse(cell.source).body)
    except SyntaxError:
        return True


def _score(cell: NotebookNode, points: float) -> float:
    """The points of a check cell as grading gives them: none for an error, a number for part."""
    for output in cell.outputs:
        if output.output_type == "error":
            return 0.0
        if output.output_type == "execute_result":
            with contextlib.suppress(ValueError):
                return min(float(output.data.get("text/plain", "")), points)
    return points


def _explanations(cell: NotebookNode, points: float) -> list[str]:
    """The messages of checks that did not pass, or the error of another cell."""
    shown = [
        output.data.get("text/plain", "")
        for output in cell.outputs
        if output.output_type == "display_data"
    ]
    texts = [text for text in shown if text.startswith(("✗", "◐"))] if points else []
    if texts:
        return texts
    return [
        f"✗ {_error(cell, output, bool(points))}"
        for output in cell.outputs
        if output.output_type == "error"
    ]


def _error(cell: NotebookNode, output: NotebookNode, graded: bool) -> str:
    own = cell.metadata.get("nbgrader", {}).get("solution")
    if own and output.ename == "NotImplementedError" and PLACEHOLDER in cell.source:
        return f"your answer is {NOT_YET}."
    what = "the check" if graded and not own else "your cell"
    if output.ename == "KeyboardInterrupt":
        error = f"KeyboardInterrupt: it took longer than {SECONDS} s; does a loop never end?"
    else:
        error = ": ".join([output.ename, *output.evalue.strip().splitlines()[:1]])
    return f"{what} stops with {error}"
