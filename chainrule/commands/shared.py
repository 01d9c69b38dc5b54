"""What the commands have in common: exit codes, options, the course, modules loaded when needed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from chainrule.grading.course import Course, CourseError

OK, INTERNAL, USAGE, ATTENTION = 0, 1, 2, 3
STOPPED = 130  # by Ctrl-C, as shells have it

UNSAFE = """\
go on where nothing can be put around the submissions: their code can then do what you can, and
every page says so"""


def add_command(
    commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    says: str,
    description: str,
    epilog: str | None = None,
) -> argparse.ArgumentParser:
    """Describe a command; `says` stands in the list of all, texts are shown as they are."""
    plain = argparse.RawDescriptionHelpFormatter
    made = commands.add_parser(
        name, help=says, description=description, epilog=epilog, formatter_class=plain
    )
    made.set_defaults(run=run)
    return made


def add_jobs(command: argparse.ArgumentParser) -> None:
    """Say how many submissions are graded at once."""
    command.add_argument(
        "--jobs",
        type=count,
        default=os.cpu_count() or 1,
        metavar="N",
        help="grade N at once (default: one for every processor, %(default)s here)",
    )


def add_unsafe(command: argparse.ArgumentParser, says: str = UNSAFE) -> None:
    """Allow to go on without a sandbox."""
    command.add_argument("--unsafe", action="store_true", help=says)


def count(text: str) -> int:
    """A number of things, from an argument."""
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return number


def instructor_module(name: str) -> ModuleType:
    """A module of chainrule.grading, which needs more than a student has installed.

    Raises
    ------
    CourseError
        If something it needs is missing; the text says what to install.
    """
    return module_of(
        f"chainrule.grading.{name}", "this command is for instructors and needs", "grading"
    )


def module_of(name: str, needs: str, extra: str) -> ModuleType:
    """A module that needs more than NumPy, or an error that says what to install."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "chainrule":
            raise
        raise CourseError(f'{needs} {missing}: pip install "chainrule[{extra}]"') from None


def course_of(options: argparse.Namespace) -> Course:
    """The course that was named, or the one around the current folder."""
    return Course.at(options.course) if options.course else Course.around(Path.cwd())


def short(path: Path, course: Course) -> str:
    """`path` as seen from the course, or in full."""
    return str(path.relative_to(course.root)) if path.is_relative_to(course.root) else str(path)
