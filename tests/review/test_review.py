"""A student asks what passes: the notebook is found, run and explained, and never changed."""

import shutil
from pathlib import Path

import nbformat
import pytest

from chainrule import cli, review
from chainrule.commands import check
from chainrule.review import run

ROOT = Path(__file__).parents[2]
NAME = "ps3_activations_losses"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A student's folder, with somebody's answers of the sample class in it."""

    def make(student="full_solution_a"):
        folder = tmp_path / NAME
        shutil.copytree(ROOT / "tests" / "sample_class" / student / NAME, folder)
        shutil.copy(ROOT / "release" / NAME / "checks.json", folder)
        monkeypatch.chdir(folder)
        return folder

    return make


# --- finding --------------------------------------------------------------------------------------


def complaint(*arguments, capsys):
    assert cli.main(["check", *arguments]) == cli.USAGE
    return capsys.readouterr().err


def test_folder_notebook_and_beginning_of_the_name_all_mean_the_notebook(desk, tmp_path):
    path = desk() / f"{NAME}.ipynb"
    start = Path.cwd()
    assert review.find_notebook(".", start).resolve() == path
    assert review.find_notebook(f"{NAME}.ipynb", start).resolve() == path
    assert review.find_notebook("ps3", tmp_path).resolve() == path
    assert review.find_notebook("ps3", start).resolve() == path  # one folder up
    assert review.find_notebook("ps3", ROOT / "docs") == ROOT / "release" / NAME / f"{NAME}.ipynb"


def test_a_folder_of_another_name_still_knows_its_notebook(desk, tmp_path):
    folder = desk().rename(tmp_path / "homework")
    assert review.find_notebook("homework", tmp_path) == folder / f"{NAME}.ipynb"


def test_a_renamed_notebook_is_told_its_name(desk, capsys):
    folder = desk("renamed_notebook")
    said = complaint(capsys=capsys)
    assert f"but there is {NAME} (1).ipynb: has it been renamed?" in said
    assert f"handed in as {NAME}.ipynb" in said
    assert list(folder.glob("*.ipynb"))


def test_a_missing_notebook_and_missing_data_are_said(desk, capsys):
    folder = desk()
    (folder / f"{NAME}.ipynb").unlink()
    assert f"{NAME}.ipynb is missing" in complaint(capsys=capsys)
    (folder / "checks.json").unlink()
    assert "is no problem set: checks.json" in complaint(capsys=capsys)
    assert "no problem set 'ps9' here" in complaint("ps9", capsys=capsys)


def test_a_beginning_that_fits_several_is_not_enough(desk, tmp_path, monkeypatch, capsys):
    shutil.copytree(desk(), tmp_path / "ps3_copy")
    monkeypatch.chdir(tmp_path)
    assert f"could be any of {NAME}, ps3_copy" in complaint("ps3", capsys=capsys)


def test_a_damaged_notebook_is_said_to_be(desk, capsys):
    desk("truncated_notebook")
    said = complaint(capsys=capsys)
    assert "cannot be read as a notebook" in said
    assert "Traceback" not in said


def test_a_notebook_without_graded_cells_is_no_problem_set(tmp_path, capsys):
    path = tmp_path / "notes.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    assert "has no graded cells" in complaint(str(path), capsys=capsys)


# --- running --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_when_everything_visible_passes_the_exit_code_is_0(desk, capsys):
    folder = desk()
    before = (folder / f"{NAME}.ipynb").read_bytes()
    assert cli.main(["check"]) == cli.OK
    out = capsys.readouterr().out
    assert "✓ Exercise 1: ReLU: 7 of 7; 5 more at grading" in out
    assert "… Exercise 9: two questions in words: 10 from a person" in out
    assert "Points so far: 49 of 49. Hidden checks decide 41 more, a person 10." in out
    assert (folder / f"{NAME}.ipynb").read_bytes() == before


@pytest.mark.slow
def test_a_mistake_is_explained_and_costs_its_points_alone(desk, capsys):
    desk("no_upstream_gradient")
    assert cli.main(["check"]) == cli.ATTENTION
    out = capsys.readouterr().out
    assert "✗ Exercise 1: ReLU: 3 of 7; 5 more at grading\n    ✗ ReLU backward: output_grad" in out
    assert "Reread: lecture 07" in out
    assert "✓ Exercise 2: Tanh: 7 of 7" in out
    assert "Points so far: 45 of 49." in out


@pytest.mark.slow
def test_what_is_not_written_yet_is_said_in_a_line(desk, capsys):
    desk("blank")
    assert cli.main(["check"]) == cli.ATTENTION
    out = capsys.readouterr().out
    assert "✗ Exercise 1: ReLU: 0 of 7; 5 more at grading\n    not written yet\n✗ Exer" in out
    assert "10 from a person, not answered yet" in out
    assert "Points so far: 0 of 49." in out


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("# YOUR CODE HERE\nraise NotImplementedError()", "    not written yet"),
        ("experiment(train_deep)", "    ✗ your cell stops with NotImplementedError: later"),
    ],
)
def test_code_that_a_person_grades_is_not_written_while_its_placeholder_stands(source, says):
    error = nbformat.v4.new_output("error", ename="NotImplementedError", evalue="later")
    cell = nbformat.v4.new_code_cell(source, outputs=[error])
    cell.metadata.nbgrader = {"grade": True, "solution": True, "points": 12}
    exercise = review.Exercise("an experiment")
    run._take_down(exercise, cell, stopped=False)
    first, rest = review.as_text(exercise).split("\n", 1)
    unanswered = "not answered yet" in first
    assert first.startswith("✗ an experiment: 12 from a person")
    assert rest == says
    assert unanswered == ("YOUR CODE" in source)


@pytest.mark.slow
def test_an_error_in_a_cell_and_an_endless_loop_are_named(desk, capsys, monkeypatch):
    monkeypatch.setattr(run, "SECONDS", 5)
    folder = desk("syntax_error")
    assert cli.main(["check"]) == cli.ATTENTION
    assert "✗ your cell stops with SyntaxError" in capsys.readouterr().out
    shutil.rmtree(folder)
    desk("endless_loop")
    assert cli.main(["check"]) == cli.ATTENTION
    out = capsys.readouterr().out
    assert "does a loop never end?" in out
    assert "✓ Exercise 7" in out


@pytest.mark.slow
def test_a_dead_kernel_is_said_and_what_was_not_run_earns_nothing(desk, capsys):
    folder = desk()
    path = folder / f"{NAME}.ipynb"
    nb = nbformat.read(path, as_version=4)
    place = next(i for i, cell in enumerate(nb.cells) if cell.id == "tanh_answer")
    nb.cells[place].source = "import os\nos._exit(0)"
    nbformat.write(nb, path)
    assert cli.main(["check"]) == cli.ATTENTION
    out = capsys.readouterr().out
    assert "✓ Exercise 1: ReLU" in out
    assert "a cell ended the Python process; the cells below were not run." in out
    assert "Points so far: 7 of 49." in out


def test_watching_runs_again_when_the_notebook_is_saved(desk, capsys, monkeypatch):
    folder = desk()
    path, runs = folder / f"{NAME}.ipynb", []
    monkeypatch.setattr(check, "_check_once", lambda *_: runs.append(1) or cli.OK)

    def wait(_):
        if len(runs) == 2:
            raise KeyboardInterrupt
        path.write_bytes(path.read_bytes() + b"\n")

    monkeypatch.setattr(check.time, "sleep", wait)
    assert cli.main(["check", "--watch"]) == cli.OK
    assert len(runs) == 2
    assert "Waiting for you to save" in capsys.readouterr().out
