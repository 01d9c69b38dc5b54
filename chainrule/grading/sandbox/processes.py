"""Processes as seen from outside: who descends from whom, how much memory and time they use.

Linux is read from /proc. Elsewhere ``ps`` is asked, which is slower.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

PATIENCE = 2.0  # seconds until killed processes are given up
LINUX = sys.platform == "linux"
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True)
class Process:
    """One process at one moment.

    Attributes
    ----------
    pid, parent : int
    memory : int
        Resident bytes, those it shares with others included.
    seconds : float
        Processor time of it and of its children that it has waited for.
    dead : bool
        Whether it only waits to be collected.
    """

    pid: int
    parent: int
    memory: int
    seconds: float
    dead: bool


def read(pid: int) -> Process | None:
    """One process, on Linux; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    ticks = sum(map(int, fields[11:15]))
    return Process(
        pid, int(fields[1]), int(fields[21]) * _PAGE, ticks / _TICKS, fields[0] in (b"Z", b"X")
    )


def below(pid: int) -> list[Process]:
    """A process and its descendants, parents first; empty if it is gone."""
    if LINUX and os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        return _below_by_children(pid)
    table = _all_by_proc() if LINUX else _all_by_ps()
    children: dict[int, list[Process]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process)
    found = [table[pid]] if pid in table else []
    for process in found:
        found.extend(children.get(process.pid, ()))
    return found


def peak_memory(pid: int) -> int | None:
    """The most resident bytes that a process ever had; None if not to be read."""
    kilobytes = _field(f"/proc/{pid}/status", b"VmHWM:")
    return None if kilobytes is None else 1024 * int(kilobytes[0])


def proportional_memory(pid: int) -> int | None:
    """Resident bytes with what is shared split among those who share it; None if not to be read."""
    kilobytes = _field(f"/proc/{pid}/smaps_rollup", b"Pss:")
    return None if kilobytes is None else 1024 * int(kilobytes[0])


def _field(path: str, name: bytes) -> list[bytes] | None:
    """The words behind a name in one of the kernel's tables; None if there is none to be read."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        for line in file:
            if line.startswith(name):
                return line.split()[1:]
    return None


def end_below(pid: int, itself: bool = False, seconds: float = PATIENCE) -> bool:
    """Kill all descendants of a process, and maybe itself; whether all are gone in time.

    They are stopped first, so that none can start another while the list is read.
    """
    deadline = time.monotonic() + seconds
    seen: set[int] = set()
    quiet = 0
    while quiet < 2:  # one that was just being started may not be listed at once
        living = {one.pid for one in below(pid) if not one.dead and (itself or one.pid != pid)}
        fresh = living - seen
        for one in fresh:
            _signal(one, signal.SIGSTOP)
        seen |= fresh
        quiet = 0 if fresh and time.monotonic() < deadline else quiet + 1
    for one in seen:
        _signal(one, signal.SIGKILL)
    while left := [one for one in seen if not _is_gone(one)]:
        if time.monotonic() > deadline:
            return False
        wait_gone(left[0], None, 0.1)
    return True


def open_pidfd(pid: int) -> int | None:
    """A descriptor that stands for a process, where the system has them."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def wait_gone(pid: int, pidfd: int | None, seconds: float) -> bool:
    """Wait until a process has ended; whether it did in time."""
    if pidfd is not None:
        return bool(select.select([pidfd], [], [], seconds)[0])
    deadline = time.monotonic() + seconds
    while not (gone := _is_gone(pid)) and time.monotonic() < deadline:
        time.sleep(0.001)
    return gone


def count_of_user(user: int) -> int:
    """How many threads a user has, on Linux."""
    count = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == user:
                    count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _is_gone(pid: int) -> bool:
    """Whether a process has ended, collected or not."""
    if LINUX:
        now = read(pid)
        return now is None or now.dead
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return pid in (table := _all_by_ps()) and table[pid].dead


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _below_by_children(pid: int) -> list[Process]:
    first = read(pid)
    found = [first] if first else []
    for process in found:
        for child in _children(process.pid):
            one = read(child)
            if one is not None:
                found.append(one)
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as file:
                children += map(int, file.read().split())
    return children


def _all_by_proc() -> dict[int, Process]:
    found = (read(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {process.pid: process for process in found if process}


def _all_by_ps() -> dict[int, Process]:
    command = ["ps", "-axo", "pid=,ppid=,rss=,state=,time="]
    try:
        text = subprocess.run(command, capture_output=True, text=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    table = {}
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            pid, parent, kib, state, spent = line.split()
            dead = state.startswith("Z")
            table[int(pid)] = Process(int(pid), int(parent), int(kib) * 1024, _seconds(spent), dead)
    return table


def _seconds(text: str) -> float:
    """Seconds of ``[[hours:]minutes:]seconds``, days before a dash."""
    days, _, rest = text.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + 86400 * int(days or 0)
