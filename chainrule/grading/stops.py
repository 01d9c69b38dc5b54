"""Cells that were stopped: what stands in their outputs, and the notes that name them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from chainrule.grading.notes import Note
from chainrule.grading.unvalidated import new_output

TIMEOUT, DIED, MEMORY = "timeout", "died", "memory"
TIME_UP = "CellTimeoutError"  # the name under which an output says that time was up
USED_UP = "not run: the cells above used up the notebook's time"
ENDED = "this cell ended the Python process"
IGNORED = "stopped: it ran too long and ignored the interrupt"
TOO_MUCH = "stopped: it needed more memory than there is"
_LOOPED = re.compile(r"stopped after \d{1,4} s: does a loop never end\?")
_NAMES = {TIMEOUT: TIME_UP, DIED: "DeadKernelError", MEMORY: "MemoryError"}
_SAYS = {
    TIMEOUT: "Cells ran longer than allowed and were stopped",
    DIED: "Cells ended the Python process",
    MEMORY: "Cells needed more memory than there is",
}


@dataclass
class Stops:
    """The cells of one notebook that were stopped, by kind, each once."""

    cells: dict[str, list[str]] = field(default_factory=dict)

    def stop(self, cell: NotebookNode, reason: str, kind: str = TIMEOUT) -> None:
        """Have a cell end in an error of ours, in place of any other that it ended in."""
        name = _NAMES[kind]
        cell.outputs = [
            *(output for output in cell.get("outputs", []) if output.output_type != "error"),
            new_output("error", ename=name, evalue=reason, traceback=[f"{name}: {reason}"]),
        ]
        label = cell.metadata.get("nbgrader", {}).get("grade_id") or "an own cell"
        where = self.cells.setdefault(kind, [])
        if label not in where:
            where.append(label)

    def notes(self) -> list[Note]:
        """What to note of them."""
        return [Note(kind, _SAYS[kind], cells) for kind, cells in self.cells.items() if cells]


def looped(seconds: float) -> str:
    """The reason of a cell that was stopped when its time was up."""
    return f"stopped after {seconds:.0f} s: does a loop never end?"


def is_reason(text: str) -> bool:
    """Whether a text is one of the reasons above, word for word."""
    return text in (USED_UP, ENDED, IGNORED, TOO_MUCH) or bool(_LOOPED.fullmatch(text))


def timed_out(cell: NotebookNode) -> bool:
    """Whether a cell's outputs say that its time was up."""
    return any(output.get("ename") == TIME_UP for output in cell.outputs)
