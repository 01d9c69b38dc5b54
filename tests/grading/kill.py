"""Kill grading runs at random moments, finish them, and compare with a run left alone.

    python tests/grading/kill.py COURSE_FOLDER [TIMES] [SEED]

The course is one of `classroom`, released. Ends with an error and the seed if anything differs.
"""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from classroom import NAME, Student, hand_in
from fake import slow_engines

from chainrule.grading import publish
from chainrule.grading.course import Course
from chainrule.grading.grade import grade
from chainrule.grading.journal import Journal

STUDENTS = 8
GRADES = """
    select student.id, submission.timestamp, part.late_submission_penalty, cell.name,
           grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade,
           seen.digest
    from submitted_assignment submission
    join student on student.id = submission.student_id
    join submitted_notebook part on part.assignment_id = submission.id
    join grade on grade.notebook_id = part.id
    join base_cell cell on cell.id = grade.cell_id
    left join chainrule_answer seen on seen.grade_id = grade.id
    order by 1, 4"""
COMMENTS = """
    select submission.student_id, cell.name, comment.auto_comment, comment.manual_comment
    from submitted_assignment submission
    join submitted_notebook part on part.assignment_id = submission.id
    join comment on comment.notebook_id = part.id
    join base_cell cell on cell.id = comment.cell_id
    order by 1, 2"""


def dump(course: Course) -> dict:
    """All that a run leaves, but random ids and how long it took."""
    found = {}
    if course.gradebook.is_file():
        with contextlib.closing(sqlite3.connect(course.gradebook)) as book:
            found["students"] = book.execute("select id from student order by 1").fetchall()
            found["comments"] = book.execute(COMMENTS).fetchall()
            with contextlib.suppress(sqlite3.OperationalError):  # nobody has been graded
                found["grades"] = book.execute(GRADES).fetchall()
    for folder in (course.autograded, course.feedback):
        for path in sorted(folder.rglob("*")):
            found[path.relative_to(course.root).as_posix()] = (
                path.read_bytes() if path.is_file() else None
            )
    for table in (course.grades, course.cells):
        found[table.name] = table.read_bytes() if table.is_file() else None
    entries = {entry.student: entry.digest for entry in Journal(course.journal, NAME).entries()}
    return found | {"journal": sorted(entries.items())}


def page(nb, marks, **names) -> str:
    """A feedback page that costs nothing."""
    cells = "".join(f"<pre>{cell.source} {cell.get('outputs')}</pre>" for cell in nb.cells)
    return f"{names} {marks} {cells}"


def fill(course: Course, change: int) -> None:
    """Hand in for everybody; `change` makes every third submission another one."""
    for number in range(STUDENTS):
        nb = nbformat.read(course.release / NAME / f"{NAME}.ipynb", as_version=4)
        student = Student(nb)
        if number % 4:
            student.solve()
        if change and number % 3 == 0:
            student.answer("why", f"Because of {change}.")
        hand_in(course, f"s{number}", student.nb if number != 2 else "{")
        late = course.submitted / f"s{number}" / NAME / "timestamp.txt"
        late.write_text(f"2026-01-0{number + 1} 12:00:00 UTC", encoding="utf-8")


def set_due(course: Course) -> None:
    """Make half of them late, and being late cost everything."""
    with contextlib.closing(sqlite3.connect(course.gradebook)) as book:
        book.execute("update assignment set duedate = '2026-01-04 00:00:00.000000'")
        book.commit()
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write("\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")


def give_points(course: Course) -> None:
    """Grade some written answers by hand."""
    with contextlib.closing(sqlite3.connect(course.gradebook)) as book:
        book.execute(
            "update grade set manual_score = 2.5, needs_manual_grade = 0 where cell_id = "
            "(select id from base_cell where name = 'why' and type = 'GradeCell') "
            "and auto_score is null"
        )
        book.commit()


def run(course: Course) -> None:
    grade(course, NAME, engines=slow_engines)


def run_for(course: Course, seconds: float) -> bool:
    """Run in a process that is killed after some time; returns whether it had ended before."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            run(course)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


def main(place: str, times: str = "20", seed: str = "0") -> None:
    publish.feedback_page = page
    chance = random.Random(int(seed))
    with tempfile.TemporaryDirectory() as folder:
        stages = [_copy(Path(place), Path(folder) / "fresh")]
        fill(stages[0], 0)
        set_due(stages[0])
        stages.append(_copy(stages[0].root, Path(folder) / "again"))
        run(stages[1])
        give_points(stages[1])
        fill(stages[1], 1)
        wanted, lasts = [], []
        for number, stage in enumerate(stages):
            alone = _copy(stage.root, Path(folder) / f"alone{number}")
            began = time.monotonic()
            run(alone)
            lasts.append(time.monotonic() - began)
            wanted.append(dump(alone))
        killed = 0
        for number in range(int(times)):
            which = number % 2
            course = _copy(stages[which].root, Path(folder) / "killed")
            for _ in range(chance.randint(1, 3)):
                killed += not run_for(course, chance.uniform(0, lasts[which]))
            run(course)
            got = dump(course)
            for name in sorted({*got, *wanted[which]}):
                if got.get(name) != wanted[which].get(name):
                    sys.exit(f"kill {number} of seed {seed}: {name} differs")
            shutil.rmtree(course.root)
        print(f"{times} runs, killed {killed} times in {max(lasts):.2f} s: all the same")


def _copy(root: Path, to: Path) -> Course:
    shutil.copytree(root, to)
    return Course.at(to)


if __name__ == "__main__":
    main(*sys.argv[1:])
