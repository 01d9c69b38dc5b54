"""What lies in a student's folder, seen from outside: a fingerprint, and when it was handed in.

A fingerprint tells whether a submission has changed since it was graded. It is taken of whatever
may lie there, links, pipes and files without end among it, so nothing is followed or waited for.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.utils import parse_utc

from chainrule.grading.intake import MAX_BYTES
from chainrule.grading.notes import Note

TIMESTAMP = "timestamp.txt"
MAX_ENTRIES = 20_000  # of a folder that are looked at
CLOCKS_DIFFER = timedelta(hours=26)  # no time zone is further ahead than that


@dataclass(frozen=True)
class Parcel:
    """One submission to grade: whose, where it lies, and what its fingerprint was."""

    student: str
    folder: Path
    digest: str


def collect(folder: Path, student: str) -> Parcel:
    """The submission of `student` in `folder`, as it is now; there may be no such folder."""
    return Parcel(student, folder, fingerprint(folder))


def fingerprint(folder: Path) -> str:
    """A digest of everything in `folder` but its timestamp: names, kinds and contents."""
    digest = hashlib.sha256()
    for count, (name, path) in enumerate(_walk(folder)):
        if count == MAX_ENTRIES:
            break
        if name != TIMESTAMP:
            for part in (os.fsencode(name), _look(path)):
                digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Everything below `folder` in a fixed order, with its name relative to it."""
    waiting = [("", folder)]
    while waiting:
        prefix, place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError:
            yield f"{prefix}?", place
            continue
        for entry in found:
            yield f"{prefix}{entry.name}", Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                waiting.append((f"{prefix}{entry.name}/", Path(entry.path)))


def _look(path: Path) -> bytes:
    """What `path` is, and the digest of its content if it is a file that can be taken in."""
    try:
        known = path.lstat()
        if stat.S_ISLNK(known.st_mode):
            return b"link " + os.fsencode(os.readlink(path))
        if not stat.S_ISREG(known.st_mode):
            return b"kind %o" % stat.S_IFMT(known.st_mode)
        content = read_plain(path, MAX_BYTES)
    except OSError as error:
        return b"unreadable %d" % (error.errno or 0)
    if content is None:
        return b"size %d" % known.st_size
    return b"file " + hashlib.sha256(content).digest()


def read_plain(path: Path, at_most: int) -> bytes | None:
    """The content of a regular file, or None if it is something else or larger than `at_most`.

    Raises
    ------
    OSError
        If it cannot be opened; a link cannot.
    """
    # Between a look at a path and its opening it may become a link or a pipe.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        known = os.fstat(file.fileno())
        if not stat.S_ISREG(known.st_mode) or known.st_size > at_most:
            return None
        content = file.read(at_most + 1)
    return content if len(content) <= at_most else None


def handed_in(folder: Path, now: datetime | None = None) -> tuple[str | None, list[Note]]:
    """When a submission was handed in, by its timestamp.

    Parameters
    ----------
    folder : Path
        The submission.
    now : datetime, optional
        What a time is compared with, in UTC.

    Returns
    -------
    tuple of (str or None) and list of Note
        The time in UTC, in ISO format, if there is one to be read; and what is odd about it.
    """
    path = folder / TIMESTAMP
    if not os.path.lexists(path):
        return None, []
    try:
        content = read_plain(path, 1000)
        if content is None:
            raise ValueError
        text = content.decode("utf-8-sig").strip()
        time = parse_utc(text) if text else None
        if time is None:
            raise ValueError
    except (ValueError, OverflowError, OSError):  # UnicodeDecodeError is a ValueError
        return None, [
            Note("timestamp", f"{TIMESTAMP} holds no time that can be read; nothing counts as late")
        ]
    now = now or datetime.now(UTC).replace(tzinfo=None)
    notes = []
    if time > now + CLOCKS_DIFFER:
        notes = [Note("timestamp", f"{TIMESTAMP} says {time:%Y-%m-%d %H:%M} UTC: in the future")]
    return time.isoformat(), notes
