"""``chainrule report``: what a class's results tell the instructor."""

from __future__ import annotations

import argparse

from chainrule.commands.shared import OK, add_command, course_of, instructor_module, short

REPORT = """\
Write what a class's results tell the instructor: statistics, which exercises were hard, which
mistakes how many made, what to look at and why, what waits for a person, links to all feedback.

Each report is one HTML file in reports/ that needs nothing else; reports/index.html is the overview
over all problem sets. They are made from the journal and the gradebook: nothing is graded again,
and after grading by hand in formgrader this command brings them up to date.
"""

REPORT_EPILOG = """\
examples:
  chainrule report ps3_activations_losses    this one, and the overview
  chainrule report                           all that have been graded, and the overview
"""


def add(commands) -> None:
    """Describe the command."""
    says = "write what the class's results tell: mistakes, statistics, what to look at"
    command = add_command(commands, "report", run, says, REPORT, REPORT_EPILOG)
    command.add_argument(
        "problem_set", nargs="?", metavar="PROBLEM_SET", help="only this one (default: all graded)"
    )


def run(options: argparse.Namespace) -> int:
    """Write the reports, and say where they are; returns the exit code."""
    report, course = instructor_module("report.writing"), course_of(options)
    if options.problem_set:
        paths = [report.write_report(course, options.problem_set)]
    else:
        paths = report.write_reports(course)
    for path in paths:
        print(f"Report: {short(path, course)}")
    return OK
