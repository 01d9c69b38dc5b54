"""A folder that somebody handed in, looked through without trusting anything in it.

No link is followed, whichever part of a path it is: where the system can, every part is opened
relative to the folder above it, so that nothing can be exchanged between a look and the opening.
Nothing is waited for: pipes, devices and sockets are not opened. Nothing is read without end: the
bytes that really come are counted, since files may be sparse or grow.

A file with a second name (a hard link) is refused too. It may be somebody else's, which the grader
can read and the student cannot; and no upload makes one. Copying the folder gives every file one
name again.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

FILE, FOLDER, LINK, SPECIAL = "file", "folder", "link", "special"

# Whether this system opens files relative to an open folder; Windows does not.
RELATIVE = (
    {os.open, os.stat} <= os.supports_dir_fd
    and os.scandir in os.supports_fd
    and os.stat in os.supports_follow_symlinks
    and all(hasattr(os, name) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY"))
)
_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
)


class Refused(Exception):
    """A file or folder is not read; the text goes after its name: "mini.ipynb is a link"."""


class TooLarge(Refused):
    """A file is larger than what is taken."""


class TooMany(Exception):
    """There are more entries than are looked at."""


@dataclass(frozen=True)
class Entry:
    """Something in a folder: its name relative to the top, parts joined by ``/``, and its kind."""

    name: str
    kind: str


class Folder:
    """An open folder. Use it in a ``with`` statement."""

    def __init__(self, path: Path, descriptor: int | None):
        self._path = path  # for systems that cannot open relative to a folder
        self._descriptor = descriptor

    @classmethod
    def within(cls, trusted: Path, *names: str) -> Folder:
        """Open the folder `names` below `trusted`; `trusted` itself may be reached by links.

        Raises
        ------
        FileNotFoundError
            If it is not there.
        Refused
            If a part of it is a link or no folder, or cannot be opened.
        """
        descriptor = os.open(trusted, os.O_RDONLY | os.O_DIRECTORY) if RELATIVE else None
        folder = cls(trusted, descriptor)
        for name in names:
            with folder as above:
                folder = above.enter(name)
        return folder

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def enter(self, name: str) -> Folder:
        """Open a folder in this one.

        Raises
        ------
        FileNotFoundError
            If it is not there.
        Refused
            If it is a link, no folder, or cannot be opened.
        """
        kind = _kind(self._stat(name))
        if kind != FOLDER:
            raise Refused(_WORDS[kind])
        if not RELATIVE:
            return Folder(self._path / name, None)
        try:
            flags = _FLAGS | os.O_DIRECTORY
            return Folder(self._path / name, os.open(name, flags, dir_fd=self._descriptor))
        except OSError as error:
            raise Refused(f"cannot be opened ({error.strerror})") from None

    def read(self, name: str, at_most: int) -> bytes:
        """The content of a file, given by its name or by a path with ``/``.

        Raises
        ------
        FileNotFoundError
            If it is not there.
        Refused
            If it is no ordinary file, has a second name or cannot be read.
        TooLarge
            If it is larger than `at_most` bytes.
        """
        first, _, rest = name.partition("/")
        if rest:
            with self.enter(first) as below:
                return below.read(rest, at_most)
        before = self._stat(name)
        if _kind(before) != FILE:
            raise Refused(_WORDS[_kind(before)])
        try:
            if RELATIVE:
                descriptor = os.open(name, _FLAGS, dir_fd=self._descriptor)
            else:
                descriptor = os.open(self._path / name, _FLAGS)
            with open(descriptor, "rb") as file:
                known = os.fstat(descriptor)
                if _kind(known) != FILE or not os.path.samestat(before, known):
                    raise Refused("was exchanged while it was being opened")
                if known.st_nlink > 1:
                    raise Refused("has a second name elsewhere on the disk (a hard link)")
                if known.st_size > at_most:
                    raise TooLarge(_too_large(known.st_size, at_most))
                content = file.read(at_most + 1)
        except OSError as error:
            raise Refused(f"cannot be opened ({error.strerror})") from None
        if len(content) > at_most:
            raise TooLarge(_too_large(len(content), at_most))
        return content

    def holds(self, name: str) -> bool:
        """Whether there is something of this name."""
        try:
            self._stat(name)
        except OSError:
            return False
        return True

    def names(self, at_most: int) -> list[str]:
        """The names in this folder, in the order of their bytes.

        Raises
        ------
        TooMany
            If there are more than `at_most`.
        """
        found = []
        with os.scandir(self._descriptor if RELATIVE else self._path) as entries:
            for entry in entries:
                if len(found) == at_most:
                    raise TooMany
                found.append(entry.name)
        return sorted(found, key=os.fsencode)

    def walk(self, at_most: int, depth: int, skip=lambda name: False) -> list[Entry]:
        """Everything below this folder, in an order that depends on the names alone.

        Parameters
        ----------
        at_most : int
            How many entries to look at.
        depth : int
            How many folders deep; those at the end are listed and not entered.
        skip : function of a name to bool
            Folders that are not entered, nor listed.

        Raises
        ------
        TooMany
            If there are more entries than `at_most`.
        """
        found = []
        for name in self.names(at_most):
            try:
                kind = _kind(self._stat(name))
            except OSError:  # it went away meanwhile, or has no right name
                continue
            if kind == FOLDER and skip(name):
                continue
            found.append(Entry(name, kind))
            if kind != FOLDER or depth <= 1:
                continue
            try:
                with self.enter(name) as below:
                    inside = below.walk(at_most - len(found), depth - 1, skip)
            except (Refused, OSError):
                continue
            found += [Entry(f"{name}/{entry.name}", entry.kind) for entry in inside]
            if len(found) > at_most:
                raise TooMany
        return found

    def _stat(self, name: str) -> os.stat_result:
        if RELATIVE:
            return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        return os.lstat(self._path / name)


def _kind(known: os.stat_result) -> str:
    # On Windows a junction is a folder that leads elsewhere.
    junction = getattr(known, "st_reparse_tag", 0) == getattr(
        stat, "IO_REPARSE_TAG_MOUNT_POINT", object()
    )
    if junction or stat.S_ISLNK(known.st_mode):
        return LINK
    if stat.S_ISREG(known.st_mode):
        return FILE
    return FOLDER if stat.S_ISDIR(known.st_mode) else SPECIAL


_WORDS = {
    LINK: "is a link, not a file of its own",
    FOLDER: "is a folder, not a file of its own",
    SPECIAL: "is a pipe or device, not a file of its own",
    FILE: "is a file, not a folder",
}


def _too_large(size: int, at_most: int) -> str:
    return f"is too large: {size / 1e6:.0f} MB, at most {at_most / 1e6:.0f} MB are taken"
