"""Gradescope: a ``results.json`` for every student, and the autograder that hands them out.

The format is in Gradescope's "Autograder Specifications", section "Output Format". Per problem set
there is a folder to be zipped and uploaded as the autograder: Gradescope then shows each student
the results that were found here; nothing of theirs runs there. How Gradescope says whose submission
it has in hand is in its "Submission Metadata".
"""

from __future__ import annotations

import json
from pathlib import Path

from chainrule.grading.course import CourseError
from chainrule.grading.exports import gradescope_autograder
from chainrule.grading.exports.plugin import Exporter
from chainrule.grading.exports.rows import (
    Grades,
    Outcome,
    Wishes,
    concerns_of,
    is_settled,
    remarks_of,
    rounded,
)  # fmt: skip
from chainrule.grading.exports.told import is_full, summary, title, writable
from chainrule.grading.files import write_if_new
from chainrule.grading.gradesheet import UNSHOWN, Row
from chainrule.grading.plan import check_name
from chainrule.grading.suspicions import SUSPICIOUS

RESULTS = "results.json"
NOT_FOR_STUDENTS = {SUSPICIOUS, UNSHOWN, "look again"}  # kinds of notes
_SETUP = b"#!/bin/sh\n# Nothing to install: the results are in here.\n"


def write(grades: Grades, to: Path, wishes: Wishes) -> Outcome:
    """Write ``PROBLEM_SET/STUDENT/results.json`` into the folder `to`, and the autograder beside.

    Who has no grade to hand on gets no file; one from an earlier export goes.
    """
    if to.exists() and not to.is_dir():
        raise CourseError(f"{to} is a file: expected a folder")
    done = Outcome(
        [], concerns_of(grades.rows, wishes.partial), remarks_of(grades.rows, wishes.partial)
    )
    for assignment in grades.assignments:
        folder = to / assignment
        rows = [row for row in grades.rows if row.assignment == assignment]
        index = {}
        for row in rows:
            try:
                place = folder / check_name(row.student) / RESULTS
            except CourseError as error:
                done.concerns.append(str(error))
                continue
            if not is_settled(row, wishes.partial):
                place.unlink(missing_ok=True)
                continue
            hidden = grades.hidden.get(assignment, frozenset())
            write_if_new(place, _json(results(row, hidden)))
            for name in filter(None, (row.student, grades.person(row.student).email)):
                index[name.casefold()] = row.student
        write_if_new(folder / gradescope_autograder.INDEX, _json(index))
        write_if_new(folder / "setup.sh", _SETUP)
        script = Path(gradescope_autograder.__file__).read_bytes().replace(b"\r\n", b"\n")
        write_if_new(folder / "run_autograder", script)
        (folder / "run_autograder").chmod(0o755)
        done.files.append(folder)
    return done


def results(row: Row, hidden: frozenset[str] = frozenset()) -> dict:
    """The results of one student: one test for every graded cell.

    The score is what counts, penalties taken off; Gradescope then does not add up the tests.
    """
    notes = [str(note) for note in row.notes if note.kind not in NOT_FOR_STUDENTS]
    return {
        "score": rounded(row.score),
        "output": writable("\n".join(notes)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(row, name, name in hidden) for name in row.cells],
    }


def _test(row: Row, name: str, hidden: bool) -> dict:
    _, points, mark = row.cells[name]
    test = {
        "name": writable(title(row, name)),
        "score": rounded(points or 0.0),
        "max_score": rounded(mark.max_points),
        "output": writable("\n".join(summary(points, mark))),
        "visibility": "hidden" if hidden else "visible",
    }
    if points is not None:
        test["status"] = "passed" if is_full(points, mark.max_points) else "failed"
    return test


def _json(whole: dict) -> bytes:
    return json.dumps(whole, indent=1, ensure_ascii=True).encode("ascii") + b"\n"


class GradescopeExporter(Exporter):
    """``nbgrader export --exporter=chainrule.grading.exports.gradescope.GradescopeExporter``."""

    file = "gradescope"
    write = staticmethod(write)
