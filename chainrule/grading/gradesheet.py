"""The grade tables: one row for everybody, made from the journal and the gradebook.

Nothing else remembers a grade. So a table is the same whether one student was graded or all, by
``chainrule grade``, by ``nbgrader autograde`` or by hand in formgrader.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from chainrule.grading.assignment import exercises_of
from chainrule.grading.course import Course
from chainrule.grading.files import write_if_new
from chainrule.grading.journal import FAILED, GRADED, MISSING, UNREADABLE, Entry, Mark
from chainrule.grading.notes import Note, read_notes
from chainrule.grading.record import Record

__all__ = ["FAILED", "GRADED", "MISSING", "UNREADABLE", "Row", "exercises", "make_row", "write_csv"]

UNSHOWN = "not shown"  # kind of a note: graded, but the feedback could not be written


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
    cells : dict of str to (str, float or None, Mark)
        By ``grade_id``: its exercise, the points that count, and what the check came to.
    """

    assignment: str
    student: str
    status: str
    score: float | None = None
    max_score: float = 0.0
    exercises: dict[str, float | None] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    cells: dict[str, tuple[str, float | None, Mark]] = field(default_factory=dict)

    @property
    def needs_attention(self) -> bool:
        return self.status != GRADED or any(note.kind == UNSHOWN for note in self.notes)

    @property
    def remark(self) -> str:
        return ". ".join(str(note) for note in self.notes)


def exercises(course: Course, assignment: str) -> dict[str, str]:
    """The exercise that each graded cell belongs to, in the order of the notebook."""
    found = {}
    for name in course.notebooks(assignment):
        nb = nbformat.read(course.source / assignment / f"{name}.ipynb", as_version=4)
        found |= exercises_of(nb.cells, name)
    return found


def make_row(
    assignment: str,
    student: str,
    exercise_of: dict[str, str],
    full: dict[str, float],
    entry: Entry | None,
    record: Record | None,
    notes: Iterable[Note] = (),
) -> Row:
    """The row of one student.

    Parameters
    ----------
    assignment, student : str
    exercise_of : dict of str to str
        The exercise of every graded cell.
    full : dict of str to float
        The points of every graded cell.
    entry : Entry or None
        How it was graded, if ``chainrule grade`` did it.
    record : Record or None
        What the gradebook holds of it.
    notes : iterable of Note
        What else is known; without an entry, all that is.
    """
    row = Row(assignment, student, entry.status if entry else GRADED)
    row.max_score = sum(full.values())
    row.notes = [*(entry.notes if entry else []), *notes]
    row.exercises = dict.fromkeys(exercise_of.values(), 0.0)
    marks = {name: mark for _, name, mark in entry.all_marks()} if entry else {}
    again = []
    for part in record.parts.values() if record else []:
        for name, points in part.points.items():
            exercise = exercise_of.get(name, name)
            so_far = row.exercises.get(exercise, 0.0)
            missing = points.total is None or so_far is None
            row.exercises[exercise] = None if missing else so_far + points.total
            if points.waiting and exercise not in row.waiting:
                row.waiting.append(exercise)
            if points.waiting and points.manual is not None:
                again.append(name)
            mark = marks.get(name) or Mark(points.auto, full.get(name, 0.0), "")
            row.cells[name] = (exercise, points.total, mark)
    if again:
        text = "Graded by hand, but what was handed in has changed since: look again at"
        row.notes.append(Note("look again", text, again))
    if record and record.penalty:
        text = f"Handed in late: {record.penalty:g} points are taken off"
        row.notes.append(Note("late", text))
    if entry is None:
        for status in (UNREADABLE, MISSING, FAILED):  # the last one found is the gravest
            if any(note.kind == status for note in row.notes):
                row.status = status
    order = list(exercise_of)
    row.cells = dict(
        sorted(row.cells.items(), key=lambda one: order.index(one[0]) if one[0] in order else -1)
    )
    if row.status != FAILED:
        row.score = record.score - record.penalty if record else 0.0
    return row


def without_result(course: Course, assignment: str, student: str) -> Note:
    """Why there is no result of a student: nothing was handed in, or nobody has graded it yet."""
    if (course.submitted / student / assignment).is_dir():
        return Note(FAILED, "Handed in, but not graded yet: run `chainrule grade`")
    text = f"Nothing was handed in: there is no folder {student!r} in submitted/"
    return Note(MISSING, text)


def notes_beside(course: Course, assignment: str, student: str) -> list[Note]:
    """The notes in graded notebooks that ``nbgrader autograde`` wrote."""
    notes = []
    paths = sorted((course.autograded / student / assignment).glob("*.ipynb"))
    for path in paths:
        # Only the notes are of interest, and validating a whole class takes its time.
        notes += read_notes(nbformat.from_dict(json.loads(path.read_text(encoding="utf-8"))))
    if not paths:
        notes.append(Note(FAILED, "There is a submission, but no graded notebook"))
    return notes


def write_csv(rows: Iterable[Row], path: Path) -> bool:
    """Write the rows to `path` in one step, one column per exercise; returns whether they differ.

    A field that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row.exercises))
    head = ["assignment", "student", "status", "score", "max_score", "waiting", "remark", *names]
    lines = (
        [
            *(row.assignment, row.student, row.status, row.score, row.max_score),
            *(len(row.waiting), row.remark),
            *(row.exercises.get(name) for name in names),
        ]
        for row in rows
    )
    return _write(path, head, lines)


def write_cells(rows: Iterable[Row], path: Path) -> bool:
    """Write one line for every graded cell of every row; returns whether they differ."""
    head = ["assignment", "student", "exercise", "cell", "points", "max_points", "verdict"]
    lines = (
        [
            *(row.assignment, row.student, exercise, name, points, mark.max_points),
            *(mark.verdict, mark.mistake, mark.said),
        ]
        for row in rows
        for name, (exercise, points, mark) in row.cells.items()
    )
    return _write(path, [*head, "mistake", "said"], lines)


def _write(path: Path, head: list[str], lines: Iterator[list]) -> bool:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(_safe(name) for name in head)
    for line in lines:
        table.writerow([_safe(value) for value in line])
    return write_if_new(path, text.getvalue().encode("utf-8", "backslashreplace"))


def _safe(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:g}"
    text = " ".join(str(value).split())
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
