"""The page that tells a student what came of their work, made from the graded notebook.

It is built anew, from plain text: nothing that a student wrote or printed goes into it as HTML,
pictures only if they are pictures, and the page may run and load nothing (its policy says so to the
browser). Of hidden checks it has what the check says, no line of their code. Statements are left
out: students have them, and a page that shows only what is theirs is short enough to be read.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby

from markupsafe import Markup
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum, is_grade, is_solution, is_task

from chainrule.checks.message import MARKS, Message
from chainrule.grading.card import read_card
from chainrule.grading.check_cells import holds_hidden_tests
from chainrule.grading.feedback import HideHiddenTests
from chainrule.grading.headings import below, headings_of, title_of
from chainrule.grading.notes import CELL_ID, read_notes
from chainrule.grading.pictures import Picture, pictures
from chainrule.grading.plaintext import excerpt, one_line
from chainrule.grading.prose import as_html
from chainrule.grading.protection import as_sentence, is_unprotected
from chainrule.grading.style import style, template
from chainrule.grading.transplant import is_own
from chainrule.grading.unvalidated import new_output

NO_RESPONSE = "No response."  # what nbgrader comments on an answer that was not touched
MAX_CELLS = 60  # of a student's own, on one page
MAX_OUTPUTS = 20  # of one cell
MAX_ANSWER = 60_000  # characters of one answer
MAX_TEXT = 600_000  # characters of a page, of answers and of outputs
MAX_PICTURES = 6_000_000  # characters of base64 on a page


@dataclass(frozen=True)
class Mark:
    """What the gradebook says of one cell.

    Attributes
    ----------
    points : float or None
        None while there are none.
    max_points : float
    waiting : bool
        Whether a person has to look at it.
    comment : str or None
        What a person wrote about it.
    """

    points: float | None
    max_points: float
    waiting: bool = False
    comment: str | None = ""


def feedback_page(
    nb: NotebookNode,
    marks: Mapping[str, Mark],
    *,
    student: str,
    assignment: str,
    title: str,
    box: str,
) -> str:
    """The page of one graded notebook, as HTML that needs nothing else.

    Parameters
    ----------
    nb : NotebookNode
        As it was graded, with hidden checks; it is left as it is.
    marks : mapping of str to Mark
        By ``grade_id``. Comments on cells without points may stand in the cells' metadata, where
        nbgrader puts them.
    student, assignment, title : str
        Whose, of what, and the notebook's name.
    box : str
        What the student's code ran in, in a sentence; if that was no sandbox, the page warns.
    """
    hidden = {cell.metadata.nbgrader["grade_id"] for cell in nb.cells if holds_hidden_tests(cell)}
    clean, _ = _hider().preprocess(copy.deepcopy(nb), {})
    exercises, others = _Reader(clean, marks, hidden).read()
    headings = [text for level, text in _headings(clean) if level == 1]
    graded = [exercise for exercise in exercises if exercise.max_points or exercise.items]
    css, policy = style("page.css", "feedback.css")
    return template("feedback.html.j2").render(
        css=css,
        policy=policy,
        heading=one_line(headings[0]) if headings else one_line(title),
        student=one_line(student),
        assignment=one_line(assignment),
        notebook=one_line(title),
        points=sum(exercise.points for exercise in graded),
        max_points=sum(exercise.max_points for exercise in graded),
        waiting=[exercise for exercise in graded if exercise.waits],
        notes=[one_line(str(note), 600) for note in read_notes(clean)],
        exercises=graded,
        others=others,
        box=as_sentence(box),
        unprotected=is_unprotected(box),
    )


# --- what the template shows ----------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """How something came out: a word for styles, a sign and words for people."""

    kind: str
    sign: str
    words: str


PASSED = Verdict("right", "✓", "passed")
PARTLY = Verdict("partly", "◐", "passed in part")
FAILED = Verdict("wrong", "✗", "not passed")
WAITS = Verdict("waits", "…", "waits for a person")
FULL = Verdict("right", "✓", "full points")
SOME = Verdict("partly", "◐", "points in part")
NONE = Verdict("wrong", "✗", "no points")
UNKNOWN = Verdict("waits", "?", "no points yet")


@dataclass
class Shown:
    """One thing that a cell put out: ``card``, ``text``, ``error``, ``picture`` or ``remark``."""

    kind: str
    content: str | Message | Picture


@dataclass
class Item:
    """A graded cell: a check or an answer that a person reads."""

    name: str
    mark: Mark
    verdict: Verdict
    hidden: bool = False
    by_hand: bool = False
    hint: str = ""
    source: str = ""
    shown: list[Shown] = field(default_factory=list)
    more: list[Shown] = field(default_factory=list)


@dataclass
class Work:
    """A cell that the student wrote."""

    name: str
    text: str | Markup = ""
    is_prose: bool = False
    blank: bool = False
    comment: Markup | None = None
    shown: list[Shown] = field(default_factory=list)
    left_out: str = ""


@dataclass
class Exercise:
    """An answer and what is graded of it."""

    name: str
    title: str
    anchor: str
    answers: list[Work] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(item.mark.points or 0.0 for item in self.items)

    @property
    def max_points(self) -> float:
        return sum(item.mark.max_points for item in self.items)

    @property
    def shown_points(self) -> float | None:
        """The points; None while there are none at all."""
        return None if all(item.mark.points is None for item in self.items) else self.points

    @property
    def waits(self) -> bool:
        return any(item.mark.waiting for item in self.items)

    @property
    def verdict(self) -> Verdict:
        by_hand = all(item.by_hand for item in self.items)
        if any(item.mark.points is None for item in self.items):
            return WAITS if self.waits else UNKNOWN
        return _verdict(Mark(self.points, self.max_points), by_hand)

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to do, so that the answer may be folded."""
        return self.verdict.kind == "right" and not any(work.comment for work in self.answers)


def _verdict(mark: Mark, by_hand: bool) -> Verdict:
    full, some, none = (FULL, SOME, NONE) if by_hand else (PASSED, PARTLY, FAILED)
    if mark.points is None:
        return WAITS if mark.waiting else UNKNOWN
    if mark.points >= mark.max_points or math.isclose(mark.points, mark.max_points):
        return full
    return some if mark.points > 0 else none


# --- from the notebook ----------------------------------------------------------------------------


class _Reader:
    """Goes through a graded notebook from which the hidden checks have been taken out."""

    def __init__(self, nb: NotebookNode, marks: Mapping[str, Mark], hidden: set[str]):
        self.nb, self.marks, self.hidden = nb, marks, hidden
        self.room = {"answers": MAX_TEXT, "outputs": MAX_TEXT, "pictures": MAX_PICTURES}

    def read(self) -> tuple[list[Exercise], list[Work]]:
        """The exercises in order, as the grade table has them, and the student's other cells."""
        exercises: list[Exercise] = []
        others: list[Work] = []
        headings, above, dropped = {}, "", 0
        for cell in self.nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if is_solution(cell) or is_task(cell) or (is_grade(cell) and not exercises):
                exercises.append(self._exercise(name, headings, len(exercises) + 1))
            if is_solution(cell):
                exercises[-1].answers.append(self._work(cell, name))
            if is_grade(cell) or is_task(cell):
                exercises[-1].items.append(self._item(cell, name))
            elif is_own(cell) and (cell.source.strip() or cell.get("outputs")):
                if len(others) < MAX_CELLS:
                    others.append(self._work(cell, f"below {above}" if above else "at the top"))
                else:
                    dropped += 1
            elif _has_headings(cell):
                headings = below(headings, cell.source)
            above = name or above
        if dropped:
            others.append(Work("", left_out=f"{dropped:,} more cells are not shown"))
        ungraded = [exercise for exercise in exercises if not exercise.items]
        others = [work for exercise in ungraded for work in exercise.answers] + others
        exercises = [exercise for exercise in exercises if exercise.items]
        _tell_apart(exercises)
        return exercises, others

    def _exercise(self, answer: str, headings: dict[int, str], number: int) -> Exercise:
        name = re.sub("[-_]answer$", "", answer)
        return Exercise(name, one_line(title_of(headings) or name), f"exercise-{number}")

    def _work(self, cell: NotebookNode, name: str) -> Work:
        comment = self.marks[name].comment if name in self.marks else None
        comment = comment or cell.metadata.get("nbgrader", {}).get("comment")
        work = Work(one_line(name), is_prose=cell.cell_type == "markdown", blank=_is_blank(cell))
        if comment and not (work.blank and comment == NO_RESPONSE):
            work.comment = as_html(comment)
        if not work.blank:
            text = self._take("answers", cell.source, MAX_ANSWER, lines=2000, width=2000)
            work.text = as_html(text) if work.is_prose else text
            if cell.get("attachments"):
                work.left_out = "Pictures in written answers are not shown here."
        outputs = _joined(cell.get("outputs", []))
        for output in outputs[:MAX_OUTPUTS]:
            for shown in self._shown(output):
                if shown.kind != "remark" or shown not in work.shown:  # once is enough
                    work.shown.append(shown)
        if work.blank:  # that the stub is not written yet has been said
            work.shown = [shown for shown in work.shown if shown.kind != "error"]
        if len(outputs) > MAX_OUTPUTS:
            work.left_out = f"{len(outputs) - MAX_OUTPUTS:,} more outputs are not shown."
        return work

    def _item(self, cell: NotebookNode, name: str) -> Item:
        mark = self.marks.get(name) or Mark(None, float(cell.metadata.nbgrader["points"]))
        by_hand = is_solution(cell) or is_task(cell)
        item = Item(one_line(name), mark, _verdict(mark, by_hand), by_hand=by_hand)
        if by_hand:
            return item
        item.hidden = name in self.hidden
        lines = cell.source.strip().split("\n")
        if item.hidden:
            said = [line.strip().lstrip("# ") for line in lines if line.lstrip().startswith("#")]
            item.hint = one_line(" ".join(said), 300)
        else:
            item.source = excerpt(cell.source, lines=200)
        explained = False
        for output in _joined(cell.get("outputs", []))[:MAX_OUTPUTS]:
            message = _message(output)
            if message is not None:
                item.shown.append(Shown("card", message))
                explained = True
            elif output.output_type == "error":
                if not (explained and output.ename == "CheckFailed"):
                    item.shown.append(Shown("error", self._error(output)))
                    if not item.hidden and output.ename != "CheckFailed":
                        trace = "\n".join(output.traceback)
                        item.more.append(Shown("text", self._take("outputs", trace)))
            elif not item.hidden and not _is_number(output):
                item.more += self._shown(output)
        return item

    def _shown(self, output: NotebookNode) -> Iterator[Shown]:
        """What a student may see of an output of their own: text and pictures."""
        kind = output.output_type
        if kind == "stream":
            yield Shown("text", self._take("outputs", output.text))
        elif kind == "error":
            trace = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
            yield Shown("error", self._take("outputs", trace))
        elif kind in ("display_data", "execute_result"):
            found = list(pictures(output.data))
            for picture in found:
                self.room["pictures"] -= len(picture.content)
                if self.room["pictures"] < 0:
                    yield Shown("remark", "A picture is not shown: the page is full.")
                else:
                    yield Shown("picture", picture)
            text = output.data.get("text/plain")
            if not found and isinstance(text, str):
                yield Shown("text", self._take("outputs", text))
            elif not found:
                yield Shown(
                    "remark", "What is neither text nor a picture (PNG, JPEG) is not shown."
                )

    def _error(self, output: NotebookNode) -> str:
        text = (
            output.evalue if output.ename == "CheckFailed" else f"{output.ename}: {output.evalue}"
        )
        return self._take("outputs", text.strip().removesuffix(":"), lines=30)

    def _take(self, room: str, text: str, characters: int = 20_000, **limits: int) -> str:
        """Text, as much of it as there is room for on the page."""
        shown = excerpt(text, characters=min(characters, max(300, self.room[room])), **limits)
        self.room[room] -= len(shown)
        return shown


def _tell_apart(exercises: list[Exercise]) -> None:
    """Of several exercises under one heading, have the titles say which is which."""
    titles = [exercise.title for exercise in exercises]
    for exercise in exercises:
        if titles.count(exercise.title) > 1:
            exercise.title = f"{exercise.title} · {one_line(exercise.name)}"


def _headings(nb: NotebookNode) -> Iterator[tuple[int, str]]:
    """Level and text of the headings in the instructor's cells."""
    for cell in nb.cells:
        if _has_headings(cell) and not is_own(cell):
            yield from headings_of(cell.source)


def _has_headings(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and not is_solution(cell) and cell.get("id") != CELL_ID


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs with what was printed bit by bit in one piece, as a notebook shows it."""
    joined: list[NotebookNode] = []
    for is_text, group in groupby(outputs, lambda output: output.output_type == "stream"):
        if is_text:
            text = "".join(output.text for output in group)
            joined.append(new_output("stream", name="stdout", text=text))
        else:
            joined += group
    return joined


def _is_blank(cell: NotebookNode) -> bool:
    """Whether an answer is as it was released."""
    marks = cell.metadata.get("nbgrader", {})
    return "checksum" in marks and marks["checksum"] == compute_checksum(cell)


def _message(output: NotebookNode) -> Message | None:
    """The message that an output of a check is, in parts if it can be read, else as its text."""
    if output.output_type != "display_data":
        return None
    message = read_card(output.data.get("text/html"))
    if message is None:
        text = output.data.get("text/plain")
        if not isinstance(text, str) or not text.startswith(MARKS):
            return None
        headline, *lines = excerpt(text[1:]).split("\n")
        return Message(text[0], headline.strip(), tuple(line.strip() for line in lines))
    return Message(
        message.mark,
        one_line(message.headline, 600),
        tuple(one_line(line, 1000) for line in message.lines[:40]),
        tuple((one_line(name), one_line(value, 600)) for name, value in message.evidence[:60]),
        one_line(message.reread, 300),
    )


def _is_number(output: NotebookNode) -> bool:
    """Whether an output is the points that a check gives, which stand elsewhere."""
    if output.output_type != "execute_result":
        return False
    try:
        float(output.data["text/plain"])
    except (KeyError, TypeError, ValueError):
        return False
    return True


@cache
def _hider() -> HideHiddenTests:
    return HideHiddenTests()
