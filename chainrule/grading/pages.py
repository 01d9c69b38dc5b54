"""Feedback pages by nbgrader's own template, without its gradebook."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import nbformat
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from chainrule.grading.feedback import HideHiddenTests


@dataclass(frozen=True)
class Mark:
    """What a page says of one cell: points, of how many, and what a person adds."""

    points: float | None
    max_points: float
    waiting: bool
    comment: str | None


def feedback_page(
    nb: NotebookNode,
    marks: dict[str, Mark],
    *,
    student: str,
    assignment: str,
    title: str,
    box: str,
) -> str:
    """The page of one graded notebook, without hidden checks, as HTML."""
    nb = nbformat.from_dict(nb)
    for cell in nb.cells:
        mark = marks.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if mark is not None:
            cell.metadata.nbgrader["score"] = mark.points or 0.0
            cell.metadata.nbgrader["points"] = mark.max_points
            cell.metadata.nbgrader["comment"] = mark.comment
        elif cell.metadata.get("nbgrader"):
            cell.metadata.nbgrader.setdefault("comment", None)
    names = {
        "student": student,
        "assignment": assignment,
        "notebook": title,
        "score": sum(mark.points or 0.0 for mark in marks.values()),
        "max_score": sum(mark.max_points for mark in marks.values()),
        "late_penalty": 0,
    }
    resources = {"nbgrader": names, "unique_key": title, "metadata": {"name": title}}
    page, _ = _exporter().from_notebook_node(nb, resources=resources)
    return page


@cache
def _exporter() -> HTMLExporter:
    """nbgrader's exporter; making one takes longer than a page."""
    config = GenerateFeedback(coursedir=CourseDirectory()).config
    exporter = HTMLExporter(config=config)
    exporter.register_preprocessor(HideHiddenTests(), enabled=True)
    exporter.register_preprocessor(CSSHTMLHeaderPreprocessor(), enabled=True)
    return exporter
