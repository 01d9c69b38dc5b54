"""Entries of a class for the small course, written as grading writes them."""

import copy
from contextlib import closing

import nbformat
from classroom import NAME, Student

from chainrule.checks.notebook import Verdict
from chainrule.grading.journal import (
    ABSENT,
    BY_HAND,
    FAILS,
    GRADED,
    PASSED,
    Entry,
    Journal,
    Mark,
)
from chainrule.grading.kernel import read_config
from chainrule.grading.notes import Note
from chainrule.grading.record import Recorder

BOX = "Sandbox made for tests: no network."
NO_BOX = "none: limits on time only"
FULL = {"double-check": 2.0, "double-hidden": 3.0, "square-check": 1.0, "why": 4.0}


def make_marks(**points):
    """Marks of all cells; full points but for those given, by name with ``_`` for ``-``."""
    given = {name.replace("_", "-"): value for name, value in points.items()}
    marks = {}
    for name, full in FULL.items():
        value = given.get(name, None if name == "why" else full)
        verdict = BY_HAND if value is None else PASSED if value == full else FAILS
        marks[name] = Mark(value, full, verdict, answer=f"answer of {name}")
    return marks


def make_entry(student, pristine, marks=None, answers=None, **told):
    """How somebody's submission was graded."""
    nb = Student(copy.deepcopy(pristine))
    for name, text in (answers or {}).items():
        nb.answer(name, text)
    about = {
        "status": GRADED,
        "timestamp": "2026-10-05T12:30:00",
        "notes": [],
        "protection": BOX,
        "limits": {"seconds for a cell": 15, "bytes of memory": 2**31},
        "versions": {"numpy": "2.0.0"},
        "seconds": 0.5,
        "marks": {NAME: marks or make_marks()},
        "notebooks": {NAME: nbformat.writes(nb.nb)},
    }
    return Entry(
        assignment=NAME,
        student=student,
        submission="submission",
        assignment_digest="assignment",
        grader="0123456789abcdef",
        **(about | told),
    )


def empty_entry(student, pristine, status, text):
    """Of a submission in which there is nothing to grade."""
    marks = {name: Mark(0.0, full, ABSENT) for name, full in FULL.items()}
    return make_entry(student, pristine, marks, status=status, notes=[Note(status, text)])


def failed(mark, said, *, exercise="double", stage="result", mistake=""):
    """The same mark, its check failed and said something."""
    mark.points, mark.verdict, mark.said = 0.0, FAILS, said
    mark.checks = [Verdict(exercise, stage, 0.0, mistake)]
    return mark


def write_class(course, entries):
    """Put entries into journal and gradebook."""
    journal = Journal(course.journal, NAME)
    with closing(Recorder(course, NAME, read_config(course.root))) as recorder:
        for entry in entries:
            journal.write(entry)
            recorder.record(entry)
    return course
