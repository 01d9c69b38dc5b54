"""What students get holds the exercises, and nothing they must not see."""

import nbformat
import pytest
from classroom import CANARIES, NAME, all_text, make_course, source_notebook

from chainrule.grading import release as release_module
from chainrule.grading.course import Course, CourseError
from chainrule.grading.release import ReleaseError, release


def test_the_release_holds_no_secret(released):
    text = all_text(released.release)
    assert "double" in text
    assert [word for word in (*CANARIES, "BEGIN", "return x * x") if word in text] == []


def test_other_files_come_along_and_the_bank_does_not(released):
    names = sorted(path.name for path in (released.release / NAME).iterdir())
    assert names == ["mini.ipynb", "numbers.txt"]


def test_stubs_say_where_to_write(released):
    nb = nbformat.read(released.release / NAME / "mini.ipynb", as_version=4)
    assert "# YOUR CODE HERE\n    raise NotImplementedError()" in nb.cells[2].source
    assert nb.cells[-1].source == "*Write your answer here (replace this line).*"


def test_releasing_again_writes_the_same(released):
    before = all_text(released.release)
    release(released, NAME)
    assert all_text(released.release) == before


def test_an_unknown_problem_set_is_named_with_those_there_are(released):
    with pytest.raises(CourseError, match=r"'nope' in source/ \(there is: mini\)"):
        release(released, "nope")


def test_a_source_nbgrader_refuses_leaves_the_last_release(released):
    before = all_text(released.release)
    nb = source_notebook()
    nb.cells[2].source = nb.cells[2].source.replace("### END SOLUTION", "")
    nbformat.write(nb, released.source / NAME / "mini.ipynb")
    with pytest.raises(ReleaseError, match="could not generate mini"):
        release(released, NAME)
    assert all_text(released.release) == before


@pytest.mark.parametrize("secret", ["# BEGIN SOLUTIONS", "### END HIDDEN TESTS"])
def test_a_secret_nbgrader_overlooks_is_not_released(released, monkeypatch, secret):
    before = all_text(released.release)

    def leak(shop, converter, student="."):
        nb = source_notebook()
        nb.cells = [nbformat.v4.new_code_cell(secret)]
        nbformat.write(nb, shop.folder("release") / "mini.ipynb")

    monkeypatch.setattr(release_module.Workshop, "run", leak)
    with pytest.raises(ReleaseError, match="would be released"):
        release(released, NAME)
    assert all_text(released.release) == before


def test_a_bank_the_configuration_forgot_is_not_released(course):
    config = course.root / "nbgrader_config.py"
    config.write_text(
        config.read_text(encoding="utf-8").replace('"mistakes*",', ""), encoding="utf-8"
    )
    with pytest.raises(ReleaseError, match="mistakes would be released"):
        release(course, NAME)
    assert not (course.release / NAME).exists()


def test_a_folder_name_with_glob_characters_works(tmp_path):
    course = make_course(tmp_path / "course [2026] naïve")
    release(course)
    assert [word for word in CANARIES if word in all_text(course.release)] == []


def test_a_course_is_found_from_inside(released):
    assert Course.around(released.source / NAME).root == released.root


def test_outside_of_a_course_it_is_said_what_makes_one(tmp_path):
    with pytest.raises(CourseError, match=r"nbgrader_config\.py and source/"):
        Course.around(tmp_path)
