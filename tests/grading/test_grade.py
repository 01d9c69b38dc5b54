"""A class is graded: everybody has a row, and one submission's failure is its own."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from classroom import CANARIES, NAME, Student, all_text, hand_in, make_course, points_of
from nbgrader.api import Gradebook

from chainrule.grading import grade as grade_module
from chainrule.grading.course import CourseError
from chainrule.grading.grade import grade
from chainrule.grading.kernel import KernelEngine, read_config
from chainrule.grading.release import release

pytestmark = pytest.mark.slow

LOOP = "def double(x):\n    while True:\n        pass"
# Leaves a traceback and printed inputs in the hidden check.
NOSY = """
def double(x):
    print("got", x)
    if x > 5:
        raise ValueError(f"CANARY {x}")
    return 2 * x
"""
# Right for 3, which is shown, and for 7; wrong for -1. Both of these are hidden.
PARTLY = "def double(x):\n    return x + 3 + 4 * (x > 3)"


def blank(course):
    path = course.release / NAME / f"{NAME}.ipynb"
    return Student(nbformat.read(path, as_version=4))


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A graded class; returns the course and the rows."""
    course = make_course(tmp_path_factory.mktemp("school") / "course")
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write("\nc.Execute.timeout = 4\nc.RunCells.timeout_after_first = 2\n")
    release(course)

    hand_in(course, "full", blank(course).solve().nb)
    hand_in(course, "blank", blank(course).nb)
    half = blank(course).solve().answer("square", blank(course).cell("square").source)
    hand_in(course, "half", half.nb)
    hand_in(course, "one_hidden_case", blank(course).solve().answer("double", PARTLY).nb)
    hand_in(course, "syntax_error", blank(course).solve().answer("double", "def double(x:").nb)
    hand_in(course, "loop", blank(course).solve().answer("double", LOOP).nb)
    hand_in(course, "cut_off", nbformat.writes(blank(course).nb)[:900])
    hand_in(course, "nosy", blank(course).solve().answer("double", NOSY).nb)
    damaged = blank(course).solve()
    damaged.nb.cells.append(damaged.copy_of("square"))
    damaged.nb.cells.remove(damaged.cell("double-hidden"))
    hand_in(course, "damaged", damaged.nb)
    skipping = blank(course)
    for cell in skipping.nb.cells:
        cell.metadata["tags"] = ["skip-execution"]
    hand_in(course, "skipping", skipping.nb)
    hand_in(course, "renamed", blank(course).solve().nb, "my work.ipynb")
    (course.submitted / "nothing").mkdir()

    before = Path.cwd(), dict(os.environ)
    rows = grade(course, NAME)
    assert (Path.cwd(), dict(os.environ)) == before
    return course, {row.student: row for row in rows}


@pytest.mark.parametrize(
    ("student", "points"),
    [
        ("full", [5, 1, None]),
        ("blank", [0, 0, 0]),
        ("half", [5, 0, None]),
        ("one_hidden_case", [3.5, 1, None]),
        ("syntax_error", [0, 1, None]),
        ("loop", [0, 1, None]),
        ("cut_off", [0, 0, 0]),
        ("nosy", [2, 1, None]),
        ("damaged", [5, 1, None]),
        ("skipping", [0, 0, 0]),
        ("renamed", [5, 1, None]),
        ("nothing", [0, 0, 0]),
    ],
)
def test_everybody_gets_the_points_they_deserve(school, student, points):
    _, rows = school
    assert rows[student].exercises == dict(zip(["double", "square", "why"], points, strict=True))
    assert rows[student].score == sum(value or 0 for value in points)


def test_who_needs_attention_is_said_and_why(school):
    _, rows = school
    assert {name for name, row in rows.items() if row.needs_attention} == {"cut_off", "nothing"}
    assert "is cut off" in rows["cut_off"].remark
    assert "no folder 'mini'" in rows["nothing"].remark


def test_what_was_mended_and_stopped_is_remarked(school):
    _, rows = school
    assert "put back: double-hidden" in rows["damaged"].remark
    assert "more than once; the last changed answer counts: square" in rows["damaged"].remark
    assert "were stopped: double-check, double-hidden" in rows["loop"].remark
    assert "my work.ipynb was graded as mini.ipynb" in rows["renamed"].remark


def test_written_answers_wait_for_a_person(school):
    _, rows = school
    assert rows["full"].waiting == ["why"]
    assert rows["blank"].waiting == []


def test_the_table_has_everybody(school):
    course, rows = school
    with course.grades.open(encoding="utf-8", newline="") as file:
        table = {line["student"]: line for line in csv.DictReader(file)}
    assert set(table) == set(rows)
    assert table["one_hidden_case"]["double"] == "3.5"


def test_everybody_has_a_graded_notebook_and_a_feedback_page(school):
    course, rows = school
    for student in rows:
        assert (course.autograded / student / NAME / "mini.ipynb").is_file()
        assert (course.feedback / student / NAME / "mini.html").is_file()


def test_the_reason_stands_on_the_feedback_page(school):
    course, _ = school
    assert "is cut off: it ends in line" in all_text(course.feedback / "cut_off")


def test_no_feedback_holds_a_hidden_check(school):
    course, _ = school
    text = all_text(course.feedback)
    assert "double-hidden" in text
    assert [word for word in CANARIES if word in text] == []


def test_hidden_inputs_that_student_code_prints_or_raises_are_not_shown(school):
    course, _ = school
    page = all_text(course.feedback / "nosy")
    assert "got 3" in page  # what the visible check called it with
    assert "got 7" not in page
    assert "CANARY 7" not in page
    assert "your code raised this while a hidden check called it" in page


def test_nothing_is_left_beside_the_results(school):
    course, _ = school
    leftovers = [path for path in course.root.rglob("*") if path.name.startswith(".mini")]
    assert leftovers == []
    assert not list(course.root.glob(".grades*"))


def test_grading_again_gives_the_same(school):
    course, _ = school
    before = course.grades.read_bytes()
    rows = grade(course, NAME, ["damaged", "cut_off", "full"])
    assert course.grades.read_bytes() == before
    assert [row.student for row in rows] == ["damaged", "cut_off", "full"]


def test_plain_nbgrader_gives_the_same_points(school, tmp_path):
    """The commands read the same configuration; only unreadable notebooks stay ungraded."""
    course, rows = school
    plain = make_course(tmp_path / "course")
    same = ["full", "blank", "one_hidden_case", "syntax_error", "damaged", "skipping"]
    for student in [*same, "cut_off"]:
        path = course.submitted / student / NAME / "mini.ipynb"
        hand_in(plain, student, path.read_text(encoding="utf-8"))
    nbgrader(plain, "generate_assignment", NAME)
    nbgrader(plain, "autograde", NAME, code=1)  # because of cut_off
    nbgrader(plain, "generate_feedback", NAME)
    with Gradebook(plain.db_url) as book:
        points = {one.student.id: one.score for one in book.find_assignment(NAME).submissions}
    assert {name: points[name] for name in same} == {name: rows[name].score for name in same}
    assert all_text(plain.release) == all_text(course.release)
    assert [word for word in CANARIES if word in all_text(plain.feedback)] == []


def nbgrader(course, *arguments, code=0):
    command = [sys.executable, "-m", "nbgrader", *arguments]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=course.root, env={**os.environ, "PATH": path}, capture_output=True,
        text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == code, done.stderr


def test_nbgrader_validates_the_release_of_a_blank_notebook(school):
    course, _ = school
    nbgrader(course, "validate", str(course.release / NAME / "mini.ipynb"))


def test_points_given_by_hand_survive_grading_again(released):
    hand_in(released, "full", blank(released).solve().nb)
    grade(released, NAME)
    with Gradebook(released.db_url) as book:
        book.find_grade("why", NAME, NAME, "full").manual_score = 3.0
        book.db.commit()
    (row,) = grade(released, NAME)
    assert row.score == 9.0
    hand_in(released, "full", "{")
    (row,) = grade(released, NAME)
    assert (row.score, row.waiting) == (3.0, ["why"])


def test_a_better_hand_in_replaces_an_unreadable_one(released):
    hand_in(released, "late", "")
    assert points_of(grade(released, NAME)) == {"late": 0.0}
    hand_in(released, "late", blank(released).solve().nb)
    assert points_of(grade(released, NAME)) == {"late": 6.0}


def test_a_failure_of_ours_gives_no_zero_and_stops_nobody(released):
    for name in ("a", "b", "c"):
        hand_in(released, name, blank(released).solve().nb)

    class FailsForB(KernelEngine):
        def run(self, nb, folder, files):
            if b"bee" in files.get("note.txt", b""):
                raise OSError("disk is full")
            super().run(nb, folder, files)

    (released.submitted / "b" / NAME / "note.txt").write_text("bee", encoding="utf-8")
    rows = grade(released, NAME, engines=lambda root, unsafe: FailsForB(read_config(root)))
    assert points_of(rows) == {"a": 6.0, "b": None, "c": 6.0}
    assert rows[1].status == "not graded"
    assert "disk is full" in rows[1].remark
    grade(released, NAME, ["a"])
    assert "disk is full" in released.grades.read_text(encoding="utf-8")


def test_a_course_that_was_never_released_is_released_first(course):
    nb = Student(nbformat.read(course.source / NAME / "mini.ipynb", as_version=4)).solve().nb
    hand_in(course, "full", nb)
    assert points_of(grade(course, NAME)) == {"full": 6.0}


def test_a_hidden_check_mended_in_the_source_is_used(released):
    hand_in(released, "full", blank(released).solve().nb)
    assert points_of(grade(released, NAME)) == {"full": 6.0}
    path = released.source / NAME / f"{NAME}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("1.5 for", "1.0 for"), "utf-8")
    assert points_of(grade(released, NAME)) == {"full": 5.0}


def test_a_class_that_is_up_to_date_is_not_released_again(released, monkeypatch):
    hand_in(released, "full", blank(released).solve().nb)
    monkeypatch.setattr(grade_module, "release", None)
    assert points_of(grade(released, NAME)) == {"full": 6.0}


@pytest.mark.parametrize("name", ["[a-z]*", "a?", " a", "a\x07b"])
def test_a_folder_name_nbgrader_cannot_take_gets_a_row(released, name):
    hand_in(released, name, blank(released).solve().nb)
    (row,) = grade(released, NAME)
    assert row.status == "not graded"
    assert "cannot be a student id" in row.remark


@pytest.mark.parametrize("name", ["=1+1", "a,b", "naïve ∂", "a.b+(c)"])
def test_unusual_names_are_graded(released, name):
    hand_in(released, name, blank(released).solve().nb)
    hand_in(released, "abc", blank(released).nb)
    assert points_of(grade(released, NAME, [name])) == {name: 6.0}


@pytest.mark.parametrize("name", ["../full", "a/b", ".."])
def test_a_path_is_no_student(released, name):
    with pytest.raises(CourseError, match="is not a student id"):
        grade(released, NAME, [name])


def test_nobody_to_grade_is_said(released):
    with pytest.raises(CourseError, match="nobody to grade"):
        grade(released, NAME)
