"""A problem set as its report needs it: exercises with titles and points, answers as released."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution, is_task

from chainrule.grading.assignment import exercises_of
from chainrule.grading.celltext import text_of
from chainrule.grading.course import Course
from chainrule.grading.headings import below, headings_of, title_of
from chainrule.grading.report.prints import Printer
from chainrule.grading.transplant import is_own

OWN_CELLS = "cells of one's own"


@dataclass
class Exercise:
    """One exercise.

    Attributes
    ----------
    name, title : str
    full : float
        Its points.
    cells : dict of str to float
        The points of each of its graded cells.
    by_hand : bool
        Whether a person gives all of them.
    """

    name: str
    title: str
    full: float = 0.0
    cells: dict[str, float] = field(default_factory=dict)
    by_hand: bool = True


@dataclass
class Outline:
    """One problem set.

    Attributes
    ----------
    heading : str
    exercises : dict of str to Exercise
        In order.
    exercise_of, full : dict
        By graded cell: its exercise, its points.
    answers : dict of str to str
        By answer cell: its exercise's name.
    printers : dict of str to Printer
        By answer cell.
    """

    heading: str
    exercises: dict[str, Exercise] = field(default_factory=dict)
    exercise_of: dict[str, str] = field(default_factory=dict)
    full: dict[str, float] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    printers: dict[str, Printer] = field(default_factory=dict)

    @property
    def points(self) -> float:
        return sum(self.full.values())

    def title(self, exercise: str) -> str:
        """What an exercise is called."""
        found = self.exercises.get(exercise)
        return found.title if found else exercise

    def title_of_answer(self, answer: str) -> str:
        """What the exercise of an answer cell is called."""
        return self.title(self.answers.get(answer, answer))


def read_outline(course: Course, assignment: str) -> Outline:
    """Read a problem set from ``source/``, and from ``release/`` how its answers were handed out.

    Raises
    ------
    CourseError
        If there is no such problem set.
    """
    outline = Outline(assignment)
    for number, title in enumerate(course.notebooks(assignment)):
        cells = nbformat.read(course.source / assignment / f"{title}.ipynb", as_version=4).cells
        released = course.release / assignment / f"{title}.ipynb"
        stubs = nbformat.read(released, as_version=4).cells if released.is_file() else []
        if number == 0:
            outline.heading = next(_main_headings(cells), assignment)
        _add(outline, cells, title, {_name(cell): text_of(cell) for cell in stubs})
    outline.printers[OWN_CELLS] = Printer()
    return outline


def answers_in(nb: dict) -> Iterator[tuple[str, str]]:
    """Name and text of the answers in a graded notebook; a student's own cells count as one.

    `nb` may be plain data: a whole class's notebooks are not to be validated again.
    """
    own = []
    for cell in nb["cells"]:
        marks = cell.get("metadata", {}).get("nbgrader", {})
        if marks.get("solution"):
            yield marks["grade_id"], text_of(cell)
        elif is_own(cell) and cell["cell_type"] == "code":
            own.append(text_of(cell))
    if own:
        yield OWN_CELLS, "\n".join(own)


def _main_headings(cells: list[NotebookNode]) -> Iterator[str]:
    for cell in cells:
        if cell.cell_type == "markdown":
            yield from (text for level, text in headings_of(cell.source) if level == 1)


def _add(outline: Outline, cells: list[NotebookNode], title: str, stubs: dict[str, str]) -> None:
    exercise_of = exercises_of(cells, title)
    headings: dict[int, str] = {}
    for cell in cells:
        name = _name(cell)
        if cell.cell_type == "markdown" and not is_solution(cell) and not is_task(cell):
            headings = below(headings, cell.source)
        if is_solution(cell):
            prose = cell.cell_type != "code"
            outline.printers[name] = Printer(stubs.get(name, ""), [text_of(cell)], prose=prose)
            outline.answers[name] = name.removesuffix("-answer").removesuffix("_answer")
        if is_grade(cell) or is_task(cell):
            _add_graded(outline, cell, exercise_of[name], title_of(headings))
    outline.exercise_of |= exercise_of
    _tell_apart(outline.exercises)


def _add_graded(outline: Outline, cell: NotebookNode, exercise: str, title: str) -> None:
    name, points = _name(cell), float(cell.metadata.nbgrader.get("points", 0.0))
    found = outline.exercises.setdefault(exercise, Exercise(exercise, title or exercise))
    found.full += points
    found.cells[name] = outline.full[name] = points
    found.by_hand = found.by_hand and bool(is_solution(cell) or is_task(cell))


def _tell_apart(exercises: dict[str, Exercise]) -> None:
    """Of several exercises under one heading, have the titles say which is which."""
    titles = [exercise.title for exercise in exercises.values()]
    for exercise in exercises.values():
        if titles.count(exercise.title) > 1:
            exercise.title = f"{exercise.title} · {exercise.name}"


def _name(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")
