"""The cells of a released notebook as places, and the submitted cells that belong into them.

A submitted cell is recognised by what is hardest to lose first: its ``grade_id``, then the cell's
own id, then its unchanged text; an answer at last by the function or class that only it is to
define, or because it is what follows the question. The latter find the answers of a notebook that
has been through an editor which keeps neither metadata nor ids. They look only for places that
nothing else was found for, and whatever is found there is the student's own code or text, which
runs and is read in any case: there is nothing to gain by looking like an answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from nbformat import NotebookNode

from chainrule.grading.celltext import definitions, essence, names, text_of

MARKS = ("points", "grade", "solution", "locked", "task", "schema_version")
BAD_TAGS = ("skip-execution", "raises-exception")  # with these a check is not run, or may fail


@dataclass(eq=False)
class Slot:
    """One cell of the released notebook and what the submission brings for it."""

    cell: NotebookNode
    copies: list[NotebookNode] = field(default_factory=list)  # the student's versions, in order
    chosen: NotebookNode | None = None
    before: list[NotebookNode] = field(default_factory=list)  # own cells, just above
    after: list[NotebookNode] = field(default_factory=list)  # own cells, below
    elsewhere: bool = False  # the answer stands in another cell

    def __post_init__(self):
        self.marks = marks_of(self.cell)
        self.text = text_of(self.cell)
        self.essence = essence(self.text)

    @property
    def grade_id(self) -> str | None:
        return self.marks.get("grade_id")

    @property
    def is_answer(self) -> bool:
        return bool(self.marks.get("solution"))

    @property
    def counts(self) -> bool:
        """Whether points hang on it: an answer, or a check."""
        return self.is_answer or bool(self.marks.get("grade"))

    def changed(self, cell: NotebookNode) -> bool:
        return essence(text_of(cell)) != self.essence

    @property
    def parts(self) -> list[NotebookNode]:
        """The changed versions, those of the right type if there are any, none of them empty."""
        changed = [cell for cell in self.copies if self.changed(cell)]
        filled = [cell for cell in changed if text_of(cell)] or changed
        return [cell for cell in filled if cell.cell_type == self.cell.cell_type] or filled

    def choose(self) -> None:
        """Pick the version that counts: of an answer the last one that was changed."""
        if not self.is_answer:
            self.chosen = self.copies[0] if self.copies else None
        elif self.copies:
            self.chosen = (self.parts or self.copies)[-1]

    @property
    def doubled(self) -> bool:
        """Whether something had to be left out because it was there more than once.

        The parts of a split answer all stay.
        """
        if not self.is_answer:
            return len(self.copies) > 1
        if self.cell.cell_type != "code":
            return False
        defined = Counter(name for cell in self.parts for name in names(text_of(cell)))
        return any(times > 1 for times in defined.values())

    @property
    def remarked(self) -> bool:
        """Whether a version comes with other points or flags than were released."""
        return any(_differ(marks_of(cell), self) for cell in self.copies)

    @property
    def tagged(self) -> bool:
        return any(set(BAD_TAGS) & set(tags_of(cell)) for cell in self.copies)


def marks_of(cell: dict) -> dict:
    """nbgrader's marks of a cell, whatever its metadata may be."""
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return marks if isinstance(marks, dict) else {}


def tags_of(cell: dict) -> list[str]:
    """The tags of a cell, whatever its metadata may be."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _differ(marks: dict, slot: Slot) -> bool:
    """Whether marks contradict those of a slot; those that an editor dropped do not."""
    if marks.get("grade_id", slot.grade_id) != slot.grade_id:
        return True
    return any(name in marks and marks[name] != slot.marks.get(name, 0) for name in MARKS)


def recognise(cells: list[NotebookNode], slots: list[Slot]) -> list[Slot | None]:
    """The slot that each submitted cell belongs to, if any; fills ``copies`` of the slots."""
    homes = _by_marks(cells, slots)
    _by_text(cells, slots, homes)
    _by_definition(cells, slots, homes)
    _by_place(cells, slots, homes)
    for cell, slot in zip(cells, homes, strict=True):
        if slot is not None:
            slot.copies.append(cell)
    _look_elsewhere(cells, slots)
    return homes


def _by_marks(cells: list[NotebookNode], slots: list[Slot]) -> list[Slot | None]:
    by_grade_id = {slot.grade_id: slot for slot in slots if slot.grade_id}
    by_cell_id = {slot.cell.get("id"): slot for slot in slots if slot.cell.get("id")}
    return [
        by_grade_id.get(_word(marks_of(cell).get("grade_id")))
        or by_cell_id.get(_word(cell.get("id")))
        for cell in cells
    ]


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _free(slots: list[Slot], homes: list[Slot | None]) -> list[Slot]:
    taken = {id(slot) for slot in homes}
    return [slot for slot in slots if id(slot) not in taken]


def _by_text(cells: list[NotebookNode], slots: list[Slot], homes: list[Slot | None]) -> None:
    """Texts that stand in one free slot only; of a text that is there twice the first counts."""
    free = _free(slots, homes)
    times = Counter(slot.essence for slot in free)
    wanted = {slot.essence: slot for slot in free if slot.text and times[slot.essence] == 1}
    for place, cell in enumerate(cells):
        if homes[place] is None and wanted:
            homes[place] = wanted.pop(essence(text_of(cell)), None)


def _by_definition(cells: list[NotebookNode], slots: list[Slot], homes: list[Slot | None]) -> None:
    """Code that defines what a free answer is to define, and no other cell of the notebook."""
    times = Counter(name for slot in slots for name in set(definitions(slot.text)))
    order = {id(slot): place for place, slot in enumerate(slots)}
    wanted = {
        name: slot
        for slot in _free(slots, homes)
        if slot.is_answer and slot.cell.cell_type == "code"
        for name in definitions(slot.text)
        if times[name] == 1
    }
    for place, cell in enumerate(cells):
        if homes[place] is not None or cell.cell_type != "code" or not wanted:
            continue
        found = [wanted[name] for name in definitions(text_of(cell)) if name in wanted]
        # Several answers in one cell go to where the first of them belongs.
        homes[place] = min(found, key=lambda slot: order[id(slot)], default=None)


def _by_place(cells: list[NotebookNode], slots: list[Slot], homes: list[Slot | None]) -> None:
    """What stands between two recognised neighbours of a free slot.

    The unchanged text; else, for an answer in words, the longest of them, since no more can be
    known of it than that it follows its question.
    """
    free = {id(slot) for slot in _free(slots, homes)}
    places: dict[int, list[int]] = defaultdict(list)
    for place, home in enumerate(homes):
        places[id(home)].append(place)
    for above, slot, below in zip(slots, slots[1:], [*slots[2:], None], strict=False):
        if id(slot) not in free or id(above) in free or (below and id(below) in free):
            continue
        first = places[id(above)][-1] + 1
        last = places[id(below)][0] if below else len(cells)
        between = [
            place
            for place in range(first, last)
            if homes[place] is None and cells[place].cell_type == slot.cell.cell_type
        ]
        same = [place for place in between if not slot.changed(cells[place])]
        if slot.is_answer and not same and not definitions(slot.text):
            between = [place for place in between if text_of(cells[place])]
            same = sorted(between, key=lambda place: -len(text_of(cells[place])))
        if same:
            homes[same[0]] = slot


def _look_elsewhere(cells: list[NotebookNode], slots: list[Slot]) -> None:
    """Mark the answers that are missing at their place and defined by another cell.

    Their stub, put back, would undo them.
    """
    missing = [slot for slot in slots if slot.is_answer and not slot.copies]
    if any(definitions(slot.text) for slot in missing):
        code = [text_of(cell) for cell in cells if cell.cell_type == "code"]
        defined = {name for text in code for name in definitions(text)}
        for slot in missing:
            slot.elsewhere = bool(slot.text) and bool(defined & set(definitions(slot.text)))
