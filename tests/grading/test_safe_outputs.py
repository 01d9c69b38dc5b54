"""The pages of ``nbgrader generate_feedback`` hold nothing of a student's that is alive."""

import re
from pathlib import Path

import pytest
from classroom import CANARIES
from hostile_page import EVIL_MARKDOWN, SCRIPT, card, encoded, given_markdown, hostile_notebook, png
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from test_page import Elements
from traitlets.config import PyFileConfigLoader

from chainrule.checks.message import Message
from chainrule.grading.safe_outputs import SafeOutputs

ROOT = Path(__file__).parents[2]


def nbgraders_page(nb):
    """The page that nbgrader makes with the project's configuration, but for a gradebook."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    listed = [name for name in config.GenerateFeedback.preprocessors if "GetGrades" not in name]
    exporter = HTMLExporter(config=GenerateFeedback(coursedir=CourseDirectory()).config)
    for name in listed:
        exporter.register_preprocessor(name, enabled=True)
    for cell in nb.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader |= {"score": 0.0, "points": 1.0}
            cell.metadata.nbgrader["comment"] = f"**fine** {SCRIPT}"
    names = {"notebook": "mini", "score": 1, "max_score": 10, "late_penalty": 0}
    page, _ = exporter.from_notebook_node(nb, resources={"nbgrader": names, "unique_key": "mini"})
    return page


@pytest.fixture(scope="module")
def hostile():
    return nbgraders_page(hostile_notebook())


def test_no_script_link_or_event_of_a_student_is_alive(hostile):
    page = Elements(hostile)
    for tag, attributes in page.found:
        for name, value in attributes.items():
            assert not name.startswith("on"), f"<{tag} {name}>"
            assert "EVIL" not in (value or ""), f"<{tag} {name}={value}>"
            assert "evil" not in (value or ""), f"<{tag} {name}={value}>"
            assert not (value or "").lstrip().lower().startswith("javascript:")
    assert not {"svg", "iframe", "object"} & {tag for tag, _ in page.found}
    for script in re.findall(r"<script.*?</script>", hostile, re.DOTALL):
        assert "EVIL" not in script
    for style in re.findall(r"<style.*?</style>", hostile, re.DOTALL):
        assert "evil" not in style


def test_nbgraders_page_gives_no_hidden_check_away(hostile):
    assert not re.findall("LEAK_[A-Z]", hostile)
    assert not [word for word in CANARIES[:3] if word in hostile]


def test_what_turns_text_around_is_written_out(hostile):
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", hostile)


def test_words_pictures_and_messages_stay(hostile):
    assert "EVIL_ALERT(1)&lt;/script&gt;" in hostile
    assert f"data:image/png;base64,{encoded(png())}" in hostile
    assert "1 of 2 hidden checks passed." in hostile
    assert "<strong>bold</strong>" in hostile
    assert "<strong>fine</strong>" in hostile


def test_given_markdown_stays_as_it_is():
    statement = "$$x$$ <figure>mine</figure>"
    nb = new_notebook(cells=[given_markdown(statement)])
    cleaned, _ = SafeOutputs().preprocess(nb, {})
    assert cleaned.cells[0].source == statement


def test_a_students_formula_is_not_typeset(hostile):
    # MathJax makes links of \href, also to scripts; it leaves alone what stands in code.
    for found in re.finditer(re.escape("\\href"), hostile):
        before = hostile[: found.start()]
        assert max(before.rfind("<code>"), before.rfind("<pre>")) > before.rfind("</code>")


def test_markdown_becomes_one_block_without_empty_lines():
    cell = new_markdown_cell(f"{EVIL_MARKDOWN}\n\n```\na\n\nb\n```")
    cleaned, _ = SafeOutputs().preprocess(new_notebook(cells=[cell]), {})
    assert "\n" not in cleaned.cells[0].source
    assert "a&#10;&#10;b" in cleaned.cells[0].source


def test_a_message_in_a_cell_that_is_no_check_stays_text():
    cell = new_code_cell("x", outputs=[card(Message("✓", "all right"))])
    cleaned, _ = SafeOutputs().preprocess(new_notebook(cells=[cell]), {})
    assert cleaned.cells[0].outputs == [new_output("display_data", {"text/plain": "✓ all right"})]
