"""`chainrule export` and `nbgrader export` write the same; exit codes say how it went."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from classroom import NAME
from nbgrader.apps import ExportApp

from chainrule import cli
from chainrule.commands import export
from chainrule.grading.exports.formats import FORMATS

CANVAS = (
    "Student,ID,SIS Login ID,Section,mini (4711)\r\n"
    "    Points Possible,,,,10.00\r\n"
    "Anna,101,anna,A,\r\n"
    "Bo,102,b.ohm,A,\r\n"
)
MOODLE = "Identifier,Email address,Grade\nParticipant 1,anna@uni.example,\n"
ROSTERS = {"canvas": CANVAS, "moodle": MOODLE}


def run(course, *arguments):
    return cli.main(["--course", str(course.root), "export", *map(str, arguments)])


def contents(place):
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


def test_the_command_knows_every_format():
    assert list(export.FORMATS) == list(FORMATS)


def test_its_help_names_every_format(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["export", "--help"])
    assert stopped.value.code == cli.OK
    text = capsys.readouterr().out
    assert [name for name in FORMATS if f"\n  {name} " not in text] == []


@pytest.mark.parametrize("name", FORMATS)
def test_nbgrader_writes_the_same_bytes(name, graded, tmp_path, monkeypatch):
    options, traits = ["--to", tmp_path / "ours"], [f"--to={tmp_path / 'theirs'}"]
    exporter = FORMATS[name]
    if name in ROSTERS:
        roster = tmp_path / "roster.csv"
        roster.write_bytes(ROSTERS[name].encode("utf-8"))
        options += ["--roster", roster]
        traits += [f"--{exporter.__name__}.roster={roster}"]
    assert run(graded, name, NAME, *options) == cli.ATTENTION
    monkeypatch.chdir(graded.root)
    app = ExportApp()
    dotted = f"{exporter.__module__}.{exporter.__name__}"
    app.initialize([f"--exporter={dotted}", *traits, f"--assignment={NAME}"])
    app.start()
    assert contents(tmp_path / "theirs") == contents(tmp_path / "ours")


@pytest.mark.slow
def test_nbgrader_itself_logs_who_needs_attention(graded, tmp_path):
    (tmp_path / "roster.csv").write_text(CANVAS.replace("mini", "PS 1"), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "nbgrader", "export"),
        "--exporter=chainrule.grading.exports.canvas.CanvasExporter",
        f"--CanvasExporter.roster={tmp_path / 'roster.csv'}",
        f"--to={tmp_path / 'theirs.csv'}",
    ]

    def nbgrader(*more):
        return subprocess.run(
            [*command, *more], cwd=graded.root, capture_output=True, text=True, encoding="utf-8",
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip

    done = nbgrader("--CanvasExporter.column=PS 1 (4711)")
    assert done.returncode == 0, done.stderr
    assert "dora: not in the roster (mini 6)" in done.stderr
    assert "anna,A,10" in (tmp_path / "theirs.csv").read_text(encoding="utf-8")
    done = nbgrader()
    assert done.returncode == 2
    assert "has no column for mini" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_place_it_goes_into_exports(graded, capsys):
    assert run(graded, "csv") == cli.ATTENTION
    assert (graded.root / "exports" / "grades.csv").read_bytes() == graded.grades.read_bytes()
    out = capsys.readouterr().out
    assert f"Wrote {Path('exports', 'grades.csv')}" in out
    assert "Needs attention:\n  cut_off" in out


def test_twice_it_writes_the_same(graded):
    for name in ("json", "junit", "gradescope"):
        run(graded, name)
    before = contents(graded.root / "exports")
    for name in ("json", "junit", "gradescope"):
        run(graded, name)
    assert contents(graded.root / "exports") == before


def test_json_has_the_numbers_of_the_grade_table(graded):
    run(graded, "json")
    whole = json.loads((graded.root / "exports" / "grades.json").read_text(encoding="ascii"))
    assert whole["version"] == 1
    with graded.grades.open(encoding="utf-8", newline="") as file:
        table = {row["student"]: row for row in csv.DictReader(file)}
    for row in whole["grades"]:
        assert row["score"] == float(table[row["student"]]["score"])
        for name, points in row["exercises"].items():
            assert ("" if points is None else f"{points:g}") == table[row["student"]][name]
    emil, dora = whole["grades"][4], whole["grades"][3]
    assert (emil["student"], emil["email"]) == ("emil", "E.Muster@uni.example")
    assert dora["waiting"] == ["why"]
    assert [cell["hidden"] for cell in dora["cells"]] == [False, True, False, False]


def test_all_well_ends_with_0(graded):
    assert run(graded, "csv", "--student", "anna", "--student", "b.ohm") == cli.OK
    assert run(graded, "csv", "--student", "dora") == cli.ATTENTION
    assert run(graded, "csv", "--student", "dora", "--partial") == cli.OK


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["canvas"], "needs the roster of Canvas"),
        (["canvas", "--roster", "none.csv"], "could not read the roster none.csv"),
        (["csv", "--roster", "x.csv"], "csv needs no roster"),
        (["json", "ps99"], "no problem set 'ps99'"),
        (["json", "--student", "zoe"], "there is no grade of zoe"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(graded, capsys, arguments, says):
    assert run(graded, *arguments) == cli.USAGE
    assert says in capsys.readouterr().err
    assert not (graded.root / "exports").exists()


def test_an_unknown_format_is_wrong_use(graded, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(graded, "excel")
    assert stopped.value.code == cli.USAGE
    assert "invalid choice: 'excel'" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_to_keeps_what_is_there(
    graded, tmp_path, monkeypatch, capsys
):
    to = tmp_path / "junit.xml"
    to.write_bytes(b"before")

    def no_room(*arguments):
        raise OSError(28, "No space left on device", str(to))

    monkeypatch.setattr(os, "replace", no_room)
    assert run(graded, "junit", "--to", to) == cli.INTERNAL
    assert f"could not write {to}: No space left" in capsys.readouterr().err
    assert contents(tmp_path / "junit.xml") == {".": b"before"}
