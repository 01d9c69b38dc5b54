"""Where workers come from: one process in the box that has everything imported, and is forked."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict

from chainrule.grading.course import CourseError
from chainrule.grading.sandbox import processes
from chainrule.grading.sandbox.box import NONE, Box, user_number
from chainrule.grading.sandbox.limits import Limits
from chainrule.grading.sandbox.watchdog import Watchdog
from chainrule.grading.sandbox.worker import Worker

SERVE = "chainrule.grading.sandbox.student:serve"
IMPORTS = (
    "numpy",
    "IPython.core.interactiveshell",
    *("chainrule.trainer", "chainrule.checks", "chainrule.data"),
    *("chainrule.progress", "chainrule.checkpoint", "chainrule.summary"),
)
START_SECONDS = 60  # to import everything on a slow machine
FORK_SECONDS = 20

_CREDENTIALS = struct.Struct("3i")


class Nursery:
    """Starts workers, each in a box of its own.

    Parameters
    ----------
    box : Box
    limits : Limits
    serve : str
        What the student's process calls with its socket, as "module:function".
    imports : tuple of str
        Modules that every worker has from the start, if they are installed.

    Examples
    --------
    ::

        with Nursery(find_box(), Limits()) as nursery, nursery.worker() as worker:
            worker.sock.sendall(b"...")
    """

    def __init__(
        self,
        box: Box,
        limits: Limits | None = None,
        *,
        serve: str = SERVE,
        imports: tuple[str, ...] = IMPORTS,
    ):
        self.box = box
        self.limits = limits or Limits()
        self._serve = serve
        self._imports = imports
        self._lock = threading.Lock()
        self._watchdog = Watchdog()
        self._zygote: _Zygote | None = None
        self._more: tuple[str, ...] = ()  # imports that the zygote at hand has not been told of
        self._workers = 0
        self._closed = False

    def __enter__(self) -> Nursery:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def start(self) -> None:
        """Begin to import everything, without waiting for it."""
        with self._lock:
            self._start()

    def worker(self, limits: Limits | None = None) -> Worker:
        """A fresh worker.

        Raises
        ------
        CourseError
            If the box or the worker cannot be made.
        """
        with self._lock:
            try:
                worker = self._fork(limits or self.limits)
            except _Died:
                self._stop()
                try:
                    worker = self._fork(limits or self.limits)
                except _Died as error:
                    raise CourseError(f"the sandbox could not be started: {error}") from None
        self._watchdog.watch(worker)
        return worker

    def also(self, *modules: str) -> None:
        """Import these too, if they are installed, before the next worker is started.

        What a problem set is known to need (``sklearn.datasets``, a second of processor time) is
        then there for every student at once.
        """
        with self._lock:
            fresh = tuple(name for name in modules if name not in self._imports)
            self._imports += fresh
            if fresh and self._zygote is not None:
                self._more += fresh

    def close(self) -> None:
        """End all that runs in the box."""
        with self._lock:
            self._closed = True
            self._watchdog.close()
            self._stop()

    def _start(self) -> None:
        if self._closed:
            raise CourseError("this nursery is closed")
        if self._zygote is None:
            self._zygote = _Zygote(self.box, self._imports, self._serve)
            self._more = ()

    def _stop(self) -> None:
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def _fork(self, limits: Limits) -> Worker:
        self._start()
        self._zygote.wait()
        if self._more:
            self._zygote.load(self._more)
            self._more = ()
        self._workers += 1
        bare = self.box.kind == NONE
        request = {
            "limits": asdict(limits),
            "user": user_number(self._workers) if self.box.mode == "root" else 0,
            "folder": tempfile.gettempdir() if bare else "",
            "processes": _processes_of_user(limits) if bare else 0,
        }
        ours, theirs = socket.socketpair()
        report, their_report = socket.socketpair()
        try:
            with theirs, their_report:
                if hasattr(socket, "SO_PASSCRED"):
                    report.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
                self._zygote.ask(request, theirs, their_report)
            keeper, home, said = _await_keeper(report)
        except BaseException:
            ours.close()
            report.close()
            raise
        return Worker(ours, report, keeper, limits, home, said)


class _Died(Exception):
    """The zygote is gone; the text says why."""


class _Zygote:
    """The trusted side's end of the zygote."""

    def __init__(self, box: Box, imports: tuple[str, ...], serve: str):
        self._sock, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
        self._ready = False
        with theirs:
            command = box.zygote(theirs.fileno(), imports, serve)
            self._process = _in_lasting_thread(
                lambda: subprocess.Popen(
                    command,
                    env=box.environment() if box.kind == NONE else {},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._errors,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                    cwd="/",
                )
            )

    def wait(self) -> None:
        """Until everything is imported."""
        if self._ready:
            return
        self._sock.settimeout(START_SECONDS)
        try:
            self._ready = self._sock.recv(64) == b"ready\n"
        except OSError as error:
            raise _Died(f"{error}; {self._said()}") from None
        if not self._ready:
            raise _Died(self._said())
        self._sock.settimeout(None)

    def load(self, modules: tuple[str, ...]) -> None:
        """Have modules imported, and wait for that."""
        self.ask({"imports": modules})
        self._ready = False
        self.wait()

    def ask(self, request: dict, *sockets: socket.socket) -> None:
        """Send a request, with sockets that go along."""
        try:
            socket.send_fds(
                self._sock, [json.dumps(request).encode()], [one.fileno() for one in sockets]
            )
        except OSError as error:
            raise _Died(str(error)) from None

    def close(self) -> None:
        """End it, and with it the whole box."""
        self._sock.close()
        # Not bubblewrap's first process alone: while it starts, its second does not notice.
        processes.end_below(self._process.pid, itself=True)
        self._process.wait()
        self._errors.close()

    def _said(self) -> str:
        """The end of what it wrote about its troubles."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        return text[-2000:] or f"exit code {self._process.poll()}"


def _await_keeper(report: socket.socket) -> tuple[int, str, bytes]:
    """Wait for a worker's first process to report.

    Returns
    -------
    keeper : int
        What that process is called out here.
    home : str
        The folder it made for the student's process, if there is no box.
    rest : bytes
        What else it said already.
    """
    report.settimeout(FORK_SECONDS)
    try:
        if hasattr(socket, "SO_PASSCRED"):
            data, ancillary, *_ = report.recvmsg(8192, socket.CMSG_SPACE(_CREDENTIALS.size))
        else:
            data, ancillary = report.recv(8192), []
    except TimeoutError:
        raise CourseError(f"no worker came within {FORK_SECONDS} s") from None
    if not data:
        raise _Died("it ended while a worker was started")
    line, _, rest = data.partition(b"\n")
    kind, _, said = os.fsdecode(line).partition(" ")
    if kind != "ready":
        raise CourseError(f"the sandbox could not be closed: {said}")
    keeper, _, home = said.partition(" ")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            keeper = _CREDENTIALS.unpack(content)[0]
    return int(keeper), home, rest


def _processes_of_user(limits: Limits) -> int:
    """The limit of processes without a box: it counts all that the user has, wherever they are."""
    if not processes.LINUX or os.geteuid() == 0:
        return 0
    return processes.count_of_user(os.geteuid()) + limits.processes


# bubblewrap ends with the *thread* that started it, so that one must last as long as this process.
_jobs: queue.SimpleQueue = queue.SimpleQueue()
_thread: tuple[int, threading.Thread] | None = None
_thread_lock = threading.Lock()


def _in_lasting_thread(job: Callable[[], subprocess.Popen]) -> subprocess.Popen:
    global _thread, _jobs
    with _thread_lock:
        if _thread is None or _thread[0] != os.getpid():  # a fork does not have its parent's
            _jobs = queue.SimpleQueue()
            thread = threading.Thread(target=_work, args=(_jobs,), name="spawner", daemon=True)
            thread.start()
            _thread = (os.getpid(), thread)
    answer: queue.SimpleQueue = queue.SimpleQueue()
    _jobs.put((job, answer))
    result = answer.get()
    if isinstance(result, BaseException):
        raise result
    return result


def _work(jobs: queue.SimpleQueue) -> None:
    while True:
        job, answer = jobs.get()
        try:
            answer.put(job())
        except BaseException as error:
            answer.put(error)
        del job, answer
