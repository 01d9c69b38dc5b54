"""The report on one problem set, as HTML that needs nothing else.

Whatever comes from students stands in it as text: the template escapes it, and what cannot be seen
is written out before. The page has no script and loads nothing; its policy says so to the browser.
It says nothing of when it was made: the same journal and gradebook give the same page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from chainrule.grading.gradesheet import FAILED, GRADED, MISSING, UNREADABLE
from chainrule.grading.plaintext import one_line
from chainrule.grading.protection import as_sentence, is_unprotected
from chainrule.grading.report.chart import Chart, bar_chart
from chainrule.grading.report.flags import alike, chapters
from chainrule.grading.report.outline import Exercise
from chainrule.grading.report.statistics import Summary, is_full, summarise
from chainrule.grading.report.survey import Person, Survey, anchor_of
from chainrule.grading.style import number, style, template

RARE = 30  # things that checks said and had no name for: those beyond are in a list of their own


@dataclass
class Figures:
    """How many there are of whom, and what their points come to.

    Attributes
    ----------
    people, handed_in, graded, missing, unreadable, failed, waiting : int
    points : list of float
        Of everybody whose work could be graded, by name.
    summary : Summary or None
    chart : Chart
    """

    people: int
    handed_in: int
    graded: int
    missing: int
    unreadable: int
    failed: int
    waiting: int
    points: list[float]
    summary: Summary | None
    chart: Chart


@dataclass
class Line:
    """How an exercise went."""

    exercise: Exercise
    full: int = 0
    part: int = 0
    none: int = 0
    waiting: int = 0
    blank: int = 0
    mean: float | None = None

    @property
    def decided(self) -> int:
        return self.full + self.part + self.none

    @property
    def share(self) -> float:
        """Of those with points, how many have all; 2 while most wait for theirs."""
        return self.full / self.decided if self.decided > self.waiting else 2.0


@dataclass
class Result:
    """A line of the table of everybody."""

    person: Person
    kind: str
    sign: str
    words: str
    lost: list[tuple[str, str]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


def report_page(survey: Survey) -> str:
    """The report of a class's results for one problem set."""
    css, policy = style("page.css", "report.css")
    named, unnamed = survey.mistakes.named(), survey.mistakes.unnamed()
    lines = exercise_lines(survey)
    return template("report.html.j2").render(
        css=css,
        policy=policy,
        survey=survey,
        outline=survey.outline,
        heading=one_line(survey.outline.heading),
        figures=figures(survey),
        facts=facts(survey),
        unprotected=unprotected(survey),
        unknown_box=sum(p.row.status == GRADED for p in survey.people)
        - survey.circumstances.boxes.total(),
        lines=lines,
        named=named,
        unnamed=unnamed[:RARE],
        rare=unnamed[RARE:],
        unwritten=[
            (survey.outline.title(name), survey.mistakes.unwritten[name])
            for name in survey.outline.exercises
            if name in survey.mistakes.unwritten
        ],
        chapters=chapters(survey),
        alike=alike(survey),
        waiting=waiting(survey),
        results=[_result(survey, person) for person in survey.people],
        absent=[p.name for p in survey.people if p.row.status == MISSING],
        anchor=anchor_of,
        name=one_line,
    )


def figures(survey: Survey) -> Figures:
    """The figures of a class."""
    rows = [person.row for person in survey.people]
    statuses = Counter(row.status for row in rows)
    points = [row.score or 0.0 for row in rows if row.status == GRADED]
    full = survey.outline.points
    return Figures(
        people=len(rows),
        handed_in=len(rows) - statuses[MISSING],
        graded=statuses[GRADED],
        missing=statuses[MISSING],
        unreadable=statuses[UNREADABLE],
        failed=statuses[FAILED],
        waiting=sum(bool(row.waiting) for row in rows),
        points=points,
        summary=summarise(points, full),
        chart=bar_chart(points, full),
    )


def unprotected(survey: Survey) -> list[tuple[str, int]]:
    """What submissions were run in that is no sandbox, in words, and how many."""
    boxes = survey.circumstances.boxes
    return sorted(
        (as_sentence(box).rstrip("."), times) for box, times in boxes.items() if is_unprotected(box)
    )


def exercise_lines(survey: Survey) -> list[Line]:
    """How the exercises went, the hardest first; those that most still wait for come last."""
    lines = {name: Line(exercise) for name, exercise in survey.outline.exercises.items()}
    given: dict[str, list[float]] = {name: [] for name in lines}
    for person in survey.people:
        if person.row.status != GRADED:
            continue
        for name, line in lines.items():
            points = person.row.exercises.get(name)
            if points is None:
                line.waiting += 1
                continue
            given[name].append(points)
            if is_full(points, line.exercise.full):
                line.full += 1
            elif points > 0:
                line.part += 1
            else:
                line.none += 1
    for name, line in lines.items():
        line.blank = len(survey.blanks.get(name, []))
        line.mean = sum(given[name]) / len(given[name]) if given[name] else None
    return sorted(lines.values(), key=lambda line: line.share)


def waiting(survey: Survey) -> list[tuple[str, list[str]]]:
    """Exercises that wait for a person, and whose."""
    found = []
    for name, exercise in survey.outline.exercises.items():
        names = [person.name for person in survey.people if name in person.row.waiting]
        if names:
            found.append((exercise.title, names))
    return found


def facts(survey: Survey) -> list[tuple[str, str]]:
    """What the submissions were graded with and under, and when they were handed in."""
    seen = survey.circumstances
    times = sorted(p.handed_in for p in survey.people if p.handed_in)
    untimed = sum(p.row.status != MISSING and not p.handed_in for p in survey.people)
    between = f"{times[0]} to {times[-1]} UTC" if times else ""
    between = f"{times[0]} UTC" if times and times[0] == times[-1] else between
    not_known = f"{untimed:,} without a time (no timestamp.txt)" if untimed else ""
    found = [
        ("Sandbox", "; ".join(_counted({as_sentence(k): v for k, v in seen.boxes.items()}))),
        ("Limits", ", ".join(_limits(seen.limits))),
        (
            "Versions",
            ", ".join(f"{k} {' or '.join(_counted(v))}" for k, v in seen.versions.items()),
        ),
        ("Grading code", " or ".join(_counted(seen.graders))),
        ("Handed in", "; ".join(filter(None, [between, not_known]))),
    ]
    if seen.seconds:
        whole, middle, most = sum(seen.seconds), median(seen.seconds), max(seen.seconds)
        text = f"{whole:,.1f} s in all; {middle:.2f} s in the middle, {most:.1f} s at most"
        found.append(("Time to grade", text))
    if seen.memory:
        text = (
            f"{median(seen.memory) / 1e6:,.0f} MB in the middle, {max(seen.memory) / 1e6:,.0f} MB"
        )
        found.append(("Memory", f"{text} at most"))
    return [(name, text) for name, text in found if text]


def _counted(counts: dict[str, int]) -> list[str]:
    """Values; where there are several, how often each occurs, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) < 2:
        return [str(value) for value, _ in ordered]
    return [f"{value} ({times:,})" for value, times in ordered]


def _limits(limits: dict[str, Counter]) -> list[str]:
    told = []
    for name, values in limits.items():
        if name.startswith("bytes of "):
            name, values = (
                name.replace("bytes", "GiB"),
                Counter({value / 2**30: times for value, times in values.items()}),
            )
        shown = {number(float(value)): times for value, times in values.items()}
        told.append(f"{' or '.join(_counted(shown))} {name}")
    return told


def _result(survey: Survey, person: Person) -> Result:
    row = person.row
    result = Result(person, *_verdict(survey, person))
    result.flags = list(dict.fromkeys(note.kind for note in row.notes if note.kind != row.status))
    if row.status == GRADED:
        for name, exercise in survey.outline.exercises.items():
            points = row.exercises.get(name)
            if points is not None and not is_full(points, exercise.full):
                result.lost.append((name, f"{number(points)}/{number(exercise.full)}"))
    return result


def _verdict(survey: Survey, person: Person) -> tuple[str, str, str]:
    """A kind for styles, a sign and words for people."""
    row = person.row
    if row.status != GRADED:
        return "wrong", "✗", row.status
    if row.waiting:
        return "waits", "…", f"{len(row.waiting)} by hand to come"
    if is_full(row.score or 0.0, survey.outline.points):
        return "right", "✓", "full marks"
    return "plain", "•", "graded"
