"""A grading run in a log, a line per submission, or as JSON for a program, an object per line."""

from __future__ import annotations

import json
from typing import IO

from rich.console import Console
from rich.text import Text

from chainrule.grading.gradesheet import Row
from chainrule.grading.progress import Progress, Tally


class LineProgress(Progress):
    """One line per submission."""

    def __init__(self, console: Console):
        self.console = console
        self.tally = Tally()

    def say(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)

    def start(self, total: int) -> None:
        self.tally = Tally(total)

    def end(self, row: Row, seconds: float) -> None:
        self.tally.end(row, seconds)
        result = row.status if row.needs_attention else points(row)
        total = self.tally.total
        count = f"[{self.tally.done:>{len(str(total))}}/{total}]"
        self.say(f"{count} {row.student}: {result} ({seconds:.1f} s)")


class JsonProgress(Progress):
    """One JSON object per line for every event; words for people go elsewhere.

    Parameters
    ----------
    out : text file
        Takes the objects.
    console : Console
        Takes what is said.
    assignment : str
    """

    def __init__(self, out: IO[str], console: Console, assignment: str):
        self.out = out
        self.console = console
        self.assignment = assignment
        self.tally = Tally()

    def say(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)

    def start(self, total: int) -> None:
        self.tally = Tally(total)
        self.tell("start", assignment=self.assignment, to_grade=total)

    def end(self, row: Row, seconds: float) -> None:
        self.tally.end(row, seconds)
        self.tell(
            "submission",
            student=row.student,
            status=row.status,
            points=row.score,
            max_points=row.max_score,
            waiting=len(row.waiting),
            seconds=round(seconds, 3),
            flags=sorted({note.kind for note in row.notes}),
        )

    def end_run(self, rows: list[Row], exit_code: int) -> None:
        """The last object: totals. `rows` are all results that were asked for, old and new."""
        self.tell(
            "finish",
            assignment=self.assignment,
            graded=self.tally.done,
            failed=self.tally.failed,
            left=max(self.left, self.tally.total - self.tally.done),
            students=len(rows),
            need_attention=sum(row.needs_attention for row in rows),
            wait_for_a_person=sum(bool(row.waiting) for row in rows),
            seconds=round(self.tally.seconds, 3),
            exit_code=exit_code,
        )

    def tell(self, event: str, **what) -> None:
        """Write one object."""
        print(json.dumps({"event": event, **what}), file=self.out, flush=True)


def points(row: Row) -> str:
    """Points so far, of how many."""
    return "-" if row.score is None else f"{row.score:g} / {row.max_score:g}"
