"""``chainrule grade``: grade what was handed in."""

from __future__ import annotations

import argparse

from chainrule.commands.outcome import conclude, show
from chainrule.commands.shared import (
    OK,
    add_command,
    add_jobs,
    add_unsafe,
    course_of,
    instructor_module,
)

GRADE = """\
Grade what was handed in.

Looked for in submitted/STUDENT/PROBLEM_SET/, as nbgrader does. A notebook that is missing, empty,
cut off or renamed stops nothing: it gets a row with a reason the student can act on. So does
everybody on the roster (`nbgrader db student`) of whom there is no folder.

Only what is new or has changed is graded: a submission, the problem set, or the code that grades.
Points and comments given by hand stay, and where the answer is another one now, formgrader asks for
them again. So the same command is right after late submissions, after grading by hand (it renews
feedback and grade table), and after being stopped, by Ctrl-C or a power cut: it does what is left.
"""

GRADE_EPILOG = """\
examples:
  chainrule grade ps3_activations_losses            everybody
  chainrule grade ps3_activations_losses b12 c07    these two
  chainrule grade ps3_activations_losses --dry-run  what would be graded, and why
"""


def add(commands) -> None:
    """Describe the command."""
    command = add_command(commands, "grade", run, "grade what was handed in", GRADE, GRADE_EPILOG)
    command.add_argument("problem_set", metavar="PROBLEM_SET")
    command.add_argument("students", nargs="*", metavar="STUDENT", help="only these")
    command.add_argument("--regrade", action="store_true", help="also what has not changed")
    command.add_argument(
        "--dry-run", action="store_true", help="say what would be done and write nothing"
    )
    add_jobs(command)
    add_unsafe(command)


def run(options: argparse.Namespace) -> int:
    """Grade, and show the grades; returns the exit code."""
    grade = instructor_module("grade")
    console, demo = instructor_module("console"), instructor_module("demo")
    course, out = course_of(options), console.open_console()
    if options.dry_run:
        tasks = grade.plan(course, options.problem_set, options.students, regrade=options.regrade)
        out.print(console.plan_table(tasks))
        due = sum(bool(task.why) for task in tasks)
        out.print(f"{due} of {len(tasks)} would be graded. Nothing was written.")
        return OK
    if demo.clear_demo(course):
        out.print("Removed the results of an earlier demo.")
    progress = console.progress_on(out)
    try:
        rows = grade.grade(
            course,
            options.problem_set,
            options.students,
            progress,
            jobs=options.jobs,
            regrade=options.regrade,
            unsafe=options.unsafe,
        )
    finally:
        progress.finish()
    show(out, console, rows)
    return conclude(out, course, rows)
