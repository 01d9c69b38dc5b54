"""What a grading run has to do, by student, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook

from chainrule.grading.assignment import grader_version, read_assignment
from chainrule.grading.course import Course, CourseError
from chainrule.grading.journal import FAILED, Entry, Journal, Spoilt
from chainrule.grading.kernel import read_config
from chainrule.grading.parcel import Parcel, collect
from chainrule.grading.release import is_released

NEW, CHANGED, ASKED = "new", "handed in anew", "asked for"
OTHER_ASSIGNMENT = "the problem set has changed"
OTHER_GRADER = "the grading code has changed"
NOT_YET = "could not be graded last time"
SPOILT = "its entry in the journal was no use"


@dataclass(frozen=True)
class Choice:
    """Whose submissions to grade.

    Attributes
    ----------
    students : list of str or None
        Only these; None for everybody with a folder in ``submitted/`` or a place on the roster.
    regrade : bool
        Also what has not changed.
    only_changed : bool
        Of those with a result, only whose submission has changed: none because the problem set or
        the grading code is another one now.
    limit : int or None
        At most so many of those that are due, the first by their place in the list.

    Raises
    ------
    ValueError
        If `regrade` and `only_changed` contradict each other.
    CourseError
        If a student's name leads elsewhere.
    """

    students: list[str] | None = None
    regrade: bool = False
    only_changed: bool = False
    limit: int | None = None

    def __post_init__(self):
        if self.regrade and self.only_changed:
            raise ValueError("regrade grades what has not changed, only_changed does not")
        for student in self.students or []:
            check_name(student)


@dataclass
class Task:
    """One student in a run.

    Attributes
    ----------
    student : str
    parcel : Parcel or None
        What was handed in; None if there is no folder.
    graded : bool
        Whether there is a result.
    why : str
        Why it has to be graded now; empty if it has not.
    passed_over : str
        Why it would have to be, had only changed submissions not been asked for.
    refusal : str
        Why it cannot be.
    """

    student: str
    parcel: Parcel | None = None
    graded: bool = False
    why: str = ""
    passed_over: str = ""
    refusal: str = ""


def plan(
    course: Course,
    assignment: str,
    students: Iterable[str] | None = None,
    *,
    regrade: bool = False,
    only_changed: bool = False,
) -> list[Task]:
    """What :func:`chainrule.grading.grade.grade` would do, by student; nothing is written.

    Raises
    ------
    CourseError
        If there is no such problem set.
    """
    course.notebooks(assignment)
    choice = Choice(list(students or []) or None, regrade, only_changed)
    digest = ""
    if is_released(course, assignment):
        digest = read_assignment(course, assignment, read_config(course.root)).digest
    return tasks_of(course, assignment, digest, roster_of(course), choice)


def tasks_of(
    course: Course, assignment: str, digest: str, roster: list[str], choice: Choice
) -> list[Task]:
    """What there is to do, by student.

    Parameters
    ----------
    course : Course
    assignment : str
    digest : str
        Of the assignment as it is now.
    roster : list of str
    choice : Choice

    Raises
    ------
    CourseError
        If somebody was asked for of whom there is neither folder nor result.
    """
    journal, found = Journal(course.journal, assignment), submitters(course)
    titles, there = course.notebooks(assignment), set(found)
    tasks = []
    for student in choice.students or sorted({*found, *roster}):
        task = Task(student, refusal=refusal(student) if student in there else "")
        tasks.append(task)
        if task.refusal:
            continue
        entry, spoilt = None, ""
        try:
            entry = journal.read(student)
        except Spoilt as error:
            spoilt = f"{SPOILT}: {error}"
        task.graded = entry is not None
        if student in there:
            task.parcel = collect(course.submitted / student / assignment, student, titles)
            task.why = spoilt or _why(entry, task.parcel, digest, choice.regrade)
            if choice.only_changed and task.why in (OTHER_ASSIGNMENT, OTHER_GRADER):
                task.why, task.passed_over = "", task.why
        elif student not in roster and entry is None:
            near = ", ".join(found[:10]) or "nobody"
            raise CourseError(f"nothing was handed in by {student!r} (there is: {near})")
    return tasks


def _why(entry: Entry | None, parcel: Parcel, digest: str, regrade: bool) -> str:
    """Why a submission has to be graded; empty if it has not."""
    if entry is None:
        return NEW
    if entry.submission != parcel.digest:
        return CHANGED
    if entry.status == FAILED:
        return NOT_YET
    if entry.assignment_digest != digest:
        return OTHER_ASSIGNMENT
    if entry.grader != grader_version():
        return OTHER_GRADER
    return ASKED if regrade else ""


def submitters(course: Course) -> list[str]:
    """Everybody with a folder in ``course.submitted``."""
    if not course.submitted.is_dir():
        return []
    return sorted(
        path.name
        for path in course.submitted.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )


def roster_of(course: Course) -> list[str]:
    """Everybody in the gradebook, if there is one."""
    if not course.gradebook.is_file():
        return []
    with Gradebook(course.db_url) as book:
        return sorted(student.id for student in book.students)


def refusal(student: str) -> str:
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
