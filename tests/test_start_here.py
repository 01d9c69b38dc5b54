"""The page where everybody begins says what is there, and what to do about what is not."""

import importlib.metadata
import importlib.util
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

from chainrule.checks import CheckFailed, Checks, store

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"
LECTURES = sorted(path for path in NOTEBOOKS.glob("*.ipynb") if not path.stem.startswith("00"))


@cache
def page():
    return nbformat.read(NOTEBOOKS / "00_start_here.ipynb", as_version=4)


def text():
    return "\n\n".join(cell.source for cell in page().cells if cell.cell_type == "markdown")


def picture():
    """What the map says to somebody who cannot see it."""
    outputs = [o for cell in page().cells if cell.cell_type == "code" for o in cell.outputs]
    (said,) = (o.data["text/plain"] for o in outputs if "Map of the course" in str(o.get("data")))
    return said


def rows(first_column):
    """The rows of the table with this heading, as lists of cells."""
    table = text().partition(f"| {first_column} |")[2].partition("\n\n")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


# --- the way through ------------------------------------------------------------------------------


def numbers(said):
    """The lectures in "01, 05", "07 to 09, 11" or "all of them", among the fourteen."""
    if "all of them" in said or "whole course" in said:
        return set(range(1, 14))
    found = re.findall(r"\b(\d\d)\b(?: to (\d\d)\b)?", said)
    return {n for low, high in found for n in range(int(low), int(high or low) + 1)}


def test_numbers_are_read_out_of_a_text():
    assert numbers("lectures 07 to 09 (parts) and 11") == {7, 8, 9, 11}
    assert numbers("") == set()


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_table_and_map_say_what_the_lecture_itself_says_it_needs(path):
    opening = nbformat.read(path, as_version=4).cells[0].source
    needs = re.search(r"^You need (.*?)\.(?:\s|$)", opening, re.DOTALL | re.MULTILINE)[1]
    (row,) = (row for row in rows("lecture") if f"({path.name})" in row[0])
    assert numbers(row[2] if len(row) > 2 else "") == numbers(needs)
    box = re.search(rf"\b{path.stem[:2]} [^(;]+\((?:needs )?([^)]*)\)", picture())[1]
    assert numbers(box) == numbers(needs)


def test_the_table_lists_fourteen_lectures_in_order():
    listed = [re.match(r"\[(\d\d) [^\]]+\]\((\d\d)_", row[0]).groups() for row in rows("lecture")]
    assert listed == [(f"{n:02}", f"{n:02}") for n in range(1, 15)]


def test_problem_sets_come_in_the_picture_where_the_table_says():
    order = re.findall(r"(?:\b(\d\d) [^(;]+\(|Problem set (\d))", picture())
    places = {}
    for lecture, problem_set in order:
        if lecture:
            last = lecture
        else:
            places[problem_set] = last
    assert places == {re.search(r"\d", row[0])[0]: row[1] for row in rows("problem set")}


@pytest.mark.parametrize("number", range(1, 6))
def test_a_problem_set_is_linked_as_soon_as_it_is_released(number):
    (row,) = (row[0] for row in rows("problem set") if re.match(rf"\[?{number} ", row[0]))
    released = list((ROOT / "release").glob(f"ps{number}_*"))
    if released:
        link = f"(../release/{released[0].name}/{released[0].name}.ipynb)"
        assert link in row, f"link problem set {number} in notebooks/00_start_here.ipynb"
    else:
        assert "(to come)" in row


# --- the check of the installation ----------------------------------------------------------------


def run_cells(with_text, **namespace):
    """Run the helpers and the cell with this text."""
    cells = [cell.source for cell in page().cells if cell.cell_type == "code"]
    for source in (cells[0], next(cell for cell in cells if with_text in cell)):
        exec(source, namespace)


def test_what_is_there_is_fine_whatever_its_version(capsys, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda package: "99.0rc1.dev0")
    run_cells("numpy 1.26 or newer")
    said = capsys.readouterr().out.splitlines()
    assert "numpy 1.26 or newer: fine" in said
    assert "99" not in "".join(said)


@pytest.mark.parametrize("have", ["1.25.9", None])
def test_what_is_old_or_missing_comes_with_what_to_do(capsys, monkeypatch, have):
    def version(package):
        if have is None:
            raise importlib.metadata.PackageNotFoundError(package)
        return have

    monkeypatch.setattr(importlib.metadata, "version", version)
    run_cells("numpy 1.26 or newer")
    (line,) = (s for s in capsys.readouterr().out.splitlines() if s.startswith("numpy"))
    assert line.startswith("numpy 1.26 or newer: NOT YET. ")
    assert "python3 course.py lab" in line


def test_files_that_are_missing_come_with_what_to_do(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run_cells("the check on this page")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all("NOT YET. Open this notebook from its own folder" in line for line in lines)


def test_the_versions_asked_for_are_those_that_the_course_promises():
    wanted = dict(re.findall(r"^([a-z-]+)>=([\d.]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE))  # fmt: skip # noqa: E501
    cells = "\n".join(cell.source for cell in page().cells if cell.cell_type == "code")
    asked = re.findall(r'recent\("([a-z-]+)", (\d+), (\d+)\)', cells)
    assert len(asked) == 3
    for package, major, minor in asked:
        assert wanted[package] == f"{major}.{minor}"
        assert f'"{package} {major}.{minor} or newer"' in cells


# --- the check that shows what a check says -------------------------------------------------------


@pytest.fixture(scope="module")
def tool():
    path = ROOT / "tools" / "start_here_checks.py"
    spec = importlib.util.spec_from_file_location("start_here_checks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_data_file_is_what_its_tool_writes(tool):
    stored = tool.DATA.read_text(encoding="utf-8")
    assert store.equivalent(stored, tool.text()), "run: python tools/start_here_checks.py"


def test_right_answers_pass_and_wrong_ones_are_called_by_their_names(tool, capsys):
    for answer in tool.slope.right.values():
        Checks(tool.DATA, {"slope_of_square": answer}).result("slope_of_square")
    for wrong in tool.slope.wrong:
        with pytest.raises(CheckFailed) as caught:
            Checks(tool.DATA, {"slope_of_square": wrong.answer}).result("slope_of_square")
        assert caught.value.mistake == wrong.named


def test_the_page_shows_a_card_for_a_wrong_answer_and_one_for_a_right_one():
    outputs = [o for cell in page().cells if cell.cell_type == "code" for o in cell.outputs]
    cards = [o.data["text/plain"] for o in outputs if "slope_of_square" in str(o.get("data"))]
    assert [card[0] for card in cards] == ["✗", "✓"]
    assert "half as large" in cards[0]
    assert "Reread: lecture 01" in cards[0]
