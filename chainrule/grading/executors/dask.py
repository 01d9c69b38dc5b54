"""A Dask cluster that is there already.

Every worker needs what this machine has: chainrule in the same version, bubblewrap, and the course
folder at the same path (a shared file system), which each submission is compared with before it is
graded there. Each thread of a worker has an examiner with a warm engine, in a process of its own.
"""

from __future__ import annotations

import contextlib
import pickle
import queue
import socket
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from functools import partial

from distributed import Client, WorkerPlugin, get_worker
from distributed.scheduler import KilledWorker

from chainrule.grading.assess import not_graded
from chainrule.grading.assignment import grader_version
from chainrule.grading.course import CourseError
from chainrule.grading.examiners import Work
from chainrule.grading.executors.apart import Apart, Died
from chainrule.grading.executors.drain import Drain
from chainrule.grading.journal import Entry
from chainrule.grading.parcel import Parcel, collect

PATIENCE = 30  # seconds to find the scheduler and a worker


class Unreachable(CourseError):
    """There is no such scheduler, or it has no workers."""

    users_mistake = False


class Dask:
    """Has submissions assessed by the workers of a Dask scheduler.

    A worker that dies loses nobody: the scheduler gives what it had to another, several times, and
    what was under way when that was not enough is tried once more alone.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://host:8786``.
    """

    def __init__(self, address: str):
        self.address = address

    def assess(
        self,
        parcels: Iterable[Parcel],
        work: Work,
        *,
        begin: Callable[[str], None] = lambda student: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Entry]:
        """Yield entries as they are done.

        Raises
        ------
        Unreachable
            If there is no scheduler or no worker.
        CourseError
            If a worker cannot grade: no sandbox, or another version of chainrule.
        """
        key = f"chainrule-{uuid.uuid4().hex}"
        with _client(self.address) as client:
            threads = sum(client.nthreads().values())
            try:
                client.register_plugin(Examiners(key, work))
            except Exception as error:  # whatever the worker's Python says
                text = f"a worker cannot grade: {type(error).__name__}: {error}"
                raise CourseError(f"{text}. Install the same chainrule there") from None
            try:
                yield from Drain(
                    lambda wanted: _pool(client),
                    partial(_examine, key),
                    (KilledWorker, CancelledError),
                    threads + max(2, threads // 2),
                    takes_back=False,  # it takes back what is being graded, too
                    begin=begin,
                    stop=stop,
                ).entries(parcels, work.assignment)
            finally:
                with contextlib.suppress(Exception):  # a worker that goes just now closes its own
                    client.unregister_worker_plugin(key)


@contextmanager
def _client(address: str) -> Iterator[Client]:
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise Unreachable(f"no Dask scheduler at {address}: {error}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            text = f"the Dask scheduler at {address} has no workers: start some, then try again"
            raise Unreachable(text) from None
        yield client


@contextmanager
def _pool(client: Client) -> Iterator[Executor]:
    """What the cluster offers; nobody waits for it when the block is left early."""
    pool = client.get_executor(pure=False)
    try:
        yield pool
        _need_connection(client)
    except BaseException:
        with contextlib.suppress(Exception):  # the client may be closed
            pool.shutdown(wait=False)
        _need_connection(client)
        raise
    pool.shutdown()


def _need_connection(client: Client) -> None:
    if client.status not in ("running", "connecting"):
        raise Unreachable(
            "the Dask scheduler is gone. What has been graded is kept: when it is back, run the "
            "same command again"
        )


class Examiners(WorkerPlugin):
    """The warm examiners of one worker, as many as it has threads at work.

    Parameters
    ----------
    key : str
        What the run is called.
    work : Work
    """

    def __init__(self, key: str, work: Work):
        self.name = key
        self._packed = pickle.dumps((work, grader_version()))

    def setup(self, worker) -> None:
        """A worker has come."""
        self._work, self._version = pickle.loads(self._packed)
        self._idle: queue.LifoQueue[Apart] = queue.LifoQueue()
        self._all: list[Apart] = []
        self._closed = threading.Event()

    def teardown(self, worker) -> None:
        """The run is over, or the worker goes."""
        self._closed.set()
        for examiner in self._all:
            examiner.close()

    def examine(self, parcel: Parcel) -> Entry:
        """Assess a submission; one that ends its examiner twice is not graded, and says so."""
        host = socket.gethostname()
        if grader_version() != self._version:
            raise CourseError(f"{host} has another version of chainrule: install the same there")
        here = collect(parcel.folder, parcel.student, self._work.assignment.pristine)
        if here.digest != parcel.digest:
            text = f"{host} does not see the submission as it is: it needs the same course folder"
            return not_graded(parcel, self._work.assignment, text)
        for _ in range(2):
            try:
                return self._examine(parcel)
            except Died:
                continue
        return not_graded(parcel, self._work.assignment, "It ended the examiner's process, twice")

    def _examine(self, parcel: Parcel) -> Entry:
        try:
            examiner = self._idle.get_nowait()
        except queue.Empty:
            examiner = Apart(self._work)
            self._all.append(examiner)
        entry = examiner.examine(parcel)
        if not self._closed.is_set():
            self._idle.put(examiner)
        return entry


def _examine(key: str, parcel: Parcel) -> Entry:
    return get_worker().plugins[key].examine(parcel)
