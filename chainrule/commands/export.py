"""``chainrule export``: the grades for another system."""

from __future__ import annotations

import argparse
from pathlib import Path

from chainrule.commands.shared import (
    ATTENTION,
    OK,
    add_command,
    course_of,
    instructor_module,
    short,
)
from chainrule.grading.course import CourseError

FORMATS = ("csv", "json", "canvas", "moodle", "gradescope", "junit")

EXPORT = """\
Write the grades for another system. All formats give the points that grades.csv has: what people
gave by hand counts, and penalties are taken off.

  csv         the lines of grades.csv for these problem sets
  json        everything that is known of each grade
  canvas      the gradebook exported from Canvas (--roster), points filled in
  moodle      the grading worksheet or gradebook exported from Moodle (--roster), points filled in
  gradescope  results.json for every student, and an autograder that hands them out
  junit       JUnit XML, for dashboards of continuous integration

In a roster, all but the points stays as it is, byte for byte. Students are found by id, e-mail
address or the part of it before the @; who is not found, on either side, is told. Where a written
answer waits for a person to grade, the roster's cell is left alone, unless --partial is given.

The exit code is 3 when somebody could not be found or has no grade.
"""

EPILOG = """\
examples:
  chainrule export csv
  chainrule export canvas ps1_chain_rule --roster gradebook.csv --column "Problem set 1 (4711)"
  chainrule export moodle ps1_chain_rule --roster worksheet.csv --to upload.csv
  chainrule export gradescope ps1_chain_rule --partial
"""


def add(commands) -> None:
    """Describe the command."""
    says = "write the grades for Canvas, Moodle, Gradescope and others"
    command = add_command(commands, "export", run, says, EXPORT, EPILOG)
    command.add_argument("format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    command.add_argument(
        "problem_sets", nargs="*", metavar="PROBLEM_SET", help="only these (default: all graded)"
    )
    command.add_argument(
        "--student", action="append", default=[], metavar="STUDENT", help="only this one; repeat it"
    )
    command.add_argument(
        "--roster", type=Path, metavar="FILE", help="what Canvas or Moodle exported"
    )
    command.add_argument(
        "--to", type=Path, metavar="PLACE", help="file or folder to write (default: in exports/)"
    )
    command.add_argument(
        "--match", default="", metavar="COLUMN", help="the roster's column with the student ids"
    )
    command.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="[PROBLEM_SET=]COLUMN",
        help="the roster's column for the points, if it is not called like the problem set",
    )
    command.add_argument("--encoding", default="", help="of the roster (default: found out)")
    command.add_argument(
        "--partial", action="store_true", help="points so far count where some are still to come"
    )


def run(options: argparse.Namespace) -> int:
    """Export, and say what needs attention; returns the exit code."""
    rows, plugin = instructor_module("exports.rows"), instructor_module("exports.plugin")
    exporter = instructor_module("exports.formats").FORMATS[options.format]
    course = course_of(options)
    if not exporter.uses_roster and (options.roster or options.match or options.column):
        raise CourseError(f"{options.format} needs no roster, nor --match or --column")
    wishes = rows.Wishes(
        options.roster, options.match, tuple(options.column), options.encoding, options.partial
    )
    grades = rows.read_grades(course, options.problem_sets, options.student)
    to = options.to or course.root / plugin.FOLDER / exporter.file
    done = exporter.save(grades, to, wishes)
    for path in done.files:
        print(f"Wrote {short(path, course)}")
    for remark in done.remarks:
        print(f"  {remark}")
    if not done.concerns:
        return OK
    print("Needs attention:")
    for concern in done.concerns:
        print(f"  {concern}")
    return ATTENTION
