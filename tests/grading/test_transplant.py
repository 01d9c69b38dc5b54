"""Whatever happened to a notebook's cells, its answers arrive in the pristine assignment."""

import nbformat
import pytest
from classroom import ROOT, Student
from nbformat.v4 import new_code_cell, new_markdown_cell

from chainrule.grading.execute import seconds_by_cell
from chainrule.grading.notes import CELL_ID, read_notes
from chainrule.grading.transplant import is_students, transplant

TEMPLATE = ["double", "double-check", "double-hidden", "square", "square-check", "why"]


def graded(student, pristine):
    nb, _ = transplant(student.nb, pristine)
    return Student(nb)


def order(student):
    """Grade ids, and the text of own cells, from top to bottom."""
    return [
        cell.metadata.get("nbgrader", {}).get("grade_id") or cell.source
        for cell in student.nb.cells
        if cell.id.startswith("own-") or "nbgrader" in cell.metadata
    ]


def kinds(student):
    return {note.kind: note.cells for note in read_notes(student.nb)}


def test_the_answers_stand_in_the_pristine_notebook(student, pristine):
    nb = graded(student.solve(), pristine).nb
    assert [cell.id for cell in nb.cells] == [cell.id for cell in pristine.cells]
    assert nb.cells[2].source == "def double(x):\n    return 2 * x"
    assert nb.cells[-1].source == "Because two is a number."
    assert nb.metadata == pristine.metadata


def test_an_untouched_notebook_stays_as_released(student, pristine):
    result = graded(student, pristine)
    assert [cell.source for cell in result.nb.cells] == [cell.source for cell in pristine.cells]
    assert kinds(result) == {}


def test_line_ends_and_trailing_blanks_are_not_an_answer(student, pristine):
    stub = student.cell("double").source
    student.answer("double", stub.replace("\n", "\r\n") + "\n\n")
    assert graded(student, pristine).cell("double").source == stub


@pytest.mark.parametrize("grade_id", TEMPLATE)
def test_a_deleted_cell_is_put_back(student, pristine, grade_id):
    student.solve().nb.cells.remove(student.cell(grade_id))
    result = graded(student, pristine)
    assert order(result) == TEMPLATE
    assert kinds(result) == {"deleted": [grade_id]}


def test_an_edited_check_gets_its_own_text_back(student, pristine):
    student.solve().answer("double-check", "pass")
    result = graded(student, pristine)
    assert "twice 3 is 6" in result.cell("double-check").source
    assert kinds(result) == {"edited": ["double-check"]}


def test_a_copy_of_a_check_is_dropped(student, pristine):
    student.solve().nb.cells.append(student.copy_of("double-check", "double = lambda x: 6"))
    result = graded(student, pristine)
    assert order(result) == TEMPLATE
    assert kinds(result) == {"edited": ["double-check"], "doubled": ["double-check"]}


def test_of_two_copies_the_changed_answer_counts(student, pristine):
    student.solve()
    blank = student.copy_of("double", pristine.cells[2].source)
    student.nb.cells.insert(student.index("square"), blank)
    result = graded(student, pristine)
    assert order(result) == TEMPLATE
    assert "return 2 * x" in result.cell("double").source


def test_of_several_changed_copies_the_last_counts_and_the_others_run_before(student, pristine):
    student.solve()
    later = student.copy_of("double", "def double(x):\n    return x + x")
    student.nb.cells.append(later)
    result = graded(student, pristine)
    assert result.cell("double").source == later.source
    assert order(result) == ["def double(x):\n    return 2 * x", *TEMPLATE]


def test_the_parts_of_a_split_answer_all_run_in_order(student, pristine):
    student.solve().answer("double", "def double(x):\n    return TWO * x")
    student.nb.cells.insert(student.index("double"), student.copy_of("double", "TWO = 2"))
    assert order(graded(student, pristine))[:2] == ["TWO = 2", "double"]


def test_a_retyped_answer_is_code_again(student, pristine):
    student.solve()
    cell = student.cell("double")
    retyped = new_markdown_cell(cell.source, metadata=cell.metadata, id=cell.id)
    student.nb.cells[student.index("double")] = retyped
    result = graded(student, pristine)
    assert result.cell("double").cell_type == "code"
    assert "return 2 * x" in result.cell("double").source
    assert kinds(result) == {"retyped": ["double"]}


def test_notes_split_off_an_answer_do_not_replace_it(student, pristine):
    student.solve()
    cell = student.copy_of("double")
    notes = new_markdown_cell("My thoughts", metadata=cell.metadata, id="thoughts")
    student.nb.cells.insert(student.index("double") + 1, notes)
    assert "return 2 * x" in graded(student, pristine).cell("double").source


@pytest.mark.parametrize(
    "change",
    [
        {"points": 100},
        {"grade": False, "locked": False},
        {"solution": True},
        {"schema_version": 1},
        {"schema_version": 99},
        {"cell_type": "raw"},
        {"checksum": "forged"},
    ],
)
def test_changed_marks_change_nothing(student, pristine, change):
    student.solve()
    for cell in student.nb.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(change)
    result = graded(student, pristine)
    cells = [cell for cell in result.nb.cells if cell.id != CELL_ID]
    assert [cell.metadata for cell in cells] == [cell.metadata for cell in pristine.cells]


def test_tags_do_not_come_along(student, pristine):
    for cell in student.solve().own("x = 1", after="double").nb.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
    assert all("tags" not in cell.metadata for cell in graded(student, pristine).nb.cells)


def test_forged_outputs_do_not_come_along(student, pristine):
    result = nbformat.v4.new_output("execute_result", {"text/plain": "3.0"})
    student.cell("double-hidden").outputs = [result]
    assert graded(student, pristine).cell("double-hidden").outputs == []


def test_an_answer_without_metadata_is_found_by_its_cell_id(student, pristine):
    for cell in student.solve().nb.cells:
        cell.metadata.clear()
    result = graded(student, pristine)
    assert "return 2 * x" in result.cell("double").source
    assert order(result) == TEMPLATE


def test_own_cells_keep_their_place_between_the_answers(student, pristine):
    student.solve()
    student.own("helper_one = 1", after="imports")
    student.own("helper_two = 2", after="double-hidden")
    student.nb.cells.insert(0, new_code_cell("on_top = 0"))
    assert order(graded(student, pristine)) == [
        "on_top = 0", "helper_one = 1", *TEMPLATE[:3], "helper_two = 2", *TEMPLATE[3:]
    ]  # fmt: skip


def test_own_cells_keep_their_order(student, pristine):
    for text in ("third", "second", "first"):
        student.own(text, after="double")
    assert order(graded(student, pristine))[1:4] == ["first", "second", "third"]


def test_an_own_cell_follows_the_answer_it_was_written_under(student, pristine):
    """Also if the student moved that answer to the end."""
    answer = student.solve().cell("double")
    student.nb.cells.remove(answer)
    student.nb.cells += [answer, new_code_cell("after_double = 1")]
    assert order(graded(student, pristine))[:2] == ["double", "after_double = 1"]


def test_a_changed_given_cell_runs_after_the_pristine_one(student, pristine):
    student.answer("imports", "import math, random")
    sources = [cell.source for cell in graded(student, pristine).nb.cells]
    assert sources[1:3] == ["import math", "import math, random"]


def test_given_cells_are_known_by_their_text_when_ids_are_lost(student, pristine):
    for number, cell in enumerate(student.nb.cells):
        cell.id = f"lost-{number}"
    result = graded(student, pristine)
    assert len(result.nb.cells) == len(pristine.cells)


def test_cells_of_another_assignment_become_own_cells(student, pristine):
    stray = new_code_cell("y = 1", metadata={"nbgrader": {"grade_id": "elsewhere", "grade": True}})
    student.nb.cells.append(stray)
    result = graded(student, pristine)
    assert result.nb.cells[-1].source == "y = 1"
    assert result.nb.cells[-1].metadata == {"chainrule": {"author": "student"}}


@pytest.mark.parametrize("marks", [None, "text", 3, [], {"grade_id": None}, {"grade_id": ["x"]}])
def test_nonsense_in_the_metadata_does_no_harm(student, pristine, marks):
    student.solve().own("z = 1", after="double").nb.cells[0].metadata["nbgrader"] = marks
    assert order(graded(student, pristine)) == ["double", "z = 1", *TEMPLATE[1:]]


def test_pictures_in_a_written_answer_are_kept(student, pristine):
    student.solve().cell("why").attachments = {"plot.png": {"image/png": "iVBORw0KGgo="}}
    assert "plot.png" in graded(student, pristine).cell("why").attachments


def test_the_same_submission_gives_the_same_notebook(student, pristine):
    student.solve().own("x = 1", after="double").nb.cells.remove(student.cell("square"))
    twice = [nbformat.writes(graded(student, pristine).nb) for _ in range(2)]
    assert twice[0] == twice[1]


def test_the_result_is_a_valid_notebook(student, pristine):
    student.solve().own("x = 1", after="double").nb.cells.append(student.copy_of("double", "a"))
    nbformat.validate(graded(student, pristine).nb)


def test_what_was_mended_is_written_on_top(student, pristine):
    student.nb.cells.remove(student.cell("double-check"))
    first = graded(student, pristine).nb.cells[0]
    assert first.id == CELL_ID
    assert "had been deleted; they were put back: double-check" in first.source


# ------------------------------------------------------------------ marks, tags
@pytest.mark.parametrize(
    "change", [{"points": 100}, {"grade": False}, {"solution": True}, {"schema_version": 1}]
)
def test_changed_points_and_flags_are_noted(student, pristine, change):
    student.solve().cell("double-check").metadata.nbgrader.update(change)
    assert kinds(graded(student, pristine)) == {"metadata": ["double-check"]}


def test_a_changed_grade_id_is_noted_and_the_cell_known_by_its_own_id(student, pristine):
    student.solve().cell("double-check").metadata.nbgrader.grade_id = "else"
    result = graded(student, pristine)
    assert order(result) == TEMPLATE
    assert kinds(result) == {"metadata": ["double-check"]}


@pytest.mark.parametrize("tag", ["skip-execution", "raises-exception"])
def test_tags_that_switch_a_check_off_are_noted(student, pristine, tag):
    student.solve().cell("double-check").metadata["tags"] = ["mine", tag]
    assert kinds(graded(student, pristine)) == {"tags": ["double-check"]}


def test_other_tags_are_nobodys_business(student, pristine):
    for cell in student.solve().nb.cells:
        cell.metadata["tags"] = ["remove-cell", "parameters"]
    assert kinds(graded(student, pristine)) == {}


# ------------------------------------------------------------------ whose cell
def test_the_students_cells_are_answers_and_own_cells(student, pristine):
    student.solve().own("x = 1", after="double")
    result = graded(student, pristine).nb
    assert [cell.id for cell in result.cells if is_students(cell)] == [
        "double", "own-1", "square", "why"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "forged",
    [
        {"chainrule": {"author": "instructor"}},
        {"nbgrader": {"grade_id": "mine", "solution": False, "grade": True, "locked": True}},
        {"nbgrader": {"grade_id": "double-check", "solution": True}},
        {"chainrule": {"seconds": 3600}},
    ],
)
def test_nothing_in_a_submission_says_whose_a_cell_is(student, pristine, forged):
    student.solve().own("x = 1", after="double")
    for cell in student.nb.cells:
        cell.metadata.update(nbformat.from_dict(forged))
        cell.id = f"instructor-{cell.id}"
    result = graded(student, pristine).nb
    ours = {cell.id for cell in pristine.cells}
    for cell in result.cells:
        if cell.id in ours:
            original = next(one for one in pristine.cells if one.id == cell.id)
            assert is_students(cell) == bool(original.metadata.get("nbgrader", {}).get("solution"))
        elif cell.id != CELL_ID:
            assert is_students(cell)


def test_own_cells_never_have_the_id_of_a_released_one(student, pristine):
    pristine.cells[0].id = "own-1"
    student.own("x = 1", after="double").own("y = 2", after="double")
    ids = [cell.id for cell in graded(student, pristine).nb.cells]
    assert len(set(ids)) == len(ids)


def test_an_own_cell_does_not_ask_for_time(student, pristine):
    student.solve().own("x = 1", after="double")
    student.nb.cells[3].metadata["chainrule"] = {"seconds": 3600}
    assert seconds_by_cell(graded(student, pristine).nb, 15) == [15] * 10


# ------------------------------------------------------------------ split, joined, moved
def test_a_split_answer_is_nothing_to_remark_on(student, pristine):
    student.solve().answer("double", "def double(x):\n    return TWO * x")
    student.nb.cells.insert(student.index("double"), student.copy_of("double", "TWO = 2"))
    student.nb.cells.insert(student.index("double") + 1, student.copy_of("double", ""))
    result = graded(student, pristine)
    assert kinds(result) == {}
    assert order(result)[:2] == ["TWO = 2", "double"]
    assert "return TWO * x" in result.cell("double").source


def test_two_versions_of_an_answer_are_remarked_on(student, pristine):
    student.solve().nb.cells.append(student.copy_of("double", "def double(x):\n    return 7"))
    assert kinds(graded(student, pristine)) == {"doubled": ["double"]}


def test_a_split_answer_in_words_is_read_as_a_whole(student, pristine):
    student.solve().answer("why", "First.")
    student.nb.cells += [student.copy_of("why", ""), student.copy_of("why", "Second.")]
    result = graded(student, pristine)
    assert result.cell("why").source == "First.\n\nSecond."
    assert order(result) == TEMPLATE
    assert kinds(result) == {}


def test_pictures_of_a_split_answer_are_kept(student, pristine):
    student.solve().cell("why").attachments = {"a.png": {"image/png": "iVBORw0KGgo="}}
    other = student.copy_of("why", "Second.")
    other.attachments = {"b.png": {"image/png": "iVBORw0KGgo="}, "c.html": {"text/html": "<b>"}}
    student.nb.cells.append(other)
    assert list(graded(student, pristine).cell("why").attachments) == ["a.png"]
    del other.attachments["c.html"]
    assert list(graded(student, pristine).cell("why").attachments) == ["a.png", "b.png"]


def test_an_answer_moved_into_another_is_not_undone_by_its_stub(student, pristine):
    student.solve()
    square = student.cell("square")
    student.cell("double").source += f"\n\n\n{square.source}"
    student.nb.cells.remove(square)
    result = graded(student, pristine)
    assert order(result) == TEMPLATE
    assert result.cell("square").source == "# square: defined in another cell"
    assert kinds(result) == {"moved": ["square"]}


def test_an_answer_in_an_own_cell_stays_there_when_its_own_is_emptied(student, pristine):
    student.solve().answer("square", "").own("def square(x):\n    return x * x", after="double")
    result = graded(student, pristine)
    assert order(result)[1] == "def square(x):\n    return x * x"
    assert result.cell("square").source == ""


def test_a_deleted_answer_that_nobody_defines_is_a_stub_again(student, pristine):
    student.solve().nb.cells.remove(student.cell("square"))
    result = graded(student, pristine)
    assert "NotImplementedError" in result.cell("square").source


# ------------------------------------------------------------------ everything lost
def bare(student):
    """As an editor saves it that keeps neither metadata nor ids."""
    for number, cell in enumerate(student.nb.cells):
        cell.metadata = nbformat.from_dict({"colab": {"x": 1}, "id": f"c{number}"})
        cell.id = f"lost-{number}"
    return student


def test_answers_are_found_by_what_they_define(student, pristine):
    result = graded(bare(student.solve()), pristine)
    assert order(result) == TEMPLATE
    assert "return 2 * x" in result.cell("double").source
    assert "return x**2" in result.cell("square").source
    assert result.cell("why").source == "Because two is a number."
    assert kinds(result) == {}


def test_an_untouched_notebook_without_marks_stays_as_released(student, pristine):
    result = graded(bare(student), pristine)
    assert result.nb.cells == pristine.cells


def test_own_cells_among_cells_without_marks_stay_own_cells(student, pristine):
    student.solve().own("def helper(x):\n    return x", after="imports")
    student.own("# Notes", after="double-hidden").nb.cells[6].cell_type = "markdown"
    result = graded(bare(student), pristine)
    assert order(result) == [
        "def helper(x):\n    return x", *TEMPLATE[:3], "# Notes", *TEMPLATE[3:]
    ]  # fmt: skip
    assert kinds(result) == {}


def test_the_answer_itself_wins_over_cells_that_define_the_same(student, pristine):
    student.solve().own("def double(x):\n    return 0", after="double-hidden")
    result = graded(student, pristine)
    assert "return 2 * x" in result.cell("double").source
    assert order(result) == [*TEMPLATE[:3], "def double(x):\n    return 0", *TEMPLATE[3:]]


def test_several_answers_in_one_cell_without_marks_count(student, pristine):
    student.solve()
    student.cell("double").source += f"\n\n\n{student.cell('square').source}"
    student.nb.cells.remove(student.cell("square"))
    result = graded(bare(student), pristine)
    assert "return x**2" in result.cell("double").source
    assert kinds(result) == {"moved": ["square"]}


def test_a_check_cannot_be_claimed_by_what_a_cell_defines(student, pristine):
    """Only answers are looked for by definition, and only the unchanged text is a check."""
    pristine.cells[3].source = "def check():\n    assert double(3) == 6\n\n\ncheck()"
    student.nb.cells[3] = new_code_cell("def check():\n    pass")
    result = graded(student, pristine)
    assert "assert double(3) == 6" in result.cell("double-check").source
    assert kinds(result) == {"deleted": ["double-check"]}


def test_a_check_that_is_run_again_in_an_own_cell_is_nothing_to_remark_on(student, pristine):
    student.solve().own(student.cell("double-check").source, after="double-check")
    result = graded(student, pristine)
    assert len(result.nb.cells) == len(pristine.cells) + 1
    assert kinds(result) == {}


def test_what_two_cells_of_the_release_define_tells_nothing(student, pristine):
    pristine.cells[6].source = pristine.cells[2].source
    student.nb.cells = [new_code_cell("def double(x):\n    return 2 * x")]
    result = graded(student, pristine)
    assert "own-1" in [cell.id for cell in result.nb.cells]


def test_code_in_a_text_cell_is_no_answer(student, pristine):
    student.nb.cells.remove(student.cell("double"))
    student.nb.cells.append(new_markdown_cell("def double(x):\n    return 2 * x"))
    result = graded(student, pristine)
    assert "NotImplementedError" in result.cell("double").source
    assert kinds(result) == {"deleted": ["double"]}


@pytest.mark.parametrize(
    "change",
    [
        lambda cell: cell.update(source=cell.source.replace("\n", "\r\n")),
        lambda cell: cell.update(source="\n".join(f"{a}  " for a in cell.source.split("\n"))),
        lambda cell: cell.update(source=cell.source + "\n\n"),
        lambda cell: cell.metadata.update(vscode={"languageId": "python"}, collapsed=True),
        lambda cell: cell.metadata.update(colab={"base_uri": "x"}, outputId="y", id="z"),
        lambda cell: cell.metadata.pop("nbgrader", None),
        lambda cell: cell.update(id=f"new-{cell.id}"),
        lambda cell: cell.metadata.pop("deletable", None),
    ],
)
def test_what_honest_editors_do_is_nothing_to_remark_on(student, pristine, change):
    for cell in student.solve().nb.cells:
        change(cell)
    student.nb.metadata.kernelspec = {"name": "conda-env-ml-py", "display_name": "ML"}
    result = graded(student, pristine)
    assert kinds(result) == {}
    assert result.nb.metadata == pristine.metadata
    assert "return 2 * x" in result.cell("double").source


@pytest.mark.parametrize("name", [path.name for path in sorted((ROOT / "release").glob("ps*"))])
def test_answers_of_every_problem_set_are_found_without_marks_and_ids(name):
    """Given cells are known by their text, answers by their names, words by their place."""
    pristine = nbformat.read(ROOT / "release" / name / f"{name}.ipynb", as_version=4)
    folder = ROOT / "tests" / "sample_class" / "full_solution_a" / name
    student = Student(nbformat.read(folder / f"{name}.ipynb", as_version=4))
    expected, _ = transplant(student.nb, pristine)
    result, notes = transplant(bare(student).nb, pristine)
    assert notes == []
    assert [cell.source for cell in result.cells] == [cell.source for cell in expected.cells]
