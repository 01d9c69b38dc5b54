"""What an instructor may want to look at, with the evidence: by kind, from the notes of grading."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from chainrule.grading.gradesheet import UNSHOWN
from chainrule.grading.journal import FAILED, MISSING, UNREADABLE
from chainrule.grading.notes import Note
from chainrule.grading.plaintext import excerpt, one_line
from chainrule.grading.report.likeness import find_groups
from chainrule.grading.report.outline import OWN_CELLS, Outline
from chainrule.grading.report.survey import SPOILT, Survey
from chainrule.grading.stops import DIED, MEMORY, TIMEOUT
from chainrule.grading.suspicions import SUSPICIOUS

MAX_EVIDENCE = 400  # characters of what is said of one student
MAX_LINES = 40  # of an answer that is quoted
MAX_QUOTED = 25  # groups whose shared answer is quoted


@dataclass
class Flag:
    """One kind of thing to look at: whom it concerns, and what shows it.

    Where the same is to be said of all of them, it is in `says`.
    """

    kind: str
    title: str
    says: str = ""
    cases: list[tuple[str, str]] = field(default_factory=list)

    @property
    def students(self) -> int:
        return len({student for student, _ in self.cases})


@dataclass
class Chapter:
    """Flags that belong together, with what there is to know about all of them."""

    id: str
    title: str
    says: str
    flags: list[Flag] = field(default_factory=list)

    @property
    def students(self) -> int:
        return len({student for flag in self.flags for student, _ in flag.cases})


@dataclass
class Alike:
    """A group of submissions that are alike, as it is shown."""

    students: tuple[str, ...]
    shared: list[tuple[str, str]]
    title: str
    quoted: str


_CHAPTERS = (
    (
        "changed",
        "Given cells that were changed",
        "The checks that count are the course's own, whatever was done to a notebook, so nothing "
        "of this can have earned points. It happens by accident, too: by a merge, or an editor "
        "that drops what it does not know.",
        {
            "edited": "Given cells edited",
            "deleted": "Cells deleted",
            "doubled": "Cells there more than once",
            "retyped": "Type of a cell changed",
            "metadata": "Points or flags changed",
            "tags": "Tags that skip a check or let it fail",
            "moved": "Answers in another cell",
            "points": "Points that no check can give",
        },
    ),
    (
        "suspicious",
        "Code worth a look",
        "What the code has in it that an honest answer hardly needs. None of it earns points. A "
        "word in here is no verdict: many of these have honest uses.",
        {SUSPICIOUS: "Reaches beyond the exercise", "shadows": "Files in place of a library"},
    ),
    (
        "stopped",
        "Stopped while running",
        "Such a cell got no points; the cells below it ran all the same.",
        {
            TIMEOUT: "Time was up",
            DIED: "Ended the Python process",
            MEMORY: "Needed too much memory",
        },
    ),
    (
        "grading",
        "For the instructor to mend",
        "Grading could not do its part here.",
        {
            FAILED: "Not graded",
            UNSHOWN: "Feedback not written",
            SPOILT: "Entry of the journal is no use",
            "look again": "Graded by hand, and changed since",
        },
    ),
    (
        "files",
        "How it was handed in",
        "What was found instead of the notebook, beside it, or about its time.",
        {UNREADABLE: "Cannot be read", MISSING: "Nothing to grade", "renamed": "Under another name",
         "late": "Late", "timestamp": "Time of handing in"},
    ),
)  # fmt: skip


def chapters(survey: Survey) -> list[Chapter]:
    """All notes of grading, by what they are about; what nobody has foreseen comes last."""
    by_kind: dict[str, list[tuple[str, Note]]] = defaultdict(list)
    for person in survey.people:
        for note in person.row.notes:
            by_kind[note.kind].append((person.name, note))
    made = []
    for id_, title, says, kinds in _CHAPTERS:
        flags = [_flag(kind, kinds[kind], by_kind.pop(kind)) for kind in kinds if kind in by_kind]
        made.append(Chapter(id_, title, says, flags))
    made[-1].flags += [
        _flag(kind, kind[:1].upper() + kind[1:], by_kind[kind]) for kind in sorted(by_kind)
    ]
    return [chapter for chapter in made if chapter.flags]


def _flag(kind: str, title: str, noted: list[tuple[str, Note]]) -> Flag:
    """One kind; where the sentence is the same for all, it is said once and the cells remain."""
    says, texts = "", {note.text for _, note in noted}
    if len(texts) == 1 and all(note.cells for _, note in noted):
        says = one_line(texts.pop(), MAX_EVIDENCE)
        cases = [(student, ", ".join(note.cells)) for student, note in noted]
    else:
        cases = [(student, str(note)) for student, note in noted]
    cases = [(student, one_line(text, MAX_EVIDENCE)) for student, text in cases]
    return Flag(kind, title, says, cases)


def alike(survey: Survey) -> list[Alike]:
    """Groups of submissions that are alike, with what they share; the clearest are quoted."""
    outline = survey.outline
    shown = []
    for number, group in enumerate(find_groups(survey.prints)):
        shared = [
            (_title(outline, answer), _how_alike(group.same.get(answer, 0), near, group.students))
            for answer in outline.printers
            if (near := group.shared.get(answer))
        ]
        quoted = ""
        if number < MAX_QUOTED:
            text = survey.answer(group.example, group.telling)
            quoted = excerpt(text, lines=MAX_LINES, width=160, characters=4000)
        shown.append(Alike(group.students, shared, _title(outline, group.telling), quoted))
    return shown


def _title(outline: Outline, answer: str) -> str:
    return "Cells of their own" if answer == OWN_CELLS else outline.title_of_answer(answer)


def _how_alike(same: int, near: int, students: tuple[str, ...]) -> str:
    """In words, how many of a group have the same answer."""
    if same == len(students):
        return "the same for both" if same == 2 else f"the same for all {same}"
    if same < 2:
        return "nearly the same for both" if near == 2 else f"nearly the same for {near}"
    return f"the same for {same}" + (f", nearly for {near - same} more" if near > same else "")
