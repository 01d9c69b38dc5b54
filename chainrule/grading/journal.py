"""One file per submission that says all about how it was graded.

The journal is what a grading run knows. The gradebook, the graded notebooks, the feedback pages and
the grade tables are made from it and from what people graded by hand, again whenever they are
missing or differ. So a run can be stopped anywhere, and a gradebook that was lost comes back.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from nbformat import NotebookNode, v4

from chainrule.checks.notebook import Verdict
from chainrule.grading.files import ARRIVING, write_if_new
from chainrule.grading.notes import Note

SCHEMA = 2

GRADED, UNREADABLE, MISSING, FAILED = "graded", "unreadable", "missing", "not graded"

PASSED, PARTLY, FAILS, BY_HAND, BLANK, ABSENT = (
    "passed", "partly passed", "failed", "by hand", "no answer", "not handed in",
)  # fmt: skip


@dataclass
class Mark:
    """What one graded cell came to.

    Attributes
    ----------
    points : float or None
        None if a person has to say.
    max_points : float
    verdict : str
        In a word or two.
    said : str
        What the check said, in its own words.
    checks : list of Verdict
        What each of its checks found, in order.
    answer : str
        A digest of what the points are for. Points that a person gave are looked at again when it
        changes.
    """

    points: float | None
    max_points: float
    verdict: str
    said: str = ""
    checks: list[Verdict] = field(default_factory=list)
    answer: str = ""

    @property
    def mistake(self) -> str:
        """The first known mistake that a check of the cell recognised; empty if none did."""
        return next((check.mistake for check in self.checks if check.mistake), "")


@dataclass
class Entry:
    """How one submission was graded: everything but what people add by hand.

    Attributes
    ----------
    submission, assignment_digest, grader : str
        Digests of what was handed in, of the assignment, and of the code that graded it: while they
        are the same, so is the grade.
    status : str
        "graded", "unreadable" (at least one notebook), "missing" or "not graded".
    timestamp : str or None
        When it was handed in, in UTC.
    marks : dict of str to dict of str to Mark
        By notebook and ``grade_id``.
    blanks : dict of str to list of str
        By notebook, answers that were left as they were released.
    notebooks : dict of str to str
        The graded notebooks, as text: they are large, and mostly not looked at.
    files : dict of str to bytes
        What else was handed in.
    notes : list of Note
    protection : str
        What kept the submission's code in, in words.
    limits, versions : dict
    seed : int or None
        Of what the checks drew.
    seconds : float
    peak_memory : int or None
        Bytes, if known.
    """

    assignment: str
    student: str
    submission: str
    assignment_digest: str
    grader: str
    status: str
    timestamp: str | None = None
    marks: dict[str, dict[str, Mark]] = field(default_factory=dict)
    blanks: dict[str, list[str]] = field(default_factory=dict)
    notebooks: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    protection: str = ""
    limits: dict = field(default_factory=dict)
    versions: dict = field(default_factory=dict)
    seed: int | None = None
    seconds: float = 0.0
    peak_memory: int | None = None

    @property
    def digest(self) -> str:
        """Of the grade and all that is shown of it, whenever and however long it was graded."""
        told = {key: value for key, value in _plain(self).items() if key not in _CIRCUMSTANCES}
        return _digest(told)

    def notebook(self, title: str) -> NotebookNode:
        """One of the graded notebooks."""
        return v4.reads(self.notebooks[title])

    def all_marks(self) -> Iterator[tuple[str, str, Mark]]:
        """Notebook, ``grade_id`` and mark of every graded cell."""
        for title, marks in self.marks.items():
            for name, mark in marks.items():
                yield title, name, mark


_CIRCUMSTANCES = {"seconds", "peak_memory", "versions", "grader", "assignment_digest", "submission"}


class Spoilt(Exception):
    """An entry that cannot be used; the text says why."""


class Journal:
    """The entries of one assignment, in a folder.

    Parameters
    ----------
    folder : Path
        It need not be there yet.
    assignment : str
    """

    def __init__(self, folder: Path, assignment: str):
        self.folder = folder / assignment
        self.assignment = assignment

    def path(self, student: str) -> Path:
        """Where the entry of a student lies; any name of a folder makes a file name."""
        readable = re.sub(r"[^A-Za-z0-9_-]", "_", student)[:40]
        exact = hashlib.sha256(os.fsencode(student)).hexdigest()[:16]
        return self.folder / f"{readable}-{exact}.json"

    def write(self, entry: Entry) -> bool:
        """Write an entry in one step, in place of the student's last; returns whether it differs.

        Raises
        ------
        OSError
            If it cannot be written; the last one is still there.
        """
        plain = _plain(entry)
        whole = {"schema": SCHEMA, "digest": _digest(plain), **plain}
        text = json.dumps(whole, indent=1, ensure_ascii=True)
        return write_if_new(self.path(entry.student), text.encode("ascii"), durable=True)

    def read(self, student: str) -> Entry | None:
        """The entry of a student, if there is one.

        Raises
        ------
        Spoilt
            If it is damaged, of another program, or of another version of this one.
        """
        entry = _read(self.path(student))
        if entry and (entry.student, entry.assignment) != (student, self.assignment):
            raise Spoilt("it is about somebody else")
        return entry

    def others(self, students: Collection[str]) -> list[str]:
        """Everybody with an entry who is not among `students`."""
        known = {self.path(student).name for student in students}
        paths = (path for path in sorted(self.folder.glob("*.json")) if path.name not in known)
        return [entry.student for entry in self._readable(paths)]

    def entries(self) -> Iterator[Entry]:
        """All entries that can be used, in the order of their files."""
        return self._readable(sorted(self.folder.glob("*.json")))

    def _readable(self, paths: Iterable[Path]) -> Iterator[Entry]:
        for path in paths:
            try:
                entry = _read(path)
            except Spoilt:
                continue
            if entry and entry.assignment == self.assignment and self.path(entry.student) == path:
                yield entry

    def tidy(self) -> None:
        """Remove what an interrupted run was about to write."""
        for path in self.folder.glob(f".*{ARRIVING}"):
            path.unlink(missing_ok=True)


def _read(path: Path) -> Entry | None:
    try:
        whole = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise Spoilt(f"it cannot be read ({type(error).__name__})") from None
    if not isinstance(whole, dict) or whole.pop("schema", None) != SCHEMA:
        raise Spoilt("it is not of this version of chainrule")
    if whole.pop("digest", None) != _digest(whole):
        raise Spoilt("it was changed after it had been written")
    try:
        return _from_plain(whole)
    except (TypeError, ValueError, KeyError, AttributeError):
        raise Spoilt("it is not of this version of chainrule") from None


def _plain(entry: Entry) -> dict:
    """The entry as what JSON can hold."""
    plain = {one.name: getattr(entry, one.name) for one in fields(entry)}
    plain["marks"] = {
        title: {name: asdict(mark) for name, mark in marks.items()}
        for title, marks in entry.marks.items()
    }
    plain["notes"] = [asdict(note) for note in entry.notes]
    plain["files"] = {
        name: base64.b64encode(content).decode("ascii") for name, content in entry.files.items()
    }
    return plain


def _from_plain(plain: dict) -> Entry:
    plain["marks"] = {
        title: {name: _mark(mark) for name, mark in marks.items()}
        for title, marks in plain["marks"].items()
    }
    plain["notes"] = [Note(**note) for note in plain["notes"]]
    plain["files"] = {name: base64.b64decode(text) for name, text in plain["files"].items()}
    if not all(isinstance(text, str) for text in plain["notebooks"].values()):
        raise TypeError("a notebook is kept as text")
    return Entry(**plain)


def _mark(plain: dict) -> Mark:
    return Mark(**{**plain, "checks": [Verdict(**check) for check in plain["checks"]]})


def _digest(plain: dict) -> str:
    text = json.dumps(plain, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
