"""The `chainrule` command: puts together what is in `chainrule.commands`.

Exit codes: 0 all went well, 1 internal error, 2 wrong use, 3 something needs attention: a check
that does not pass, or a submission.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from chainrule.commands import check, demo, doctor, explain, export, grade, release, report
from chainrule.commands.shared import ATTENTION, INTERNAL, OK, USAGE
from chainrule.grading.course import CourseError

__all__ = ["ATTENTION", "INTERNAL", "OK", "USAGE", "main"]

COMMANDS = (check, release, grade, report, explain, export, doctor, demo)

DESCRIPTION = """\
Run the Chain Rule course: check your work, make problem sets, grade what is handed in.

For students, before handing in:

  chainrule check ps3                         what passes, what each failure means, points so far

For instructors, the usual way through a problem set:

  chainrule release ps3_activations_losses    source/ -> release/, the students' version
  ...students hand in; put it into submitted/STUDENT/ps3_activations_losses/...
  chainrule grade ps3_activations_losses      -> autograded/, feedback/, grades.csv
  chainrule report ps3_activations_losses     what the class misunderstood, what to look at
  chainrule explain b12                       how each point of one student came about
  nbgrader and formgrader                     written answers, on the same gradebook
  chainrule export canvas --roster FILE       the grades for Canvas; also Moodle, Gradescope, ...
"""

EPILOG = """\
exit codes:
  0  all went well
  1  internal error; .nbgrader.log has the details
  2  wrong use
  3  a check does not pass; or some submissions need attention: the table says which, and why

The grades are the same whether `chainrule grade`, `nbgrader autograde` or formgrader makes them.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = _parse(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files may not fit a narrow encoding
            stream.reconfigure(errors="replace")
    try:
        return options.run(options)
    except CourseError as error:
        print(f"chainrule: {error}", file=sys.stderr)
        return USAGE if error.users_mistake else INTERNAL
    except KeyboardInterrupt:
        print("chainrule: stopped; run the same command again to go on", file=sys.stderr)
        return 130


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; names of students may come after options as well as before them."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and (not hasattr(options, "students") or any(one.startswith("-") for one in rest)):
        parser.parse_args(arguments)  # says which nobody knows, and ends
    if rest:  # argparse takes the students for none before it comes to the option
        options.students = [*options.students, *rest]
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chainrule",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--course",
        type=Path,
        help="top folder of the course (default: found from the current folder upwards)",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
