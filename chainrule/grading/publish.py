"""Write what people look at: graded notebooks, feedback pages.

Both are made from the journal and the gradebook, and written only where they differ from what is
there. A page carries a digest of what it shows, so that points or comments given by hand renew it
and nothing else does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import nbformat

from chainrule.grading.assignment import Assignment, grader_version
from chainrule.grading.course import Course
from chainrule.grading.files import ARRIVING, fill_folder, write_if_new
from chainrule.grading.journal import FAILED, Entry
from chainrule.grading.notes import Note, add_notes
from chainrule.grading.page import Mark, feedback_page
from chainrule.grading.record import Record
from chainrule.grading.unvalidated import as_text

TIMESTAMP = "timestamp.txt"


class Publisher:
    """Writes the results of one assignment.

    Parameters
    ----------
    course : Course
        Where results go.
    assignment : Assignment
    page : callable, optional
        Makes a feedback page: see :func:`chainrule.grading.page.feedback_page`.
    """

    def __init__(
        self, course: Course, assignment: Assignment, page: Callable[..., str] | None = None
    ):
        self.course = course
        self.assignment = assignment
        self.page = page or feedback_page

    def publish(self, entry: Entry, record: Record) -> bool:
        """Bring one student's results up to date; returns whether anything had to be written.

        Raises
        ------
        OSError
            If something cannot be written; no file is left half-written.
        """
        changed = self._graded_notebooks(entry)
        if entry.status != FAILED:
            changed |= self._pages(entry, record)
        return changed

    def _graded_notebooks(self, entry: Entry) -> bool:
        """``autograded/``, as nbgrader leaves it and formgrader looks for it."""
        files = {**self.assignment.files, **entry.files}
        for title in self.assignment.pristine:
            text = entry.notebooks.get(title) or self._blank(title, entry.notes)
            files[f"{title}.ipynb"] = f"{text}\n".encode("utf-8", "replace")
        if entry.timestamp:
            files[TIMESTAMP] = f"{entry.timestamp} UTC\n".encode()
        return fill_folder(self.course.autograded / entry.student / entry.assignment, files)

    def _blank(self, title: str, notes: list[Note]) -> str:
        """The notebook of a submission that could not be graded, saying so."""
        nb = nbformat.from_dict(self.assignment.pristine[title])
        add_notes(nb, notes)
        return as_text(nb)

    def _pages(self, entry: Entry, record: Record) -> bool:
        folder = self.course.feedback / entry.student / entry.assignment
        for leftover in folder.glob(f".*{ARRIVING}"):
            leftover.unlink(missing_ok=True)
        changed = False
        for title, text in entry.notebooks.items():
            part = record.parts[title]
            marks = {
                name: Mark(
                    points=points.total,
                    max_points=entry.marks[title][name].max_points,
                    waiting=points.waiting,
                    comment=part.remarks[name].text if name in part.remarks else None,
                )
                for name, points in part.points.items()
                if name in entry.marks[title]
            }
            comments = {name: remark.text for name, remark in part.remarks.items() if remark.text}
            shown = [text, entry.student, entry.assignment, title, entry.protection, comments]
            shown += [part.penalty, {name: asdict(mark) for name, mark in marks.items()}]
            digest = hashlib.sha256(
                json.dumps([*shown, grader_version()], sort_keys=True).encode()
            ).hexdigest()
            path = folder / f"{title}.html"
            if _is_signed(path, digest):
                continue
            nb = entry.notebook(title)
            for cell in nb.cells:  # answers that have a comment, but no points of their own
                name = cell.metadata.get("nbgrader", {}).get("grade_id")
                if name in comments:
                    cell.metadata.nbgrader["comment"] = comments[name]
            if part.penalty:
                text = f"Handed in late: {part.penalty:g} points are taken off"
                add_notes(nb, [Note("late", text)])
            page = self.page(
                nb,
                marks,
                student=entry.student,
                assignment=entry.assignment,
                title=title,
                box=entry.protection,
            )
            content = page.rstrip().encode("utf-8", "replace") + _signature(digest)
            changed |= write_if_new(path, content)
        return changed


def _signature(digest: str) -> bytes:
    return f"\n<!-- shows {digest} -->\n".encode()


def _is_signed(path: Path, digest: str) -> bool:
    """Whether the page at `path` shows just this."""
    signature = _signature(digest)
    try:
        with path.open("rb") as file:
            file.seek(-len(signature), 2)
            return file.read() == signature
    except OSError:  # none there, or a shorter one
        return False
