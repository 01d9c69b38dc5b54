"""One grading run on one problem set: what it works with, and what it makes up to date."""

from __future__ import annotations

import errno
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from traitlets.config import Config

from chainrule.grading.assess import stamp
from chainrule.grading.assignment import Assignment, exercises_of, read_assignment
from chainrule.grading.course import Course
from chainrule.grading.examiners import Engines, Work
from chainrule.grading.executors import Executor
from chainrule.grading.gradesheet import (
    FAILED,
    UNSHOWN,
    Row,
    make_row,
    notes_beside,
    without_result,
)
from chainrule.grading.journal import Entry, Journal, Spoilt
from chainrule.grading.notes import Note
from chainrule.grading.plan import Choice, Task, refusal, submitters, tasks_of
from chainrule.grading.progress import Progress
from chainrule.grading.publish import Publisher
from chainrule.grading.record import Record, Recorder

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class Run:
    """What a run on one problem set works with.

    It holds the rows of a class, but never more than one entry: those are large.

    Parameters
    ----------
    course : Course
    name : str
        The problem set; it must have been released.
    config : Config
        Of the course.
    """

    def __init__(self, course: Course, name: str, config: Config):
        self.course = course
        self.name = name
        self.log = logging.getLogger("chainrule.grading")
        self.journal = Journal(course.journal, name)
        self.assignment: Assignment = read_assignment(course, name, config)
        self.recorder = Recorder(course, name, config)
        self.publisher = Publisher(course, self.assignment)
        cells = [cell for key in self.assignment.key.values() for cell in key.values()]
        self.exercise_of = {
            name: exercise
            for title, key in self.assignment.key.items()
            for name, exercise in exercises_of(list(key.values()), title).items()
        }
        self.full = {
            cell.metadata.nbgrader["grade_id"]: float(cell.metadata.nbgrader.get("points", 0.0))
            for cell in cells
            if cell.metadata.nbgrader["grade_id"] in self.exercise_of
        }
        self._fresh: dict[str, tuple[Row, bytes]] = {}  # and of which record

    def close(self) -> None:
        """Let go of the gradebook."""
        self.recorder.close()

    def tasks(self, choice: Choice) -> list[Task]:
        """What there is to do; what an interrupted run was about to write is removed."""
        self.journal.tidy()
        roster, digest = self.recorder.students(), self.assignment.digest
        return tasks_of(self.course, self.name, digest, roster, choice)

    def assess(
        self,
        due: Sequence[Task],
        executor: Executor,
        progress: Progress,
        *,
        engines: Engines,
        unsafe: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Grade what has to be graded; every result is kept before the next is looked at."""
        progress.start(len(due))
        if not due:
            return
        began, tasks = time.monotonic(), {task.student: task for task in due}
        work = Work(self.assignment, engines, self.course.root, unsafe)
        parcels = [task.parcel for task in due]
        entries = executor.assess(parcels, work, begin=progress.begin, stop=stop)
        with closing(entries):
            for entry in entries:
                if entry.status == FAILED:
                    self.log.error("could not grade %s: %s", entry.student, entry.notes[-1])
                self.journal.write(entry)
                task = tasks[entry.student]
                task.graded, task.why = True, ""
                row = self._keep(entry)
                progress.end(row, entry.seconds or time.monotonic() - began)
                self.log.info("%s, %s: %s", entry.student, self.name, entry.status)

    def bring_up_to_date(self, tasks: Sequence[Task]) -> None:
        """Make gradebook, notebooks and pages say what the journal says, where they do not.

        What is still due is left as it is: its entry is about another submission.
        """
        known = self.recorder.read()
        for task in tasks:
            if task.refusal or task.why or not task.graded:
                continue
            if self._fresh_row(task.student, known.get(task.student)):
                continue
            if task.parcel is None and task.student not in known:
                continue  # it was taken out of the gradebook, and there is no folder
            entry = self._entry(task.student)
            if entry is None:
                continue
            if task.parcel is not None:
                before = entry.timestamp
                stamp(entry, task.parcel.folder)
                if entry.timestamp != before:
                    self.journal.write(entry)
            self._keep(entry, known.get(task.student))

    def rows(self, roster: bool) -> list[Row]:
        """A row for everybody with a result.

        With `roster`, also for those without one who are on the roster or have a folder in
        ``submitted/``.
        """
        records = self.recorder.read()
        names = set(records)
        if roster:
            names |= {*self.recorder.students()}
            names |= {name for name in submitters(self.course) if not refusal(name)}
        return [self._row_of(name, records.get(name)) for name in sorted(names)]

    def _row_of(self, student: str, record: Record | None) -> Row:
        row = self._fresh_row(student, record)
        return row or self._row(student, self._entry(student) if record else None, record)

    def _row(self, student: str, entry: Entry | None, record: Record | None) -> Row:
        notes = []
        if record is None and entry is None:
            notes = [without_result(self.course, self.name, student)]
        elif entry is None:
            notes = notes_beside(self.course, self.name, student)
        return make_row(self.name, student, self.exercise_of, self.full, entry, record, notes)

    def _entry(self, student: str) -> Entry | None:
        try:
            return self.journal.read(student)
        except Spoilt:
            return None

    def _keep(self, entry: Entry, known: Record | None = None) -> Row:
        """Record and publish an entry; a page that cannot be made is told, and stops nobody."""
        record = self.recorder.record(entry, known)
        row = self._row(entry.student, entry, record)
        try:
            self.publisher.publish(entry, record)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise
            self.log.exception("could not publish %s", entry.student)
            text = f"Graded, but the feedback could not be written ({type(error).__name__})"
            row.notes.append(Note(UNSHOWN, f"{text}; {self.course.log.name} has more"))
        self._fresh[entry.student] = (row, _print(record))
        return row

    def _fresh_row(self, student: str, record: Record | None) -> Row | None:
        """The row that this run has made, unless somebody has changed the gradebook since."""
        row, made_of = self._fresh.get(student, (None, b""))
        return row if row and record and _print(record) == made_of else None


def _print(record: Record) -> bytes:
    return hashlib.sha256(repr(record).encode("utf-8", "backslashreplace")).digest()
