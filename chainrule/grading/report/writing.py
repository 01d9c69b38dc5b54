"""Write the reports on a class: one page for each problem set, and one over all of them.

They are made from the journal, the gradebook and the roster, and written only where they differ
from what is there.
"""

from __future__ import annotations

from pathlib import Path

from chainrule.grading.course import Course, CourseError
from chainrule.grading.files import write_if_new
from chainrule.grading.release import is_recorded
from chainrule.grading.report.overview import Digest, overview_page
from chainrule.grading.report.page import report_page
from chainrule.grading.report.survey import survey

OVERVIEW = "index.html"
DIGESTS = ".overview"  # what the overview is made of: a file for each problem set


def write_report(course: Course, assignment: str) -> Path:
    """Write the report on one problem set, and renew the overview; returns the report's path.

    Parameters
    ----------
    course : Course
        Goes into ``course.reports``.
    assignment : str

    Raises
    ------
    CourseError
        If there is no such problem set.
    OSError
        If it cannot be written; what was there is still there.
    """
    path = _write_one(course, assignment)
    write_overview(course)
    return path


def write_reports(course: Course) -> list[Path]:
    """Write the reports on all problem sets that have been graded, and the overview.

    Returns
    -------
    list of Path
        The overview comes first.

    Raises
    ------
    CourseError
        If nothing has been graded yet.
    OSError
        If something cannot be written.
    """
    names = graded_sets(course)
    if not names:
        raise CourseError("nothing to report on: no problem set has been graded yet")
    paths = [_write_one(course, name) for name in names]
    return [write_overview(course), *paths]


def write_overview(course: Course) -> Path:
    """Write the overview from what the reports that there are have said; returns its path."""
    found = []
    for name in course.problem_sets():
        digest = Digest.read(course.reports / DIGESTS / f"{name}.json")
        if digest is not None and (course.reports / f"{name}.html").is_file():
            found.append(digest)
    path = course.reports / OVERVIEW
    write_if_new(path, _as_bytes(overview_page(found)))
    return path


def graded_sets(course: Course) -> list[str]:
    """The problem sets of which the journal or the gradebook has results."""
    return [
        name
        for name in course.problem_sets()
        if any((course.journal / name).glob("*.json")) or is_recorded(course, name)
    ]


def _write_one(course: Course, assignment: str) -> Path:
    if assignment not in course.problem_sets():
        known = ", ".join(course.problem_sets()) or "none"
        raise CourseError(f"no problem set {assignment!r} in source/ (there is: {known})")
    found = survey(course, assignment)
    path = course.reports / f"{assignment}.html"
    write_if_new(path, _as_bytes(report_page(found)))
    digest = Digest.of(found)
    write_if_new(course.reports / DIGESTS / f"{assignment}.json", digest.as_json())
    return path


def _as_bytes(page: str) -> bytes:
    return page.encode("utf-8", "replace")
