"""Nothing of a student's comes alive in the pages of ``nbgrader generate_feedback``.

nbgrader's template puts HTML, SVG and scripts of outputs into the page as they are, and so it does
with HTML in Markdown and raw cells. :class:`SafeOutputs` leaves text, pictures that are pictures,
and the messages of checks; Markdown that is not the instructor's is rendered here.
"""

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_locked

from chainrule.grading.card import read_card
from chainrule.grading.check_cells import is_check
from chainrule.grading.notes import CELL_ID
from chainrule.grading.pictures import pictures
from chainrule.grading.plaintext import excerpt, visible
from chainrule.grading.prose import as_html, as_text, in_one_line


class SafeOutputs(NbGraderPreprocessor):
    """Reduce a graded notebook to what a page may show.

    Belongs into ``GenerateFeedback.preprocessors``, after all that fetches or hides something.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, cell_index: int
    ) -> tuple[NotebookNode, dict]:
        """Make one cell harmless; given Markdown stays as it is."""
        comment = cell.metadata.get("nbgrader", {}).get("comment")
        if comment:
            cell.metadata.nbgrader["comment"] = in_one_line(as_html(comment))
        if cell.cell_type == "code":
            if not is_locked(cell):
                cell.source = excerpt(cell.source, lines=2000, width=2000, characters=60_000)
            check = is_check(cell)
            cell.outputs = [safe for output in cell.outputs for safe in _safe(output, check)]
        elif cell.get("id") == CELL_ID:  # names in it are written so that they are text
            cell.source = visible(cell.source)
        elif not is_locked(cell):
            render = as_html if cell.cell_type == "markdown" else as_text
            cell.source = in_one_line(render(cell.source))
            cell.cell_type = "markdown"
            cell.pop("attachments", None)
        return cell, resources


def _safe(output: NotebookNode, of_check: bool) -> list[NotebookNode]:
    """An output as text, picture or message, written anew; several pictures become as many."""
    kind = output.output_type
    if kind == "stream":
        name = "stderr" if output.name == "stderr" else "stdout"
        return [new_output(kind, name=name, text=excerpt(output.text))]
    if kind == "error":
        lines = excerpt("\n".join(output.traceback)).split("\n")
        return [new_output(kind, ename=output.ename, evalue=output.evalue, traceback=lines)]
    message = read_card(output.data.get("text/html")) if of_check else None
    if message is not None:
        return [new_output("display_data", {"text/html": message._repr_html_()})]
    found = list(pictures(output.data))
    if found:
        return [new_output("display_data", {picture.kind: picture.content}) for picture in found]
    text = output.data.get("text/plain")
    if not isinstance(text, str):
        text = "(an output that is neither text nor a picture is not shown)"
    return [new_output("display_data", {"text/plain": excerpt(text)})]
