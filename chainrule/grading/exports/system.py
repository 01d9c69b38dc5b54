"""What is particular to a system that exports rosters and takes them back."""

from __future__ import annotations

import re

from chainrule.grading.exports.roster import Line, Roster
from chainrule.grading.gradesheet import Row


class System:
    """What is particular to the system whose roster it is; a subclass says it.

    Attributes
    ----------
    name : str
    get_roster : str
        How one comes by the roster, in a few words.
    match : tuple of str
        Columns that usually say who a line is about.
    """

    name = ""
    get_roster = ""
    match: tuple[str, ...] = ()

    def is_person(self, roster: Roster, line: Line) -> bool:
        """Whether a line is about a student."""
        return not line.is_blank

    def may_go_unmatched(self, roster: Roster, line: Line) -> bool:
        """Whether nobody need be told that no student fits a line."""
        return False

    def titles(self, header: str) -> set[str]:
        """What a column for points may be called after: names of problem sets."""
        return {header}

    def only_column(self, roster: Roster) -> str | None:
        """The column for points, if the roster is about one problem set."""
        return None

    def maximum(self, roster: Roster, column: int) -> float | None:
        """The points that the system knows a problem set to have, if the roster tells."""
        return None

    def refuses(self, roster: Roster, line: Line, column: int) -> str:
        """Why the system will not take points there; empty if it will."""
        return ""

    def takes(self, row: Row) -> str:
        """Why the system will not take these points; empty if it will."""
        return ""

    def who(self, roster: Roster, line: Line) -> str:
        """The person of a line, for the instructor."""
        named = [cell.value.strip() for cell in line.cells[:2] if cell.value.strip()]
        return f"line {line.number} ({', '.join(named)})" if named else f"line {line.number}"


def as_number(text: str) -> float | None:
    """A number as such files hold it, with a point or a comma; None if it is none."""
    if not re.fullmatch(r"[+-]?\d+([.,]\d+)?", text):
        return None
    return float(text.replace(",", "."))
