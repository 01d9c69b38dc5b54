"""A grading run on a terminal: a bar, and a line that is kept up to date."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from chainrule.grading.gradesheet import Row
from chainrule.grading.progress import Progress, Tally

SHOWN = 3  # of those being graded, by name
BAR = 30  # columns, where there is room


class LiveProgress(Progress):
    """How many are done, how many of them failed, how fast, how long to go, and the slowest."""

    def __init__(self, console: Console):
        self.console = console
        self.tally = Tally()
        self._live: Live | None = None

    def say(self, text: str) -> None:
        self.console.print(Text(text))

    def start(self, total: int) -> None:
        self.finish()  # of the problem set before
        self.tally = Tally(total)
        if total:
            self._live = Live(
                console=self.console,
                transient=True,
                refresh_per_second=4,
                get_renderable=lambda: shown(self.tally, self.console.width),
            )
            self._live.start()

    def begin(self, student: str) -> None:
        self.tally.begin(student)

    def end(self, row: Row, seconds: float) -> None:
        self.tally.end(row, seconds)
        if row.needs_attention:
            self.say(f"{row.student}: {row.status}")

    def finish(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def shown(tally: Tally, width: int) -> RenderableType:
    """What stands on the terminal now."""
    bar = ProgressBar(tally.total, tally.done, width=min(BAR, max(10, width - 50)))
    first = Table.grid(padding=(0, 1))
    first.add_row(Text("Grading"), bar, Text(", ".join(_numbers(tally))))
    return Group(first, Text("; ".join(_names(tally)), no_wrap=True, overflow="ellipsis"))


def _numbers(tally: Tally) -> Iterable[str]:
    yield f"{tally.done} of {tally.total}"
    yield f"{tally.failed} failed"
    if tally.rate:
        yield speed(tally.rate)
    if tally.seconds_left is not None:
        yield f"{duration(tally.seconds_left)} left"


def _names(tally: Tally) -> Iterable[str]:
    student, seconds = tally.slowest
    if student:
        yield f"slowest so far: {student}, {seconds:.1f} s"
    busy = list(tally.busy)
    if busy:
        more = f" and {len(busy) - SHOWN} more" if len(busy) > SHOWN else ""
        yield f"now: {', '.join(busy[:SHOWN])}{more}"


def speed(rate: float) -> str:
    """Submissions a second, or a minute where that is a number that says more.

    Examples
    --------
    >>> speed(2.34), speed(0.25)
    ('2.3 a second', '15 a minute')
    """
    return f"{rate:.1f} a second" if rate >= 1 else f"{60 * rate:.0f} a minute"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds.

    Examples
    --------
    >>> duration(4.2), duration(75), duration(3600)
    ('0:04', '1:15', '1:00:00')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
