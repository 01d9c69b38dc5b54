"""Feedback pages that tell a student what is wrong without giving the hidden checks away.

nbgrader's feedback shows every check cell in full. :class:`HideHiddenTests` removes the hidden
regions again, and what their run left behind: tracebacks quote source lines, values in error
messages and printed text can hold hidden inputs. What our own checks say stays.
"""

import builtins
import re

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_locked

from chainrule.checks.message import MARKS
from chainrule.grading.card import read_card
from chainrule.grading.check_cells import is_check
from chainrule.grading.stops import is_reason
from chainrule.grading.unvalidated import new_output

SHORT = 12  # characters; a shorter line (`)`, `else:`) is no secret and stands everywhere

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_WORD = re.compile(r"\w+")
_NO_NAME = re.compile(r"name '(\w+)' is not defined")
_OF_GRADING = {"CellTimeoutError", "DeadKernelError"}


class HideHiddenTests(ClearHiddenTests):
    """Strip hidden regions from a graded notebook, and every trace of them from its outputs.

    Belongs into ``GenerateFeedback.preprocessors``, before the HTML is made.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Return `nb` with hidden regions and the outputs that quote them removed."""
        before = "\n".join(cell.source for cell in nb.cells)
        held_tests = [cell for cell in nb.cells if self._holds_tests(cell)]
        nb, resources = super().preprocess(nb, resources)
        known = {
            word for cell in nb.cells if is_locked(cell) for word in _WORD.findall(cell.source)
        }
        for cell in held_tests:
            if cell.cell_type == "code":
                shown = (_discreet(output, known) for output in cell.outputs)
                cell.outputs = [output for output in shown if output is not None]
        after = {line.strip() for cell in nb.cells for line in cell.source.splitlines()}
        hidden = {line.strip() for line in before.splitlines()} - after
        self._silence(nb, {line for line in hidden if len(line) >= SHORT})
        return nb, resources

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, cell_index: int
    ) -> tuple[NotebookNode, dict]:
        """Strip one check cell; a student's own cell may say BEGIN HIDDEN TESTS if it likes."""
        if not self._holds_tests(cell):
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)

    def _holds_tests(self, cell: NotebookNode) -> bool:
        return is_check(cell) and self.begin_test_delimeter in cell.source

    def _silence(self, nb: NotebookNode, hidden: set[str]) -> None:
        """Cut outputs that quote a hidden line, wherever they stand.

        A traceback in a visible cell runs through whatever functions a hidden one defined.
        """
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    if _quotes("\n".join([*output.traceback, output.evalue]), hidden):
                        output.evalue = _first_line(output.evalue, hidden)
                        output.traceback = [f"{output.ename}: {output.evalue}"]
                elif output.output_type == "stream" and _quotes(output.text, hidden):
                    output.text = _without(output.text, hidden)
                elif "data" in output:
                    for kind, data in list(output.data.items()):
                        if isinstance(data, str) and _quotes(data, hidden):
                            output.data[kind] = "(not shown: it quotes a hidden check)"


def _discreet(output: NotebookNode, known: set[str]) -> NotebookNode | None:
    """Of an output of a hidden check what the student may see: messages of ours, points, errors.

    What the student's code prints or displays while it is being checked can hold hidden inputs,
    and so can the text, and even the name, of an exception of its own. So what stays is written
    anew, from what could be recognised. `known` are words that the student has seen.
    """
    kind = output.output_type
    if kind == "display_data":
        message = read_card(output.data.get("text/html"))
        if message is not None:
            data = {"text/plain": str(message), "text/html": message._repr_html_()}
            return new_output(kind, data)
        text = output.data.get("text/plain", "")
        return new_output(kind, {"text/plain": text}) if text.startswith(MARKS) else None
    if kind == "execute_result":
        return output if _is_number(output.data.get("text/plain", "")) else None
    if kind == "error":
        name, said = _error(output, known)
        return new_output(kind, ename=name, evalue=said, traceback=[f"{name}: {said}"])
    return None


def _error(output: NotebookNode, known: set[str]) -> tuple[str, str]:
    """Name and text of an error in a hidden check, as far as the student may know them."""
    name, said = output.ename, _ANSI.sub("", output.evalue)
    if name == "CheckFailed" and said.startswith(MARKS):
        return name, said
    is_builtin = isinstance(getattr(builtins, name, None), type)
    if (is_builtin or name in _OF_GRADING) and is_reason(said):
        return name, said
    if name == "NameError":
        missing = _NO_NAME.fullmatch(said)
        if missing and missing[1] in known:
            return name, said
    if name == "AssertionError":
        return name, "a hidden check found something that is not right"
    name = name if is_builtin else "Exception"
    return name, "your code raised this while a hidden check called it"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _quotes(text: str, hidden: set[str]) -> bool:
    plain = _ANSI.sub("", text)
    return any(line in plain for line in hidden)


def _without(text: str, hidden: set[str]) -> str:
    return "\n".join(line for line in text.splitlines() if not _quotes(line, hidden))


def _first_line(text: str, hidden: set[str]) -> str:
    line = _ANSI.sub("", text).split("\n", 1)[0]
    return "" if _quotes(line, hidden) else line
