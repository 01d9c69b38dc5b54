"""What lies in a student's folder, seen from outside: a fingerprint, and when it was handed in.

A fingerprint tells whether a submission has changed since it was graded. It is taken of whatever
may lie there, links, pipes and files without end among it, so nothing is followed or waited for.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.utils import parse_utc

from chainrule.grading.folder import FILE, Entry, Folder, Refused, TooMany
from chainrule.grading.intake import MAX_BYTES, MAX_DEPTH, MAX_ENTRIES, TIMESTAMP
from chainrule.grading.notes import Note

MAX_READ = 200_000_000  # bytes of one submission; of further files only the names count
CLOCKS_DIFFER = timedelta(hours=26)  # no time zone is further ahead than that


@dataclass(frozen=True)
class Parcel:
    """One submission to grade: whose, where it lies, and what its fingerprint was."""

    student: str
    folder: Path
    digest: str


def collect(folder: Path, student: str, titles: Iterable[str]) -> Parcel:
    """The submission of `student` in `folder`, as it is now; there may be no such folder."""
    return Parcel(student, folder, fingerprint(folder, titles))


def fingerprint(folder: Path, titles: Iterable[str]) -> str:
    """A digest of everything in `folder` but its timestamp: names, kinds and contents.

    Parameters
    ----------
    folder : Path
        The submission.
    titles : iterable of str
        What the notebooks of the problem set are called: where there is too much to look at, only
        these count.
    """
    digest = hashlib.sha256()
    try:
        with _open(folder) as handed_in:
            room = MAX_READ
            for entry in _entries(handed_in, titles):
                if entry.name == TIMESTAMP:
                    continue
                content = _look(handed_in, entry, min(room, MAX_BYTES))
                room -= len(content)
                for part in (os.fsencode(entry.name), hashlib.sha256(content).digest()):
                    digest.update(len(part).to_bytes(8, "big") + part)
    except (OSError, Refused) as reason:
        digest.update(f"{type(reason).__name__}: {reason}".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _open(folder: Path) -> Folder:
    """Open a submission's folder; its last two names come from outside and may be no links."""
    place = Path(os.path.abspath(folder))  # resolving would follow links
    return Folder.within(place.parent.parent, place.parent.name, place.name)


def _entries(handed_in: Folder, titles: Iterable[str]) -> list[Entry]:
    try:
        return handed_in.walk(MAX_ENTRIES, MAX_DEPTH)
    except TooMany:
        return [Entry("...", "too many"), *(Entry(f"{title}.ipynb", FILE) for title in titles)]


def _look(handed_in: Folder, entry: Entry, at_most: int) -> bytes:
    """The content of a file that can be taken in, else what it is instead."""
    if entry.kind != FILE:
        return f"({entry.kind})".encode()
    try:
        return handed_in.read(entry.name, at_most)
    except (OSError, Refused) as reason:
        return f"({type(reason).__name__}: {reason})".encode("utf-8", "backslashreplace")


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
    try:
        with _open(folder) as place:
            text = place.read(TIMESTAMP, 1000).decode("utf-8-sig").strip()
        time = parse_utc(text) if text else None
        if time is None:
            raise ValueError
    except (FileNotFoundError, NotADirectoryError):
        return None, []
    except (ValueError, OverflowError, OSError, Refused):  # UnicodeDecodeError is a ValueError
        return None, [
            Note("timestamp", f"{TIMESTAMP} holds no time that can be read; nothing counts as late")
        ]
    now = now or datetime.now(UTC).replace(tzinfo=None)
    notes = []
    if time > now + CLOCKS_DIFFER:
        notes = [Note("timestamp", f"{TIMESTAMP} says {time:%Y-%m-%d %H:%M} UTC: in the future")]
    return time.isoformat(), notes
