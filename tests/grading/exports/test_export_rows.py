"""Every export starts from the rows of grades.csv."""

import csv
import shutil

import pytest
from classroom import NAME, hand_in

from chainrule.grading.course import Course, CourseError
from chainrule.grading.exports.rows import (
    concerns_of,
    is_settled,
    number,
    read_grades,
    remarks_of,
    rounded,
)  # fmt: skip


def test_they_are_those_of_the_grade_table(graded_once, grades):
    with graded_once.grades.open(encoding="utf-8", newline="") as file:
        table = {row["student"]: row["score"] for row in csv.DictReader(file)}
    assert {row.student: number(row.score) for row in grades.rows} == table
    assert table == {"anna": "10", "b.ohm": "4.75", "cut_off": "0", "dora": "6", "emil": "0"}


def test_hidden_checks_are_known(grades):
    assert grades.hidden == {NAME: {"double-hidden"}}


def test_people_are_as_the_gradebook_knows_them(grades):
    assert grades.person("emil").email == "E.Muster@uni.example"
    assert grades.person("emil").lms_id == "77"
    assert grades.person("nobody").email == ""


def test_one_student_can_be_asked_for(graded_once):
    assert read_grades(graded_once, [NAME], ["dora"]).students == ["dora"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [((["mini9"], []), "no problem set 'mini9'"), (([], ["zoe"]), "no grade of zoe")],
)
def test_what_is_not_there_is_told(graded_once, asked, says):
    with pytest.raises(CourseError, match=says):
        read_grades(graded_once, *asked)


def test_before_grading_there_is_nothing_to_export(released_once):
    with pytest.raises(CourseError, match="nothing has been graded yet"):
        read_grades(Course.at(released_once.root))
    with pytest.raises(CourseError, match=f"not graded yet: {NAME}"):
        read_grades(Course.at(released_once.root), [NAME])


def test_what_is_not_graded_yet_is_no_zero(graded):
    for student in ("emil", "gil"):  # one on the roster, one not
        hand_in(graded, student, "{")
    rows = {row.student: row for row in read_grades(graded).rows}
    assert sorted(rows) == ["anna", "b.ohm", "cut_off", "dora", "emil", "gil"]
    for student in ("emil", "gil"):
        assert rows[student].score is None
        assert rows[student].max_score == 10
        (said,) = concerns_of([rows[student]], partial=True)
        assert said == (
            f"{student}, {NAME}: no grade: Handed in, but not graded yet: run `chainrule grade`"
        )


def test_who_waits_or_could_not_be_read_is_a_concern_and_who_did_nothing_a_remark(grades):
    unread, waits = concerns_of(grades.rows, partial=False)
    assert unread.startswith(f"cut_off, {NAME}: 0 points, but unreadable: ")
    assert waits == f"dora, {NAME}: waits for a person to grade why (6 so far)"
    assert remarks_of(grades.rows, partial=False) == [
        f"emil, {NAME}: nothing was handed in, 0 points"
    ]


def test_points_so_far_count_only_when_asked_for(grades):
    dora = next(row for row in grades.rows if row.student == "dora")
    assert (is_settled(dora, partial=False), is_settled(dora, partial=True)) == (False, True)
    assert not any("dora" in said for said in concerns_of(grades.rows, partial=True))
    assert f"dora, {NAME}: 6 points so far, without why" in remarks_of(grades.rows, partial=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [(7.0, "7"), (66.6666666, "66.6667"), (-0.0, "0"), (1e-7, "0"), (2e6, "2000000"), (None, "")],
)
def test_a_number_never_has_an_exponent(value, text):
    assert number(value) == text
    assert rounded(value) == (float(text) if text else None)


def test_a_gradebook_without_a_journal_is_enough(graded):
    before = read_grades(graded).rows
    shutil.rmtree(graded.journal)
    after = read_grades(graded).rows
    assert [(row.student, row.score, row.waiting) for row in after] == [
        (row.student, row.score, row.waiting) for row in before
    ]
