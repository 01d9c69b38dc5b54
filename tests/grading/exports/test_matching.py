"""Students are found in a roster without guessing."""

import pytest

from chainrule.grading.exports.matching import match
from chainrule.grading.exports.rows import Person

NOBODY = Person()


@pytest.mark.parametrize(
    ("student", "person", "value"),
    [
        ("b12", NOBODY, "B12"),
        ("b12", NOBODY, " b12 "),
        ("b12", NOBODY, "b12@uni.example"),
        ("b12@uni.example", NOBODY, "b12"),
        ("b12@uni.example", NOBODY, "B12@Uni.example"),
        ("x", Person(email="e.m@uni.example"), "E.M@uni.example"),
        ("x", Person(lms_id="77"), "77"),
        ("ju\u0308rgen", NOBODY, "j\u00fcrgen"),
    ],
)
def test_a_student_is_found_by(student, person, value):
    assert match({student: person}, {5: ["", value]}).lines == {student: 5}


@pytest.mark.parametrize("value", ["b1", "b12x", "b12@", ""])
def test_a_similar_name_is_another_one(value):
    found = match({"b120": NOBODY}, {5: [value]})
    assert found.absent == ["b120"]
    assert found.strangers == [5]


def test_the_whole_name_goes_before_the_beginning_of_an_address():
    found = match({"b12": NOBODY}, {5: ["b12@else.example"], 6: ["b12"]})
    assert found.lines == {"b12": 6}


def test_a_student_who_is_in_the_roster_twice_is_left_out():
    found = match({"b12": NOBODY}, {5: ["b12"], 6: ["b12"]})
    assert found.lines == {}
    assert found.unclear == {"b12": [5, 6]}
    assert found.strangers == []


def test_a_line_that_two_students_fit_goes_to_neither():
    found = match({"anna": NOBODY, "x": Person(lms_id="7")}, {5: ["anna", "7"]})
    assert found.lines == {}
    assert found.unclear == {"anna": [5], "x": [5]}


def test_every_student_and_every_line_is_accounted_for_once():
    people = dict.fromkeys("abcde", NOBODY)
    lines = {1: ["a"], 2: ["b"], 3: ["b"], 4: ["z"], 5: ["c@x"]}
    found = match(people, lines)
    assert sorted([*found.lines, *found.unclear, *found.absent]) == list("abcde")
    unclear = [line for fits in found.unclear.values() for line in fits]
    assert sorted([*found.lines.values(), *unclear, *found.strangers]) == [1, 2, 3, 4, 5]
