"""One pass through a class's results: everything that its report counts and shows.

Entries of the journal are read one at a time and not kept: they are large.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from chainrule.grading.course import Course, CourseError
from chainrule.grading.gradesheet import (
    FAILED,
    GRADED,
    Row,
    make_row,
    notes_beside,
    without_result,
)
from chainrule.grading.journal import Entry, Journal, Spoilt
from chainrule.grading.kernel import read_config
from chainrule.grading.notes import Note
from chainrule.grading.plan import refusal, submitters
from chainrule.grading.record import Part, Points, Record, Recorder
from chainrule.grading.report.mistakes import Mistakes, read_explanations
from chainrule.grading.report.outline import Outline, answers_in, read_outline
from chainrule.grading.report.prints import Print
from chainrule.grading.tables import refused_row

SPOILT = "spoilt"  # kind of a note: the journal's entry is no use


@dataclass
class Person:
    """What a report shows of one student.

    Attributes
    ----------
    row : Row
        As in the grade table, without what the cells said.
    anchor : str
        Names the student's line in the page.
    handed_in : str
        When, in UTC; empty if that is not known.
    pages : list of (str, str)
        The feedback pages: the notebook's name, and the address as seen from the report.
    """

    row: Row
    anchor: str
    handed_in: str = ""
    pages: list[tuple[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.row.student


@dataclass
class Circumstances:
    """What submissions were graded with and under: how often each, as the journal has it."""

    boxes: Counter[str] = field(default_factory=Counter)
    limits: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
    versions: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    graders: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Count an entry."""
        self.graders[entry.grader[:12]] += 1
        for name, version in entry.versions.items():
            self.versions[name][str(version)] += 1
        if entry.status != GRADED:  # nothing of it was run
            return
        self.boxes[entry.protection] += 1
        for name, value in entry.limits.items():
            self.limits[name][value] += 1
        self.seconds.append(entry.seconds)
        if entry.peak_memory:
            self.memory.append(entry.peak_memory)


@dataclass
class Survey:
    """A class's results for one problem set.

    Attributes
    ----------
    people : list of Person
        Everybody on the roster and every folder, by name.
    cells : dict of str to Counter
        By graded cell: how many have "full", "part", "none" of its points, or are "waiting".
    blanks : dict of str to list of str
        By exercise: who left the answer as it was handed out.
    prints : dict
        By student and answer, what is compared.
    left_out : list of str
        Who has an entry in the journal and no place in the gradebook.
    has_gradebook : bool
        Whether there is one that holds the problem set: without, what people gave is not known.
    """

    course: Course
    assignment: str
    outline: Outline
    mistakes: Mistakes
    people: list[Person] = field(default_factory=list)
    circumstances: Circumstances = field(default_factory=Circumstances)
    cells: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    blanks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    prints: dict[str, dict[str, Print]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    has_gradebook: bool = True

    def answer(self, student: str, answer: str) -> str:
        """The text of an answer, read from the journal again."""
        entry = Journal(self.course.journal, self.assignment).read(student)
        for text in entry.notebooks.values() if entry else ():
            for name, source in answers_in(json.loads(text)):
                if name == answer:
                    return source
        return ""


def survey(course: Course, assignment: str) -> Survey:
    """Read the results of a problem set.

    Raises
    ------
    CourseError
        If there is no such problem set.
    """
    outline = read_outline(course, assignment)
    explanations = read_explanations(course, assignment)
    found = Survey(course, assignment, outline, Mistakes(outline.exercise_of, explanations))
    journal = Journal(course.journal, assignment)
    records, roster, found.has_gradebook = _gradebook(course, assignment)
    if not found.has_gradebook:
        names = {entry.student for entry in journal.entries()}
    else:
        found.left_out = sorted(journal.others({*records, *roster}))
        names = {*records, *roster, *submitters(course)} - {*found.left_out}
    refused = {name: refusal(name) for name in submitters(course)}
    for name in sorted({*names, *(name for name, why in refused.items() if why)}):
        if refused.get(name):
            found.people.append(Person(refused_row(assignment, name), anchor_of(name)))
        else:
            _add(found, journal, name, records.get(name))
    return found


def anchor_of(student: str) -> str:
    """What names a student's line in every report."""
    return f"s-{hashlib.sha256(os.fsencode(student)).hexdigest()[:10]}"


def address(start: Path, target: Path) -> str:
    """`target` as seen from the folder `start`, as a link; names of files may be any."""
    try:
        relative = os.path.relpath(target, start)
    except ValueError:  # on another drive
        return target.as_uri()
    return "/".join(quote(os.fsencode(part), safe="") for part in Path(relative).parts)


def _gradebook(course: Course, assignment: str) -> tuple[dict[str, Record], list[str], bool]:
    """What is recorded, the roster, and whether there is a gradebook with this problem set."""
    if not course.gradebook.is_file():  # looking into it would make one
        return {}, [], False
    try:
        with closing(Recorder(course, assignment, read_config(course.root))) as recorder:
            return recorder.read(), recorder.students(), True
    except CourseError:
        return {}, [], False


def _add(found: Survey, journal: Journal, name: str, record: Record | None) -> None:
    """Add one student; the entry is looked at and dropped."""
    notes = []
    try:
        # Without a record nothing is graded, unless there are no records at all.
        entry = journal.read(name) if record or not found.has_gradebook else None
    except Spoilt as error:
        entry = None
        text = f"The journal's entry is no use: {error}. `chainrule grade` makes it anew"
        notes.append(Note(SPOILT, text))
    if entry and record is None:
        record = _record_of(entry)
    if record is None:
        notes.append(without_result(found.course, found.assignment, name))
    elif entry is None and not notes:
        notes += notes_beside(found.course, found.assignment, name)
    outline = found.outline
    row = make_row(found.assignment, name, outline.exercise_of, outline.full, entry, record, notes)
    person = Person(row, anchor_of(name), pages=list(_pages(found, name, entry)))
    if entry:
        person.handed_in = (entry.timestamp or "")[:16].replace("T", " ")
        _look_into(found, entry)
    elif record and record.timestamp:
        person.handed_in = f"{record.timestamp:%Y-%m-%d %H:%M}"
    if row.status == GRADED:
        for cell, (_, points, mark) in row.cells.items():
            found.cells[cell][_outcome(points, mark.max_points)] += 1
    row.cells = {}
    found.people.append(person)


def _look_into(found: Survey, entry: Entry) -> None:
    outline = found.outline
    found.circumstances.add(entry)
    if entry.status != GRADED:
        return
    found.mistakes.add(entry)
    for blanks in entry.blanks.values():
        for exercise in dict.fromkeys(outline.answers.get(name, name) for name in blanks):
            found.blanks[exercise].append(entry.student)
    prints = {}
    for text in entry.notebooks.values():
        for name, source in answers_in(json.loads(text)):
            if name in outline.printers:
                taken = outline.printers[name].take(source)
                if taken is not None:
                    prints[name] = taken
    found.prints[entry.student] = prints


def _record_of(entry: Entry) -> Record:
    """What the gradebook would hold if nobody had graded anything by hand."""
    parts = {
        title: Part(
            "",
            None,
            {
                name: Points("", mark.points, None, None, mark.points is None, mark.answer)
                for name, mark in marks.items()
            },
        )
        for title, marks in entry.marks.items()
    }
    return Record("", entry.student, None, None, parts)


def _pages(found: Survey, name: str, entry: Entry | None) -> Iterator[tuple[str, str]]:
    folder = found.course.feedback / name / found.assignment
    titles: Iterable[str] = entry.notebooks if entry and entry.status != FAILED else ()
    if entry is None:  # graded by nbgrader itself, which makes pages when it is told to
        titles = sorted(path.stem for path in folder.glob("*.html"))
    for title in titles:
        yield title, address(found.course.reports, folder / f"{title}.html")


def _outcome(points: float | None, full: float) -> str:
    if points is None:
        return "waiting"
    if points >= full - 1e-9:
        return "full"
    return "part" if points > 0 else "none"
