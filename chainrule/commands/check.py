"""``chainrule check``: what passes in a notebook, and what each failure means."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from chainrule.commands.shared import ATTENTION, OK, USAGE, add_command, module_of

NOBODY_READS = 141  # what a shell says of a program that writes into a closed pipe

CHECK = """\
Run your notebook from top to bottom, in a fresh kernel, and say of every exercise what passes, what
each failure means, and how many points there are so far. The notebook is not changed.

PLACE is a notebook, its folder, or the beginning of the folder's name, such as ps3; by default it
is the folder you are in. The exit code is 0 only when everything that can be seen before grading
passes.
"""


def add(commands) -> None:
    """Describe the command."""
    says = "for students: run your notebook, show what passes and what each failure means"
    command = add_command(commands, "check", run, says, CHECK)
    command.add_argument("place", nargs="?", default=".", metavar="PLACE")
    command.add_argument("--watch", action="store_true", help="check again whenever you save it")


def run(options: argparse.Namespace) -> int:
    """Check, and end quietly when nobody reads on, as in ``chainrule check | head``."""
    try:
        code = _check(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        return NOBODY_READS
    return code


def _check(options: argparse.Namespace) -> int:
    review = module_of("chainrule.review", "this command runs notebooks and needs", "lectures")
    start = Path.cwd()
    while True:
        try:
            path = review.find_notebook(options.place, start)
            saved = path.stat().st_mtime_ns
            code = _check_once(review, path)
        except review.NotebookError as error:
            print(f"chainrule: {error}", file=sys.stderr)
            return USAGE
        if not options.watch:
            return code
        print("\nWaiting for you to save the notebook; Ctrl-C ends this.", flush=True)
        try:
            while path.stat().st_mtime_ns == saved:
                time.sleep(0.5)
        except (KeyboardInterrupt, OSError):
            return code


def _check_once(review, path: Path) -> int:
    notebook = review.read_notebook(path)
    print(f"{path.stem}, as it is saved now", flush=True)
    exercises = review.review(
        notebook, path.parent, lambda exercise: print(review.as_text(exercise), flush=True)
    )
    print(review.total(exercises))
    return OK if review.passes(exercises) else ATTENTION
