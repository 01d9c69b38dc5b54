"""Moodle: a grading worksheet or an exported gradebook with the points filled in.

The formats are in MoodleDocs: "Using Assignment", on the offline grading worksheet, which has the
columns ``Identifier``, ``Full name``, ``Email address``, ``Status``, ``Grade``, ``Maximum grade``,
``Grade can be changed`` and dates; and "Grade export" and "Grade import", where a column of points
is called ``Assignment: NAME (Real)``. Moodle leaves out points above the maximum and cells that are
locked. It reads a point in numbers in every language.
"""

from __future__ import annotations

import re
from pathlib import Path

from chainrule.grading.exports.fill import fill
from chainrule.grading.exports.plugin import Exporter
from chainrule.grading.exports.roster import Line, Roster
from chainrule.grading.exports.rows import Grades, Outcome, Wishes, number
from chainrule.grading.exports.system import System, as_number
from chainrule.grading.gradesheet import Row

_KIND = re.compile(r"^[^:]+:\s*")  # Assignment: ...
_SHOWN = re.compile(r"\s*\([^()]*\)$")  # ... (Real)
WORKSHEET = "Grade"  # the worksheet's column for points
MAXIMUM = "maximum grade"
CHANGEABLE = "grade can be changed"


class Moodle(System):
    """What is particular to Moodle."""

    name = "Moodle"
    get_roster = (
        "download the assignment's grading worksheet, or export the gradebook as a text file, and "
        "name the file"
    )
    match = ("Username", "ID number", "Email address")

    def titles(self, header: str) -> set[str]:
        bare = _SHOWN.sub("", header)
        return {header, bare, _KIND.sub("", bare)}

    def only_column(self, roster: Roster) -> str | None:
        return WORKSHEET if WORKSHEET in roster.header else None

    def maximum(self, roster: Roster, column: int) -> float | None:
        at = _find(roster, MAXIMUM)
        if at is None or roster.header[column] != WORKSHEET:
            return None
        return next((as_number(line.get(at)) for line in roster.lines if line.get(at)), None)

    def refuses(self, roster: Roster, line: Line, column: int) -> str:
        at = _find(roster, CHANGEABLE)
        if at is not None and line.get(at).casefold() == "no":
            return "locked in Moodle (the grade cannot be changed), left as it is"
        return ""

    def takes(self, row: Row) -> str:
        if row.score > row.max_score:
            return f"Moodle leaves out {number(row.score)} of {number(row.max_score)} points"
        return ""


def _find(roster: Roster, name: str) -> int | None:
    found = (at for at, header in enumerate(roster.header) if header.casefold() == name)
    return next(found, None)


def write(grades: Grades, to: Path, wishes: Wishes) -> Outcome:
    """Write the exported file with the points in it.

    Raises
    ------
    CourseError
        If there is no such file, or it does not have the columns.
    """
    return fill(grades, to, wishes, Moodle())


class MoodleExporter(Exporter):
    """``nbgrader export --exporter=chainrule.grading.exports.moodle.MoodleExporter``."""

    file = "moodle.csv"
    uses_roster = True
    write = staticmethod(write)
