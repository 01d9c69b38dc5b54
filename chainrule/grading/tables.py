"""The rows of the grade tables, of all problem sets, from the journals and the gradebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing

from chainrule.grading.course import Course
from chainrule.grading.gradesheet import FAILED, Row, write_cells, write_csv
from chainrule.grading.kernel import read_config
from chainrule.grading.notes import Note
from chainrule.grading.plan import refusal, submitters
from chainrule.grading.release import is_recorded
from chainrule.grading.run import Run


def read_rows(
    course: Course,
    assignments: Iterable[str] | None = None,
    roster: bool = True,
    known: Mapping[str, list[Row]] | None = None,
) -> list[Row]:
    """The grades of problem sets (default: of all) that have been graded; nothing is written.

    Parameters
    ----------
    course : Course
    assignments : iterable of str, optional
    roster : bool
        Whether those who have handed in nothing are in.
    known : mapping of str to list of Row, optional
        By problem set, the rows of those that were read already.

    Returns
    -------
    list of Row
        By problem set and student.
    """
    config = read_config(course.root)
    rows = []
    for name in assignments or course.problem_sets():
        if name in (known or {}):
            rows += known[name]
        elif (course.journal / name).is_dir() or is_recorded(course, name):
            with closing(Run(course, name, config)) as run:
                rows += run.rows(roster=roster)
        else:
            continue
        if roster:
            names = submitters(course)
            rows += [refused_row(name, student) for student in names if refusal(student)]
    return sorted(rows, key=lambda row: (row.assignment, row.student))


def write_tables(
    course: Course, roster: bool = True, known: Mapping[str, list[Row]] | None = None
) -> None:
    """Write the grade tables of all problem sets that have been graded."""
    rows = read_rows(course, roster=roster, known=known)
    write_csv(rows, course.grades)
    write_cells(rows, course.cells)


def refused_row(assignment: str, student: str) -> Row:
    """The row of a folder whose name cannot be a student's."""
    return Row(assignment, student, FAILED, notes=[Note(FAILED, refusal(student))])
