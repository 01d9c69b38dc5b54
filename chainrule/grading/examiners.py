"""Processes that assess submissions, so that several are graded at once and none can end the run.

A process that dies takes only its own submission along: that is tried once more alone, and if it
ends a process again, its reason is written down and the others go on.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from chainrule.grading.assess import examine, not_graded
from chainrule.grading.assignment import Assignment
from chainrule.grading.course import CourseError
from chainrule.grading.journal import Entry
from chainrule.grading.kernel import Engine
from chainrule.grading.parcel import Parcel

Engines = Callable[..., Engine]  # takes the course's folder and `unsafe`


def assess_all(
    parcels: Iterable[Parcel],
    assignment: Assignment,
    engines: Engines,
    root: Path,
    *,
    unsafe: bool = False,
    jobs: int = 1,
    begin: Callable[[str], None] = lambda student: None,
) -> Iterator[Entry]:
    """Assess submissions, in this process if `jobs` is 1, else in as many others.

    Yields entries as they are done, in any order; exactly one for every parcel.

    Raises
    ------
    CourseError
        If `engines` refuses to make one.
    """
    if jobs == 1:
        engine = engines(root, unsafe=unsafe)
        try:
            for parcel in parcels:
                begin(parcel.student)
                yield examine(parcel, assignment, engine)
        finally:
            getattr(engine, "close", lambda: None)()
        return

    setup = (assignment, engines, root, unsafe)
    waiting = deque(parcels)
    while waiting:
        lost: list[Parcel] = []
        with _pool(min(jobs, len(waiting)), setup) as pool:
            yield from _drain(pool, waiting, 2 * jobs, begin, lost)
        for parcel in lost:
            with _pool(1, setup) as pool:
                again: list[Parcel] = []
                yield from _drain(pool, deque([parcel]), 1, begin, again)
            if again:
                reason = "It ended the examiner's process, twice"
                yield not_graded(parcel, assignment, reason)


def _drain(
    pool: Executor,
    waiting: deque[Parcel],
    at_once: int,
    begin: Callable[[str], None],
    lost: list[Parcel],
) -> Iterator[Entry]:
    """Give the pool work until there is none, or it breaks: then `lost` has what was under way."""
    running: dict = {}
    broken = False
    while running or (waiting and not broken):
        while waiting and not broken and len(running) < at_once:
            try:
                running[pool.submit(_work, waiting[0])] = waiting[0]
            except BrokenProcessPool:
                broken = True
                break
            begin(waiting.popleft().student)
        if not running:
            break
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            parcel = running.pop(future)
            try:
                entry = future.result()
            except BrokenProcessPool:
                broken = True
                lost.append(parcel)
            else:
                yield entry


@contextmanager
def _pool(jobs: int, setup: tuple) -> Iterator[ProcessPoolExecutor]:
    """Examiner processes that end with this block, whatever they are at."""
    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    if "forkserver" in kinds:
        context.set_forkserver_preload([__name__])
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, context, initializer=_start, initargs=setup)
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


def _start(assignment: Assignment, engines: Engines, root: Path, unsafe: bool) -> None:
    """Prepare an examiner's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's business
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        engine = engines(root, unsafe=unsafe)
    except CourseError as refusal:
        _here["refusal"] = refusal
        return
    _here.update(assignment=assignment, engine=engine)
    if hasattr(engine, "close"):
        multiprocessing.util.Finalize(None, engine.close, exitpriority=10)


def _end_with_parent() -> None:
    """Nobody else tells an examiner that the run was killed."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _work(parcel: Parcel) -> Entry:
    if "refusal" in _here:
        raise _here["refusal"]
    return examine(parcel, _here["assignment"], _here["engine"])
