"""Prove the box: real attempts to get out, from inside a worker.

`chainrule doctor` makes all of them and shows a table; a grading run makes the quick ones first.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from chainrule.grading.course import CourseError
from chainrule.grading.sandbox import box as boxes
from chainrule.grading.sandbox import confine, processes
from chainrule.grading.sandbox.box import NONE, Box
from chainrule.grading.sandbox.limits import GIB, MIB, Limits
from chainrule.grading.sandbox.nursery import Nursery
from chainrule.grading.sandbox.worker import Worker

SERVE = "chainrule.grading.sandbox.attempts:serve"
VARIABLE = "CHAINRULE_DOCTOR"
PATIENCE = 40.0  # seconds that one attempt may take
_MOST_ANSWER = 1 << 20
_WIDTH = 48  # characters of what was tried


@dataclass(frozen=True)
class Finding:
    """One attempt: what was tried, what happened, and whether the box held."""

    tried: str
    happened: str
    holds: bool


@dataclass(frozen=True)
class _Attempt:
    """Something to try: what, by which function of `attempts`, with which arguments."""

    tried: str
    do: str
    given: dict


def examine(box: Box, limits: Limits | None = None, root: Path | None = None) -> Iterator[Finding]:
    """Make every attempt, one after the other.

    Parameters
    ----------
    box : Box
    limits : Limits
    root : pathlib.Path, optional
        The course's top folder, which must not be seen inside.

    Raises
    ------
    CourseError
        If the box cannot be made at all.
    """
    limits = limits or Limits()
    with _outside() as outside, Nursery(box, limits, serve=SERVE, imports=()) as nursery:
        yield from _try_all(nursery, [*_quick(limits, root, outside), *_slow(limits, box)])
        yield _time_limit(nursery, limits)
        yield _shared_memory(nursery, limits)
        yield from _leftovers(nursery)
        yield _heard(outside)


_proven: dict[tuple, None] = {}


def quick_proof(box: Box, limits: Limits | None = None, root: Path | None = None) -> None:
    """Make the quick attempts, once per process.

    Nothing is tried for the box ``"none"``, which holds nothing and says so.

    Raises
    ------
    CourseError
        If the box cannot be made or does not hold.
    """
    limits = limits or Limits()
    if box.kind == NONE or (box, limits, root) in _proven:
        return
    with _outside() as outside, Nursery(box, limits, serve=SERVE, imports=()) as nursery:
        found = [*_try_all(nursery, _quick(limits, root, outside)), _heard(outside)]
    failed = [f"{one.tried}: {one.happened}" for one in found if not one.holds]
    if failed:
        raise CourseError(
            "the sandbox does not hold, nothing was graded; `chainrule doctor` says more.\n  "
            + "\n  ".join(failed)
        )
    _proven[box, limits, root] = None


def ask(worker: Worker, **request) -> object:
    """Have a worker that serves `attempts` do something, and wait for what comes of it.

    Raises
    ------
    EOFError
        If it ends, falls silent or answers nonsense.
    RuntimeError
        If it answers with an error.
    """
    deadline = time.monotonic() + PATIENCE
    data = b""
    try:
        worker.sock.sendall(json.dumps(request).encode() + b"\n")
        while not data.endswith(b"\n"):
            worker.sock.settimeout(max(0.01, deadline - time.monotonic()))
            part = worker.sock.recv(65536)
            if not part or len(data) > _MOST_ANSWER:
                raise EOFError("the worker ended")
            data += part
        answer = json.loads(data)
    except (OSError, ValueError) as error:
        raise EOFError(f"no answer ({type(error).__name__})") from None
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["result"]


@dataclass
class _Outside:
    """What lies outside for an attempt to find."""

    listener: socket.socket
    abstract: socket.socket | None
    name: str


@contextlib.contextmanager
def _outside() -> Iterator[_Outside]:
    """Listeners, and a process with a secret in its environment."""
    name = f"chainrule-{secrets.token_hex(8)}"
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.setblocking(False)
        abstract = None
        if processes.LINUX:
            abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
            abstract.bind(f"\0{name}")
            abstract.listen()
            abstract.setblocking(False)
        holder = subprocess.Popen(
            [boxes.interpreter(), "-S", "-c", "input()"],
            env={VARIABLE: name},
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _Outside(listener, abstract, name)
        finally:
            holder.kill()
            holder.communicate()


def _quick(limits: Limits, root: Path | None, outside: _Outside) -> list[_Attempt]:
    places = ["/", "/usr", "/usr/lib", "/etc", *_package_folders()]
    return [
        _Attempt("find a way to an address outside", "connect_out", {}),
        _Attempt(
            "connect to a listener on this machine",
            "connect_here",
            {"port": outside.listener.getsockname()[1]},
        ),
        _Attempt(
            "connect to a Unix socket without a file", "connect_abstract", {"name": outside.name}
        ),
        _Attempt("write into the system, the packages, the course", "write", {"paths": places}),
        _Attempt("see the course, homes and passwords", "see", {"paths": _secrets(root)}),
        _Attempt(
            "read the grader's environment through /proc", "read_environment", {"name": VARIABLE}
        ),
        _Attempt("become root in a new user namespace", "make_namespace", {}),
        _Attempt("mount a file system", "mount", {}),
        _Attempt("trace another process", "trace", {}),
        _Attempt("signal the grader's process", "signal_outside", {"pid": os.getpid()}),
        _Attempt("get 5 GB at once", "allocate", {"size": limits.address_space + GIB}),
        _Attempt("start 500 processes", "fork_often", {"count": 500, "most": limits.processes}),
    ]


def _slow(limits: Limits, box: Box) -> list[_Attempt]:
    folders = ["."] if box.kind == NONE else [confine.HOME, "/tmp", "/dev/shm"]
    return [
        _Attempt("fill the disk", "fill_disk", {"folders": folders, "most": limits.tmp_size + MIB}),
        _Attempt("kill the process that keeps the box", "end_keeper", {}),
    ]


def _try_all(nursery: Nursery, attempts: list[_Attempt]) -> Iterator[Finding]:
    worker = nursery.worker()
    try:
        for attempt in attempts:
            if not worker.alive:
                worker.kill()
                worker = nursery.worker()
            yield _try(worker, attempt)
    finally:
        worker.kill()


def _try(worker: Worker, attempt: _Attempt) -> Finding:
    try:
        holds, happened = ask(worker, do=attempt.do, **{"with": attempt.given})
        return Finding(attempt.tried, str(happened), holds is True)
    except (EOFError, RuntimeError, TypeError, ValueError) as error:
        # An attempt that ends its own process has got nowhere, but neither has it shown anything.
        return Finding(attempt.tried, f"{error} {worker.why}".strip(), False)


def _time_limit(nursery: Nursery, limits: Limits) -> Finding:
    limits = replace(limits, cpu_seconds=1)
    return _ended_by("cpu", "compute beyond the limit of time (1 s)", nursery, limits,
                     do="run_for_ever")  # fmt: skip


def _shared_memory(nursery: Nursery, limits: Limits) -> Finding:
    limits = replace(limits, memory=256 * MIB)
    return _ended_by("memory", "fill 512 MB in four processes (limit 256 MB)", nursery, limits,
                     do="fill_memory", **{"with": {"size": 128 * MIB, "count": 4}})  # fmt: skip


def _ended_by(what: str, tried: str, nursery: Nursery, limits: Limits, **request) -> Finding:
    """Whether a request ends its worker, and for the reason that it should."""
    began = time.monotonic()
    with nursery.worker(limits) as worker:
        with contextlib.suppress(EOFError):
            ask(worker, **request)
        seconds = time.monotonic() - began
        why = _why(worker)
    return Finding(tried, f"ended after {seconds:.1f} s ({why or 'by itself'})", why == what)


def _leftovers(nursery: Nursery) -> Iterator[Finding]:
    name = f"chainrule-doctor-{secrets.token_hex(4)}"
    worker = nursery.worker()
    with contextlib.suppress(EOFError, RuntimeError):
        ask(worker, do="leave_behind", **{"with": {"name": name}})
    time.sleep(0.2)
    before = [one.pid for one in processes.below(worker.keeper)]
    worker.kill()
    left = [pid for pid in before if (now := processes.below(pid)) and not now[0].dead]
    yield Finding(
        "leave processes behind that cut all ties",
        f"{len(left)} of {len(before)} are left",
        not left and len(before) >= 5,
    )
    with nursery.worker() as other:
        yield _try(other, _Attempt("find files of an earlier worker", "find_files", {"name": name}))
    left = [str(place / name) for place in (Path("/tmp"), Path("/dev/shm"), Path.home())]
    left = [place for place in left if os.path.exists(place)]
    for place in left:
        os.remove(place)
    yield Finding(
        "leave files behind on this machine", f"found {', '.join(left) or 'none'}", not left
    )


def _heard(outside: _Outside) -> Finding:
    """Whether anybody came to the listeners, whatever is said inside."""
    came = 0
    for listener in filter(None, (outside.listener, outside.abstract)):
        with contextlib.suppress(OSError):
            listener.accept()[0].close()
            came += 1
    return Finding("be heard outside", f"{came or 'no'} connections came", came == 0)


def _why(worker: Worker) -> str:
    deadline = time.monotonic() + 5
    while worker.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    return worker.why


def _package_folders() -> list[str]:
    inside = [*boxes.path_inside(), *boxes.python_path()]
    return [*inside, *(f"{place}/chainrule" for place in inside)]


def _secrets(root: Path | None) -> list[str]:
    """Files and folders that no student may see."""
    home = Path.home()
    places = ["/etc/passwd", "/etc/shadow", "/var", "/root/.ssh", "/home/student/../../var"]
    if home != home.parent:
        places += [str(path) for path in (home, *_few(home))]
    if root is not None:
        places += [str(root / name) for name in ("source", "release", "tests", "gradebook.db")]
        places += [str(path) for path in _few(root / "source")]
        places += [str(root / name) for name in ("submitted", "course.py", "nbgrader_config.py")]
    interpreter = str(Path(os.path.realpath(boxes.interpreter())).parents[1])
    return [place for place in places if not interpreter.startswith(place)]


def _few(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(folder.iterdir())[:20]
    return []


def report(box: Box, root: Path | None = None, say: Callable[[str], None] = print) -> bool:
    """Make every attempt and tell of each in a line; whether the box held against all."""
    say(f"{box.description}\n")
    say("Tried by code in the place of a student's:\n")
    failed = count = 0
    for finding in examine(box, root=root):
        say(as_line(finding))
        failed, count = failed + (not finding.holds), count + 1
    say("")
    if failed:
        say(f"{failed} of {count} attempts got through. Grade only submissions that you trust.")
    else:
        say(f"The sandbox held against all {count} attempts.")
    return not failed


def as_line(finding: Finding) -> str:
    """One attempt in a line."""
    return (
        f"  {'holds' if finding.holds else 'GIVES'}  {finding.tried:<{_WIDTH}}  {finding.happened}"
    )
