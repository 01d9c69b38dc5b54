"""What a grading run tells while it works, and what is counted of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chainrule.grading.gradesheet import Row


class Progress:
    """What :func:`chainrule.grading.grade.grade` tells while it works; this one keeps quiet.

    Attributes
    ----------
    left : int
        How many submissions were due and not graded, once the run is over.
    """

    left = 0

    def say(self, text: str) -> None:
        """Something else to know."""

    def start(self, total: int) -> None:
        """`total` submissions are going to be graded."""

    def begin(self, student: str) -> None:
        """The submission of `student` is being graded."""

    def end(self, row: Row, seconds: float) -> None:
        """It is done, with this result."""

    def leave(self, left: int) -> None:
        """`left` more are due: there was a limit, or somebody asked to stop."""
        self.left = left

    def finish(self) -> None:
        """No more are going to be graded."""


@dataclass
class Tally:
    """How far a run is.

    Attributes
    ----------
    total : int
        Submissions to grade.
    done : int
        Of these, graded.
    failed : int
        Of those, the ones that need attention: they could not be read, or not be graded.
    slowest : (str, float)
        The student whose submission took longest so far, and its seconds.
    busy : list of str
        Whose submissions are being graded.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    slowest: tuple[str, float] = ("", 0.0)
    busy: list[str] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self):
        self.began = self.clock()

    def begin(self, student: str) -> None:
        """Count a submission as being graded."""
        if student not in self.busy:  # it may be tried twice
            self.busy.append(student)

    def end(self, row: Row, seconds: float) -> None:
        """Count a submission as done."""
        self.done += 1
        self.failed += row.needs_attention
        if row.student in self.busy:
            self.busy.remove(row.student)
        if seconds > self.slowest[1]:
            self.slowest = (row.student, seconds)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.clock() - self.began

    @property
    def rate(self) -> float:
        """Submissions a second, so far; 0 while none is done."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at this rate; None while there is none."""
        return (self.total - self.done) / self.rate if self.rate else None
