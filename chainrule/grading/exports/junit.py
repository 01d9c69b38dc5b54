"""JUnit XML: one test suite for every student, one test case for every graded cell.

There is no one standard. This keeps to what "junit-10.xsd" of Jenkins's xUnit plugin allows and
GitLab's "Unit test reports" reads: suites with counts; cases with ``failure``, ``error`` or
``skipped``. Neither asks for times, so there are none.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from chainrule.grading.exports.plugin import Exporter
from chainrule.grading.exports.rows import (
    Grades,
    Outcome,
    Wishes,
    concerns_of,
    number,
    remarks_of,
)  # fmt: skip
from chainrule.grading.exports.told import details, is_full, points_text, title, writable
from chainrule.grading.files import write_if_new
from chainrule.grading.gradesheet import FAILED, GRADED, Row

HANDED_IN = "submission"  # the case that fails if there was nothing that could be graded


def write(grades: Grades, to: Path, wishes: Wishes) -> Outcome:
    """Write one file with a suite for every row.

    A cell with all its points passes, one with fewer fails, and one that waits for a person is
    skipped. What hidden checks said is in it: it is for instructors.
    """
    suites = [_suite(row) for row in grades.rows]
    root = ET.Element("testsuites", name="grades", **_sums(suites))
    root.extend(suites)
    ET.indent(root, " ")
    write_if_new(to, ET.tostring(root, "utf-8", xml_declaration=True) + b"\n")
    concerns = concerns_of(grades.rows, wishes.partial)
    return Outcome([to], concerns, remarks_of(grades.rows, wishes.partial))


def _suite(row: Row) -> ET.Element:
    where = writable(f"{row.assignment}.{row.student}")
    cases = [_case(row, where, name) for name in row.cells]
    if row.status != GRADED or not cases:
        cases.insert(0, _submission(row, where))
    suite = ET.Element("testsuite", name=where, **_counts(cases))
    properties = ET.SubElement(suite, "properties")
    told = {
        "status": row.status,
        "score": number(row.score),
        "max_score": number(row.max_score),
        "waiting": ", ".join(row.waiting),
    }
    for name, value in told.items():
        ET.SubElement(properties, "property", name=name, value=writable(value))
    suite.extend(cases)
    return suite


def _case(row: Row, where: str, name: str) -> ET.Element:
    exercise, points, mark = row.cells[name]
    case = ET.Element("testcase", classname=where, name=writable(title(row, name)))
    if points is None or (exercise in row.waiting and mark.points is None):
        ET.SubElement(case, "skipped", message="waits for a person to grade")
    elif not is_full(points, mark.max_points):
        kind = mark.mistake or mark.verdict
        said = points_text(points, mark.max_points)
        failure = ET.SubElement(case, "failure", type=writable(kind), message=said)
        failure.text = writable("\n".join(details(points, mark)))
    return case


def _submission(row: Row, where: str) -> ET.Element:
    """A case that says that there was nothing, or not all, to grade."""
    case = ET.Element("testcase", classname=where, name=HANDED_IN)
    if row.status != GRADED:
        kind = "error" if row.status == FAILED else "failure"
        problem = ET.SubElement(case, kind, type=row.status, message=row.status)
        problem.text = writable(row.remark)
    return case


def _counts(cases: list[ET.Element]) -> dict[str, str]:
    """How many cases there are, and how many of each kind."""
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {
        name: sum(case.find(tag) is not None for case in cases) for name, tag in kinds.items()
    }
    return {name: str(count) for name, count in {"tests": len(cases), **counts}.items()}


def _sums(suites: list[ET.Element]) -> dict[str, str]:
    """The same over all suites, as far as the root may say it."""
    names = ("tests", "failures", "errors")
    return {name: str(sum(int(suite.get(name)) for suite in suites)) for name in names}


class JUnitExporter(Exporter):
    """``nbgrader export --exporter=chainrule.grading.exports.junit.JUnitExporter``."""

    file = "junit.xml"
    write = staticmethod(write)
