"""The page over all problem sets: how each went, and how everybody did in all of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from chainrule.grading.journal import GRADED
from chainrule.grading.plaintext import one_line
from chainrule.grading.report.page import exercise_lines, figures, unprotected
from chainrule.grading.report.survey import Survey, anchor_of
from chainrule.grading.style import style, template

FORMAT = 1


@dataclass
class Digest:
    """What the overview says of one problem set, as its report has found it.

    Attributes
    ----------
    assignment, heading : str
    full : float
        All its points.
    people, handed_in, graded, waiting, attention : int
    mean, median : float or None
        Points of those graded.
    hardest : str
        The exercise that the fewest solved; empty if nothing was graded.
    hardest_share : float
        How many of those with points solved it, from 0 to 1.
    mistake : str
        The most frequent one, and `mistake_count` who made it.
    unprotected : bool
        Whether submissions ran without a sandbox.
    points : dict of str to (float or None, str)
        By student: points and status.
    """

    assignment: str
    heading: str
    full: float
    people: int
    handed_in: int
    graded: int
    waiting: int
    attention: int
    mean: float | None
    median: float | None
    hardest: str
    hardest_share: float
    mistake: str
    mistake_count: int
    unprotected: bool
    points: dict[str, tuple[float | None, str]]

    @classmethod
    def of(cls, survey: Survey) -> Digest:
        """What there is to say of a class's results."""
        seen, named = figures(survey), survey.mistakes.named()
        hardest = next((line for line in exercise_lines(survey) if line.share <= 1), None)
        return cls(
            assignment=survey.assignment,
            heading=survey.outline.heading,
            full=survey.outline.points,
            people=seen.people,
            handed_in=seen.handed_in,
            graded=seen.graded,
            waiting=seen.waiting,
            attention=sum(person.row.needs_attention for person in survey.people),
            mean=seen.summary.mean if seen.summary else None,
            median=seen.summary.median if seen.summary else None,
            hardest=hardest.exercise.title if hardest else "",
            hardest_share=hardest.share if hardest else 0.0,
            mistake=named[0].headline if named else "",
            mistake_count=len(named[0].students) if named else 0,
            unprotected=bool(unprotected(survey)),
            points={p.name: (p.row.score, p.row.status) for p in survey.people},
        )

    @classmethod
    def read(cls, path: Path) -> Digest | None:
        """What a report has left; None if there is nothing that can be used."""
        try:
            data = json.loads(path.read_bytes())
            if data.pop("format") != FORMAT:
                return None
            return cls(**data)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def as_json(self) -> bytes:
        """As it is kept beside the report."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode("ascii")

    @property
    def address(self) -> str:
        """The report, as seen from the overview."""
        return quote(f"{self.assignment}.html")


def overview_page(digests: list[Digest]) -> str:
    """The overview, as HTML that needs nothing else."""
    css, policy = style("page.css", "report.css")
    names = sorted({name for digest in digests for name in digest.points})
    everybody = []
    for name in names:
        cells = [digest.points.get(name, (None, "")) for digest in digests]
        total = sum(points or 0.0 for points, status in cells if status == GRADED)
        everybody.append((name, cells, total))
    return template("report_index.html.j2").render(
        css=css,
        policy=policy,
        digests=digests,
        everybody=everybody,
        full=sum(digest.full for digest in digests),
        anchor=anchor_of,
        name=one_line,
        GRADED=GRADED,
    )
