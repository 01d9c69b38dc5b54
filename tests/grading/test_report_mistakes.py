"""Mistakes are counted once for everybody, and told in the words that students read."""

import json

import pytest
from classroom import NAME
from small_class import failed, make_entry, make_marks

from chainrule.grading.report.mistakes import Mistakes, generalised, read_explanations
from chainrule.grading.stops import looped

EXERCISE_OF = {"double-check": "double", "double-hidden": "double", "square-check": "square"}
EXPLANATIONS = {("double", "halved"): "it halves.\nMultiply by two, not by a half."}


@pytest.fixture
def mistakes():
    return Mistakes(EXERCISE_OF, EXPLANATIONS)


def entry(student, pristine, **said):
    """An entry with failed checks: by cell, what was said, or that and the mistake's id."""
    marks = make_marks()
    for name, what in said.items():
        words, mistake = what if isinstance(what, tuple) else (what, "")
        cell = name.replace("_", "-")
        stage = "hidden" if cell.endswith("hidden") else "result"
        failed(marks[cell], words, exercise=EXERCISE_OF[cell], stage=stage, mistake=mistake)
    return make_entry(student, pristine, marks)


def test_the_most_frequent_mistake_comes_first_with_what_students_read(mistakes, pristine):
    mistakes.add(entry("ada", pristine, square_check=("✗ square: it is off by one.", "off")))
    for name in ("ben", "cem"):
        mistakes.add(entry(name, pristine, double_check=("✗ double: it halves.", "halved")))
    first, second = mistakes.named()
    assert (first.id, first.students) == ("halved", ["ben", "cem"])
    assert first.headline == "It halves."
    assert first.text == ["Multiply by two, not by a half."]
    assert (second.id, second.students) == ("off", ["ada"])


def test_everybody_counts_once_for_a_mistake_that_two_checks_found(mistakes, pristine):
    found = ("✗ double: it halves.", "halved")
    mistakes.add(entry("ada", pristine, double_check=found, double_hidden=found))
    (mistake,) = mistakes.named()
    assert mistake.students == ["ada"]
    assert dict(mistake.stages) == {"result": 1}


def test_two_mistakes_of_one_student_count_both(mistakes, pristine):
    mistakes.add(
        entry(
            "ada", pristine, double_check=("✗ double: a", "a"), double_hidden=("✗ double: b", "b")
        )
    )
    assert [mistake.id for mistake in mistakes.named()] == ["a", "b"]


def test_a_mistake_without_words_in_the_bank_is_told_in_the_checks_own(mistakes, pristine):
    said = "CheckFailed: ✗ double: it returns nothing. Is the\n  return missing?\n    got  None"
    mistakes.add(entry("ada", pristine, double_check=(said, "returns_nothing")))
    (mistake,) = mistakes.named()
    assert mistake.headline == "It returns nothing."
    assert mistake.text == ["Is the return missing?"]


def test_what_is_not_written_yet_is_no_mistake(mistakes, pristine):
    said = "✗ double: it is not written yet."
    mistakes.add(entry("ada", pristine, double_check=(said, "not_implemented")))
    assert mistakes.named() == mistakes.unnamed() == []
    assert mistakes.unwritten == {"double": ["ada"]}


def test_what_has_no_name_is_counted_by_what_was_said_whatever_the_numbers(mistakes, pristine):
    for number, name in enumerate(("ada", "ben")):
        said = f"IndexError: index {number} is out of bounds for '{name}'"
        mistakes.add(entry(name, pristine, square_check=said))
    (mistake,) = mistakes.unnamed()
    assert mistake.students == ["ada", "ben"]
    assert mistake.headline == "IndexError: index … is out of bounds for '…'"


def test_a_hidden_check_that_fails_with_the_visible_one_is_not_told_twice(mistakes, pristine):
    visible, hidden = "✗ double: the values are wrong.", "✗ double: 0 of 2 hidden checks passed."
    mistakes.add(entry("ada", pristine, double_check=visible, double_hidden=hidden))
    assert [mistake.headline for mistake in mistakes.unnamed()] == ["The values are wrong."]


def test_a_check_that_waits_for_another_says_nothing_new(mistakes, pristine):
    said = "CheckFailed: ✗ double backward: cannot be judged while forward is not right."
    mistakes.add(entry("ada", pristine, double_check=said))
    assert mistakes.unnamed() == []


def test_a_stopped_cell_is_a_flag_and_nothing_that_was_not_recognised(mistakes, pristine):
    mistakes.add(entry("ada", pristine, double_check=f"CellTimeoutError: {looped(15)}"))
    assert mistakes.unnamed() == []


def test_passed_checks_are_no_mistakes(mistakes, pristine):
    mistakes.add(make_entry("ada", pristine))
    assert mistakes.named() == mistakes.unnamed() == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "nothing"),
        ("AssertionError: twice 3 is 6", "AssertionError: twice … is …"),
        ("NameError: name 'x' is not defined", "NameError: name '…' is not defined"),
        ("✗ Tanh forward: the shape is (3, 4), not (4, 3).", "the shape is (…, …), not (…, …)."),
        (
            "◐ ReLU: 4 of 10 hidden checks passed.\n    big  fails",
            "some hidden checks did not pass",
        ),
        ("✗ W1 is wrong.\n  Reread: lecture 3", "W1 is wrong."),
    ],
)
def test_numbers_quoted_names_and_evidence_are_left_out(said, told):
    assert generalised(said) == told


def test_explanations_are_those_of_the_released_file_else_of_the_bank(released):
    bank = released.source / NAME / "mistakes" / "double.py"
    bank.write_text(
        "raise SystemExit('a bank is read, not run')\n"
        "@double.mistake()\ndef halved(x):\n    '''From the bank.'''\n"
        "@double.mistake()\n"
        "def hidden_only(x):\n    '''it works for 3 only.\n\n    Try\n    7.'''\n"
        "@double.mistake(named='wrong_shape')\ndef flat(x):\n    return 0\n",
        encoding="utf-8",
    )
    data = {
        "exercises": [{"name": "double", "mistakes": [{"id": "halved", "says": "From the file."}]}]
    }
    (released.release / NAME / "checks.json").write_text(json.dumps(data), encoding="utf-8")
    found = read_explanations(released, NAME)
    assert found["double", "halved"] == "From the file."
    assert found["", "hidden_only"] == "it works for 3 only.\nTry 7."
    assert ("", "flat") not in found


def test_damaged_files_explain_nothing_and_stop_nothing(released):
    (released.source / NAME / "mistakes" / "bad.py").write_text("def (", encoding="utf-8")
    (released.release / NAME / "checks.json").write_text("{", encoding="utf-8")
    assert read_explanations(released, NAME) == {}
