"""`chainrule grade` and `chainrule explain`: what they say, and their exit codes."""

import kill
import pytest
from classroom import NAME, hand_in
from fake import fake_engines, refusing_engines, runs
from nbgrader.api import Gradebook
from test_run import blank, state

from chainrule import cli
from chainrule.grading import explain, grade, lock, publish


@pytest.fixture
def klass(released, monkeypatch):
    monkeypatch.setattr(publish, "feedback_page", kill.page)
    use(monkeypatch, fake_engines)
    hand_in(released, "full", blank(released).solve().nb)
    hand_in(released, "blank", blank(released).nb)
    return released


def use(monkeypatch, engines):
    for command in (grade.grade, explain.explain):
        monkeypatch.setitem(command.__kwdefaults__, "engines", engines)


def chainrule(course, *arguments):
    alone = ["--jobs", "1"] if arguments[0] == "grade" and "--jobs" not in arguments else []
    return cli.main(["--course", str(course.root), *arguments, *alone])


def test_all_graded_ends_with_0(klass, capsys):
    assert chainrule(klass, "grade", NAME) == cli.OK
    assert "full: 6 / 10" in capsys.readouterr().out
    assert chainrule(klass, "grade", NAME) == cli.OK
    assert "0 of 2 have to be graded" in capsys.readouterr().out
    assert runs(klass) == 2


@pytest.mark.parametrize("content", ["{", "", "[1]"])
def test_one_that_cannot_be_read_ends_with_3(klass, content):
    hand_in(klass, "broken", content)
    assert chainrule(klass, "grade", NAME) == cli.ATTENTION
    assert chainrule(klass, "grade", NAME) == cli.ATTENTION
    assert chainrule(klass, "grade", NAME, "full") == cli.OK


def test_one_on_the_roster_without_a_folder_ends_with_3(klass, capsys):
    with Gradebook(klass.db_url) as book:
        book.add_student("idle")
    assert chainrule(klass, "grade", NAME) == cli.ATTENTION
    assert "there is no folder 'idle'" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(klass, capsys):
    before = state(klass)
    assert chainrule(klass, "grade", NAME, "--dry-run") == cli.OK
    out = capsys.readouterr().out
    assert "graded: new" in out
    assert "2 of 2 would be graded. Nothing was written." in out
    assert state(klass) == before


def test_an_engine_that_refuses_ends_with_an_error_and_no_traceback(klass, monkeypatch, capsys):
    use(monkeypatch, refusing_engines)
    assert chainrule(klass, "grade", NAME) in (cli.USAGE, cli.INTERNAL)
    assert capsys.readouterr().err == "chainrule: there is no box\n"


def test_another_run_at_work_ends_with_1(klass, monkeypatch, capsys):
    monkeypatch.setattr(lock, "_try", lambda file: False)
    monkeypatch.setattr(lock, "WAIT", 0)
    monkeypatch.setitem(lock.locked.__wrapped__.__kwdefaults__, "wait", 0)
    assert chainrule(klass, "grade", NAME) == cli.INTERNAL
    assert "another run is grading here" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1", "many", "1001"])
def test_a_number_of_jobs_that_is_none_is_wrong_use(klass, number):
    with pytest.raises(SystemExit) as stopped:
        chainrule(klass, "grade", NAME, "--jobs", number)
    assert stopped.value.code == cli.USAGE


def test_a_grade_that_is_the_same_again_is_explained_with_0(klass, capsys):
    chainrule(klass, "grade", NAME)
    assert chainrule(klass, "explain", "full") == cli.OK
    assert "double-hidden: passed" in capsys.readouterr().out


def test_a_grade_that_is_another_one_now_is_explained_with_3(klass, capsys):
    chainrule(klass, "grade", NAME)
    hand_in(klass, "full", blank(klass).nb)
    assert chainrule(klass, "explain", "full", NAME) == cli.ATTENTION
    assert "now 0 of 2 (failed)" in capsys.readouterr().out


def test_nobody_can_be_explained_who_was_not_graded(klass, capsys):
    assert chainrule(klass, "explain", "full") == cli.USAGE
    assert "nothing of 'full' has been graded yet" in capsys.readouterr().err
