"""How one grade came about, from the journal; and whether grading again gives the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from chainrule.grading.assess import examine
from chainrule.grading.assignment import grader_version, read_assignment
from chainrule.grading.course import Course, CourseError
from chainrule.grading.engine import engine_for
from chainrule.grading.examiners import Engines
from chainrule.grading.gradesheet import exercises
from chainrule.grading.journal import Entry, Journal, Spoilt
from chainrule.grading.kernel import read_config
from chainrule.grading.parcel import collect
from chainrule.grading.plan import check_name
from chainrule.grading.record import Recorder


@dataclass
class Line:
    """One graded cell of an explanation."""

    cell: str
    points: str
    verdict: str
    said: str = ""


@dataclass
class Explanation:
    """How a grade came about.

    Attributes
    ----------
    entry : Entry
        From the journal.
    exercises : dict of str to list of Line
        What every graded cell came to.
    facts : list of (str, str)
        What it was graded with and under.
    differences : list of str
        What comes out otherwise now; empty if the grade is the same.
    """

    entry: Entry
    exercises: dict[str, list[Line]] = field(default_factory=dict)
    facts: list[tuple[str, str]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def explain(
    course: Course,
    student: str,
    assignment: str,
    *,
    unsafe: bool = False,
    engines: Engines = engine_for,
) -> Explanation:
    """Explain one grade and replay it. Nothing is written.

    Raises
    ------
    CourseError
        If the journal has no such grade, or none that can be used.
    """
    check_name(student)
    course.notebooks(assignment)
    try:
        entry = Journal(course.journal, assignment).read(student)
    except Spoilt as error:
        raise CourseError(f"the journal's entry of {student!r} is no use: {error}") from None
    if entry is None:
        raise CourseError(f"{assignment} of {student!r} has not been graded yet")
    told = Explanation(entry, _lines(course, entry), _facts(entry))
    told.differences = list(_replay(course, entry, engines, unsafe))
    return told


def graded_sets(course: Course, student: str) -> list[str]:
    """The problem sets that the journal has a grade of a student for."""
    check_name(student)
    return [
        name
        for name in course.problem_sets()
        if Journal(course.journal, name).path(student).is_file()
    ]


def _lines(course: Course, entry: Entry) -> dict[str, list[Line]]:
    exercise_of = exercises(course, entry.assignment)
    given = _by_hand(course, entry)
    lines: dict[str, list[Line]] = {}
    for _, name, mark in entry.all_marks():
        verdict = mark.verdict + (f", recognised as {mark.mistake}" if mark.mistake else "")
        points = "-" if mark.points is None else f"{mark.points:g}"
        if name in given:
            points, verdict = f"{given[name]:g}", f"{verdict}; {given[name]:g} points by hand"
        line = Line(name, f"{points} / {mark.max_points:g}", verdict, mark.said)
        lines.setdefault(exercise_of.get(name, name), []).append(line)
    return lines


def _by_hand(course: Course, entry: Entry) -> dict[str, float]:
    """The points that people gave, where they did."""
    if not course.gradebook.is_file():
        return {}
    with closing(Recorder(course, entry.assignment, read_config(course.root))) as recorder:
        record = recorder.read(entry.student).get(entry.student)
    return {
        name: points.total
        for part in (record.parts.values() if record else [])
        for name, points in part.points.items()
        if points.manual is not None or points.extra
    }


def _facts(entry: Entry) -> list[tuple[str, str]]:
    limits = ", ".join(f"{value:g} {name}" for name, value in entry.limits.items())
    facts = [
        ("handed in", f"{entry.timestamp} UTC" if entry.timestamp else "at a time not known"),
        ("protection", entry.protection or "not run"),
        ("limits", limits),
        ("seed", "" if entry.seed is None else str(entry.seed)),
        ("took", f"{entry.seconds:.1f} s"),
        ("memory", f"{entry.peak_memory / 1e6:.0f} MB" if entry.peak_memory else ""),
        ("with", ", ".join(f"{name} {version}" for name, version in entry.versions.items())),
        ("submission", entry.submission[:16]),
        ("problem set", entry.assignment_digest[:16]),
        ("grader", entry.grader[:16]),
    ]
    return [(name, value) for name, value in facts if value]


def _replay(course: Course, entry: Entry, engines: Engines, unsafe: bool) -> Iterator[str]:
    """Assess once more, and tell every difference."""
    assignment = read_assignment(course, entry.assignment, read_config(course.root))
    place = course.submitted / entry.student / entry.assignment
    parcel = collect(place, entry.student, assignment.pristine)
    causes = {
        "what was handed in": parcel.digest == entry.submission,
        "the problem set": assignment.digest == entry.assignment_digest,
        "the grading code": grader_version() == entry.grader,
    }
    yield from (f"{what} has changed since" for what, same in causes.items() if not same)
    engine = engines(course.root, unsafe=unsafe)
    try:
        again = examine(parcel, assignment, engine)
    finally:
        getattr(engine, "close", lambda: None)()
    if again.status != entry.status:
        yield f"it was {entry.status}; now it is {again.status}"
        yield from (f"because: {note}" for note in again.notes if note.kind == again.status)
    old = {(title, name): mark for title, name, mark in entry.all_marks()}
    new = {(title, name): mark for title, name, mark in again.all_marks()}
    for key in dict.fromkeys([*old, *new]):
        before, after = (_word(marks.get(key)) for marks in (old, new))
        if before != after:
            yield f"{key[1]}: {before}; now {after}"


def _word(mark) -> str:
    if mark is None:
        return "no such cell"
    points = "no points yet" if mark.points is None else f"{mark.points:g}"
    return f"{points} of {mark.max_points:g} ({mark.verdict})"
