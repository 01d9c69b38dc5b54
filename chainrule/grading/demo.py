"""Release every problem set and grade the sample class, without touching a real one.

The demo keeps its own gradebook in ``.demo/``. Its results go where grading puts them, so that
they can be looked at there, unless results or a gradebook of a real class are in the way.
"""

import csv
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.utils import rmtree

from chainrule.grading.course import Course, CourseError
from chainrule.grading.grade import grade
from chainrule.grading.gradesheet import Row
from chainrule.grading.plan import submitters
from chainrule.grading.progress import Progress
from chainrule.grading.release import release
from chainrule.grading.report.writing import DIGESTS, write_reports
from chainrule.grading.sandbox.box import find_box

SAMPLE = Path("tests", "sample_class")
NOT_EXERCISES = ("student", "status", "score")


@dataclass
class Demo:
    """What a demo did.

    Attributes
    ----------
    course : Course
        With the places that were written to.
    kept_out_by : str
        Why the results are not in the usual places; empty if they are.
    rows : dict of str to list of Row
        The grades, by problem set.
    surprises : dict of (str, str) to str
        What differs from the expected grades, by problem set and student.
    """

    course: Course
    kept_out_by: str
    rows: dict[str, list[Row]] = field(default_factory=dict)
    surprises: dict[tuple[str, str], str] = field(default_factory=dict)


def prepare(root: Path) -> Demo:
    """Find the sample class and decide where results go; an earlier demo's are removed.

    Raises
    ------
    CourseError
        If the checkout has no sample class.
    """
    usual = Course.at(root, submitted=root / SAMPLE)
    if not submitters(usual):
        raise CourseError(f"no sample class in {usual.submitted}: run this in a checkout")
    clear_demo(usual)
    hidden = root / ".demo"
    course = replace(
        usual,
        gradebook=hidden / "gradebook.db",
        journal=hidden / "journal",
        log=hidden / "nbgrader.log",
    )
    course.gradebook.unlink(missing_ok=True)
    if course.journal.is_dir():
        rmtree(str(course.journal))
    reason = _real_class(usual)
    if reason:
        course = replace(
            course,
            release=hidden / "release",
            autograded=hidden / "autograded",
            feedback=hidden / "feedback",
            grades=hidden / "grades.csv",
        )
    return Demo(course, reason)


def has_no_box() -> bool:
    """Whether nothing keeps submissions in here; the bundled ones are harmless."""
    try:
        find_box()
    except CourseError:
        return True
    return False


def run(
    demo: Demo, progress: Progress | None = None, *, jobs: int = 1, unsafe: bool = False
) -> Iterator[str]:
    """Release all problem sets, then grade each one that the sample class has handed in.

    Yields the name of each problem set when its grades are in ``demo.rows``.
    """
    course = demo.course
    release(course)
    students = submitters(course)
    _note_outputs(course, students)
    for assignment in course.problem_sets():
        having = [name for name in students if (course.submitted / name / assignment).is_dir()]
        if not having:
            continue
        demo.rows[assignment] = rows = grade(
            course, assignment, having, progress, jobs=jobs, unsafe=unsafe, roster=False
        )
        _note_outputs(course, students)
        expected = read_expected(course.submitted / f"{assignment}.csv")
        for row in rows:
            surprise = compare(row, expected.get(row.student))
            if surprise:
                demo.surprises[assignment, row.student] = surprise
        yield assignment
    if demo.rows:  # the roster has grown since the first ones were written
        write_reports(course)
        _note_outputs(course, students)


def read_expected(path: Path) -> dict[str, dict[str, str]]:
    """The expected grades of one problem set: by student, the fields of the table."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {line["student"]: line for line in csv.DictReader(file)}


def compare(row: Row, expected: dict[str, str] | None) -> str:
    """How a grade differs from the expected one; empty if it does not.

    An empty field of an exercise expects that a person has to grade it.
    """
    if expected is None:
        return "not in the table of expected grades"
    if row.status != expected["status"]:
        return f"{row.status}, expected {expected['status']}"
    for name, wanted in expected.items():
        if name in NOT_EXERCISES:
            continue
        got = row.exercises.get(name)
        if (got is None) != (wanted == "") or (got is not None and not _same(got, wanted)):
            return f"{name}: {got}, expected {wanted or 'to be graded by hand'}"
    if row.score is None or not _same(row.score, expected["score"]):
        return f"{row.score} points, expected {expected['score']}"
    return ""


def _same(got: float, wanted: str) -> bool:
    return math.isclose(got, float(wanted), abs_tol=1e-9)


def clear_demo(course: Course) -> list[Path]:
    """Remove what an earlier demo left in the usual places; returns it."""
    ledger = course.root / ".demo" / "outputs.json"
    if not ledger.is_file():
        return []
    noted = json.loads(ledger.read_text(encoding="utf-8"))
    found = [course.root / name for name in noted["folders"] if (course.root / name).is_dir()]
    for folder in found:
        rmtree(str(folder))
    # `nbgrader export` writes a file of the same name: only the demo's own goes.
    for name, table in _tables(course).items():
        if noted.get(name) is not None and _digest(table) == noted[name]:
            table.unlink()
            found.append(table)
    for name, digest in noted.get("reports", {}).items():
        if _digest(course.root / name) == digest:
            (course.root / name).unlink()
            found.append(course.root / name)
    for folder in (course.reports / DIGESTS, course.reports):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    ledger.unlink()
    return found


def _note_outputs(course: Course, students: list[str]) -> None:
    """Write down what the demo puts into the usual places: folders beforehand, grades after."""
    if course.grades.parent != course.root:
        return
    places = (course.autograded, course.feedback)
    folders = [f"{place.name}/{name}" for place in places for name in students]
    noted = {"folders": folders}
    noted |= {name: _digest(table) for name, table in _tables(course).items()}
    reports = sorted(path for path in course.reports.rglob("*") if path.is_file())
    noted["reports"] = {path.relative_to(course.root).as_posix(): _digest(path) for path in reports}
    ledger = course.root / ".demo" / "outputs.json"
    ledger.write_text(json.dumps(noted, indent=1), encoding="utf-8")


def _tables(course: Course) -> dict[str, Path]:
    return {"grades": course.grades, "cells": course.cells}


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _real_class(course: Course) -> str:
    """What shows that a real class is graded in this checkout; empty if nothing does."""
    if course.gradebook.is_file():
        with Gradebook(course.db_url) as book:
            if any(assignment.submissions for assignment in book.assignments):
                return "gradebook.db has submissions"
    for folder in (course.autograded, course.feedback):
        if folder.is_dir() and any(path.is_dir() for path in folder.iterdir()):
            return f"{folder.name}/ has results of a class"
    if course.reports.is_dir() and any(course.reports.glob("*.html")):
        return f"{course.reports.name}/ has reports on a class"
    return "grades.csv has grades of a class" if course.grades.exists() else ""
