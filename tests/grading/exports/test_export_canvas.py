"""The gradebook that Canvas exported comes back with points, and otherwise as it was."""

import csv
import io

import pytest
from classroom import NAME

from chainrule.grading.course import CourseError
from chainrule.grading.exports.canvas import write
from chainrule.grading.exports.rows import Grades, Wishes, number, read_grades
from chainrule.grading.gradesheet import GRADED, Row

HEAD = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Mini (4711),Other (12),"
    "Assignments Current Score,Final Score\r\n"
)
POSTING = ",,,,,,Manual Posting,,,\r\n"
POSSIBLE = "    Points Possible,,,,,,10.00,5.00,(read only),(read only)\r\n"
PEOPLE = (
    '"Müller, Änne",101,s1,anna,"A, B","said ""hi""",,5.00,,\r\n'
    '"Ohm, B.",102,s2,b.ohm@uni.example,A,,1.00,2.00,50.0,50.0\r\n'
    '"=""=x""",103,s3,cut_off,A,,,,,\r\n'
    '"D, Dora",104,s4,DORA,A,,3.00,,,\r\n'
    '"Muster, Emil",77,s5,em,A,,,,,\r\n'
    '"Zorn, Zoe",106,s6,zoe,A,,9.00,,,\r\n'
    '"Student, Test",107,,9f8e7d,A,,,,,\r\n'
)
WHOLE = HEAD + POSTING + POSSIBLE + PEOPLE


def export(tmp_path, grades, text=WHOLE, **wishes):
    path = tmp_path / "from_canvas.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    to = tmp_path / "to_canvas.csv"
    done = write(grades, to, Wishes(roster=path, **wishes))
    return done, to.read_bytes()


def points(content):
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return {line[3]: line[6] for line in lines if line and line[1].isdigit()}


def test_points_are_those_of_the_grade_table_and_nothing_else_changes(tmp_path, grades):
    done, content = export(tmp_path, grades)
    expected = WHOLE
    for before, after in [
        ('""",,5.00', '""",10,5.00'),
        (",A,,1.00,2.00", ",A,,4.75,2.00"),
        ("cut_off,A,,,", "cut_off,A,,0,"),
        ("em,A,,,", "em,A,,0,"),
    ]:
        assert expected.count(before) == 1
        expected = expected.replace(before, after)
    assert content.decode("utf-8") == expected
    scores = {row.student: number(row.score) for row in grades.rows}
    read = points(content)
    assert read["anna"] == scores["anna"]
    assert read["b.ohm@uni.example"] == scores["b.ohm"]
    assert done.remarks[-1] == "Filled in: 4, 1 of them other than what stood there"


def test_who_waits_keeps_the_cell_and_is_told(tmp_path, grades):
    done, content = export(tmp_path, grades)
    assert points(content)["DORA"] == "3.00"
    assert any(said.startswith(f"dora, {NAME}: waits") for said in done.concerns)


def test_points_so_far_go_in_when_asked_for(tmp_path, grades):
    done, content = export(tmp_path, grades, partial=True)
    assert points(content)["DORA"] == "6"
    assert not any("dora" in said for said in done.concerns)


def test_who_is_not_found_is_told_on_either_side(tmp_path, grades):
    text = WHOLE.replace("anna", "someone")
    done, content = export(tmp_path, grades, text)
    assert f"anna: not in the roster ({NAME} 10)" in done.concerns
    assert "line 4 (Müller, Änne) of the roster: no such student" in done.concerns
    assert "line 9 (Zorn, Zoe) of the roster: no such student" in done.concerns
    assert not any("Test" in said for said in done.concerns)
    assert points(content)["zoe"] == "9.00"


def test_names_can_stand_in_two_columns(tmp_path, grades):
    text = (
        "LastName,FirstName,ID,SIS Login ID,Section,Mini (4711)\r\n"
        "    Points Possible,,,,,10\r\n"
        "Müller,Änne,1,anna,A,\r\n"
        "Zorn,Zoe,2,zoe,A,\r\n"
        "Student,Test,3,0ab,A,\r\n"
    )
    done, content = export(tmp_path, grades, text)
    assert content.decode("utf-8") == text.replace("anna,A,", "anna,A,10")
    strangers = [said for said in done.concerns if "no such student" in said]
    assert strangers == ["line 4 (Zorn, Zoe) of the roster: no such student"]


def test_who_is_there_twice_is_left_alone_and_told(tmp_path, grades):
    text = WHOLE + '"Müller, Änne",101,s1,anna,B,,2.00,,,\r\n'
    done, content = export(tmp_path, grades, text)
    assert content.endswith(b"anna,B,,2.00,,,\r\n")
    assert any(said.startswith("anna: left out, several lines fit") for said in done.concerns)
    assert '""",,5.00' in content.decode("utf-8")


def test_a_byte_order_mark_and_semicolons_stay(tmp_path, grades):
    text = (
        b"\xef\xbb\xbf"
        + (
            "Student;ID;SIS Login ID;Section;Extra;Note;Mini (4711)\r\n"
            "    Points Possible;;;;;;10,00\r\n"
            "Müller, Änne;101;anna;A;x;;1,50\r\n"
        ).encode()
    )
    _, content = export(tmp_path, grades, text)
    assert content == text.replace(b"1,50", b"10")


def test_excused_and_not_assigned_stay(tmp_path, grades):
    text = WHOLE.replace('""",,5.00', '""",EX,5.00').replace(",A,,1.00,2.00", ",A,,N/A,2.00")
    done, content = export(tmp_path, grades, text)
    assert points(content)["anna"] == "EX"
    assert points(content)["b.ohm@uni.example"] == "N/A"
    assert f"anna, {NAME}: excused in Canvas (EX), left as it is" in done.concerns
    assert f"b.ohm, {NAME}: not assigned to them in Canvas (N/A), left as it is" in done.concerns


def test_excused_and_nothing_handed_in_is_no_concern(tmp_path, grades):
    done, content = export(tmp_path, grades, WHOLE.replace("em,A,,,", "em,A,,EX,"))
    assert points(content)["em"] == "EX"
    assert f"emil, {NAME}: excused in Canvas (EX), left as it is" in done.remarks
    assert not any("emil" in said for said in done.concerns)


def test_when_one_student_is_asked_for_the_others_are_no_concern(tmp_path, graded_once):
    done, content = export(tmp_path, read_grades(graded_once, [], ["anna"]))
    assert done.concerns == []
    assert content.decode("utf-8") == WHOLE.replace('""",,5.00', '""",10,5.00')


def test_a_line_that_fits_others_too_is_unclear_whoever_is_asked_for(tmp_path, graded_once):
    text = WHOLE.replace(",77,s5,em,", ",77,anna,em,").replace("s1,anna", "s1,x")
    done, content = export(tmp_path, read_grades(graded_once, [], ["anna"]), text)
    assert content.decode("utf-8") == text
    assert done.concerns == ["anna: left out, this line fits others, too: line 8 (Muster, Emil)"]


def test_other_points_possible_are_told(tmp_path, grades):
    done, _ = export(tmp_path, grades, WHOLE.replace("10.00", "100.00"))
    assert f"{NAME}: 10 points, but 100 in Canvas" in done.concerns


def test_the_column_can_be_named(tmp_path, grades):
    _, content = export(tmp_path, grades, columns=("Other (12)",))
    assert b'said ""hi""",,10,,' in content
    _, same = export(tmp_path, grades, columns=(f"{NAME}=Other (12)",))
    assert same == content


def test_students_can_be_looked_for_in_one_column(tmp_path, grades):
    done, content = export(tmp_path, grades, match="SIS User ID")
    assert content.decode("utf-8") == WHOLE
    assert sum("not in the roster" in said for said in done.concerns) == 5


@pytest.mark.parametrize(
    ("text", "wishes", "says"),
    [
        (
            WHOLE.replace("Mini", "Maxi"),
            {},
            r"no column for mini: name it with --column \(there is: Student",
        ),
        (WHOLE, {"columns": ("Nix",)}, "no column 'Nix'"),
        (WHOLE, {"columns": ("Final Score",)}, "Canvas computes 'Final Score' itself"),
        (WHOLE, {"columns": ("ID",)}, "points cannot go into 'ID'"),
        (WHOLE, {"match": "Login"}, "none of the columns Login, so nobody can be found"),
        (WHOLE.replace("Other (12)", "mini (12)"), {}, "2 columns for mini"),
        (WHOLE.replace("SIS ", "").replace("ID", "Key"), {}, "none of the columns SIS Login ID"),
    ],
)
def test_a_roster_without_the_columns_is_refused(tmp_path, grades, text, wishes, says):
    with pytest.raises(CourseError, match=says):
        export(tmp_path, grades, text, **wishes)
    assert not (tmp_path / "to_canvas.csv").exists()


def test_without_a_roster_it_says_how_to_get_one(tmp_path, grades):
    with pytest.raises(CourseError, match="needs the roster of Canvas: export the gradebook"):
        write(grades, tmp_path / "x.csv", Wishes())


def test_the_roster_itself_is_not_written_over(tmp_path, grades):
    path = tmp_path / "from_canvas.csv"
    path.write_text(WHOLE, encoding="utf-8")
    with pytest.raises(CourseError, match="is the roster itself"):
        write(grades, path, Wishes(roster=path))


def test_several_problem_sets_go_into_their_columns(tmp_path):
    rows = [Row(name, "anna", GRADED, points, 5.0) for name, points in [("mini", 1), ("other", 2)]]
    rows.append(Row("third", "anna", GRADED, 3, 5.0))
    done, content = export(tmp_path, Grades(rows))
    assert b'said ""hi""",1,2,,' in content
    assert "third: left out, the roster has no column for it" in done.concerns
    with pytest.raises(CourseError, match="mini and other would both go into 'Mini"):
        export(tmp_path, Grades(rows), columns=("other=Mini (4711)",))
    with pytest.raises(CourseError, match="which problem set goes into 'Mini"):
        export(tmp_path, Grades(rows), columns=("Mini (4711)",))


def test_who_was_not_graded_keeps_the_cell_and_is_told(tmp_path):
    row = Row(NAME, "zoe", "not graded", None, 10.0)
    done, content = export(tmp_path, Grades([row]))
    assert content.decode("utf-8") == WHOLE
    assert f"zoe, {NAME}: no grade" in done.concerns
