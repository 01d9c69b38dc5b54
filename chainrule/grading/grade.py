"""Grade the submissions of one problem set: assess what is new, record it, publish it.

Everything that is written is written in one step and can be made again from the journal. So a run
may be stopped anywhere, and running it again does what is left and nothing else.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager

from sqlalchemy.exc import SQLAlchemyError

from chainrule.grading.course import Course, CourseError
from chainrule.grading.engine import engine_for
from chainrule.grading.examiners import Engines
from chainrule.grading.executors import Executor
from chainrule.grading.executors.local import Local
from chainrule.grading.gradesheet import Row
from chainrule.grading.kernel import read_config
from chainrule.grading.lock import locked
from chainrule.grading.plan import SPOILT, Choice, Task, plan, roster_of, submitters
from chainrule.grading.progress import Progress
from chainrule.grading.release import is_released, release
from chainrule.grading.report.writing import write_report
from chainrule.grading.run import NO_ROOM, Run
from chainrule.grading.tables import read_rows, refused_row, write_tables
from chainrule.grading.workshop import quiet

__all__ = ["CannotWrite", "Progress", "grade", "plan", "read_rows", "write_tables"]

_WHOLE = "What was written before is whole; mend this and run the same command again"


class CannotWrite(CourseError):
    """There is no room, or no right to write, for what has to be written."""

    users_mistake = False


def grade(
    course: Course,
    assignment: str,
    students: Iterable[str] | None = None,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    regrade: bool = False,
    only_changed: bool = False,
    limit: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    unsafe: bool = False,
    roster: bool = True,
    engines: Engines = engine_for,
) -> list[Row]:
    """Grade submissions, write ``autograded/``, ``feedback/``, the grade tables and the report.

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
        Is told what happens; its ``left`` is how many are due and were not graded.
    jobs : int
        How many submissions are graded at once, each in a process of its own if more than one.
    executor : Executor, optional
        Where they are graded, if not in processes here.
    regrade : bool
        Grade again what has not changed, too.
    only_changed : bool
        Of those with a result, grade again only whose submission has changed.
    limit : int, optional
        Grade at most so many of those that are due.
    stop : callable
        Once it returns True, what is being graded is finished and nothing else begun.
    unsafe : bool
        Go on where nothing protects this machine from what is handed in.
    roster : bool
        Whether those of whom there is no folder are in the tables.
    engines : callable
        Makes what runs the cells, from the course's folder and `unsafe`.

    Returns
    -------
    list of Row
        One row per student, by name or in the order given; none for whom there is no result yet.

    Raises
    ------
    CourseError
        If there is no such problem set, nobody to grade, another run at work, or no room to write.
    ReleaseError
        If it had to be released first and could not.
    """
    progress = progress or Progress()
    course.notebooks(assignment)
    choice = Choice(list(students or []) or None, regrade, only_changed, limit)
    if not choice.students and not submitters(course) and not roster_of(course):
        raise CourseError(f"nobody to grade: no folders in {course.submitted}")
    with _said_plainly(), locked(course, say=progress.say), quiet(course):
        if not is_released(course, assignment):
            progress.say(
                f"Releasing {assignment}: the gradebook does not hold it as it is in source/"
            )
            release(course, assignment)
        run = Run(course, assignment, read_config(course.root))
        with closing(run):
            tasks = run.tasks(choice)
            _tell_oddities(course, run, tasks, choice, progress)
            due = [task for task in tasks if task.why]
            if len(due) < len(tasks):
                progress.say(f"{len(due)} of {len(tasks)} have to be graded")
            run.assess(
                due[:limit],
                executor or Local(jobs),
                progress,
                engines=engines,
                unsafe=unsafe,
                stop=stop,
            )
            progress.leave(sum(bool(task.why) for task in due))
            if not (progress.left and stop()):
                run.bring_up_to_date(tasks)
            rows = run.rows(roster=True)
            known = rows if roster else run.rows(roster=False)
        write_tables(course, roster, {assignment: known})
        _report(course, assignment, progress)
    found = {row.student: row for row in rows}
    found |= {task.student: refused_row(assignment, task.student) for task in tasks if task.refusal}
    # Who is still due has no row here: the tables and the report have it.
    tasks = [task for task in tasks if task.graded or not task.why]
    return [found[task.student] for task in tasks if task.student in found]


def _tell_oddities(
    course: Course, run: Run, tasks: list[Task], choice: Choice, progress: Progress
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
    if choice.students is None:
        for student in run.journal.others({task.student for task in tasks}):
            progress.say(
                f"{student} has a grade in the journal, but no folder and no place in the "
                "gradebook: left out"
            )
    for task in tasks:
        if task.why.startswith(SPOILT):
            progress.say(f"{task.student} is graded again: {task.why}")
    passed_over = sum(bool(task.passed_over) for task in tasks)
    if passed_over:
        progress.say(
            f"{passed_over} keep a grade made before the problem set or the grading code changed"
        )


def _report(course: Course, assignment: str, progress: Progress) -> None:
    """Write the report; one that cannot be made is told, and takes nobody's grade away."""
    try:
        write_report(course, assignment)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        logging.getLogger("chainrule.grading").exception("could not report on %s", assignment)
        text = f"The report could not be written ({type(error).__name__})"
        progress.say(f"{text}; {course.log.name} has more")


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Say in plain words that the disk is full or may not be written to."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        where = f" {error.filename}" if error.filename else ""
        raise CannotWrite(
            f"could not write{where}: {os.strerror(error.errno)}. {_WHOLE}"
        ) from error
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", error))
        raise CannotWrite(f"could not write the gradebook: {cause}. {_WHOLE}") from error
