"""Every student gets a results.json as Gradescope documents it."""

import json
import runpy

import pytest
from classroom import CANARIES, NAME

from chainrule.checks.notebook import Verdict
from chainrule.grading.course import CourseError
from chainrule.grading.exports import gradescope_autograder
from chainrule.grading.exports.gradescope import results, write
from chainrule.grading.exports.rows import Grades, Person, Wishes, rounded
from chainrule.grading.gradesheet import GRADED, Row
from chainrule.grading.journal import Mark
from chainrule.grading.notes import Note


def export(tmp_path, grades, **wishes):
    return write(grades, tmp_path / "out", Wishes(**wishes)), tmp_path / "out" / NAME


def read(path):
    return json.loads(path.read_text(encoding="ascii"))


def test_scores_are_those_of_the_grade_table(tmp_path, grades):
    done, folder = export(tmp_path, grades, partial=True)
    scores = {path.parent.name: read(path)["score"] for path in folder.glob("*/results.json")}
    assert scores == {row.student: rounded(row.score) for row in grades.rows}
    assert done.files == [folder]


def test_the_fields_are_those_of_the_specification(tmp_path, grades):
    _, folder = export(tmp_path, grades)
    whole = read(folder / "b.ohm" / "results.json")
    assert isinstance(whole["score"], float)
    assert whole["visibility"] == "visible"
    assert whole["stdout_visibility"] == "hidden"
    assert whole["output_format"] == whole["test_output_format"] == "text"
    for test in whole["tests"]:
        assert set(test) == {"name", "score", "max_score", "output", "visibility", "status"}
        assert isinstance(test["score"], float)
        assert 0 <= test["score"] <= test["max_score"]
        assert test["status"] == ("passed" if test["score"] == test["max_score"] else "failed")


def test_only_hidden_checks_are_hidden(tmp_path, grades):
    _, folder = export(tmp_path, grades)
    tests = read(folder / "anna" / "results.json")["tests"]
    assert {test["name"]: test["visibility"] for test in tests} == {
        "double: double-check": "visible", "double: double-hidden": "hidden",
        "square: square-check": "visible", "why: why": "visible",
    }  # fmt: skip


def test_points_by_hand_and_penalties_count(tmp_path, grades):
    _, folder = export(tmp_path, grades)
    whole = read(folder / "b.ohm" / "results.json")
    tests = {test["name"]: test["score"] for test in whole["tests"]}
    assert tests["why: why"] == 2.5
    assert sum(tests.values()) == 5.5
    assert whole["score"] == 4.75
    assert "0.75 points are taken off" in whole["output"]


def test_no_hidden_test_is_in_the_folder(tmp_path, grades):
    _, folder = export(tmp_path, grades, partial=True)
    text = "".join(p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file())
    assert [word for word in CANARIES if word in text] == []


def test_who_waits_has_no_results_and_those_of_an_earlier_export_go(tmp_path, grades):
    _, folder = export(tmp_path, grades, partial=True)
    assert (folder / "dora" / "results.json").exists()
    done, folder = export(tmp_path, grades)
    assert not (folder / "dora" / "results.json").exists()
    assert "dora" not in read(folder / "students.json")
    assert any(said.startswith("dora") for said in done.concerns)


def test_what_is_for_the_instructor_only_is_not_shown():
    notes = [Note("suspicious", "uses inspect"), Note("look again", "again"), Note("late", "late")]
    assert results(Row(NAME, "a", GRADED, 1.0, 2.0, notes=notes))["output"] == "late"


def test_odd_characters_are_written_out_and_ids_of_mistakes_are_not():
    mark = Mark(
        0.0, 2.0, "failed", "said \x1b[31m\ud800", [Verdict("ReLU", "backward", 0.5, "sign")]
    )
    row = Row(NAME, "a", GRADED, 0.0, 2.0, cells={"relu": ("ReLU", 0.0, mark)})
    (test,) = results(row)["tests"]
    assert test["output"].splitlines() == [
        "0 of 2 points: failed",
        "said \\x1b[31m\\ud800",
    ]


def test_a_name_that_leads_elsewhere_gets_no_file(tmp_path):
    done, folder = export(tmp_path, Grades([Row(NAME, "../evil", GRADED, 1.0, 2.0)]))
    assert "'../evil' is not a student id" in done.concerns[0]
    assert not (folder.parent / "evil").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, grades):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(CourseError, match="is a file: expected a folder"):
        export(tmp_path, grades)


# --- the autograder that goes with it -------------------------------------------------------------


@pytest.fixture
def uploaded(tmp_path, grades):
    """What Gradescope makes of the zipped folder."""
    _, folder = export(tmp_path, grades)
    root = tmp_path / "autograder"
    root.mkdir()
    folder.rename(root / "source")
    return root


def submit(root, *addresses):
    users = [{"email": address, "id": 1, "name": "x"} for address in addresses]
    (root / "submission_metadata.json").write_text(json.dumps({"users": users}), encoding="utf-8")
    script = runpy.run_path(str(root / "source" / "run_autograder"))
    return script["hand_out"](root)


@pytest.mark.parametrize(
    ("address", "student"),
    [
        ("anna@uni.example", "anna"),
        ("B.Ohm@uni.example", "b.ohm"),
        ("e.muster@uni.example", "emil"),
    ],
)
def test_the_autograder_hands_out_the_submitters_results(uploaded, address, student):
    assert submit(uploaded, "nobody@x", address) == 0
    given = (uploaded / "results" / "results.json").read_bytes()
    assert given == (uploaded / "source" / student / "results.json").read_bytes()


def test_the_autograder_fails_for_whoever_has_no_results(uploaded, capsys):
    assert submit(uploaded, "dora@uni.example") == 1
    assert "no results for dora@uni.example" in capsys.readouterr().out
    assert not (uploaded / "results").exists()


def test_the_scripts_are_complete(uploaded):
    assert (uploaded / "source" / "setup.sh").read_bytes().startswith(b"#!/bin/sh\n")
    script = (uploaded / "source" / "run_autograder").read_bytes()
    assert script.startswith(b"#!/usr/bin/env python3\n")
    assert b"\r" not in script
    assert str(gradescope_autograder.AUTOGRADER) == "/autograder"


def test_an_address_that_the_gradebook_knows_goes_before_a_name(tmp_path):
    rows = [Row(NAME, name, GRADED, 1.0, 2.0) for name in ("anna", "b12")]
    people = {"b12": Person(email="anna@uni.example")}
    _, folder = export(tmp_path, Grades(rows, people))
    assert read(folder / "students.json")["anna@uni.example"] == "b12"
