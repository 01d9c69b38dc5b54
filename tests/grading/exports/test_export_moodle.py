"""A worksheet or gradebook that Moodle exported comes back with points."""

import pytest
from classroom import NAME

from chainrule.grading.course import CourseError
from chainrule.grading.exports.moodle import write
from chainrule.grading.exports.rows import Grades, Wishes
from chainrule.grading.gradesheet import GRADED, Row

WORKSHEET = (
    '\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum grade",'
    '"Grade can be changed","Last modified (grade)","Feedback comments"\n'
    '"Participant 11","Änne Müller",anna@uni.example,"Submitted for grading",,10.00,Yes,-,\n'
    '"Participant 12","B. Ohm",b.ohm@uni.example,Submitted,"1.00",10.00,Yes,"1 May 2030, 9:00",\n'
    '"Participant 13","Emil Muster",e.muster@uni.example,"No submission",,10.00,No,-,\n'
    '"Participant 14","Zoe Zorn",zoe@uni.example,"No submission",,10.00,Yes,-,"look, ""here"""\n'
)
GRADEBOOK = (
    "Vorname;Nachname;ID-Nummer;E-Mail-Adresse;Aufgabe: mini (Punkte);Kurs gesamt (Punkte)\r\n"
    "Änne;Müller;anna;x@uni.example;-;-\r\n"
    "B.;Ohm;b.ohm;y@uni.example;1,00;1,00\r\n"
)


def export(tmp_path, grades, text, **wishes):
    path, to = tmp_path / "from_moodle.csv", tmp_path / "to_moodle.csv"
    path.write_bytes(text.encode("utf-8"))
    done = write(grades, to, Wishes(roster=path, **wishes))
    return done, to.read_bytes().decode("utf-8")


def test_a_worksheet_gets_the_points_and_keeps_the_rest(tmp_path, grades):
    done, text = export(tmp_path, grades, WORKSHEET)
    expected = WORKSHEET.replace('grading",,10', 'grading",10,10').replace('"1.00"', '"4.75"')
    assert text == expected
    assert done.remarks[-1] == "Filled in: 2, 1 of them other than what stood there"


def test_a_grade_that_is_locked_in_moodle_stays(tmp_path, grades):
    graded = Grades([Row(NAME, "emil", GRADED, 3.0, 10.0)], grades.people)
    done, text = export(tmp_path, graded, WORKSHEET)
    assert text == WORKSHEET
    assert any(said.startswith("emil, mini: locked in Moodle") for said in done.concerns)


def test_nobody_vanishes(tmp_path, grades):
    done, _ = export(tmp_path, grades, WORKSHEET)
    said = "\n".join(done.concerns)
    assert "cut_off: not in the roster (mini 0)" in said
    assert "dora: not in the roster (mini 6)" in said
    assert "line 5 (Participant 14, Zoe Zorn) of the roster: no such student" in said


def test_a_gradebook_in_another_language_needs_the_names_of_its_columns(tmp_path, grades):
    with pytest.raises(CourseError, match="none of the columns Username, ID number, Email address"):
        export(tmp_path, grades, GRADEBOOK)
    _, text = export(tmp_path, grades, GRADEBOOK, match="ID-Nummer")
    assert text == GRADEBOOK.replace(";-;-", ";10;-").replace("1,00;1,00", "4.75;1,00")


def test_another_maximum_is_told(tmp_path, grades):
    done, _ = export(tmp_path, grades, WORKSHEET.replace("10.00", "20.00"))
    assert f"{NAME}: 10 points, but 20 in Moodle" in done.concerns


def test_points_above_the_maximum_are_told(tmp_path):
    done, text = export(tmp_path, Grades([Row(NAME, "anna", GRADED, 11.0, 10.0)]), WORKSHEET)
    assert f"anna, {NAME}: Moodle leaves out 11 of 10 points" in done.concerns
    assert 'grading",11,10' in text


def test_a_worksheet_takes_one_problem_set(tmp_path):
    rows = [Row(name, "anna", GRADED, 1.0, 10.0) for name in ("mini", "other")]
    with pytest.raises(CourseError, match="no column for mini, other: name it"):
        export(tmp_path, Grades(rows), WORKSHEET)
