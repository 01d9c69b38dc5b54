"""How a graded cell came out, in words that several formats share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from chainrule.grading.exports.rows import number
from chainrule.grading.gradesheet import Row
from chainrule.grading.journal import Mark

# What XML 1.0 cannot hold, not even escaped; and what no encoding can.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_full(points: float, max_points: float) -> bool:
    """Whether nothing is missing."""
    return points >= max_points or math.isclose(points, max_points)


def points_text(points: float | None, max_points: float) -> str:
    """Points, of how many."""
    if points is None:
        return f"no points yet of {number(max_points)}"
    return f"{number(points)} of {number(max_points)} points"


def summary(points: float | None, mark: Mark) -> Iterator[str]:
    """What a student is told of a cell, line by line: points, verdict, what the check said."""
    by_hand = mark.points is not None and points is not None and points != mark.points
    verdict = "by hand" if by_hand else mark.verdict
    yield ": ".join(filter(None, (points_text(points, mark.max_points), verdict)))
    if mark.said:
        yield mark.said


def details(points: float | None, mark: Mark) -> Iterator[str]:
    """The same, and what each of the cell's checks found."""
    yield from summary(points, mark)
    for check in mark.checks:
        mistake = f", recognised as {check.mistake}" if check.mistake else ""
        yield f"{check.exercise}, {check.stage}: {100 * check.share:.0f} % right{mistake}"


def title(row: Row, name: str) -> str:
    """A graded cell with its exercise."""
    return f"{row.cells[name][0]}: {name}"


def writable(text: str) -> str:
    """`text` with characters that files cannot hold written out, as in ``\\x1b``."""
    return _UNWRITABLE.sub(lambda found: ascii(found[0])[1:-1], text)
