"""The process inside the box that has everything imported, and forks a worker on request.

It knows no secret: it is started with a fixed environment and sees nothing but what students may
see. It has one thread and reads messages of JSON: which modules to import, or what a worker is to
be like. With that come two sockets: the student's, and one on which the new worker's first process
reports.

That first process, the *keeper*, is this module's code. Inside a box it is the first process of the
worker's own namespace of processes: signals from inside do not reach it, orphans become its
children, and its end is the end of everything in there.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading

from chainrule.grading.sandbox import confine
from chainrule.grading.sandbox.limits import Limits

NO_BOX = "none"


def main(control: int, settings: dict) -> None:
    """Import everything, then fork workers until the other end hangs up.

    Parameters
    ----------
    control : int
        Descriptor of the socket that requests come on.
    settings : dict
        ``mode``: "root", "user" or "none" (no box); ``imports``: modules to import if they are
        there; ``serve``: what a worker calls with its socket, as "module:function".
    """
    sys.path[:] = [*sys.path, *(path for path in settings["path"] if path not in sys.path)]
    _finish_start()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sock = socket.socket(fileno=control)
    confine.prepare()
    _import(settings["imports"])
    serve = _load(settings["serve"])
    _be_ready(sock)
    while True:
        data, fds, *_ = socket.recv_fds(sock, 65536, 2)
        if not data:
            os._exit(0)
        request = json.loads(data)
        if "imports" in request:
            _import(request["imports"])
            _load(settings["serve"])
            _be_ready(sock)
            continue
        child = os.fork()
        if child == 0:
            sock.close()
            _become_worker(request, settings["mode"], serve, *fds)
            os._exit(0)
        for fd in fds:
            os.close(fd)
        os.waitpid(child, 0)


def _finish_start() -> None:
    """What `site` does for a Python that was started without it."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


def _import(names: list[str]) -> None:
    for name in names:
        with contextlib.suppress(Exception):  # then the cell that wants it says why
            importlib.import_module(name)


def _load(serve: str):
    """The function called "module:function"."""
    name, _, function = serve.partition(":")
    module = importlib.import_module(name)
    if hasattr(module, "warm"):
        module.warm()
    return getattr(module, function)


def _be_ready(sock: socket.socket) -> None:
    """Tell that workers can be forked, sharing the memory of all that was imported."""
    if threading.active_count() > 1:  # a fork copies one thread only, and locks of the others
        raise SystemExit(f"threads are running after the imports: {threading.enumerate()}")
    gc.collect()
    gc.freeze()
    sock.sendall(b"ready\n")


def _become_worker(request: dict, mode: str, serve, student: int, report: int) -> None:
    """Be between the zygote and the keeper, just long enough to make the namespaces."""
    home = ""
    try:
        limits = Limits(**request["limits"])
        if mode != NO_BOX:
            confine.separate(mode)
        if os.fork():
            return
        _leave_everything(student, report)
        if mode != NO_BOX:
            confine.confine(mode, limits, request["user"])
        else:
            home = tempfile.mkdtemp(prefix="chainrule-", dir=request["folder"])
            _confine_without_box(home, limits, request["processes"])
        _keep(student, report, serve, home)
    except BaseException as error:
        if home:
            shutil.rmtree(home, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.write(report, f"failed {type(error).__name__}: {error}\n".encode()[:4000])
        os._exit(1)


def _leave_everything(*kept: int) -> None:
    """Keep no descriptor but these, with 0, 1 and 2 on /dev/null, and no controlling terminal."""
    os.setsid()
    nothing = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    start = 3
    for fd in (*sorted(kept), min(os.sysconf("SC_OPEN_MAX"), 65536)):
        os.closerange(start, fd)
        start = fd + 1


def _confine_without_box(home: str, limits: Limits, processes: int) -> None:
    """As much as goes without namespaces, for whoever insists."""
    confine.set_limits(limits, processes, strict=False)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            confine.set_no_new_privileges()
            confine.adopt_orphans()
    os.umask(0o022)
    os.environ["HOME"] = home
    os.environ["TMPDIR"] = home
    os.chdir(home)


def _keep(student: int, report: int, serve, home: str) -> None:
    """Start the student's process, collect the dead, end when nobody is left or wanted."""
    wake, notice = os.pipe()
    os.set_blocking(notice, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(notice, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    first = os.fork()
    if first == 0:
        _be_student(student, report, wake, notice, serve, bare=bool(home))
    line = socket.socket(fileno=student)
    os.write(report, f"ready {os.getpid()} {home}\n".encode())
    poll = select.poll()
    poll.register(report, select.POLLIN)
    poll.register(wake, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == wake:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 4096)
                if not _collect(first, report, line):
                    _end(home)
            elif not os.read(report, 4096):  # nobody wants this worker any more
                _end(home)


def _be_student(student: int, report: int, wake: int, notice: int, serve, bare: bool) -> None:
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for fd in (report, wake, notice):
            os.close(fd)
        if bare and sys.platform == "linux":
            confine.die_with_parent()
        os.setsid()
        serve(socket.socket(fileno=student))
        os._exit(0)
    finally:
        os._exit(1)


def _collect(first: int, report: int, line: socket.socket) -> bool:
    """Reap who died; report it when it was the student's first process. False: nobody is left."""
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        if pid == first:
            seconds = usage.ru_utime + usage.ru_stime
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(OSError):
                os.write(report, f"ended {code} {seconds:.3f}\n".encode())
                line.shutdown(socket.SHUT_RDWR)  # its children may have copies: nobody need wait


def _end(home: str) -> None:
    if home:  # without a box there is more to do than to go
        from chainrule.grading.sandbox import processes

        processes.end_below(os.getpid())
        shutil.rmtree(home, ignore_errors=True)
    os._exit(0)
