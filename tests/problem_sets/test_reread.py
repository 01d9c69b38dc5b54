"""Where a check sends students to reread, there is something to read."""

import re
from pathlib import Path

import nbformat
import pytest

from chainrule.checks import store

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "source").glob("*/checks.json"))


def rereads(folder: Path) -> set[str]:
    """What the exercises' data and the notebook's check cells name."""
    notebook = nbformat.read(folder / f"{folder.name}.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return {
        *(exercise.reread for exercise in store.read(folder / "checks.json").values()),
        *re.findall(r'reread="([^"]+)"', code),
    }


def sections(reread: str) -> list[tuple[str, str]]:
    """The lectures and headings that a text names: ("07", "The sigmoid")."""
    number, places = "", []
    for lecture, heading in re.findall(r"\blecture (\d\d)(?=, “)|“([^”]+)”", reread):
        number = lecture or number
        if heading:
            places.append((number, heading))
    return places


def headings(number: str) -> set[str]:
    """The headings of a lecture, without their numbers."""
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    lines = [
        line
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
    ]
    return {found[1] for line in lines if (found := re.match(r"#+ (?:\d+\. )?(.+?)\s*$", line))}


def test_sections_are_read_out_of_a_text():
    text = "lecture 07, “The sigmoid” and “As in lecture 05”: the sum; lecture 01, “Summary”"
    assert sections(text) == [("07", "The sigmoid"), ("07", "As in lecture 05"), ("01", "Summary")]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_section_to_reread_exists(folder):
    named = {place for reread in rereads(folder) for place in sections(reread)}
    assert named
    assert not {(number, text) for number, text in named if text not in headings(number)}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_exercise_names_a_place(folder):
    assert all(rereads(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_check_of_training_names_a_place(folder):
    notebook = nbformat.read(folder / f"{folder.name}.ipynb", as_version=4)
    cells = [cell.source for cell in notebook.cells if "checks.training(" in cell.source]
    assert all('reread="' in source for source in cells)
