"""Outputs and notebooks are what nbformat makes of them."""

import nbformat
import pytest
from nbformat import v4

from chainrule.grading.unvalidated import as_text, new_output


@pytest.mark.parametrize(
    ("kind", "data", "parts"),
    [
        ("stream", None, {"text": "a", "name": "stderr"}),
        ("stream", None, {}),
        ("display_data", {"text/plain": "a"}, {}),
        ("execute_result", {"text/plain": "1.0"}, {}),
        ("error", None, {"ename": "KeyError", "evalue": "x", "traceback": ["a", "b"]}),
    ],
)
def test_an_output_is_the_one_that_nbformat_makes(kind, data, parts):
    ours = new_output(kind, data, **parts)
    assert ours == v4.new_output(kind, data, **parts)
    assert type(ours) is nbformat.NotebookNode
    assert data is None or type(ours.data) is nbformat.NotebookNode


@pytest.fixture
def notebook():
    code = v4.new_code_cell("a = 1\nb = 'é\\u2028'", metadata={"trusted": True})
    code.outputs = [v4.new_output("stream", text="one\ntwo\n")]
    return v4.new_notebook(cells=[v4.new_markdown_cell("# Title\n\ntext"), code])


def test_a_notebook_that_is_read_again_is_the_same(notebook):
    again = nbformat.reads(as_text(notebook), as_version=4)
    nbformat.validate(again)
    assert again == nbformat.reads(nbformat.writes(notebook), as_version=4)


def test_a_cell_takes_a_line(notebook):
    assert len(as_text(notebook).splitlines()) == len(notebook.cells) + 2


def test_a_notebook_without_cells_can_be_read():
    assert nbformat.reads(as_text(v4.new_notebook()), as_version=4).cells == []
