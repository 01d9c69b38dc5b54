"""Feedback says what is wrong and gives no hidden check away."""

import nbformat
import pytest
from classroom import CANARIES, source_notebook
from nbformat.v4 import new_code_cell, new_output

from chainrule.checks.message import CheckFailed, Message
from chainrule.grading.feedback import HideHiddenTests


def outputs_of_hidden(*outputs):
    """The outputs of the fixture's hidden check as a student sees them."""
    nb = source_notebook()
    cell = next(cell for cell in nb.cells if cell.id == "double-hidden")
    cell.outputs = list(outputs)
    cleaned, _ = HideHiddenTests().preprocess(nb, {})
    return next(cell for cell in cleaned.cells if cell.id == "double-hidden").outputs


def error(name, value, *lines):
    return new_output("error", ename=name, evalue=value, traceback=list(lines))


def test_the_hidden_region_is_gone_and_its_visible_line_stays():
    nb, _ = HideHiddenTests().preprocess(source_notebook(), {})
    cell = next(cell for cell in nb.cells if cell.id == "double-hidden")
    assert cell.source == (
        '# More checks run when your work is graded.\nglobals().get("points", 0.0)'
    )


def test_of_an_error_in_a_hidden_check_only_its_name_stays():
    (shown,) = outputs_of_hidden(
        error("ValueError", "bad input [7, -1]", "CANARY_HELPER(double, value)", "bad [7, -1]")
    )
    assert shown.ename == "ValueError"
    assert shown.traceback == ["ValueError: your code raised this while a hidden check called it"]
    assert "7" not in shown.evalue


def test_a_missing_name_is_told():
    (shown,) = outputs_of_hidden(
        error("NameError", "name 'double' is not defined", "CANARY_HELPER(double, value)")
    )
    assert shown.traceback == ["NameError: name 'double' is not defined"]


def test_our_own_failure_is_told_in_full():
    failure = CheckFailed(Message("✗", "double is wrong.", ("It forgets the factor.",)))
    (shown,) = outputs_of_hidden(error("CheckFailed", str(failure), "line 3: CANARY_INPUT"))
    assert "It forgets the factor." in shown.traceback[0]
    assert "CANARY" not in shown.traceback[0]


def test_our_own_messages_and_the_score_stay():
    message = Message("◐", "double: 1 of 2 hidden checks passed.")
    card = new_output(
        "display_data", {"text/plain": repr(message), "text/html": message._repr_html_()}
    )
    score = new_output("execute_result", {"text/plain": "1.5"})
    assert outputs_of_hidden(card, score) == [card, score]


@pytest.mark.parametrize(
    "output",
    [
        new_output("stream", name="stdout", text="input is [7, -1]"),
        new_output("stream", name="stderr", text="input is [7, -1]"),
        new_output("display_data", {"text/plain": "array([7, -1])"}),
        new_output("display_data", {"image/png": "iVBORw0KGgo="}),
    ],
)
def test_what_student_code_shows_during_a_hidden_check_is_dropped(output):
    assert outputs_of_hidden(output) == []


def test_outputs_of_visible_checks_stay_as_they_are():
    nb = source_notebook()
    cell = next(cell for cell in nb.cells if cell.id == "double-check")
    cell.outputs = [error("AssertionError", "twice 3 is 6", "the", "trace")]
    cleaned, _ = HideHiddenTests().preprocess(nbformat.from_dict(nb), {})
    assert cleaned.cells[3].outputs == cell.outputs


def test_a_traceback_elsewhere_that_quotes_a_hidden_line_is_cut():
    nb = source_notebook()
    hidden_line = "    return f(value) == 2 * value"
    coloured = hidden_line.replace("return", "\x1b[38;5;28;01mreturn\x1b[39;00m")
    nb.cells.append(new_code_cell("CANARY()", outputs=[
        error("TypeError", "no", "In CANARY_HELPER", coloured),
        new_output("stream", name="stdout", text=f"mine\n{hidden_line}\n"),
        new_output("execute_result", {"text/plain": repr(hidden_line)}),
    ]))  # fmt: skip
    cleaned, _ = HideHiddenTests().preprocess(nb, {})
    failure, printed, value = cleaned.cells[-1].outputs
    assert failure.traceback == ["TypeError: no"]
    assert printed.text == "mine"
    assert value.data["text/plain"] == "(not shown: it quotes a hidden check)"


def test_a_student_may_write_the_marker_words():
    nb = source_notebook()
    nb.cells.append(new_code_cell("# BEGIN HIDDEN TESTS\nprint('mine')"))
    nb.cells[2].source += "\n# BEGIN HIDDEN TESTS"
    cleaned, _ = HideHiddenTests().preprocess(nb, {})
    assert cleaned.cells[-1].source == "# BEGIN HIDDEN TESTS\nprint('mine')"


def test_no_canary_survives_in_a_source_without_answers():
    nb = source_notebook()
    del nb.cells[2]  # the instructor's own solution holds one
    cleaned, _ = HideHiddenTests().preprocess(nb, {})
    assert not [word for word in CANARIES if word in nbformat.writes(cleaned)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (("AssertionError", "7 is odd"), "AssertionError: a hidden check found something that is"),
        (("LeakOf7", "7"), "Exception: your code raised this"),
        (("NameError", "name 'leak_7' is not defined"), "NameError: your code raised this"),
        (("CheckFailed", "7"), "Exception: your code raised this"),
        (("CellTimeoutError", "stopped after 3 s: does a loop never end?"), "CellTimeoutError: st"),
        (("CellTimeoutError", "stopped 7"), "Exception: your code raised this"),
        (("MemoryError", "stopped: it needed more memory than there is"), "MemoryError: stopped"),
    ],
)
def test_a_student_cannot_choose_what_an_error_in_a_hidden_check_says(given, shown):
    (output,) = outputs_of_hidden(error(*given, "7"))
    assert output.traceback[0].startswith(shown)
    assert "7" not in f"{output.ename}{output.evalue}{output.traceback}"


def test_html_around_a_message_of_a_hidden_check_does_not_stay():
    message = Message("✓", "all right")
    html = f"{message._repr_html_()}<script>7</script>"
    (output,) = outputs_of_hidden(
        new_output("display_data", {"text/plain": str(message), "text/html": html})
    )
    assert output.data == {"text/plain": "✓ all right"}


def test_a_value_of_a_hidden_check_stays_if_it_is_points():
    assert outputs_of_hidden(new_output("execute_result", {"text/plain": "[7, -1]"})) == []
