"""``chainrule explain``: how each point of a student came about."""

from __future__ import annotations

import argparse

from chainrule.commands.shared import (
    ATTENTION,
    OK,
    add_command,
    add_unsafe,
    course_of,
    instructor_module,
)
from chainrule.grading.course import CourseError

EXPLAIN = """\
Show how one grade came about: the points of every cell, what its check said, which mistake it
recognised, what was noted, under which limits. Then grade the submission once more, without writing
anything, and say whether the points are the same.

The exit code is 0 if they are and 3 if they are not.
"""


def add(commands) -> None:
    """Describe the command."""
    says = "show how each point of a student came about"
    command = add_command(commands, "explain", run, says, EXPLAIN)
    command.add_argument("student", metavar="STUDENT")
    command.add_argument(
        "problem_set", nargs="?", metavar="PROBLEM_SET", help="only this one (default: all graded)"
    )
    add_unsafe(command)


def run(options: argparse.Namespace) -> int:
    """Explain and replay; returns the exit code."""
    explain, console = instructor_module("explain"), instructor_module("console")
    course, out = course_of(options), console.open_console()
    names = [options.problem_set] if options.problem_set else []
    names = names or explain.graded_sets(course, options.student)
    if not names:
        raise CourseError(f"nothing of {options.student!r} has been graded yet")
    same = True
    for name in names:
        told = explain.explain(course, options.student, name, unsafe=options.unsafe)
        out.print(console.explanation(told), soft_wrap=True)
        out.print()
        same = same and not told.differences
    return OK if same else ATTENTION
