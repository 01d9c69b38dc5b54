"""What students get is fresh, complete, and gives nothing away."""

import ast
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from chainrule.checks import store
from chainrule.grading.course import Course
from chainrule.grading.release import release

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.parent.name for path in (ROOT / "source").glob("*/*.ipynb"))

pytestmark = pytest.mark.parametrize("name", NAMES)


def notebook(folder: Path):
    return nbformat.read(folder / f"{folder.name}.ipynb", as_version=4)


def answers(name: str) -> list[str]:
    """The solution regions of the instructor's notebook."""
    text = "\n".join(cell.source for cell in notebook(ROOT / "source" / name).cells)
    return re.findall(r"### BEGIN SOLUTION\n(.*?)\s*### END SOLUTION", text, re.DOTALL)


def hidden_tests(name: str) -> list[str]:
    text = "\n".join(cell.source for cell in notebook(ROOT / "source" / name).cells)
    return re.findall(r"### BEGIN HIDDEN TESTS\n(.*?)\s*### END HIDDEN TESTS", text, re.DOTALL)


def visible_lines(name: str) -> set[str]:
    """What the instructor's notebook says outside of the regions that are taken out."""
    text = "\n".join(cell.source for cell in notebook(ROOT / "source" / name).cells)
    for what in ("SOLUTION", "HIDDEN TESTS"):
        text = re.sub(rf"### BEGIN {what}\n.*?### END {what}", "", text, flags=re.DOTALL)
    return {line.strip() for line in text.splitlines()}


def released_text(name: str) -> str:
    return "\n".join(cell.source for cell in notebook(ROOT / "release" / name).cells)


@pytest.mark.filterwarnings("default")
def test_the_committed_release_is_what_the_source_generates(name, tmp_path):
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "source" / name, tmp_path / "source" / name)
    release(Course.at(tmp_path), name)
    made, committed = tmp_path / "release" / name, ROOT / "release" / name
    assert sorted(p.name for p in made.iterdir()) == sorted(p.name for p in committed.iterdir())
    assert notebook(made) == notebook(committed)
    assert store.equivalent(
        *((folder / "checks.json").read_text(encoding="utf-8") for folder in (made, committed))
    )


def test_no_line_of_a_solution_is_released(name):
    released = {line.strip() for line in released_text(name).splitlines()}
    secret = {line.strip() for answer in answers(name) for line in answer.splitlines()}
    common = {line for line in secret & released if len(line) > 12}
    # The statement shows what to write around the layers, and both have it as their last line.
    assert common <= {"return network"}


def test_no_hidden_check_and_no_rubric_is_released(name):
    released = released_text(name)
    assert "HIDDEN TESTS" not in released
    assert "SOLUTION" not in released
    assert "rubric" not in released.lower()
    hidden = {line.strip() for text in hidden_tests(name) for line in text.splitlines()}
    secret = {line for line in hidden - visible_lines(name) if len(line) > 20}
    assert secret
    assert not [line for line in secret if line in released]


def test_no_code_of_the_bank_is_released(name):
    files = [path for path in (ROOT / "release" / name).rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".ipynb", ".json"}
    data = (ROOT / "release" / name / "checks.json").read_text(encoding="utf-8")
    code = {
        ast.unparse(statement)
        for path in (ROOT / "source" / name).glob("mistakes/*.py")
        for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.Return)
    }
    assert len(code) > 100
    assert not [line for line in code if len(line) > 15 and line in data]


def test_every_answer_cell_is_a_stub_and_no_output_is_stored(name):
    for cell in notebook(ROOT / "release" / name).cells:
        mark = cell.metadata.nbgrader
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
        if mark.solution:
            assert "YOUR CODE HERE" in cell.source or "Write your answer here" in cell.source


def test_points_add_up_to_100_with_some_graded_by_a_person(name):
    marks = [cell.metadata.nbgrader for cell in notebook(ROOT / "release" / name).cells]
    graded = [mark for mark in marks if mark.grade and not mark.grade_id.startswith("bonus")]
    assert sum(mark.points for mark in graded) == 100  # a bonus comes on top
    assert any(mark.grade and mark.solution for mark in marks)


def test_what_students_need_not_edit_is_locked(name):
    for cell in notebook(ROOT / "release" / name).cells:
        assert cell.metadata.nbgrader.locked != cell.metadata.nbgrader.solution
