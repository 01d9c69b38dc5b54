"""Student's processes without a box: forked from one that has everything imported.

For tests of what the two sides say to each other. What the box keeps out is tested elsewhere.
"""

import contextlib
import faulthandler
import importlib
import json
import os
import signal
import socket
import warnings
from pathlib import Path

from chainrule.grading.sandbox import student


class Worker:
    """A student's process; what `Sitting` wants of one."""

    why, memory, alive = "", 0, True

    def __init__(self, sock: socket.socket, keeper: int, pid: int):
        self.sock, self.keeper, self.pid = sock, keeper, pid

    def count(self) -> int:
        """Nobody here counts."""
        return 0

    def look_back(self) -> None:
        """There is nobody here who measures."""

    def kill(self, pid: int | None = None) -> None:
        """End it and its group, or one of its forks."""
        if pid is not None:
            with contextlib.suppress(OSError):
                if os.getsid(pid) == self.pid:  # what it says of its forks may be a lie
                    os.kill(pid, signal.SIGKILL)
            return
        for group in (self.pid, self.keeper):
            with contextlib.suppress(OSError):
                os.killpg(group, signal.SIGKILL)
        self.sock.close()


class Zygote:
    """Forks workers. Each has a parent of its own, which it may kill."""

    def __init__(self, folder: Path):
        self.folder, self.workers = folder, []
        self.control, theirs = socket.socketpair()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads that somebody may have started
            self.pid = os.fork()
        if self.pid == 0:
            self.control.close()
            _zygote(theirs)
        theirs.close()

    def worker(self) -> Worker:
        """A new one, in a folder of its own."""
        home = self.folder / f"home{len(self.workers)}"
        home.mkdir()
        ours, theirs = socket.socketpair()
        socket.send_fds(self.control, [str(home).encode()], [theirs.fileno()])
        theirs.close()
        keeper, pid = json.loads(self.control.recv(100))
        worker = Worker(ours, keeper, pid)
        self.workers.append(worker)
        return worker

    def end(self) -> None:
        """End all that may be left."""
        for worker in self.workers:
            worker.kill()
        self.control.close()
        os.waitpid(self.pid, 0)


def _zygote(control: socket.socket) -> None:
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
        os.closerange(3, control.fileno())  # nothing of the test run's stays open
        os.closerange(control.fileno() + 1, 1000)
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nothing, fd)
        faulthandler.disable()
        warnings.resetwarnings()
        importlib.import_module("matplotlib.pyplot")  # so that there are figures
        student.warm()
        while True:
            home, fds, *_ = socket.recv_fds(control, 1000, 1)
            if not home:
                break
            keeper = os.fork()
            if keeper == 0:
                _keeper(control, home.decode(), *fds)
            os.close(fds[0])
    finally:
        os._exit(0)


def _keeper(control: socket.socket, home: str, fd: int) -> None:
    os.setsid()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.chdir(home)
        control.close()
        student.serve(socket.socket(fileno=fd))
        os._exit(0)
    control.send(json.dumps([os.getpid(), pid]).encode())
    control.close()
    os.close(fd)
    with contextlib.suppress(OSError):
        os.waitpid(pid, 0)
    os._exit(0)
