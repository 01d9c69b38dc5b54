"""A table of the grades, as ``grades.csv`` is one: CSV as in RFC 4180."""

from __future__ import annotations

from pathlib import Path

from chainrule.grading.exports.plugin import Exporter
from chainrule.grading.exports.rows import Grades, Outcome, Wishes, concerns_of, remarks_of
from chainrule.grading.gradesheet import write_csv


def write(grades: Grades, to: Path, wishes: Wishes) -> Outcome:
    """Write the lines of ``grades.csv`` that were asked for; points so far are in all of them."""
    write_csv(grades.rows, to)
    concerns = concerns_of(grades.rows, wishes.partial)
    return Outcome([to], concerns, remarks_of(grades.rows, wishes.partial))


class CsvExporter(Exporter):
    """``nbgrader export --exporter=chainrule.grading.exports.table.CsvExporter``."""

    file = "grades.csv"
    write = staticmethod(write)
