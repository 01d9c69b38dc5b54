"""Assess one submission: a pure function of what was handed in and of the assignment.

Nothing is written and nothing remembered, so it can run here, in other processes or on a cluster.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import math
import platform
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from nbformat import NotebookNode
from nbgrader.preprocessors import LimitOutput
from nbgrader.utils import (
    compute_checksum,
    determine_grade,
    is_grade,
    is_locked,
    is_solution,
    is_task,
)

import chainrule
from chainrule.checks.message import MARKS
from chainrule.checks.notebook import Verdict
from chainrule.grading.assignment import Assignment, grader_version
from chainrule.grading.intake import Submission, receive
from chainrule.grading.journal import (
    ABSENT,
    BLANK,
    BY_HAND,
    FAILED,
    FAILS,
    GRADED,
    MISSING,
    PARTLY,
    PASSED,
    UNREADABLE,
    Entry,
    Mark,
)  # fmt: skip
from chainrule.grading.kernel import Engine
from chainrule.grading.notes import Note, add_notes, read_notes
from chainrule.grading.parcel import TIMESTAMP, Parcel, collect, handed_in
from chainrule.grading.suspicions import suspicions
from chainrule.grading.transplant import transplant
from chainrule.grading.unvalidated import as_text, new_output

MAX_OUTPUT = 2_000_000  # characters of one cell's outputs that are kept
MAX_SAID = 4_000  # characters of what a check said

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def examine(parcel: Parcel, assignment: Assignment, engine: Engine) -> Entry:
    """Assess a submission; what goes wrong on our side becomes an entry with the reason."""
    began = time.monotonic()
    try:
        return assess(parcel, assignment, engine)
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        entry = not_graded(parcel, assignment, text[:1000])
        entry.seconds = time.monotonic() - began
        return entry


def not_graded(parcel: Parcel, assignment: Assignment, reason: str) -> Entry:
    """The entry of a submission that could not be graded, for no fault of the student's."""
    entry = _new_entry(parcel, assignment)
    entry.status = FAILED
    entry.notes.append(Note(FAILED, reason))
    return entry


def assess(parcel: Parcel, assignment: Assignment, engine: Engine) -> Entry:
    """Grade one submission.

    Parameters
    ----------
    parcel : Parcel
        What was handed in.
    assignment : Assignment
    engine : Engine
        Runs the cells.

    Returns
    -------
    Entry
        The graded notebooks, the points of every cell, what there is to note.

    Raises
    ------
    Exception
        Whatever goes wrong on our side, but nothing because of what was handed in.
    """
    began = time.monotonic()
    parcel, taken = _take(parcel, assignment)
    entry = _new_entry(parcel, assignment)
    entry.protection = engine.description
    entry.limits = dict(getattr(engine, "limits", {}))
    files, entry.files = _beside(taken, assignment)
    peaks = []
    for title, pristine in assignment.pristine.items():
        if title in taken.notebooks:
            graded, _ = transplant(taken.notebooks[title], pristine)
            entry.notes += suspicions(graded)  # for the instructor: not in the notebook
            _put_back(graded, assignment.key[title])
            engine.run(graded, assignment.folder, files)
            peaks.append(getattr(engine, "peak_memory", None))
            marks, odd = _marks(graded)
            _limit(graded, assignment)
        else:
            graded, odd = copy.deepcopy(pristine), []
            _put_back(graded, assignment.key[title])
            marks = _zeros(graded)
        entry.notes += read_notes(graded) + odd
        add_notes(graded, [*odd, *taken.notes])
        entry.marks[title] = marks
        entry.blanks[title] = _blanks(graded) if title in taken.notebooks else []
        entry.notebooks[title] = as_text(graded)
    entry.notes += taken.notes
    for status in (UNREADABLE, MISSING):  # the last one found is the gravest
        if any(note.kind == status for note in taken.notes):
            entry.status = status
    entry.seed = getattr(engine, "seed", None)
    entry.peak_memory = max((peak for peak in peaks if peak is not None), default=None)
    entry.seconds = round(time.monotonic() - began, 3)
    return entry


def stamp(entry: Entry, folder: Path) -> Entry:
    """Put into `entry` when the submission in `folder` was handed in."""
    entry.timestamp, odd = handed_in(folder)
    if folder.is_symlink() or not folder.is_dir():
        odd = []  # what is wrong there is said already
    entry.notes = [note for note in entry.notes if note.kind != "timestamp"] + odd
    return entry


def _new_entry(parcel: Parcel, assignment: Assignment) -> Entry:
    entry = Entry(
        assignment=assignment.name,
        student=parcel.student,
        submission=parcel.digest,
        assignment_digest=assignment.digest,
        grader=grader_version(),
        status=GRADED,
        versions={
            "chainrule": chainrule.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    )
    return stamp(entry, parcel.folder)


def _take(parcel: Parcel, assignment: Assignment) -> tuple[Parcel, Submission]:
    """Read what was handed in; if it changes meanwhile, again."""
    for _ in range(3):
        ours = {
            name: content
            for name, content in assignment.files.items()
            if name not in assignment.theirs
        }
        taken = receive(parcel.folder, parcel.student, assignment.pristine, ours)
        now = collect(parcel.folder, parcel.student, assignment.pristine)
        if now.digest == parcel.digest:
            break
        parcel = now
    return parcel, taken


def _beside(taken: Submission, assignment: Assignment) -> tuple[dict, dict]:
    """What lies beside the notebook as it runs, and what of that the student added."""
    kept = {name: content for name, content in taken.files.items() if name != TIMESTAMP}
    return {**assignment.files, **kept}, kept


def _put_back(nb: NotebookNode, key: dict[str, NotebookNode]) -> None:
    """Give the marked cells the text and points of the source; answers keep theirs.

    What nbgrader's OverwriteCells does from its gradebook.
    """
    for cell in nb.cells:
        # JSON can hold half of a pair of surrogates, which no file can.
        cell.source = cell.source.encode("utf-8", "replace").decode("utf-8")
        marks = cell.metadata.get("nbgrader", {})
        original = key.get(marks.get("grade_id"))
        if original is None:
            continue
        cell.metadata["nbgrader"] = copy.deepcopy(original.metadata.nbgrader)
        if is_locked(original):
            cell.source = original.source


def _marks(nb: NotebookNode) -> tuple[dict[str, Mark], list[Note]]:
    """The mark of every graded cell, and what is odd about points."""
    marks, odd = {}, []
    answers = _answers(nb)
    for cell in nb.cells:
        if not is_grade(cell) and not is_task(cell):
            continue
        name = cell.metadata.nbgrader["grade_id"]
        full = float(cell.metadata.nbgrader["points"])
        points = _points(cell, full)
        if points is not None and not 0 <= points <= full:  # never true of NaN
            odd.append(
                Note("points", f"A check gave {points} of {full:g} points: none count", [name])
            )
            points = 0.0
        marks[name] = Mark(points, full, _verdict(cell, points, full), answer=answers[name])
        if cell.cell_type == "code" and not is_solution(cell):
            marks[name].said = _said(cell)
            marks[name].checks = [
                Verdict(**found) for found in cell.metadata.get("chainrule", {}).get("verdicts", [])
            ]
            marks[name].answer = _hash(answers[name], points)
    return marks, odd


def _points(cell: NotebookNode, full: float) -> float | None:
    """nbgrader's points; a number that cannot be points stays as it is.

    nbgrader takes anything below zero, NaN included, for full marks, and ends its run over more
    than full marks.
    """
    if is_task(cell):
        return None
    for output in cell.get("outputs", []):
        if output.output_type == "error" or output.get("name") == "stderr":
            break  # no points, whatever else there is
        if output.output_type == "execute_result":
            try:
                number = float(output["data"]["text/plain"])
            except (KeyError, ValueError, TypeError):
                break
            if not 0 <= number <= full:
                return number
            break
    points, _ = determine_grade(cell)
    return None if points is None else float(points)


def _verdict(cell: NotebookNode, points: float | None, full: float) -> str:
    if points is None:
        return BY_HAND
    if is_solution(cell):
        return BLANK
    failed = any(output.output_type == "error" for output in cell.get("outputs", []))
    if failed or (points == 0 and full > 0):
        return FAILS
    return PASSED if math.isclose(points, full) else PARTLY


def _said(cell: NotebookNode) -> str:
    """What a check said: its error, else its own message, else nothing."""
    texts = []
    for output in cell.outputs:
        if output.output_type == "error":
            return _shorten(f"{output.ename}: {output.evalue}")
        text = output.get("text", output.get("data", {}).get("text/plain", ""))
        if isinstance(text, str) and text.startswith(MARKS):
            texts.append(text)
    return _shorten("\n".join(texts))


def _shorten(text: str) -> str:
    plain = _ANSI.sub("", text).strip()
    return plain if len(plain) <= MAX_SAID else f"{plain[:MAX_SAID]} ..."


def _answers(nb: NotebookNode) -> dict[str, str]:
    """What each graded cell is about, as a digest: the answer itself, or those it checks."""
    found, exercise = {}, []
    everything = _hash(*(cell.source for cell in nb.cells if not is_locked(cell)))
    checked_before = False
    for cell in nb.cells:
        if is_solution(cell):
            if checked_before:
                exercise, checked_before = [], False
            exercise.append(cell.source)
        if is_task(cell):
            found[cell.metadata.nbgrader["grade_id"]] = everything
        elif is_grade(cell) and is_solution(cell):
            pictures = json.dumps(cell.get("attachments", {}), sort_keys=True)
            found[cell.metadata.nbgrader["grade_id"]] = _hash(cell.source, pictures)
        elif is_grade(cell):
            found[cell.metadata.nbgrader["grade_id"]] = _hash(*exercise)
            checked_before = True
    return found


def _hash(*parts: object) -> str:
    text = json.dumps([str(part) for part in parts])
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:20]


def _zeros(nb: NotebookNode) -> dict[str, Mark]:
    """The marks of a notebook that could not be read."""
    return {
        cell.metadata.nbgrader["grade_id"]: Mark(
            0.0, float(cell.metadata.nbgrader["points"]), ABSENT
        )
        for cell in nb.cells
        if is_grade(cell) or is_task(cell)
    }


def _blanks(nb: NotebookNode) -> list[str]:
    """The answers that are as they were released; of these nbgrader says "No response."."""
    return [
        cell.metadata.nbgrader["grade_id"]
        for cell in nb.cells
        if is_solution(cell) and cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
    ]


def _limit(nb: NotebookNode, assignment: Assignment) -> None:
    """Keep no more output than nbgrader is told to keep, and of one cell no more than is sane."""
    limit = _limiter(assignment.max_lines, assignment.max_traceback)
    for index, cell in enumerate(nb.cells):
        if cell.cell_type != "code":
            continue
        limit.preprocess_cell(cell, {}, index)
        room = MAX_OUTPUT
        for output in list(cell.outputs):
            room -= sum(map(len, _strings(output)))
            if room < 0:
                text = f"(output of more than {MAX_OUTPUT / 1e6:g} million characters is not kept)"
                cell.outputs[cell.outputs.index(output) :] = [
                    new_output("stream", name="stdout", text=text)
                ]
                break


@functools.cache
def _limiter(max_lines: int, max_traceback: int) -> LimitOutput:
    return LimitOutput(max_lines=max_lines, max_traceback=max_traceback)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
