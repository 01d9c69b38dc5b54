"""The grades with everything behind them, as JSON (RFC 8259), for programs of one's own."""

from __future__ import annotations

import json
from pathlib import Path

from chainrule.grading.exports.plugin import Exporter
from chainrule.grading.exports.rows import (
    Grades,
    Outcome,
    Wishes,
    concerns_of,
    remarks_of,
    rounded,
)  # fmt: skip
from chainrule.grading.files import write_if_new
from chainrule.grading.gradesheet import Row

VERSION = 1  # raised when a field changes its meaning or goes


def write(grades: Grades, to: Path, wishes: Wishes) -> Outcome:
    """Write one object with ``version`` and ``grades``, a list with one object per row.

    Points so far are in ``score``, and ``waiting`` lists the exercises they are without.
    """
    whole = {"version": VERSION, "grades": [_row(grades, row) for row in grades.rows]}
    # Escapes only: any text a student wrote fits, and any program reads it.
    write_if_new(to, json.dumps(whole, indent=1, ensure_ascii=True).encode("ascii") + b"\n")
    concerns = concerns_of(grades.rows, wishes.partial)
    return Outcome([to], concerns, remarks_of(grades.rows, wishes.partial))


def _row(grades: Grades, row: Row) -> dict:
    person = grades.person(row.student)
    return {
        "assignment": row.assignment,
        "student": row.student,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "status": row.status,
        "score": rounded(row.score),
        "max_score": rounded(row.max_score),
        "waiting": row.waiting,
        "exercises": {name: rounded(points) for name, points in row.exercises.items()},
        "cells": [_cell(grades, row, name) for name in row.cells],
        "notes": [vars(note) for note in row.notes],
    }


def _cell(grades: Grades, row: Row, name: str) -> dict:
    exercise, points, mark = row.cells[name]
    return {
        "cell": name,
        "exercise": exercise,
        "hidden": name in grades.hidden.get(row.assignment, ()),
        "points": rounded(points),
        "max_points": rounded(mark.max_points),
        "verdict": mark.verdict,
        "said": mark.said,
        "checks": [vars(check) for check in mark.checks],
    }


class JsonExporter(Exporter):
    """``nbgrader export --exporter=chainrule.grading.exports.json_file.JsonExporter``."""

    file = "grades.json"
    write = staticmethod(write)
