"""Canvas: the gradebook as Canvas exports it, with the points filled in, ready to be imported.

The format is in the Canvas Instructor Guide, "How do I export grades in the Gradebook?" and "How do
I import grades in the Gradebook?". Canvas finds students by ``ID``, then ``SIS User ID``, then
``SIS Login ID``, and a column by the number in its header; both are kept as they are, and so are
names that a spreadsheet would run as a formula: Canvas writes those itself in a form that it reads.
Cells that are left alone import as they were.
"""

from __future__ import annotations

import re
from pathlib import Path

from chainrule.grading.course import CourseError
from chainrule.grading.exports.fill import fill
from chainrule.grading.exports.plugin import Exporter
from chainrule.grading.exports.roster import Line, Roster
from chainrule.grading.exports.rows import Grades, Outcome, Wishes
from chainrule.grading.exports.system import System, as_number

_NUMBERED = re.compile(r"\s*\(\d+\)$")  # Canvas's number of an assignment, at the end of a header
_POSTING = re.compile(r"\s*(muted|manual posting.*)?\s*", re.IGNORECASE)
TEST_STUDENT = "Student, Test"  # is in every export once the instructor has looked as a student


class Canvas(System):
    """What is particular to Canvas."""

    name = "Canvas"
    get_roster = "export the gradebook there, and name the file"
    match = ("SIS Login ID", "SIS User ID", "ID")

    def is_person(self, roster: Roster, line: Line) -> bool:
        """All but the points possible and the row that says how grades are posted."""
        posting = all(_POSTING.fullmatch(cell.value) for cell in line.cells)
        return not posting and "Points Possible" not in line.get(0)

    def may_go_unmatched(self, roster: Roster, line: Line) -> bool:
        return self._name(roster, line) == TEST_STUDENT

    def titles(self, header: str) -> set[str]:
        return {header, _NUMBERED.sub("", header)}

    def maximum(self, roster: Roster, column: int) -> float | None:
        """What the row of points possible says.

        Raises
        ------
        CourseError
            If the column is one that Canvas computes.
        """
        possible = self._possible(roster, column)
        if "read only" in possible:
            header = roster.header[column]
            raise CourseError(f"Canvas computes {header!r} itself (read only): name another column")
        return as_number(possible)

    def refuses(self, roster: Roster, line: Line, column: int) -> str:
        if line.get(column) == "N/A":
            return "not assigned to them in Canvas (N/A), left as it is"
        if line.get(column).upper() == "EX":
            return "excused in Canvas (EX), left as it is"
        return ""

    def who(self, roster: Roster, line: Line) -> str:
        return f"line {line.number} ({self._name(roster, line)})"

    @staticmethod
    def _name(roster: Roster, line: Line) -> str:
        """Last name first, in one column or in two."""
        names = [line.get(0), line.get(1)] if roster.header[0] == "LastName" else [line.get(0)]
        return ", ".join(filter(None, names))

    @staticmethod
    def _possible(roster: Roster, column: int) -> str:
        lines = (line for line in roster.lines if "Points Possible" in line.get(0))
        return next((line.get(column) for line in lines), "")


def write(grades: Grades, to: Path, wishes: Wishes) -> Outcome:
    """Write the exported gradebook with the points in it.

    Raises
    ------
    CourseError
        If there is no such file, or it does not have the columns.
    """
    return fill(grades, to, wishes, Canvas())


class CanvasExporter(Exporter):
    """``nbgrader export --exporter=chainrule.grading.exports.canvas.CanvasExporter``."""

    file = "canvas.csv"
    uses_roster = True
    write = staticmethod(write)
