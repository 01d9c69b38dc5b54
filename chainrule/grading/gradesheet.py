"""The grade table: one row for everybody, made from the gradebook and the graded notebooks.

Nothing else remembers a grade. So the table is the same whether one student was graded or all,
by ``chainrule grade``, by ``nbgrader autograde`` or by hand in formgrader.
"""

import csv
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import is_grade, is_solution

from chainrule.grading.course import Course
from chainrule.grading.notes import Note, read_notes

GRADED, UNREADABLE, MISSING, FAILED = "graded", "unreadable", "missing", "not graded"


@dataclass
class Row:
    """What one student has for one problem set.

    Attributes
    ----------
    score : float or None
        Points so far: the automatic ones, replaced by the instructor's where given. None if it was
        never graded.
    max_score : float
    exercises : dict of str to (float or None)
        Points of each exercise, in the notebook's order; None while it waits for a person.
    waiting : list of str
        Exercises that a person has to grade.
    notes : list of Note
        What to know about it: why it could not be read, what was mended, what was stopped.
    """

    assignment: str
    student: str
    status: str
    score: float | None = None
    max_score: float = 0.0
    exercises: dict[str, float | None] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def needs_attention(self) -> bool:
        return self.status != GRADED

    @property
    def remark(self) -> str:
        return ". ".join(str(note) for note in self.notes)


def read_rows(course: Course, assignment: str, student: str | None = None) -> list[Row]:
    """The rows of everybody the gradebook has a submission of (or of one), by student id."""
    with Gradebook(course.db_url) as book:
        try:
            found = book.find_assignment(assignment)
        except MissingEntry:
            return []
        exercise_of = exercises(course, assignment)
        rows = [
            _row(course, submission, exercise_of)
            for submission in found.submissions
            if student in (None, submission.student.id)
        ]
    return sorted(rows, key=lambda row: row.student)


def exercises(course: Course, assignment: str) -> dict[str, str]:
    """The exercise that each graded cell belongs to, in the order of the notebook.

    An exercise is an answer with the check cells below it, named after the answer:
    ``relu_answer``, ``relu_forward`` and ``relu_hidden`` are the exercise ``relu``. The gradebook
    knows neither exercises nor an order.
    """
    found = {}
    for name in course.notebooks(assignment):
        nb = nbformat.read(course.source / assignment / f"{name}.ipynb", as_version=4)
        exercise = name
        for cell in nb.cells:
            if is_solution(cell):
                exercise = re.sub("[-_]answer$", "", cell.metadata.nbgrader["grade_id"])
            if is_grade(cell):
                found[cell.metadata.nbgrader["grade_id"]] = exercise
    return found


def _row(course: Course, submission, exercise_of: dict[str, str]) -> Row:
    assignment, student = submission.assignment.name, submission.student.id
    row = Row(assignment, student, GRADED, max_score=submission.max_score)
    row.exercises = dict.fromkeys(exercise_of.values(), 0.0)
    for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
        exercise = exercise_of.get(grade.name, grade.name)
        given = grade.manual_score if grade.manual_score is not None else grade.auto_score
        so_far = row.exercises.get(exercise, 0.0)
        if given is None or so_far is None:
            row.exercises[exercise] = None
        else:
            row.exercises[exercise] = so_far + given + (grade.extra_credit or 0.0)
        if grade.needs_manual_grade and exercise not in row.waiting:
            row.waiting.append(exercise)
    pages = sorted((course.autograded / student / assignment).glob("*.ipynb"))
    for path in pages:
        # Only the notes are of interest, and validating a whole class takes its time.
        row.notes += read_notes(nbformat.from_dict(json.loads(path.read_text(encoding="utf-8"))))
    if not pages:
        row.notes.append(Note(FAILED, "There is a submission, but no graded notebook"))
    for status in (UNREADABLE, MISSING, FAILED):  # the last one found is the gravest
        if any(note.kind == status for note in row.notes):
            row.status = status
    row.score = None if row.status == FAILED else submission.score
    return row


def write_csv(rows: Iterable[Row], path: Path) -> None:
    """Write the rows to `path` in one step, one column per exercise.

    A field that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row.exercises))
    head = ["assignment", "student", "status", "score", "max_score", "waiting", "remark"]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    with draft.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_safe(name) for name in head + names)
        for row in rows:
            fixed = [row.assignment, row.student, row.status, row.score, row.max_score]
            table.writerow(
                [_safe(value) for value in [*fixed, len(row.waiting), row.remark]]
                + [_safe(row.exercises.get(name)) for name in names]
            )
    os.replace(draft, path)


def _safe(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:g}"
    text = " ".join(str(value).split())
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
