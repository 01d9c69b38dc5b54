"""``chainrule doctor``: prove that the sandbox holds."""

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

DOCTOR = """\
Try, in the place of a student's code, to reach the network, to write into the system, to see the
course, to use up memory, disk, processes and time, to leave things behind; say what came of each.

The exit code is 0 if the sandbox held against all of it and 3 if not.
"""


def add(commands) -> None:
    """Describe the command."""
    says = "prove that the sandbox around students' code holds"
    command = add_command(commands, "doctor", run, says, DOCTOR)
    add_unsafe(command, "see what holds without a sandbox")


def run(options: argparse.Namespace) -> int:
    """Try everything; returns the exit code."""
    box, doctor = instructor_module("sandbox.box"), instructor_module("sandbox.doctor")
    try:
        root = course_of(options).root
    except CourseError:
        if options.course:
            raise
        root = None
    found = box.find_box() if not options.unsafe else box.no_box()
    return OK if doctor.report(found, root) else ATTENTION
