"""Grade transplants, not notebooks: put a student's answers into the pristine assignment.

A submitted notebook comes back with cells deleted, doubled, split, moved, retyped or edited, with
metadata dropped by other editors, sometimes with tags that switch a check off. Instead of
repairing it, :class:`Transplant` starts from the released notebook and takes from the
submission only what is the student's: the answers, found by ``grade_id``, and their own extra
cells, kept at their place between the answers. What had to be mended is written into the
notebook, where student, instructor and report can read it.

Stock nbgrader empties the metadata of a doubled cell (``DeduplicateIds``); its own validation
then takes the cell for one of an old schema, and ``SchemaTooOldError`` ends the whole batch. The
notebook that leaves this preprocessor has every ``grade_id`` exactly once.
"""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from chainrule.grading.notes import Note, add_notes


class Transplant(NbGraderPreprocessor):
    """Replace a submitted notebook by the released one holding the submission's answers.

    Must come first in ``Autograde.sanitize_preprocessors``.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Return the released notebook with the answers of `nb`.

        Raises
        ------
        FileNotFoundError
            If the assignment has not been released: there is nothing to transplant into.
        """
        path = self._released(resources["nbgrader"])
        if not path.is_file():
            raise FileNotFoundError(
                f"no released notebook {path}: run `chainrule release` or "
                f"`nbgrader generate_assignment {resources['nbgrader']['assignment']}` first"
            )
        pristine = nbformat.read(path, as_version=4)
        graded, notes = transplant(nb, pristine)
        for note in notes:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], note)
        return graded, resources

    def _released(self, names: dict) -> Path:
        owner = self.parent
        while owner is not None and not hasattr(owner, "coursedir"):
            owner = owner.parent
        if owner is None:
            raise RuntimeError(
                "Transplant runs inside nbgrader's Autograde, which knows the course"
            )
        course = owner.coursedir
        folder = course.format_path(course.release_directory, ".", names["assignment"])
        return Path(folder) / f"{names['notebook']}.ipynb"


def transplant(nb: NotebookNode, pristine: NotebookNode) -> tuple[NotebookNode, list[Note]]:
    """Put the answers and own cells of `nb` into a copy of `pristine`.

    Returns
    -------
    tuple of NotebookNode and list of Note
        The notebook to grade, and what had to be mended. The same input gives the same output:
        cell ids are not drawn at random.
    """
    slots = [_Slot(cell) for cell in pristine.cells]
    numbers = count(1)
    cells = [_own_cell(cell, next(numbers)) for cell in _sort_cells(nb.cells, slots)]
    for slot in slots:
        cells += [_own_cell(cell, next(numbers)) for cell in slot.before]
        cells.append(slot.graded_cell())
        cells += [_own_cell(cell, next(numbers)) for cell in slot.after]
    graded = NotebookNode(
        nbformat=4,
        nbformat_minor=5,
        metadata=NotebookNode(pristine.metadata),
        cells=cells,
    )
    notes = _what_was_mended(slots)
    add_notes(graded, notes)
    return graded, notes


def shares_cells(nb: NotebookNode, pristine: NotebookNode) -> bool:
    """Whether `nb` holds at least one of the marked cells of `pristine`."""
    find = _Finder([_Slot(cell) for cell in pristine.cells])
    found = (find(cell) for cell in nb.cells)
    return any(slot is not None and slot.grade_id for slot in found)


@dataclass
class _Slot:
    """One cell of the released notebook and what the submission brings for it."""

    cell: NotebookNode
    copies: list[NotebookNode] = field(default_factory=list)  # the student's versions, in order
    chosen: NotebookNode | None = None
    before: list[NotebookNode] = field(default_factory=list)  # own cells, just above
    after: list[NotebookNode] = field(default_factory=list)  # own cells, below

    @property
    def grade_id(self) -> str | None:
        return self.cell.metadata.get("nbgrader", {}).get("grade_id")

    @property
    def is_answer(self) -> bool:
        return bool(self.cell.metadata.get("nbgrader", {}).get("solution"))

    def changed(self, cell: NotebookNode) -> bool:
        return _text(cell) != _text(self.cell)

    def choose(self) -> None:
        """Pick the version that counts: the last one that was changed, of the right type if any."""
        if not self.copies:
            return
        if not self.is_answer:
            self.chosen = self.copies[0]
            return
        changed = [cell for cell in self.copies if self.changed(cell)]
        typed = [cell for cell in changed if cell.cell_type == self.cell.cell_type]
        self.chosen = (typed or changed or self.copies)[-1]

    def graded_cell(self) -> NotebookNode:
        cell = nbformat.from_dict(self.cell)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if self.is_answer and self.chosen is not None and self.changed(self.chosen):
            cell.source = _text(self.chosen)
            if cell.cell_type == "markdown" and isinstance(self.chosen.get("attachments"), dict):
                cell.attachments = self.chosen.attachments
        return cell


def _sort_cells(cells: list[NotebookNode], slots: list[_Slot]) -> list[NotebookNode]:
    """Give every submitted cell to the slot it belongs to, or to the one it stands below.

    Returns the student's own cells that stand above all of them.
    """
    find = _Finder(slots)
    homes = [find(cell) for cell in cells]
    for cell, slot in zip(cells, homes, strict=True):
        if slot is not None:
            slot.copies.append(cell)
    for slot in slots:
        slot.choose()

    order = {id(slot): index for index, slot in enumerate(slots)}
    on_top: list[NotebookNode] = []
    here: _Slot | None = None  # own cells follow the last recognised cell above them
    for cell, slot in zip(cells, homes, strict=True):
        if slot is not None and cell is slot.chosen:
            here = slot
            # The student may add to a given cell, not replace it: the pristine one comes first.
            if not slot.grade_id and slot.changed(cell):
                slot.after.append(cell)
        elif slot is None or (slot.is_answer and slot.changed(cell)):
            # An own cell, or another part of a split answer, or an earlier version of a doubled
            # one. The latter run before the version that counts, as they do for the student.
            late = slot is not None and (here is None or order[id(here)] >= order[id(slot)])
            if late:
                slot.before.append(cell)
            elif here is None:
                on_top.append(cell)
            else:
                here.after.append(cell)
    return on_top


class _Finder:
    """Recognise a submitted cell: by ``grade_id``, by cell id, by its unchanged text."""

    def __init__(self, slots: list[_Slot]):
        self.by_grade_id = {slot.grade_id: slot for slot in slots if slot.grade_id}
        self.by_cell_id = {slot.cell.get("id"): slot for slot in slots if slot.cell.get("id")}
        self.by_text = {_text(slot.cell): slot for slot in slots if not slot.is_answer}

    def __call__(self, cell: NotebookNode) -> _Slot | None:
        marks = cell.get("metadata", {}).get("nbgrader")
        if isinstance(marks, dict):
            slot = self.by_grade_id.get(str(marks.get("grade_id")))
            if slot is not None:
                return slot
        # Without metadata (some editors drop it) the cell's own id still tells; a cell without
        # either is the student's, unless it is a word-for-word copy of a given one.
        return self.by_cell_id.get(cell.get("id")) or self.by_text.get(_text(cell))


def _text(cell: NotebookNode) -> str:
    """The source with the line ends and trailing blanks that editors change on their own."""
    return str(cell.get("source", "")).replace("\r\n", "\n").replace("\r", "\n").rstrip()


def _own_cell(cell: NotebookNode, number: int) -> NotebookNode:
    """A student's cell without metadata: no tag, flag or forged output goes along."""
    make = {"code": nbformat.v4.new_code_cell, "raw": nbformat.v4.new_raw_cell}
    fresh = make.get(cell.cell_type, nbformat.v4.new_markdown_cell)(_text(cell))
    fresh.id = f"own-{number}"
    if fresh.cell_type == "markdown" and isinstance(cell.get("attachments"), dict):
        fresh.attachments = cell.attachments
    return fresh


def _what_was_mended(slots: list[_Slot]) -> list[Note]:
    marked = [slot for slot in slots if slot.grade_id]
    locked = [slot for slot in marked if not slot.is_answer]
    deleted = [slot.grade_id for slot in marked if not slot.copies]
    edited = [slot.grade_id for slot in locked if any(map(slot.changed, slot.copies))]
    retyped = [
        slot.grade_id
        for slot in marked
        if slot.chosen is not None and slot.chosen.cell_type != slot.cell.cell_type
    ]
    doubled = [slot.grade_id for slot in marked if len(slot.copies) > 1]
    notes = [
        Note("deleted", "Cells had been deleted; they were put back", deleted),
        Note("edited", "Given cells had been edited; their own text was put back", edited),
        Note("retyped", "Cells had changed their type; it was put back", retyped),
        Note("doubled", "Cells appeared more than once; the last changed answer counts", doubled),
    ]
    return [note for note in notes if note.cells]
