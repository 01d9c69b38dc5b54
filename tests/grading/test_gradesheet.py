"""The grade table is complete, safe to open, and written in one step."""

import csv

import pytest

from chainrule.grading.gradesheet import GRADED, Row, write_csv
from chainrule.grading.notes import Note, add_notes, read_notes


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_and_cell_is_written(tmp_path):
    rows = [
        Row("ps1", "a", GRADED, 3.5, 10.0, {"one": 3.5, "why": None}, ["why"]),
        Row("ps2", "b", "missing", 0.0, 5.0, {"two": 0.0}, notes=[Note("missing", "No folder")]),
    ]
    write_csv(rows, tmp_path / "grades.csv")
    first, second = table(tmp_path / "grades.csv")
    assert first == {
        "assignment": "ps1", "student": "a", "status": "graded", "score": "3.5",
        "max_score": "10", "waiting": "1", "remark": "", "one": "3.5", "why": "", "two": "",
    }  # fmt: skip
    assert second["remark"] == "No folder"


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1+1", "\r=1"])
def test_a_name_that_a_spreadsheet_would_run_is_defused(tmp_path, name):
    write_csv([Row("ps1", name, GRADED, notes=[Note("x", name)])], tmp_path / "grades.csv")
    (row,) = table(tmp_path / "grades.csv")
    assert row["student"].startswith("'")
    assert row["remark"].startswith("'")


def test_a_negative_number_stays_a_number(tmp_path):
    write_csv([Row("ps1", "a", GRADED, -1.0, 10.0)], tmp_path / "grades.csv")
    assert table(tmp_path / "grades.csv")[0]["score"] == "-1"


def test_a_name_with_a_line_break_stays_in_its_row(tmp_path):
    write_csv([Row("ps1", 'a\nb,"c"', GRADED)], tmp_path / "grades.csv")
    assert [row["student"] for row in table(tmp_path / "grades.csv")] == ['a b,"c"']


def test_a_failed_write_leaves_the_old_table(tmp_path):
    path = tmp_path / "grades.csv"
    write_csv([Row("ps1", "a", GRADED)], path)
    before = path.read_bytes()

    class Speechless:
        def __str__(self):
            raise RuntimeError("in the middle of the table")

    with pytest.raises(RuntimeError, match="middle"):
        write_csv([Row("ps1", "b", GRADED, notes=[Speechless()])], path)
    assert path.read_bytes() == before


def test_notes_are_kept_in_the_notebook_and_shown_once(student):
    add_notes(student.nb, [Note("deleted", "Put back", ["a"])])
    add_notes(student.nb, [Note("timeout", "Stopped", ["b"])])
    assert [str(note) for note in read_notes(student.nb)] == ["Put back: a", "Stopped: b"]
    heads = [cell for cell in student.nb.cells if cell.source.startswith("**Notes")]
    assert len(heads) == 1


def test_a_note_cannot_become_markdown_or_html(student):
    add_notes(student.nb, [Note("renamed", "<img src=x> [a](b) *c* `d` was\n\n# graded")])
    text = student.nb.cells[0].source
    assert "<img" not in text
    assert "\n# graded" not in text
    assert "\\[a\\]" in text
