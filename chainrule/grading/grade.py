"""Grade the submissions of one problem set: assess what is new, record it, publish it.

Everything that is written is written in one step and can be made again from the journal. So a run
may be stopped anywhere, and running it again does what is left and nothing else.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import compute_checksum, is_locked
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from chainrule.grading.assess import stamp
from chainrule.grading.assignment import Assignment, exercises_of, grader_version, read_assignment
from chainrule.grading.course import Course, CourseError
from chainrule.grading.engine import engine_for
from chainrule.grading.examiners import Engines, assess_all
from chainrule.grading.gradesheet import (
    FAILED,
    MISSING,
    UNSHOWN,
    Row,
    make_row,
    notes_beside,
    write_cells,
    write_csv,
)  # fmt: skip
from chainrule.grading.journal import Entry, Journal, Spoilt
from chainrule.grading.kernel import read_config
from chainrule.grading.lock import locked
from chainrule.grading.notes import Note
from chainrule.grading.parcel import Parcel, collect
from chainrule.grading.publish import Publisher
from chainrule.grading.record import Record, Recorder
from chainrule.grading.release import release
from chainrule.grading.workshop import quiet

NEW, CHANGED, ASKED = "new", "handed in anew", "asked for"
OTHER_ASSIGNMENT = "the problem set has changed"
OTHER_GRADER = "the grading code has changed"
NOT_YET = "could not be graded last time"

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
_WHOLE = "What was written before is whole; mend this and run the same command again"


class CannotWrite(CourseError):
    """There is no room, or no right to write, for what has to be written."""

    users_mistake = False


class Progress:
    """What :func:`grade` tells while it works; this one keeps quiet."""

    def say(self, text: str) -> None:
        """Something else to know."""

    def start(self, total: int) -> None:
        """`total` submissions are going to be graded."""

    def begin(self, student: str) -> None:
        """The submission of `student` is being graded."""

    def end(self, row: Row, seconds: float) -> None:
        """It is done, with this result."""

    def finish(self) -> None:
        """No more are going to be graded."""


@dataclass
class Task:
    """One student in a run.

    Attributes
    ----------
    student : str
    parcel : Parcel or None
        What was handed in; None if there is no folder.
    entry : Entry or None
        How it was graded last.
    why : str
        Why it has to be graded now; empty if it has not.
    refusal : str
        Why it cannot be.
    """

    student: str
    parcel: Parcel | None = None
    entry: Entry | None = None
    why: str = ""
    refusal: str = ""


def grade(
    course: Course,
    assignment: str,
    students: Iterable[str] | None = None,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    regrade: bool = False,
    unsafe: bool = False,
    roster: bool = True,
    engines: Engines = engine_for,
) -> list[Row]:
    """Grade submissions, write ``autograded/``, ``feedback/`` and the grade tables.

    What was graded before and has not changed is not graded again, but if its results are missing
    or differ, they are written again. One submission's failure is its own: the others are graded,
    and it gets a row with a reason. Points and comments given by hand stay.

    Parameters
    ----------
    course : Course
    assignment : str
        The problem set.
    students : iterable of str, optional
        Whose; by default everybody with a folder in ``course.submitted`` and everybody on the
        roster.
    progress : Progress, optional
        Is told what happens.
    jobs : int
        How many submissions are graded at once, each in a process of its own if more than one.
    regrade : bool
        Grade again what has not changed, too.
    unsafe : bool
        Go on where nothing protects this machine from what is handed in.
    roster : bool
        Whether those of whom there is no folder are in the tables.
    engines : callable
        Makes what runs the cells, from the course's folder and `unsafe`.

    Returns
    -------
    list of Row
        One row per student, by name or in the order given.

    Raises
    ------
    CourseError
        If there is no such problem set, nobody to grade, another run at work, or no room to write.
    ReleaseError
        If it had to be released first and could not.
    """
    progress = progress or Progress()
    course.notebooks(assignment)
    students = None if not students else [check_name(name) for name in students]
    if not students and not submitters(course) and not _roster(course):
        raise CourseError(f"nobody to grade: no folders in {course.submitted}")
    with _said_plainly(), locked(course, say=progress.say), quiet(course):
        if not _is_released(course, assignment):
            progress.say(
                f"Releasing {assignment}: the gradebook does not hold it as it is in source/"
            )
            release(course, assignment)
        run = _Run(course, assignment, read_config(course.root))
        with closing(run):
            tasks = run.tasks(students, regrade)
            _tell_oddities(course, run, tasks, students is None, progress)
            due = sum(bool(task.why) for task in tasks)
            if due < len(tasks):
                progress.say(f"{due} of {len(tasks)} have to be graded")
            run.assess(tasks, progress, engines=engines, unsafe=unsafe, jobs=jobs)
            run.bring_up_to_date(tasks)
            rows = {row.student: row for row in run.rows(roster=True)}
            rows |= {task.student: _refused(assignment, task) for task in tasks if task.refusal}
        write_tables(course, roster)
        return [rows[task.student] for task in tasks if task.student in rows]


def plan(
    course: Course, assignment: str, students: Iterable[str] | None = None, *, regrade: bool = False
) -> list[Task]:
    """What :func:`grade` would do, by student; nothing is written.

    Raises
    ------
    CourseError
        If there is no such problem set.
    """
    course.notebooks(assignment)
    students = None if not students else [check_name(name) for name in students]
    journal = Journal(course.journal, assignment)
    digest = ""
    if _is_released(course, assignment):
        digest = read_assignment(course, assignment, read_config(course.root)).digest
    return _tasks(course, assignment, journal, digest, _roster(course), students, regrade)


def submitters(course: Course) -> list[str]:
    """Everybody with a folder in ``course.submitted``."""
    if not course.submitted.is_dir():
        return []
    return sorted(
        path.name
        for path in course.submitted.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )


def read_rows(
    course: Course, assignments: Iterable[str] | None = None, roster: bool = True
) -> list[Row]:
    """The grades of problem sets (default: of all) that have been graded; nothing is written.

    Returns
    -------
    list of Row
        By problem set and student; `roster` says whether those who have handed in nothing are in.
    """
    config = read_config(course.root)
    rows = []
    for name in assignments or course.problem_sets():
        if not (course.journal / name).is_dir() and not _is_recorded(course, name):
            continue
        with closing(_Run(course, name, config)) as run:
            rows += run.rows(roster=roster)
        if roster:
            rows += [
                _refused(name, Task(student, refusal=_refusal(student)))
                for student in submitters(course)
                if _refusal(student)
            ]
    return sorted(rows, key=lambda row: (row.assignment, row.student))


def write_tables(course: Course, roster: bool = True) -> None:
    """Write the grade tables of all problem sets that have been graded."""
    rows = read_rows(course, roster=roster)
    write_csv(rows, course.grades)
    write_cells(rows, course.cells)


class _Run:
    """What a run on one problem set works with."""

    def __init__(self, course: Course, name: str, config: Config):
        self.course = course
        self.name = name
        self.log = logging.getLogger("chainrule.grading")
        self.unshown: dict[str, Note] = {}  # graded, but not published, and why
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

    def close(self) -> None:
        self.recorder.close()

    def tasks(self, students: list[str] | None, regrade: bool) -> list[Task]:
        self.journal.tidy()
        roster, digest = self.recorder.students(), self.assignment.digest
        return _tasks(self.course, self.name, self.journal, digest, roster, students, regrade)

    def assess(self, tasks: list[Task], progress: Progress, **how) -> None:
        """Grade what has to be graded; every result is kept before the next is looked at."""
        due = {task.student: task for task in tasks if task.why}
        progress.start(len(due))
        if not due:
            return
        began = time.monotonic()
        engines, unsafe, jobs = how["engines"], how["unsafe"], min(how["jobs"], len(due))
        entries = assess_all(
            [task.parcel for task in due.values()],
            self.assignment,
            engines,
            self.course.root,
            unsafe=unsafe,
            jobs=jobs,
            begin=progress.begin,
        )
        with closing(entries):
            for entry in entries:
                if entry.status == FAILED:
                    self.log.error("could not grade %s: %s", entry.student, entry.notes[-1])
                self.journal.write(entry)
                due[entry.student].entry = entry
                record = self._keep(entry)
                row = self.row(entry.student, entry, record)
                progress.end(row, entry.seconds or time.monotonic() - began)
                self.log.info("%s, %s: %s", entry.student, self.name, entry.status)

    def bring_up_to_date(self, tasks: list[Task]) -> None:
        """Make gradebook, notebooks and pages say what the journal says, where they do not."""
        known = self.recorder.read()
        for task in tasks:
            if task.entry is None or task.refusal:
                continue
            if task.parcel is not None:
                before = task.entry.timestamp
                stamp(task.entry, task.parcel.folder)
                if task.entry.timestamp != before:
                    self.journal.write(task.entry)
            elif task.student not in known:
                continue  # it was taken out of the gradebook, and there is no folder
            self._keep(task.entry, known.get(task.student))

    def row(self, student: str, entry: Entry | None, record: Record | None) -> Row:
        notes = [self.unshown[student]] if student in self.unshown else []
        if record is None and entry is None:
            text = f"Nothing was handed in: there is no folder {student!r} in submitted/"
            notes = [Note(MISSING, text)]
        elif entry is None:
            notes = notes_beside(self.course, self.name, student)
        return make_row(self.name, student, self.exercise_of, self.full, entry, record, notes)

    def rows(self, roster: bool) -> list[Row]:
        """A row for everybody with a result, and for everybody on the roster without one."""
        records = self.recorder.read()
        entries = {entry.student: entry for entry in self.journal.entries()}
        names = {*records, *(self.recorder.students() if roster else [])}
        return [
            self.row(name, entries.get(name) if name in records else None, records.get(name))
            for name in sorted(names)
        ]

    def _keep(self, entry: Entry, known: Record | None = None) -> Record:
        """Record and publish an entry; a page that cannot be made is told, and stops nobody."""
        record = self.recorder.record(entry, known)
        self.unshown.pop(entry.student, None)
        try:
            self.publisher.publish(entry, record)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                raise
            self.log.exception("could not publish %s", entry.student)
            text = f"Graded, but the feedback could not be written ({type(error).__name__})"
            self.unshown[entry.student] = Note(UNSHOWN, f"{text}; {self.course.log.name} has more")
        return record


def _tasks(
    course: Course,
    assignment: str,
    journal: Journal,
    digest: str,
    roster: list[str],
    students: list[str] | None,
    regrade: bool,
) -> list[Task]:
    """What there is to do, by student."""
    found = submitters(course)
    if students is None:
        students = sorted({*found, *roster})
    tasks, titles = [], course.notebooks(assignment)
    for student in students:
        task = Task(student, refusal=_refusal(student) if student in found else "")
        tasks.append(task)
        if task.refusal:
            continue
        spoilt = ""
        try:
            task.entry = journal.read(student)
        except Spoilt as error:
            spoilt = f"its entry in the journal was no use: {error}"
        if student in found:
            task.parcel = collect(course.submitted / student / assignment, student, titles)
            task.why = spoilt or _why(task, digest, regrade)
        elif student not in roster and task.entry is None:
            near = ", ".join(found[:10]) or "nobody"
            raise CourseError(f"nothing was handed in by {student!r} (there is: {near})")
    return tasks


def _why(task: Task, digest: str, regrade: bool) -> str:
    """Why a submission has to be graded; empty if it has not."""
    entry = task.entry
    if entry is None:
        return NEW
    if entry.submission != task.parcel.digest:
        return CHANGED
    if entry.assignment_digest != digest:
        return OTHER_ASSIGNMENT
    if entry.grader != grader_version():
        return OTHER_GRADER
    if entry.status == FAILED:
        return NOT_YET
    return ASKED if regrade else ""


def _tell_oddities(
    course: Course, run: _Run, tasks: list[Task], everybody: bool, progress: Progress
) -> None:
    """Say what lies about and is looked at by nobody."""
    if course.submitted.is_dir():
        loose = sorted(
            path.name
            for path in course.submitted.iterdir()
            if not path.is_dir() and path.suffix == ".ipynb"
        )
        if loose:
            progress.say(f"Not in a student's folder, so not graded: {', '.join(loose)}")
    if everybody:
        for student in run.journal.others({task.student for task in tasks}):
            progress.say(
                f"{student} has a grade in the journal, but no folder and no place in the "
                "gradebook: left out"
            )
    for task in tasks:
        if task.why.startswith("its entry"):
            progress.say(f"{task.student} is graded again: {task.why}")


def _refused(assignment: str, task: Task) -> Row:
    return Row(assignment, task.student, FAILED, notes=[Note(FAILED, task.refusal)])


def _refusal(student: str) -> str:
    """Why a folder's name cannot be a student's; nbgrader matches names as patterns."""
    if student == student.strip() and student.isprintable() and not set(student) & set("*?["):
        return ""
    return f"The folder name {student!r} cannot be a student id; rename the folder"


def check_name(student: str) -> str:
    """Return the name of a student's folder.

    Raises
    ------
    CourseError
        If it leads elsewhere.
    """
    if Path(student).name != student or student in (".", ".."):
        raise CourseError(f"{student!r} is not a student id: expected the name of a folder")
    return student


def _roster(course: Course) -> list[str]:
    """Everybody in the gradebook, if there is one."""
    if not course.gradebook.is_file():
        return []
    with Gradebook(course.db_url) as book:
        return sorted(student.id for student in book.students)


def _is_recorded(course: Course, assignment: str) -> bool:
    """Whether the gradebook has submissions of a problem set that has been released."""
    if not course.gradebook.is_file():
        return False
    with Gradebook(course.db_url) as book:
        try:
            found = book.find_assignment(assignment)
        except MissingEntry:
            return False
        return bool(found.submissions) and (course.release / assignment).is_dir()


def _is_released(course: Course, assignment: str) -> bool:
    """Whether release/ and gradebook hold the problem set, with the given cells of source/."""
    titles = course.notebooks(assignment)
    if not all((course.release / assignment / f"{name}.ipynb").is_file() for name in titles):
        return False
    if not course.gradebook.is_file():
        return False
    with Gradebook(course.db_url) as book:
        try:
            recorded = {
                (title, cell.name): cell.checksum
                for title in titles
                for cell in book.find_notebook(title, assignment).source_cells
            }
        except MissingEntry:
            return False
    current = {
        (title, cell.metadata.nbgrader["grade_id"]): compute_checksum(cell)
        for title in titles
        for cell in nbformat.read(course.source / assignment / f"{title}.ipynb", as_version=4).cells
        if is_locked(cell)
    }
    return all(recorded.get(name) == checksum for name, checksum in current.items())


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Say in plain words that the disk is full or may not be written to."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        where = f" {error.filename}" if error.filename else ""
        raise CannotWrite(
            f"could not write{where}: {os.strerror(error.errno)}. {_WHOLE}"
        ) from error
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", error))
        raise CannotWrite(f"could not write the gradebook: {cause}. {_WHOLE}") from error
