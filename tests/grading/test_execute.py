"""One bad cell costs its own points: time is bounded, and the kernel comes back."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from chainrule.grading.execute import RunCells
from chainrule.grading.notes import read_notes

pytestmark = pytest.mark.slow

STUBBORN = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""


def run(*sources, graded=(), seconds=None, **limits):
    """Run cells one after the other; those in `graded` are check cells.

    `seconds` maps the numbers of cells to the time that their metadata ask for.
    """
    cells = [new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources)]
    for number in graded:
        cells[number].metadata["nbgrader"] = {"grade": True, "grade_id": f"check-{number}"}
    for number, value in (seconds or {}).items():
        cells[number].metadata["chainrule"] = {"seconds": value}
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    runner = RunCells(**{"timeout": 3, "timeout_after_first": 2, **limits})
    nb, _ = runner.preprocess(new_notebook(cells=cells, metadata=spec), {"metadata": {"path": ""}})
    nbformat.validate(nb)
    return nb


def shown(nb, cell_id):
    """What a cell shows: printed text, values and names of errors."""
    cell = next(cell for cell in nb.cells if cell.id == cell_id)
    return [
        output.get("ename") or output.get("text") or output["data"]["text/plain"]
        for output in cell.outputs
    ]


def seconds_said(nb, cell_id):
    """After how many seconds a cell was stopped, as its output says."""
    cell = next(cell for cell in nb.cells if cell.id == cell_id)
    return int(cell.outputs[0].evalue.removeprefix("stopped after ").partition(" ")[0])


def test_an_endless_loop_is_stopped_and_the_rest_runs():
    nb = run("x = 1", "while True: pass", "x + 1", graded=[1])
    assert shown(nb, "c1") == ["CellTimeoutError"]
    assert shown(nb, "c2") == ["2"]
    assert [(note.kind, note.cells) for note in read_notes(nb)] == [("timeout", ["check-1"])]


def test_the_reason_is_said_in_words():
    nb = run("while True: pass")
    text = next(cell for cell in nb.cells if cell.id == "c0").outputs[0].evalue
    assert text == "stopped after 3 s: does a loop never end?"


def test_a_loop_that_ignores_the_interrupt_costs_one_cell():
    nb = run("x = 1", "y = x + 1", STUBBORN, "x + y")
    assert shown(nb, "c2") == ["CellTimeoutError"]
    assert shown(nb, "c3") == ["3"]


def test_a_killed_process_costs_one_cell():
    nb = run("x = 1\nprint(x)", "import os; os._exit(1)", "x + 1", graded=[1])
    assert shown(nb, "c0") == ["1\n"]
    assert shown(nb, "c1") == ["DeadKernelError"]
    assert shown(nb, "c2") == ["2"]
    assert [(note.kind, note.cells) for note in read_notes(nb)] == [("died", ["check-1"])]


def test_a_process_killed_again_and_again_ends_in_time():
    killer = "import os; os._exit(1)"
    nb = run(killer, killer, killer, "'reached'", max_restarts=2)
    assert shown(nb, "c2") == ["DeadKernelError"]
    assert shown(nb, "c3") == ["CellTimeoutError"]


def test_the_whole_notebook_has_a_limit():
    nb = run("import time; time.sleep(1.5)", "while True: pass", "'not reached'", total_time=3)
    assert shown(nb, "c1") == ["CellTimeoutError"]
    assert shown(nb, "c2") == ["CellTimeoutError"]


def test_a_cell_that_asks_for_more_time_gets_it_and_so_does_an_own_cell_below_it():
    slow = "import time; time.sleep(4.5); 'done'"
    nb = run(slow, slow, slow, graded=[0, 2], seconds={0: 7})
    assert [shown(nb, name) for name in ("c0", "c1")] == [["'done'"], ["'done'"]]
    assert shown(nb, "c2") == ["CellTimeoutError"]


def test_the_time_a_cell_asks_for_adds_to_the_total():
    nb = run("import time; time.sleep(4)", "time.sleep(1.5)", seconds={0: 7}, total_time=4)
    assert [shown(nb, name) for name in ("c0", "c1")] == [[], []]


def test_the_time_a_cell_asks_for_is_its_limit():
    nb = run("while True: pass", seconds={0: 5})
    assert 4 < seconds_said(nb, "c0") < 10


def test_after_an_endless_loop_the_rest_of_the_exercise_is_cut_short_whatever_it_asks_for():
    nb = run("while True: pass", "while True: pass", graded=[0, 1], seconds={1: 30})
    assert seconds_said(nb, "c1") < 6


@pytest.mark.parametrize("seconds", [1, "60", None, True, 7.5])
def test_a_time_that_is_none_is_refused(seconds):
    with pytest.raises(ValueError, match="metadata of cell c0 ask for"):
        run("1 + 1", seconds={0: seconds})


def test_a_warning_in_a_check_cell_is_no_failure():
    warn = "import sys; print('careful', file=sys.stderr)"
    nb = run(warn, warn, graded=[1])
    names = [next(cell for cell in nb.cells if cell.id == name).outputs[0].name
             for name in ("c0", "c1")]  # fmt: skip
    assert names == ["stderr", "stdout"]


def test_a_failing_check_shows_its_card_once():
    """IPython asks an exception for its traceback more than once."""
    nb = run(
        "from chainrule.checks.message import CheckFailed, Message\n"
        "raise CheckFailed(Message('✗', 'double is wrong.'))"
    )
    kinds = [output.output_type for output in nb.cells[0].outputs]
    assert kinds == ["display_data", "error"]
    assert "double is wrong." in nb.cells[0].outputs[0].data["text/html"]
