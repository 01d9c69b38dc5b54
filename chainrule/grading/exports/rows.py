"""What every export starts from: the rows of the grade table, and who the students are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

from chainrule.grading.check_cells import holds_hidden_tests
from chainrule.grading.course import Course, CourseError
from chainrule.grading.gradesheet import MISSING, UNREADABLE, Row
from chainrule.grading.tables import read_rows


@dataclass(frozen=True)
class Wishes:
    """What may be asked of an export.

    Attributes
    ----------
    roster : Path or None
        The file that the other system exported.
    match : str
        The roster's column that says who a line is about; empty for the usual ones.
    columns : tuple of str
        Where points go: ``HEADER``, or ``PROBLEM_SET=HEADER`` if there are several.
    encoding : str
        Of the roster; empty to find it out.
    partial : bool
        Whether points so far count where a person has not graded everything yet.
    """

    roster: Path | None = None
    match: str = ""
    columns: tuple[str, ...] = ()
    encoding: str = ""
    partial: bool = False


@dataclass(frozen=True)
class Person:
    """What nbgrader's gradebook knows of a student; empty where it knows nothing."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""  # in the learning management system


@dataclass
class Grades:
    """The grades to export.

    Attributes
    ----------
    rows : list of Row
        By problem set and student.
    people : dict of str to Person
        By student id.
    hidden : dict of str to frozenset of str
        By problem set, the cells that hold hidden tests.
    everybody : bool
        Whether these are all students there are.
    """

    rows: list[Row]
    people: dict[str, Person] = field(default_factory=dict)
    hidden: dict[str, frozenset[str]] = field(default_factory=dict)
    everybody: bool = True

    @property
    def assignments(self) -> list[str]:
        return list(dict.fromkeys(row.assignment for row in self.rows))

    @property
    def students(self) -> list[str]:
        return sorted({row.student for row in self.rows})

    def person(self, student: str) -> Person:
        return self.people.get(student, Person())


@dataclass
class Outcome:
    """What an export did.

    Attributes
    ----------
    files : list of Path
        What it wrote, the most telling first.
    concerns : list of str
        What needs somebody: who was not found, who has no grade, what does not fit.
    remarks : list of str
        What else is good to know.
    """

    files: list[Path] = field(default_factory=list)
    concerns: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_grades(
    course: Course, assignments: Iterable[str] = (), students: Iterable[str] = ()
) -> Grades:
    """The grades of these problem sets and students (default: of all that were graded).

    Raises
    ------
    CourseError
        If there is no such problem set or student, or no grade yet.
    """
    names, students = list(dict.fromkeys(assignments)), list(dict.fromkeys(students))
    for name in names:
        course.notebooks(name)
    rows = read_rows(course, names)
    graded = {row.assignment for row in rows}
    if names and set(names) - graded:
        missing = ", ".join(name for name in names if name not in graded)
        raise CourseError(f"not graded yet: {missing}. Run `chainrule grade` first")
    if not rows:
        raise CourseError("nothing has been graded yet. Run `chainrule grade` first")
    unknown = set(students) - {row.student for row in rows}
    if unknown:
        raise CourseError(f"there is no grade of {', '.join(sorted(unknown))}")
    rows = [row for row in rows if not students or row.student in students]
    hidden = {name: _hidden(course, name) for name in graded}
    return Grades(rows, _people(course), hidden, not students)


def is_settled(row: Row, partial: bool) -> bool:
    """Whether a row has a grade to hand on."""
    return row.score is not None and (partial or not row.waiting)


def concerns_of(rows: Iterable[Row], partial: bool) -> list[str]:
    """Who has no grade, or none to rely on, each with the reason."""
    said = []
    for row in rows:
        who = f"{row.student}, {row.assignment}"
        remark = f": {row.remark}" if row.remark else ""
        if row.score is None:
            said.append(f"{who}: no grade{remark}")
        elif row.waiting and not partial:
            exercises = ", ".join(row.waiting)
            said.append(
                f"{who}: waits for a person to grade {exercises} ({number(row.score)} so far)"
            )
        elif row.status == UNREADABLE:
            said.append(f"{who}: {number(row.score)} points, but {row.status}{remark}")
    return said


def remarks_of(rows: Iterable[Row], partial: bool) -> list[str]:
    """What is exported as it is and yet worth knowing."""
    rows = list(rows)
    missing = [row for row in rows if row.status == MISSING and row.score is not None]
    waiting = [row for row in rows if row.waiting and row.score is not None] if partial else []
    said = [f"{row.student}, {row.assignment}: nothing was handed in, 0 points" for row in missing]
    return said + [
        f"{row.student}, {row.assignment}: {number(row.score)} points so far, without "
        f"{', '.join(row.waiting)}"
        for row in waiting
    ]


def number(value: float | None) -> str:
    """Points as the grade table writes them, never with an exponent; empty if there are none."""
    if value is None:
        return ""
    text = f"{value + 0.0:g}"  # no -0
    return f"{value:f}".rstrip("0").rstrip(".") if "e" in text else text


def rounded(value: float | None) -> float | None:
    """Points as a number, exactly as :func:`number` writes them."""
    return None if value is None else float(number(value))


def _people(course: Course) -> dict[str, Person]:
    with Gradebook(course.db_url) as book:
        return {
            one.id: Person(
                one.first_name or "", one.last_name or "", one.email or "", one.lms_user_id or ""
            )
            for one in book.students
        }


def _hidden(course: Course, assignment: str) -> frozenset[str]:
    return frozenset(
        cell.metadata.nbgrader["grade_id"]
        for title in course.notebooks(assignment)
        for cell in nbformat.read(course.source / assignment / f"{title}.ipynb", as_version=4).cells
        if holds_hidden_tests(cell)
    )
