"""Where submissions are graded: in processes here, on a Dask cluster, by a SLURM array.

An executor is given parcels and plain data, and yields entries. Nothing else leaves this process:
the journal, the gradebook and all results are written by the run that asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from chainrule.grading.examiners import Work
from chainrule.grading.journal import Entry
from chainrule.grading.parcel import Parcel


class Executor(Protocol):
    """Has submissions assessed."""

    def assess(
        self,
        parcels: Iterable[Parcel],
        work: Work,
        *,
        begin: Callable[[str], None],
        stop: Callable[[], bool],
    ) -> Iterator[Entry]:
        """Yield entries as they are done, in any order: one for every parcel, unless stopped.

        Parameters
        ----------
        parcels : iterable of Parcel
        work : Work
        begin : callable
            Is told whose submission is being graded, where that is known.
        stop : callable
            While it returns True nothing is begun any more; what is under way is finished.

        Raises
        ------
        CourseError
            If nothing can be graded there.
        """
