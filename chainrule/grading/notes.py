"""What a grading run has to say about one submission, kept inside its graded notebook.

A note is written twice: as data into the notebook's metadata, from which the grade table is
made, and as a Markdown cell at the top, where formgrader and the feedback page show it.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

KEY = "chainrule"  # in the notebook's metadata
CELL_ID = "grading-notes"
LONGEST_NAME = 100  # characters of a name in a sentence
MOST_NAMES = 12  # that are listed


@dataclass(frozen=True)
class Note:
    """One thing to know: a short `kind` for counting, the sentence, the cells it is about."""

    kind: str
    text: str
    cells: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.text}: {', '.join(self.cells)}" if self.cells else self.text


def read_notes(nb: NotebookNode) -> list[Note]:
    """The notes written into `nb` by :func:`add_notes`, oldest first."""
    return [Note(**note) for note in nb.metadata.get(KEY, {}).get("notes", [])]


def add_notes(nb: NotebookNode, notes: Iterable[Note]) -> None:
    """Add `notes` to the metadata of `nb` and show all of them in its first cell."""
    notes = [*read_notes(nb), *notes]
    if not notes:
        return
    nb.metadata[KEY] = {"notes": [vars(note) for note in notes]}
    cells = [cell for cell in nb.cells if cell.get("id") != CELL_ID]
    # Names come from students: as text they cannot become Markdown or HTML.
    lines = "\n".join(f"- {_as_text(str(note))}" for note in notes)
    head = nbformat.v4.new_markdown_cell(f"**Notes from grading**\n\n{lines}")
    head.id = CELL_ID
    nb.cells = [head, *cells]


def shown(name: str) -> str:
    """A name that a student chose, for a sentence: on one line, not too long, always writable."""
    safe = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in name
    )
    return safe if len(safe) <= LONGEST_NAME else f"{safe[:LONGEST_NAME]}..."


def some(names: Iterable[str]) -> list[str]:
    """The first of many names, and how many more there are."""
    names = list(names)
    rest = len(names) - MOST_NAMES
    first = [shown(name) for name in names[:MOST_NAMES]]
    return [*first, f"and {rest} more"] if rest > 0 else first


def _as_text(text: str) -> str:
    """`text` so that Markdown shows it as it is."""
    one_line = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{char}" if char in r"\`*_{}[]#|~$" else char for char in one_line)
