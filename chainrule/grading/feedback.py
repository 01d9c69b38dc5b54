"""Feedback pages that tell a student what is wrong without giving the hidden checks away.

nbgrader's feedback shows every check cell in full. :class:`HideHiddenTests` removes the hidden
regions again, and what their run left behind: tracebacks quote source lines, values in error
messages and printed text can hold hidden inputs. What our own checks say stays.
"""

import re

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_solution

OWN_ERRORS = {"CheckFailed", "CellTimeoutError", "DeadKernelError"}
SPEAKING_ERRORS = {"NameError"}  # the message names the student's missing class, nothing else
OUR_MARKS = ("✓", "✗", "◐")  # how the text of a `chainrule.checks` message begins
SHORT = 12  # characters; a shorter line (`)`, `else:`) is no secret and stands everywhere

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class HideHiddenTests(ClearHiddenTests):
    """Strip hidden regions from a graded notebook, and every trace of them from its outputs.

    Belongs into ``GenerateFeedback.preprocessors``, before the HTML is made.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Return `nb` with hidden regions and the outputs that quote them removed."""
        before = "\n".join(cell.source for cell in nb.cells)
        nb, resources = super().preprocess(nb, resources)
        after = {line.strip() for cell in nb.cells for line in cell.source.splitlines()}
        hidden = {line.strip() for line in before.splitlines()} - after
        self._silence(nb, {line for line in hidden if len(line) >= SHORT})
        return nb, resources

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, cell_index: int
    ) -> tuple[NotebookNode, dict]:
        """Strip one check cell; a student's own cell may say BEGIN HIDDEN TESTS if it likes."""
        if not is_grade(cell) or is_solution(cell):
            return cell, resources
        held_tests = self.begin_test_delimeter in cell.source
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if held_tests and cell.cell_type == "code":
            cell.outputs = [_discreet(output) for output in cell.outputs if _may_stay(output)]
        return cell, resources

    def _silence(self, nb: NotebookNode, hidden: set[str]) -> None:
        """Cut outputs that quote a hidden line, wherever they stand.

        A traceback in a visible cell runs through whatever functions a hidden one defined.
        """
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                if output.output_type == "error" and _quotes("\n".join(output.traceback), hidden):
                    output.traceback = [f"{output.ename}: {_first_line(output.evalue, hidden)}"]
                elif output.output_type == "stream" and _quotes(output.text, hidden):
                    output.text = _without(output.text, hidden)
                elif "data" in output:
                    for kind, data in list(output.data.items()):
                        if isinstance(data, str) and _quotes(data, hidden):
                            output.data[kind] = "(not shown: it quotes a hidden check)"


def _may_stay(output: NotebookNode) -> bool:
    """Whether a hidden check's output is an error, a score or one of our own messages.

    What the student's code prints or displays while it is being checked can hold hidden inputs.
    """
    if output.output_type == "display_data":
        return output.data.get("text/plain", "").startswith(OUR_MARKS)
    return output.output_type != "stream"


def _discreet(output: NotebookNode) -> NotebookNode:
    """An output of a hidden check, reduced to what the student may see."""
    if output.output_type != "error":
        return output
    if output.ename in OWN_ERRORS | SPEAKING_ERRORS:
        said = _ANSI.sub("", output.evalue)
    else:
        said = "your code raised this while a hidden check called it"
    output.evalue = said
    output.traceback = [f"{output.ename}: {said}"]
    return output


def _quotes(text: str, hidden: set[str]) -> bool:
    plain = _ANSI.sub("", text)
    return any(line in plain for line in hidden)


def _without(text: str, hidden: set[str]) -> str:
    return "\n".join(line for line in text.splitlines() if not _quotes(line, hidden))


def _first_line(text: str, hidden: set[str]) -> str:
    line = _ANSI.sub("", text).split("\n", 1)[0]
    return "" if _quotes(line, hidden) else line
