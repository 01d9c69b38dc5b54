"""``chainrule demo``: the whole way, on a sample class."""

from __future__ import annotations

import argparse

from chainrule.commands.outcome import conclude, show
from chainrule.commands.shared import (
    INTERNAL,
    OK,
    add_command,
    add_jobs,
    add_unsafe,
    course_of,
    instructor_module,
    short,
)

DEMO = """\
Show the whole way on a sample class: release every problem set, grade the submissions in
tests/sample_class, write autograded/, feedback/ and grades.csv, print the grades.

A real class in the same checkout is not touched: the demo has a gradebook of its own in .demo/,
and writes its results there too if others are in the way.
"""


def add(commands) -> None:
    """Describe the command."""
    says = "release everything, grade a sample class, show the grades"
    command = add_command(commands, "demo", run, says, DEMO)
    add_jobs(command)
    add_unsafe(command)


def run(options: argparse.Namespace) -> int:
    """Run the demo; returns the exit code."""
    demo, console = instructor_module("demo"), instructor_module("console")
    course, out = course_of(options), console.open_console()
    plan = demo.prepare(course.root)
    if plan.kept_out_by:
        out.print(f"A real class is graded here ({plan.kept_out_by}): the demo writes into .demo/.")
    out.print(f"Releasing {', '.join(course.problem_sets()) or 'nothing: source/ is empty'}")
    progress = console.progress_on(out)
    unsafe = options.unsafe or demo.has_no_box()
    if unsafe:
        out.print("No sandbox: the bundled submissions run with limits on time and memory only.")
    try:
        for assignment in demo.run(plan, progress, jobs=options.jobs, unsafe=unsafe):
            progress.finish()
            rows = plan.rows[assignment]
            verdicts = {
                row.student: plan.surprises.get((assignment, row.student), "as expected")
                for row in rows
            }
            out.print(f"\n{assignment}, graded from {short(plan.course.submitted, course)}")
            show(out, console, rows, verdicts)
            progress = console.progress_on(out)
    finally:
        progress.finish()
    rows = [row for graded in plan.rows.values() for row in graded]
    conclude(out, plan.course, rows)
    out.print(f"Gradebook: {short(plan.course.gradebook, course)} (the demo's own)")
    if plan.surprises or not rows:
        out.print(f"{len(plan.surprises)} grades are not as expected.")
        return INTERNAL
    out.print(f"All {len(rows)} grades are as expected.")
    return OK
