"""What a grading run shows at its end."""

from __future__ import annotations

from itertools import islice

from chainrule.commands.shared import ATTENTION, OK, short
from chainrule.grading.course import Course


def show(out, console, rows, verdicts=None) -> None:
    """Show the grade table and what there is to say about single submissions."""
    out.print(console.grade_table(rows, out.width, verdicts))
    out.print(console.remarks(rows))


def conclude(out, course: Course, rows) -> int:
    """Say where to look and what is left to do; returns the exit code."""
    pages = (
        page
        for row in rows
        for page in (course.feedback / row.student / row.assignment).glob("*.html")
    )
    out.print()
    out.print(f"Grades:    {short(course.grades, course)}", soft_wrap=True)
    names = {row.assignment for row in rows}
    report = course.reports / f"{names.pop() if len(names) == 1 else 'index'}.html"
    if report.is_file():
        out.print(f"Report:    {short(report, course)}", soft_wrap=True)
    for example in islice(pages, 1):
        out.print(f"Feedback:  {short(course.feedback, course)}/, for example", soft_wrap=True)
        out.print(f"           {short(example, course)}", soft_wrap=True)
    waiting = sum(bool(row.waiting) for row in rows)
    if waiting:
        out.print(f"{waiting} submissions have written answers for a person to grade.")
    attention = sum(row.needs_attention for row in rows)
    if attention:
        out.print(f"{attention} of {len(rows)} submissions need attention, as remarked above.")
    return ATTENTION if attention else OK
