"""What a case of the hostile class is, and short ways to write one."""

from __future__ import annotations

import copy
import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell
from setting import FULL, NAME, ZERO

SECONDS = 8.0  # for a submission that does not hang

RIGHT = {
    "tanh": """
        class Tanh(Operation):
            def _output(self):
                return np.tanh(self.input_)

            def _input_grad(self, output_grad):
                return output_grad * (1 - self.output**2)
        """,
    "softmax": """
        def softmax(scores):
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)
        """,
    "slope": """
        def slope(f, x):
            h = 1e-5
            return (f(x + h) - f(x - h)) / (2 * h)
        """,
    "describe": """
        def describe(X):
            return {"mean": X.mean(axis=0), "range": X.max(axis=0) - X.min(axis=0), "count": len(X)}
        """,
    "why": "Because numerator and denominator grow by the same factor.",
}


@dataclass(frozen=True)
class Case:
    """One submission and what it must end in.

    Attributes
    ----------
    name, group : str
    make : callable
        Puts the submission into a folder, given the released notebook.
    points : dict of str to (float or None)
        Per exercise; None while a person has to grade it.
    status : str
    flags : frozenset of str
        Kinds of notes that must be raised.
    may : frozenset of str
        Kinds that may be raised besides; any other is a false alarm.
    seconds : float
        In which it must be graded.
    or_less : bool
        Whether fewer points will do: somebody who breaks their own process may lose more.
    student : str
        The folder's name, if the case is about it.
    """

    name: str
    group: str
    make: Callable[[Path, nbformat.NotebookNode], None]
    points: dict[str, float | None] = field(default_factory=lambda: dict(FULL))
    status: str = "graded"
    flags: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    seconds: float = SECONDS
    or_less: bool = False
    student: str = ""

    @property
    def folder(self) -> str:
        """The name of the student's folder."""
        return self.student or f"{self.group}-{self.name}".replace(" ", "_").replace("/", "-")


class Notebook:
    """A released notebook in a student's hands."""

    def __init__(self, pristine: nbformat.NotebookNode):
        self.nb = copy.deepcopy(pristine)

    @property
    def cells(self) -> list:
        """Its cells."""
        return self.nb.cells

    def cell(self, name: str):
        """The cell with a `grade_id` or id."""
        return next(
            cell
            for cell in self.nb.cells
            if name in (cell.get("id"), cell.metadata.get("nbgrader", {}).get("grade_id"))
        )

    def answer(self, **sources: str) -> Notebook:
        """Write answers, by exercise."""
        for exercise, source in sources.items():
            self.cell(f"{exercise}_answer").source = text(source)
        return self

    def solve(self, **others: str) -> Notebook:
        """Write the right answers, apart from some others."""
        return self.answer(**{**RIGHT, **others})

    def own(self, source: str, below: str, kind: str = "code") -> Notebook:
        """Add an own cell below another."""
        place = self.nb.cells.index(self.cell(below)) + 1
        make = new_code_cell if kind == "code" else new_markdown_cell
        self.nb.cells.insert(place, make(text(source)))
        return self

    def twin(self, name: str, source: str | None = None):
        """A copy of a cell, with another text if one is given."""
        made = copy.deepcopy(self.cell(name))
        made.id = f"{made.id}-twin"
        if source is not None:
            made.source = text(source)
        return made

    def save(self, folder: Path, name: str = f"{NAME}.ipynb") -> None:
        """Write it as it is, valid or not."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(self.nb), encoding="utf-8")


class Group(list):
    """The cases of one group of threats."""

    def __init__(self, name: str, **usual):
        super().__init__()
        self.name = name
        self.usual = usual

    def case(self, name: str, make, earns: dict | None = None, **more) -> None:
        """Add a case that `make` puts into a folder; it earns full points but for `earns`."""
        more = {**self.usual, **more}
        points = {**FULL, **(earns or {})}
        if more.get("status", "graded") != "graded":
            points = dict(ZERO)
        for key in ("flags", "may"):
            more[key] = frozenset(more.get(key, ()))
        self.append(Case(name, self.name, make, points, **more))

    def answers(self, name: str, earns: dict | None = None, own=(), **sources) -> None:
        """Add a case with right answers to all exercises but for some, and with own cells.

        `own` is a list of (cell above, source); what is no exercise goes to `case`.
        """
        given = {exercise: sources.pop(exercise) for exercise in RIGHT if exercise in sources}

        def make(folder: Path, pristine) -> None:
            book = Notebook(pristine).solve(**given)
            for below, source in own:
                book.own(source, below)
            book.save(folder)

        self.case(name, make, earns, **sources)

    def edits(self, name: str, edit: Callable[[Notebook], None], earns=None, **more) -> None:
        """Add a case with right answers, whose notebook is then edited."""

        def make(folder: Path, pristine) -> None:
            book = Notebook(pristine).solve()
            edit(book)
            book.save(folder)

        self.case(name, make, earns, **more)

    def blank(self, name: str, edit: Callable[[Notebook], None], earns=None, **more) -> None:
        """Add a case whose notebook has no answers and is edited."""

        def make(folder: Path, pristine) -> None:
            book = Notebook(pristine)
            edit(book)
            book.save(folder)

        self.case(name, make, {**ZERO, **(earns or {})}, **more)

    def file(self, name: str, content: bytes | str, as_name: str = f"{NAME}.ipynb", **more) -> None:
        """Add a case that hands in one file."""

        def make(folder: Path, pristine) -> None:
            folder.mkdir(parents=True)
            raw = content.encode() if isinstance(content, str) else content
            (folder / as_name).write_bytes(raw)

        self.case(name, make, **more)


def text(source: str) -> str:
    """A source without the indentation that it has in these files."""
    return textwrap.dedent(source).strip()
