"""Who assesses submissions: a process with a warm engine, for one submission after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chainrule.grading.assess import examine
from chainrule.grading.assignment import Assignment
from chainrule.grading.journal import Entry
from chainrule.grading.kernel import Engine
from chainrule.grading.parcel import Parcel

Engines = Callable[..., Engine]  # takes the course's folder and `unsafe`


@dataclass(frozen=True)
class Work:
    """What an examiner needs to know besides the submission; it can be pickled.

    Attributes
    ----------
    assignment : Assignment
    engines : callable
        Makes what runs the cells, from `root` and `unsafe`.
    root : Path
        The course.
    unsafe : bool
        Go on where nothing protects this machine from what is handed in.
    """

    assignment: Assignment
    engines: Engines
    root: Path
    unsafe: bool = False


class Examiner:
    """Assesses submissions, in this process.

    Parameters
    ----------
    work : Work

    Raises
    ------
    CourseError
        If there is no engine to be had.
    """

    def __init__(self, work: Work):
        self.work = work
        self.engine = work.engines(work.root, unsafe=work.unsafe)

    def examine(self, parcel: Parcel) -> Entry:
        """Assess one."""
        return examine(parcel, self.work.assignment, self.engine)

    def close(self) -> None:
        """End what the engine has started."""
        getattr(self.engine, "close", lambda: None)()
