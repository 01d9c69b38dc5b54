"""One task's share of a class, in an array of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace

from chainrule.grading.assignment import read_assignment
from chainrule.grading.course import Course, CourseError
from chainrule.grading.engine import engine_for
from chainrule.grading.examiners import Engines, Work
from chainrule.grading.executors.local import Local
from chainrule.grading.executors.spool import Spool
from chainrule.grading.gradesheet import Row
from chainrule.grading.journal import Entry
from chainrule.grading.kernel import read_config
from chainrule.grading.plan import Choice, submitters, tasks_of
from chainrule.grading.progress import Progress
from chainrule.grading.release import is_released
from chainrule.grading.workshop import quiet


@dataclass(frozen=True)
class Share:
    """Submissions `index`, `index + count`, `index + 2 count`, ... of those of a class, by name."""

    index: int
    count: int

    @classmethod
    def here(cls, environment: Mapping[str, str]) -> Share | None:
        """What SLURM says in the environment of an array's task; None outside of one.

        Examples
        --------
        >>> Share.here({"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "16"})
        Share(index=3, count=16)
        >>> Share.here({"SLURM_ARRAY_TASK_ID": "8", "SLURM_ARRAY_TASK_COUNT": "4",
        ...             "SLURM_ARRAY_TASK_MIN": "2", "SLURM_ARRAY_TASK_STEP": "2"})
        Share(index=3, count=4)
        """
        if "SLURM_ARRAY_TASK_ID" not in environment:
            return None
        task, count, first, step = (
            _number(environment, f"SLURM_ARRAY_TASK_{name}", default)
            for name, default in (("ID", None), ("COUNT", None), ("MIN", 0), ("STEP", 1))
        )
        if count < 1:
            raise CourseError(f"SLURM_ARRAY_TASK_COUNT is {count}: expected at least 1")
        return cls((task - first) // max(1, step) % count, count)

    def of(self, names: list[str]) -> list[str]:
        """Whose submissions these are."""
        return names[self.index :: self.count]


def grade_share(
    course: Course,
    assignment: str,
    share: Share,
    choice: Choice,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    stop: Callable[[], bool] = lambda: False,
    unsafe: bool = False,
    engines: Engines = engine_for,
) -> list[Row]:
    """Grade a share of what has to be graded, into the spool, and nothing else.

    Results that are in the spool already are not made again.

    Returns
    -------
    list of Row
        One for each submission that was graded now.

    Raises
    ------
    CourseError
        If the problem set has to be released first: a run does that, its tasks do not.
    """
    progress, rows = progress or Progress(), []
    names = share.of(choice.students or submitters(course))
    with quiet(course):
        if not is_released(course, assignment):
            raise CourseError(
                f"{assignment} has to be released first: chainrule release {assignment}"
            )
        read = read_assignment(course, assignment, read_config(course.root))
        chosen = replace(choice, students=names or None)
        tasks = tasks_of(course, assignment, read.digest, [], chosen) if names else []
        spool, work = Spool(course, read), Work(read, engines, course.root, unsafe)
        due = [task.parcel for task in tasks if task.why and not spool.has(task.parcel)]
        progress.start(len(due))
        entries = Local(jobs, apart=True).assess(
            due, work, begin=progress.begin, stop=lambda: stop() or spool.is_asked_to_stop()
        )
        with closing(entries):
            for entry in entries:
                spool.put(entry)
                rows.append(_row(entry))
                progress.end(rows[-1], entry.seconds)
        progress.leave(len(due) - len(rows))
    return rows


def _row(entry: Entry) -> Row:
    """What a task can say of a submission: manual points and penalties it does not know."""
    row = Row(entry.assignment, entry.student, entry.status, notes=list(entry.notes))
    marks = [mark for _, _, mark in entry.all_marks()]
    row.score = sum(mark.points or 0.0 for mark in marks)
    row.max_score = sum(mark.max_points for mark in marks)
    return row


def _number(environment: Mapping[str, str], name: str, default: int | None) -> int:
    text = environment.get(name, "" if default is None else str(default))
    if not text.isdecimal():
        raise CourseError(f"{name} is {text!r}: expected a number")
    return int(text)
