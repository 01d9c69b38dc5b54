"""Results that wait to be written down: what array tasks have graded, and nobody has collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chainrule.grading.assignment import Assignment, grader_version
from chainrule.grading.course import Course
from chainrule.grading.journal import FAILED, Entry, Journal, Spoilt
from chainrule.grading.parcel import Parcel

STOP = "stop"


class Spool:
    """A folder of entries, each written in one step, beside the journal and in its format.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    """

    def __init__(self, course: Course, assignment: Assignment):
        self.assignment = assignment
        self._entries = Journal(course.journal.parent / "spool", assignment.name)

    def put(self, entry: Entry) -> None:
        """Add an entry."""
        self._entries.write(entry)

    def get(self, parcel: Parcel) -> Entry | None:
        """The entry of this very submission, of this assignment and this grader, if it is there."""
        try:
            entry = self._entries.read(parcel.student)
        except Spoilt:
            return None
        wanted = (parcel.digest, self.assignment.digest, grader_version())
        if entry and (entry.submission, entry.assignment_digest, entry.grader) == wanted:
            return entry
        return None

    def has(self, parcel: Parcel) -> bool:
        """Whether there is an entry that need not be made again."""
        entry = self.get(parcel)
        return entry is not None and entry.status != FAILED

    def remove(self, student: str) -> None:
        """Forget the entry of a student: it is in the journal, or of no use."""
        self._entries.path(student).unlink(missing_ok=True)

    def arrived(self, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
        """Those of whom there is an entry, of use or not."""
        names = {path.name for path in self._entries.folder.glob("*.json")}
        return (one for one in parcels if self._entries.path(one.student).name in names)

    def ask_to_stop(self, yes: bool = True) -> None:
        """Ask all array tasks to begin nothing more; or take that back."""
        if yes:
            self._entries.folder.mkdir(parents=True, exist_ok=True)
            self._stop.touch()
        else:
            self._stop.unlink(missing_ok=True)

    def is_asked_to_stop(self) -> bool:
        """Whether somebody has asked."""
        return self._stop.exists()

    @property
    def _stop(self):
        return self._entries.folder / STOP
