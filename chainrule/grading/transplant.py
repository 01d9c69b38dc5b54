"""Grade transplants, not notebooks: put a student's answers into the pristine assignment.

A submitted notebook comes back with cells deleted, doubled, split, moved, retyped or edited, with
metadata dropped by other editors, sometimes with tags that switch a check off. Instead of
repairing it, :class:`Transplant` starts from the released notebook and takes from the
submission only what is the student's: the answers, and their own extra cells, kept at their place
between the answers (:mod:`chainrule.grading.slots` says how they are found). What had to be mended
is written into the notebook, where student, instructor and report can read it.

Stock nbgrader empties the metadata of a doubled cell (``DeduplicateIds``); its own validation
then takes the cell for one of an old schema, and ``SchemaTooOldError`` ends the whole batch. The
notebook that leaves this preprocessor has every ``grade_id`` exactly once.
"""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from chainrule.grading.celltext import definitions, text_of
from chainrule.grading.notes import KEY, Note, add_notes
from chainrule.grading.slots import Slot, marks_of, recognise

AUTHOR, STUDENT = "author", "student"  # in the metadata of a student's own cell


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
        course = course_of(self)
        folder = course.format_path(course.release_directory, ".", names["assignment"])
        return Path(folder) / f"{names['notebook']}.ipynb"


def course_of(preprocessor: NbGraderPreprocessor) -> CourseDirectory:
    """The course that the converter around a preprocessor works on.

    Raises
    ------
    RuntimeError
        If there is no converter around it.
    """
    owner = preprocessor.parent
    while owner is not None and not hasattr(owner, "coursedir"):
        owner = owner.parent
    if owner is None:
        name = type(preprocessor).__name__
        raise RuntimeError(f"{name} runs inside nbgrader's Autograde, which knows the course")
    return owner.coursedir


def transplant(nb: NotebookNode, pristine: NotebookNode) -> tuple[NotebookNode, list[Note]]:
    """Put the answers and own cells of `nb` into a copy of `pristine`.

    Returns
    -------
    tuple of NotebookNode and list of Note
        The notebook to grade, and what had to be mended. The same input gives the same output:
        cell ids are not drawn at random.
    """
    slots = [Slot(cell) for cell in pristine.cells]
    taken = {cell.get("id") for cell in pristine.cells}
    fresh = (name for name in (f"own-{number}" for number in count(1)) if name not in taken)
    cells = [_own_cell(cell, next(fresh)) for cell in _sort_cells(nb.cells, slots)]
    for slot in slots:
        cells += [_own_cell(cell, next(fresh)) for cell in slot.before]
        cells.append(_graded_cell(slot))
        cells += [_own_cell(cell, next(fresh)) for cell in slot.after]
    graded = NotebookNode(
        nbformat=4,
        nbformat_minor=5,
        metadata=nbformat.from_dict(pristine.metadata),
        cells=cells,
    )
    notes = _what_was_mended(slots)
    add_notes(graded, notes)
    return graded, notes


def is_students(cell: NotebookNode) -> bool:
    """Whether a cell of a transplanted notebook is the student's: an answer, or an own cell.

    Nothing in a submission can make an instructor's cell the student's or the other way round:
    the marks of answers come from the released notebook, and own cells are new ones.
    """
    return is_own(cell) or bool(cell.get("metadata", {}).get("nbgrader", {}).get("solution"))


def is_own(cell: NotebookNode) -> bool:
    """Whether a cell of a transplanted notebook is one that the student has added."""
    return cell.get("metadata", {}).get(KEY, {}).get(AUTHOR) == STUDENT


@dataclass(frozen=True, order=True)
class Likeness:
    """How much of a released notebook a submitted one holds; the better one is greater.

    Attributes
    ----------
    answered : int
        Answers that were written.
    shared : int
        Answers and checks that were found.
    foreign : int
        Cells that nbgrader marked for some other notebook.
    """

    answered: int
    shared: int
    foreign: int = field(compare=False)

    @property
    def is_the_same(self) -> bool:
        """Whether this is a version of the released notebook rather than another one."""
        return self.shared > 0 and self.shared >= self.foreign


def compare(nb: NotebookNode, pristine: NotebookNode) -> Likeness:
    """How much of `pristine` the notebook `nb` holds."""
    slots = [Slot(cell) for cell in pristine.cells]
    homes = recognise(nb.cells, slots)
    foreign = [
        cell
        for cell, home in zip(nb.cells, homes, strict=True)
        if home is None and isinstance(marks_of(cell).get("grade_id"), str)
    ]
    return Likeness(
        sum(slot.is_answer and any(map(slot.changed, slot.copies)) for slot in slots),
        sum(slot.counts and (bool(slot.copies) or slot.elsewhere) for slot in slots),
        len(foreign),
    )


def are_pictures(value: object) -> bool:
    """Whether these are attachments as a Markdown cell may have them."""
    return isinstance(value, dict) and all(
        isinstance(bundle, dict)
        and all(str(kind).startswith("image/") and isinstance(data, str)
                for kind, data in bundle.items())
        for bundle in value.values()
    )  # fmt: skip


def _sort_cells(cells: list[NotebookNode], slots: list[Slot]) -> list[NotebookNode]:
    """Give every submitted cell to the slot it belongs to, or to the one it stands below.

    Returns the student's own cells that stand above all of them.
    """
    homes = recognise(cells, slots)
    for slot in slots:
        slot.choose()

    order = {id(slot): index for index, slot in enumerate(slots)}
    parts = {id(part) for slot in slots if _is_text(slot) for part in slot.parts}
    on_top: list[NotebookNode] = []
    here: Slot | None = None  # own cells follow the last recognised cell above them
    for cell, slot in zip(cells, homes, strict=True):
        if slot is not None and cell is slot.chosen:
            here = slot
            # The student may add to a given cell, not replace it: the pristine one comes first.
            if not slot.grade_id and slot.changed(cell):
                slot.after.append(cell)
        elif id(cell) in parts:
            continue
        elif slot is None or (slot.is_answer and slot.changed(cell) and text_of(cell)):
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


def _is_text(slot: Slot) -> bool:
    return slot.is_answer and slot.cell.cell_type != "code"


def _graded_cell(slot: Slot) -> NotebookNode:
    cell = nbformat.from_dict(slot.cell)
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    if not slot.is_answer:
        return cell
    if slot.elsewhere:
        # The stub would undo the answer.
        cell.source = f"# {', '.join(definitions(slot.text))}: defined in another cell"
    elif slot.chosen is not None and slot.changed(slot.chosen):
        # A person reads a text, and reads all of it when it was split.
        versions = slot.parts if _is_text(slot) else [slot.chosen]
        cell.source = "\n\n".join(dict.fromkeys(text_of(version) for version in versions))
        pictures = [version.get("attachments") for version in versions]
        if cell.cell_type == "markdown" and any(map(are_pictures, pictures)):
            cell.attachments = _together(filter(are_pictures, pictures))
    return cell


def _together(pictures) -> NotebookNode:
    found: dict = {}
    for each in pictures:
        found |= each
    return nbformat.from_dict(found)


def _own_cell(cell: NotebookNode, name: str) -> NotebookNode:
    """A student's cell with new metadata: no tag, flag or forged output goes along."""
    # Built by hand: nbformat's functions validate each cell, which takes longer than all the rest.
    kind = cell.cell_type if cell.cell_type in ("code", "raw") else "markdown"
    metadata = NotebookNode({KEY: NotebookNode({AUTHOR: STUDENT})})
    fresh = NotebookNode(id=name, cell_type=kind, metadata=metadata, source=text_of(cell))
    if kind == "code":
        fresh.execution_count, fresh.outputs = None, []
    if fresh.cell_type == "markdown" and are_pictures(cell.get("attachments")):
        fresh.attachments = nbformat.from_dict(cell.attachments)
    return fresh


def _what_was_mended(slots: list[Slot]) -> list[Note]:
    marked = [slot for slot in slots if slot.grade_id]
    locked = [slot for slot in marked if not slot.is_answer]
    found = {
        "deleted": [slot for slot in marked if not slot.copies and not slot.elsewhere],
        "moved": [slot for slot in marked if slot.elsewhere],
        "edited": [slot for slot in locked if any(map(slot.changed, slot.copies))],
        "retyped": [
            slot for slot in marked if slot.chosen and slot.chosen.cell_type != slot.cell.cell_type
        ],
        "doubled": [slot for slot in marked if slot.doubled],
        "metadata": [slot for slot in marked if slot.remarked],
        "tags": [slot for slot in marked if slot.tagged],
    }
    return [
        Note(kind, _SENTENCES[kind], [slot.grade_id for slot in found[kind]])
        for kind in _SENTENCES
        if found[kind]
    ]


_SENTENCES = {
    "deleted": "Cells had been deleted; they were put back",
    "moved": "Answers stand in another cell than the one for them; they count",
    "edited": "Given cells had been edited; their own text was put back",
    "retyped": "Cells had changed their type; it was put back",
    "doubled": "Cells appeared more than once; the last changed answer counts",
    "metadata": "Cells had other points or flags than were released; those released count",
    "tags": "Cells had tags that skip a check or let it fail; the tags do not count",
}
