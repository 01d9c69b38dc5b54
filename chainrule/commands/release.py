"""``chainrule release``: make the students' versions of problem sets."""

from __future__ import annotations

import argparse

from chainrule.commands.shared import OK, add_command, course_of, instructor_module, short

RELEASE = """\
Make the students' version of a problem set (default: of all): solutions and hidden checks are taken
out, the checks' data is compiled, the gradebook learns of it.
"""


def add(commands) -> None:
    """Describe the command."""
    says = "make the students' version of a problem set, or of all"
    command = add_command(commands, "release", run, says, RELEASE)
    command.add_argument("problem_set", nargs="?", metavar="PROBLEM_SET")


def run(options: argparse.Namespace) -> int:
    """Release; returns the exit code."""
    release, lock = instructor_module("release"), instructor_module("lock")
    course = course_of(options)
    with lock.locked(course, say=print):
        for place in release.release(course, options.problem_set, try_solutions=True):
            print(f"Released {place.name} in {short(place, course)}")
    return OK
