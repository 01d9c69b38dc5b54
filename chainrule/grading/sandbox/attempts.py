"""What `doctor` tries from inside a worker: each attempt is to fail, or to end at a limit.

Each function returns whether the box held and, in a few words, what happened. They do no harm where
there is no box: they look, and undo what they did.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import mmap
import os
import signal
import socket
import sys
import time

Outcome = tuple[bool, str]

_CLONE_NEWUSER = 0x10000000
_PTRACE_SEIZE = 0x4206
BLOCK = bytes(1 << 20)


def serve(sock: socket.socket) -> None:
    """Do what each line that comes asks for, and answer with a line.

    A line is JSON: ``{"do": name, "with": {...}}`` calls a function of this module,
    ``{"run": source}`` runs Python code that leaves its answer in ``result``.
    """
    stream = sock.makefile("rwb")
    for line in stream:
        request = json.loads(line)
        try:
            if "run" in request:
                names: dict = {"sock": sock}
                exec(request["run"], names)
                answer = {"result": names.get("result")}
            else:
                answer = {"result": globals()[request["do"]](**request.get("with", {}))}
        except BaseException as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        stream.write(json.dumps(answer).encode() + b"\n")
        stream.flush()


def connect_out() -> Outcome:
    """Find a way to an address outside. (Nothing is sent: it is a datagram socket.)"""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("192.0.2.1", 9))  # an address reserved for documentation
    except OSError as error:
        return True, _said(error)
    return False, "there is a way out"


def connect_here(port: int) -> Outcome:
    """Connect to a listener of the grader's on this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError as error:
        return True, _said(error)
    return False, "connected"


def connect_abstract(name: str) -> Outcome:
    """Connect to a Unix socket that has a name but no file."""
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(f"\0{name}")
    except OSError as error:
        return True, _said(error)
    return False, "connected"


def write(paths: list[str]) -> Outcome:
    """Make a file in any of these folders, as they are called inside, or of the folders above."""
    said = set()
    for folder in paths:
        path = os.path.join(folder, f"chainrule-doctor-{os.getpid()}")
        try:
            with open(path, "x"):
                pass
        except OSError as error:
            said.add(errno.errorcode.get(error.errno, str(error.errno)))
            continue
        with contextlib.suppress(OSError):
            os.remove(path)
        return False, f"wrote into {folder}"
    return True, f"{len(paths)} places: {', '.join(sorted(said))}"


def see(paths: list[str]) -> Outcome:
    """Look at any of these files and folders."""
    seen = []
    for path in paths:
        with contextlib.suppress(OSError):
            if os.path.isdir(path):
                if os.listdir(path):
                    seen.append(path)
            else:
                with open(path, "rb"):
                    seen.append(path)
    if seen:
        return False, f"saw {', '.join(seen[:3])}" + (" and more" if len(seen) > 3 else "")
    return True, f"none of {len(paths)} places is to be seen"


def read_environment(name: str) -> Outcome:
    """Find a variable of the grader's in the environment of any process."""
    if name in os.environ:
        return False, "it is in the own environment"
    try:
        pids = [one for one in os.listdir("/proc") if one.isdigit()]
    except OSError as error:
        return True, _said(error)
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            if f"{name}=".encode() in file.read():
                return False, f"read it in /proc/{pid}/environ"
    return True, f"not found; {len(pids)} processes in /proc"


def make_namespace() -> Outcome:
    """Become root of a new user namespace."""
    return _in_child(lambda libc: libc.unshare(_CLONE_NEWUSER))


def mount() -> Outcome:
    """Mount a file system on an own folder."""
    here = os.getcwd().encode()

    def attempt(libc) -> int:
        result = libc.mount(b"tmpfs", here, b"tmpfs", ctypes.c_ulong(0), None)
        if result == 0:
            libc.umount(here)
        return result

    return _in_child(attempt)


def trace() -> Outcome:
    """Trace the process above this one, to read and change its memory."""
    parent = os.getpid()
    arguments = (ctypes.c_long(_PTRACE_SEIZE), ctypes.c_long(parent), ctypes.c_long(0))
    return _in_child(lambda libc: libc.ptrace(*arguments, ctypes.c_long(0)))


def signal_outside(pid: int) -> Outcome:
    """Reach the grader's process by its number. (Signal 0 only asks whether one may.)"""
    if _boxed() and pid in (1, os.getpid()):
        return True, "that number means a process in here"
    try:
        os.kill(pid, 0)
    except OSError as error:
        return True, _said(error)
    return False, f"process {pid} can be signalled"


def end_keeper() -> Outcome:
    """Kill the process that keeps this one."""
    if not _boxed():
        return False, "nothing keeps it from that (not tried)"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGSTOP):
        os.kill(1, number)
    time.sleep(0.05)
    return os.getppid() == 1, "signals from inside do not reach it"


def _boxed() -> bool:
    """Whether the first process here is the keeper, not the machine's."""
    return os.getppid() == 1 and os.getcwd() == "/home/student" and not os.path.exists("/proc/1")


def fork_often(count: int, most: int) -> Outcome:
    """Start many processes at a time."""
    children: list[int] = []
    said = ""
    try:
        for _ in range(count):
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    except OSError as error:
        said = f": {_said(error)}"
    for child in children:
        os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)
    return len(children) <= most, f"{len(children)} of {count} came to be{said}"


def allocate(size: int) -> Outcome:
    """Ask for much memory at once."""
    try:
        mmap.mmap(-1, size).close()
    except (OSError, MemoryError) as error:
        return True, _said(error)
    return False, f"got {size / 1e9:.0f} GB"


def fill_memory(size: int, count: int) -> Outcome:
    """Fill memory in several processes, each within its own limit; does not return if that ends."""
    for _ in range(count):
        if os.fork() == 0:
            memory = mmap.mmap(-1, size)
            while memory.tell() < size:
                memory.write(BLOCK)
            signal.pause()
    time.sleep(10)
    return False, f"{count} processes filled {size * count / 1e9:.1f} GB"


def fill_disk(folders: list[str], most: int) -> Outcome:
    """Write all files that go into an own folder."""
    total, paths, said = 0, [], ""
    for number in range(200):
        for folder in folders:
            path = os.path.join(folder, f"doctor-{number}")
            if total > most:
                break
            try:
                with open(path, "xb", buffering=0) as file:
                    paths.append(path)
                    for _ in range(64):
                        total += file.write(BLOCK)
                        if total > most:
                            break
            except OSError as error:
                said = f": {_said(error)}"
    for path in paths:
        os.remove(path)
    return total <= most, f"{total / 1e6:.0f} MB could be written{said}"


def run_for_ever() -> Outcome:
    """Use up all the processor time there is, ignoring the warning."""
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        pass
    return False, "ran for 30 s"


def leave_behind(name: str) -> Outcome:
    """Start processes that cut all ties to this one, and files; both are looked for afterwards."""
    for folder in (os.getcwd(), "/tmp", "/dev/shm"):
        with contextlib.suppress(OSError), open(os.path.join(folder, name), "x"):
            pass
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                while True:
                    time.sleep(1)
            os._exit(0)
    return True, "left three processes and files"


def find_files(name: str) -> Outcome:
    """Look for files of a worker that ended."""
    paths = [os.path.join(folder, name) for folder in (os.getcwd(), "/tmp", "/dev/shm")]
    return see(paths)


def _in_child(attempt) -> Outcome:
    """Make a call of the C library in a process that then ends."""
    if sys.platform != "linux":
        return False, "there is no such thing to be refused on this system"
    child = os.fork()
    if child == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        os._exit(0 if attempt(libc) == 0 else min(ctypes.get_errno(), 255) or 255)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 0:
        return False, "it was allowed"
    return True, f"{errno.errorcode.get(code, code)}: {os.strerror(code)}"


def _said(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno:
        return f"{errno.errorcode.get(error.errno, error.errno)}: {os.strerror(error.errno)}"
    return f"{type(error).__name__}: {error}"
