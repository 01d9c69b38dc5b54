"""One student's process, as the trusted side sees and ends it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import threading

from chainrule.grading.sandbox import processes
from chainrule.grading.sandbox.limits import Limits

GONE_WITHIN = 10.0  # seconds that the kernel may take to end killed processes


class Worker:
    """A student's process and all that it starts, in a box of its own.

    Attributes
    ----------
    sock : socket.socket
        To the student's process; blocking, not inherited by programs that are started.
    memory : int
        The most bytes that its processes were seen to take together.
    seconds : float
        Processor time that they were seen to have used together.
    """

    def __init__(
        self,
        sock: socket.socket,
        report: socket.socket,
        keeper: int,
        limits: Limits,
        home: str = "",
        said: bytes = b"",
    ):
        self.sock = sock
        self.limits = limits
        self.memory = 0
        self.seconds = 0.0
        self.keeper = keeper
        self._report = report
        self._home = home
        self._pidfd = processes.open_pidfd(keeper)
        self._text = said
        self._ended: tuple[int, float] | None = None
        self._why = ""
        self._gone = False
        self._lock = threading.Lock()  # the watchdog must not signal what was just ended
        report.setblocking(False)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_) -> None:
        self.kill()

    @property
    def alive(self) -> bool:
        """Whether the student's first process still runs."""
        self._read_report()
        return not self._gone and self._ended is None

    @property
    def why(self) -> str:
        """Why it ended.

        ``"memory"`` or ``"cpu"`` if it used more than its limits, else ``"exit 1"`` or
        ``"SIGSEGV"``, say. Empty while it runs, and after :meth:`kill`.
        """
        self._read_report()
        if self._why or self._ended is None or self._gone:
            return self._why
        code, seconds = self._ended
        if -code == signal.SIGXCPU or (
            -code == signal.SIGKILL and seconds >= self.limits.cpu_seconds - 0.5
        ):
            return "cpu"
        return f"exit {code}" if code >= 0 else _name_of(-code)

    def kill(self) -> bool:
        """End everything in this worker's box, and wait; whether nothing of it is left."""
        with self._lock:
            return self._gone or self._kill_all()

    def stop(self, why: str) -> None:
        """End it for a reason; the socket stays open, and whoever reads there sees the end."""
        with self._lock:
            if self._gone or self._why:
                return
            self._why = why
            if self._home:
                processes.end_below(self.keeper)
            else:
                self._send(signal.SIGKILL)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to look at."""
        return self._gone or bool(self._why)

    def count(self) -> int:
        """How many processes there are in its box."""
        return 0 if self._gone else len(processes.below(self.keeper))

    def look(self) -> None:
        """Note what its processes take together, and end it if that is too much."""
        if self._gone or self._why:
            return
        found = processes.below(self.keeper)[1:]
        memory = sum(one.memory for one in found)
        self.seconds = max(self.seconds, sum(one.seconds for one in found))
        if memory > self.limits.memory:  # what a fork shares with its parent counted twice
            shares = [processes.proportional_memory(one.pid) for one in found]
            memory = sum(
                one.memory if share is None else share
                for one, share in zip(found, shares, strict=True)
            )
        self.memory = max(self.memory, memory)
        if memory > self.limits.memory:
            self.stop("memory")
        elif self.seconds > self.limits.cpu_seconds + 1:
            self.stop("cpu")

    def look_back(self) -> None:
        """Note the most that each of its processes ever took, between two looks as well."""
        if not self._gone:
            peaks = [processes.peak_memory(one.pid) for one in processes.below(self.keeper)[1:]]
            self.memory = max(self.memory, sum(filter(None, peaks)))

    def _kill_all(self) -> bool:
        self._why = self.why
        if self._home:
            gone = self._end_without_box()
        else:
            self._send(signal.SIGKILL)
            gone = processes.wait_gone(self.keeper, self._pidfd, GONE_WITHIN)
        self._gone = True
        for sock in (self.sock, self._report):
            sock.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        return gone

    def _end_without_box(self) -> bool:
        """Have the keeper end everything: it goes on if this process is killed meanwhile."""
        known = [one.pid for one in processes.below(self.keeper)]
        self._report.close()
        gone = processes.wait_gone(self.keeper, self._pidfd, 2 * processes.PATIENCE)
        for pid in known:  # the keeper itself may have been killed or stopped from inside
            gone = processes.end_below(pid, itself=True) and gone
        shutil.rmtree(self._home, ignore_errors=True)
        return gone

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, number)
            else:
                os.kill(self.keeper, number)

    def _read_report(self) -> None:
        if self._gone or self._ended is not None:
            return
        try:
            while data := self._report.recv(4096):
                self._text += data
            self._ended = (-signal.SIGKILL, 0.0)  # the keeper is gone, with all the others
        except BlockingIOError:
            pass
        except OSError:
            self._ended = (-signal.SIGKILL, 0.0)
        for line in self._text.decode(errors="replace").splitlines():
            words = line.split()
            if len(words) == 3 and words[0] == "ended":
                with contextlib.suppress(ValueError):
                    self._ended = (int(words[1]), float(words[2]))


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
