"""Processes on this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.util
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager

from chainrule.grading import forkserver
from chainrule.grading.course import CourseError
from chainrule.grading.examiners import Examiner, Work
from chainrule.grading.executors.drain import Drain
from chainrule.grading.journal import Entry
from chainrule.grading.parcel import Parcel


class Local:
    """Assesses submissions in this process if `jobs` is 1, else in as many others.

    Parameters
    ----------
    jobs : int
    apart : bool
        In another process even if there is one job only: a submission cannot end this one then.
    """

    def __init__(self, jobs: int = 1, *, apart: bool = False):
        self.jobs = jobs
        self.apart = apart

    def assess(
        self,
        parcels: Iterable[Parcel],
        work: Work,
        *,
        begin: Callable[[str], None] = lambda student: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Entry]:
        """Yield entries as they are done."""
        parcels = list(parcels)
        if not self.apart and min(self.jobs, len(parcels)) == 1:
            return _one_by_one(parcels, work, begin, stop)
        drain = Drain(
            lambda wanted: _pool(min(self.jobs, wanted), work),
            _examine,
            (BrokenProcessPool,),
            2 * self.jobs,
            takes_back=True,
            begin=begin,
            stop=stop,
        )
        return drain.entries(parcels, work.assignment)


def _one_by_one(
    parcels: list[Parcel], work: Work, begin: Callable[[str], None], stop: Callable[[], bool]
) -> Iterator[Entry]:
    with closing(Examiner(work)) as examiner:
        for parcel in parcels:
            if stop():
                return
            begin(parcel.student)
            yield examiner.examine(parcel)


@contextmanager
def _pool(jobs: int, work: Work) -> Iterator[ProcessPoolExecutor]:
    """Examiner processes that end with this block, whatever they are at."""
    forkserver.start()
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, forkserver.context(), initializer=_start, initargs=(work,))
    try:
        yield pool
    except BaseException:
        # Nobody waits for what they are at: Ctrl-C means now.
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


_here: dict = {}  # in an examiner's process: what it works with


def _start(work: Work) -> None:
    """Prepare an examiner's process."""
    deaf_to_ctrl_c()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        examiner = Examiner(work)
    except CourseError as refusal:
        _here["refusal"] = refusal
        return
    _here["examiner"] = examiner
    multiprocessing.util.Finalize(None, examiner.close, exitpriority=10)


def deaf_to_ctrl_c() -> None:
    """Ctrl-C is the first process's business, but reaches all that belong to the terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError):  # Windows
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _end_with_parent() -> None:
    """Nobody else tells an examiner that the run was killed."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _examine(parcel: Parcel) -> Entry:
    if "refusal" in _here:
        raise _here["refusal"]
    return _here["examiner"].examine(parcel)
