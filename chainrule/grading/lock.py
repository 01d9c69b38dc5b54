"""One grading run at a time on a course.

The system itself lets the lock go when its holder ends, however it ends, so none is left behind.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from chainrule.grading.course import Course, CourseError
from chainrule.grading.files import write_whole

WAIT = 10.0  # seconds that a second run waits for the first


class Locked(CourseError):
    """Another run is at work; the text says whose."""

    users_mistake = False


@contextmanager
def locked(
    course: Course, *, wait: float = WAIT, say: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Keep other runs from grading or releasing in this course meanwhile.

    Parameters
    ----------
    course : Course
    wait : float
        Seconds to wait for another run to end.
    say : callable, optional
        Is told that it waits, and for whom.

    Raises
    ------
    Locked
        If another run has not ended by then.
    """
    folder = course.journal.parent
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / "lock.json"
    with (folder / "lock").open("a+b") as file:
        _acquire(file, holder, wait, say)
        try:
            write_whole(holder, _signature())
            yield
        finally:
            holder.unlink(missing_ok=True)
            _let_go(file)


def _acquire(file: IO, holder: Path, wait: float, say: Callable[[str], None] | None) -> None:
    until = time.monotonic() + wait
    said = False
    while not _try(file):
        if time.monotonic() > until:
            raise Locked(
                f"another run is grading here: {_who(holder)}. Wait for it to end, or end it; "
                "then run the same command again"
            )
        if not said and say:
            say(f"Waiting for another run: {_who(holder)}")
        said = True
        time.sleep(0.2)


def _signature() -> bytes:
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}).encode()


def _who(holder: Path) -> str:
    try:
        told = json.loads(holder.read_bytes())
        return f"process {told['pid']} on {told['host']}, since {told['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # it has only just begun
        return "it has not said which"


def _try(file: IO) -> bool:
    """Whether the lock is ours now."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _let_go(file: IO) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)
