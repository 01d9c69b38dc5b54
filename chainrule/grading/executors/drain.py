"""Hand submissions to a `concurrent.futures.Executor` and take back what comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from contextlib import AbstractContextManager

from chainrule.grading.assess import not_graded
from chainrule.grading.assignment import Assignment
from chainrule.grading.journal import Entry
from chainrule.grading.parcel import Parcel

LOOK = 0.25  # seconds between two looks at whether to stop


class Drain:
    """Has submissions assessed by the processes behind an executor; a process may die.

    What was under way when one died is tried once more alone, so that only the submission that ends
    processes fails.

    Parameters
    ----------
    open_pool : callable
        Takes how many are wanted at once; a context manager that gives an executor.
    task : callable
        What the executor calls with a parcel.
    broken : tuple of exceptions
        What says that a process died.
    at_once : int
        How many are handed over before the first is done.
    takes_back : bool
        Whether what is handed over and not begun yet can be taken back.
    """

    def __init__(
        self,
        open_pool: Callable[[int], AbstractContextManager[Executor]],
        task: Callable[[Parcel], Entry],
        broken: tuple[type[BaseException], ...],
        at_once: int,
        *,
        takes_back: bool,
        begin: Callable[[str], None],
        stop: Callable[[], bool],
    ):
        self.open_pool, self.task, self.broken, self.at_once = open_pool, task, broken, at_once
        self.takes_back, self.begin, self.stop = takes_back, begin, stop

    def entries(self, parcels: Iterable[Parcel], assignment: Assignment) -> Iterator[Entry]:
        """Yield entries as they are done."""
        waiting = deque(parcels)
        while waiting and not self.stop():
            lost: list[Parcel] = []
            with self.open_pool(len(waiting)) as pool:
                yield from self._drain(pool, waiting, self.at_once, lost)
            for parcel in lost:
                if self.stop():
                    return
                with self.open_pool(1) as pool:
                    again: list[Parcel] = []
                    yield from self._drain(pool, deque([parcel]), 1, again)
                if again:
                    yield not_graded(parcel, assignment, "It ended the examiner's process, twice")

    def _drain(
        self, pool: Executor, waiting: deque[Parcel], at_once: int, lost: list[Parcel]
    ) -> Iterator[Entry]:
        """Give the pool work until there is none or it breaks: `lost` has what was under way."""
        running: dict = {}
        broken = False
        while running or (waiting and not broken and not self.stop()):
            while waiting and not broken and len(running) < at_once and not self.stop():
                try:
                    running[pool.submit(self.task, waiting[0])] = waiting[0]
                except self.broken:
                    broken = True
                    break
                self.begin(waiting.popleft().student)
            if self.takes_back and self.stop():
                running = {one: parcel for one, parcel in running.items() if not one.cancel()}
            if not running:
                break
            done, _ = wait(running, LOOK, return_when=FIRST_COMPLETED)
            for future in done:
                parcel = running.pop(future)
                try:
                    entry = future.result()
                except self.broken:
                    broken = True
                    lost.append(parcel)
                else:
                    yield entry
