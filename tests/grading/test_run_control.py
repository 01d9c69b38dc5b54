"""A run that does a part, is stopped, or is read by a program; and is finished by the next."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import kill
import nbformat
import pytest
from classroom import NAME, Student, hand_in
from fake import fake_engines, runs
from kill import dump

from chainrule import cli
from chainrule.grading import grade as grade_module
from chainrule.grading import publish
from chainrule.grading.grade import grade
from chainrule.grading.plan import CHANGED, NEW, OTHER_ASSIGNMENT, Choice, plan
from chainrule.grading.progress import Progress
from chainrule.grading.tables import read_rows

STUDENTS = [f"s{number}" for number in range(6)]


@pytest.fixture(autouse=True)
def _fake(monkeypatch):
    monkeypatch.setattr(publish, "feedback_page", kill.page)
    monkeypatch.setitem(grade_module.grade.__kwdefaults__, "engines", fake_engines)


@pytest.fixture
def klass(released):
    """Six who handed in; the first cannot be read."""
    for number, name in enumerate(STUDENTS):
        student = Student(nbformat.read(released.release / NAME / f"{NAME}.ipynb", as_version=4))
        hand_in(released, name, student.solve().nb if number else "{")
    return released


def run(course, *students, **options):
    return grade(course, NAME, students, **options)


def chainrule(course, *arguments):
    return cli.main(["--course", str(course.root), "grade", NAME, *arguments, "--jobs", "1"])


def change_problem_set(course):
    (course.source / NAME / "numbers.txt").write_text("4 5 6\n", encoding="utf-8")


def alone(course):
    """What a run on a copy, left alone, leaves."""
    twin = kill._copy(course.root, course.root.parent / "alone")
    run(twin)
    return dump(twin)


# --- a part ---------------------------------------------------------------------------------------


def test_a_limit_grades_so_many_and_says_how_many_are_left(klass, capsys):
    assert chainrule(klass, "--limit", "4") == cli.ATTENTION
    assert "2 are left: run the same command again to go on" in capsys.readouterr().out
    assert [task.why for task in plan(klass, NAME)] == [""] * 4 + [NEW] * 2


def test_several_runs_with_a_limit_end_like_one_without(klass):
    wanted = alone(klass)
    progress, left = Progress(), []
    for _ in range(3):
        run(klass, limit=2, progress=progress)
        left.append(progress.left)
    assert left == [4, 2, 0]
    assert dump(klass) == wanted


def test_a_limit_that_is_not_reached_changes_no_exit_code(klass):
    assert chainrule(klass, "s1", "s2", "--limit", "2") == cli.OK


@pytest.mark.parametrize("number", ["0", "-1", "all", "1.5"])
def test_a_limit_that_is_no_number_is_wrong_use(klass, number):
    with pytest.raises(SystemExit) as stopped:
        chainrule(klass, "--limit", number)
    assert stopped.value.code == cli.USAGE


def test_who_is_over_the_limit_keeps_the_grade_there_was(klass):
    run(klass)
    for name in ("s4", "s5"):
        hand_in(klass, name, "{")
    rows = {row.student: row for row in run(klass, limit=1)}
    assert (rows["s4"].score, rows["s5"].score) == (0.0, 6.0)


def test_only_changed_leaves_whom_only_the_problem_set_would_grade_again(klass):
    run(klass, "s1", "s2", "s3")
    change_problem_set(klass)
    hand_in(klass, "s2", "{")
    tasks = {task.student: task for task in plan(klass, NAME, only_changed=True)}
    assert {name: task.why for name, task in tasks.items()} == {
        "s0": NEW, "s1": "", "s2": CHANGED, "s3": "", "s4": NEW, "s5": NEW,
    }  # fmt: skip
    assert tasks["s1"].passed_over == OTHER_ASSIGNMENT


def test_only_changed_says_how_many_keep_an_older_grade(klass, capsys):
    run(klass)
    change_problem_set(klass)
    times = runs(klass)
    assert chainrule(klass, "--only-changed") == cli.ATTENTION  # because of s0
    assert "6 keep a grade made before the problem set" in capsys.readouterr().out
    assert runs(klass) == times
    assert {task.why for task in plan(klass, NAME)} == {OTHER_ASSIGNMENT}


def test_only_changed_tries_again_what_could_not_be_graded(klass):
    def broken(root, unsafe):
        engine = fake_engines(root)
        engine.run = lambda *arguments: 1 / 0
        return engine

    run(klass, "s1", engines=broken)
    change_problem_set(klass)
    assert plan(klass, NAME, ["s1"], only_changed=True)[0].why


def test_only_changed_contradicts_regrade(klass, capsys):
    with pytest.raises(SystemExit) as stopped:
        chainrule(klass, "--only-changed", "--regrade")
    assert stopped.value.code == cli.USAGE
    assert "not allowed with" in capsys.readouterr().err
    with pytest.raises(ValueError, match="only_changed does not"):
        Choice(regrade=True, only_changed=True)


def test_a_dry_run_says_where_the_limit_lies(klass, capsys):
    assert chainrule(klass, "--dry-run", "--limit", "2") == cli.OK
    assert "6 of 6 would be graded, the first 2 of them now" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["dask", "dask:", "cloud", "slurm:x"])
def test_an_executor_that_there_is_not_is_wrong_use(klass, where, capsys):
    with pytest.raises(SystemExit) as stopped:
        chainrule(klass, "--executor", where)
    assert stopped.value.code == cli.USAGE
    assert "is none of: local, dask:ADDRESS, slurm" in capsys.readouterr().err


# --- for a program --------------------------------------------------------------------------------


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def test_json_lines_sum_up(klass, capsys):
    code = chainrule(klass, "--json")
    said = capsys.readouterr()
    start, *graded, finish = events(said.out)
    assert (start["event"], start["to_grade"]) == ("start", 6)
    assert {one["event"] for one in graded} == {"submission"}
    assert {one["student"]: one["points"] for one in graded} == {
        "s0": 0.0, **dict.fromkeys(STUDENTS[1:], 6.0),
    }  # fmt: skip
    assert finish["exit_code"] == code == cli.ATTENTION
    assert (finish["graded"], finish["students"], finish["left"]) == (6, 6, 0)
    assert finish["failed"] == finish["need_attention"] == 1
    assert finish["failed"] == sum(one["status"] != "graded" for one in graded)


def test_a_second_run_has_nothing_to_tell_but_the_totals(klass, capsys):
    run(klass)
    assert chainrule(klass, "--json") == cli.ATTENTION
    said = capsys.readouterr()
    start, finish = events(said.out)
    assert (start["to_grade"], finish["graded"], finish["students"]) == (0, 0, 6)
    assert "0 of 6 have to be graded" in said.err


def test_json_says_how_many_are_left(klass, capsys):
    code = chainrule(klass, "s1", "s2", "s3", "--json", "--limit", "1")
    finish = events(capsys.readouterr().out)[-1]
    assert (finish["left"], finish["exit_code"], code) == (2, cli.ATTENTION, cli.ATTENTION)


def test_json_ends_with_the_exit_code_whatever_happens(klass, capsys, monkeypatch):
    from fake import refusing_engines

    monkeypatch.setitem(grade_module.grade.__kwdefaults__, "engines", refusing_engines)
    code = chainrule(klass, "--json")
    said = capsys.readouterr()
    assert events(said.out)[-1]["exit_code"] == code != cli.OK
    assert said.err.splitlines()[-1] == "chainrule: there is no box"


def test_a_plan_can_be_read_by_a_program(klass, capsys):
    run(klass, "s1")
    assert chainrule(klass, "--json", "--dry-run") == cli.OK
    *tasks, finish = events(capsys.readouterr().out)
    assert {one["student"]: one["why"] for one in tasks} == {
        **dict.fromkeys(STUDENTS, NEW), "s1": "",
    }  # fmt: skip
    assert (finish["to_grade"], finish["exit_code"]) == (5, cli.OK)


# --- stopped --------------------------------------------------------------------------------------


def test_a_run_that_is_asked_to_stop_begins_nothing_more(klass):
    wanted, progress = alone(klass), Progress()
    run(klass, progress=progress, stop=lambda: runs(klass) >= 3)
    assert runs(klass) == 3
    assert progress.left == 2
    run(klass)
    assert runs(klass) == 5  # one of the six cannot be run
    assert dump(klass) == wanted


@pytest.mark.slow
def test_processes_finish_what_they_are_at_and_give_the_rest_back(klass):
    wanted, progress = alone(klass), Progress()
    rows = run(klass, progress=progress, jobs=2, stop=lambda: runs(klass) >= 1)
    done = [task.student for task in plan(klass, NAME) if not task.why]
    assert len(done) + progress.left == len(STUDENTS)
    assert 1 <= len(done) <= 5
    assert sorted(row.student for row in rows) == done
    run(klass)
    assert dump(klass) == wanted


def test_a_stop_with_nothing_left_is_none(klass):
    progress = Progress()
    rows = run(klass, progress=progress, stop=lambda: runs(klass) >= 5)
    assert progress.left == 0
    assert len(rows) == 6


STEADY = """
import sys, time
sys.path.insert(0, {tests!r})
import fake, kill
from chainrule import cli
from chainrule.grading import grade, publish

def engines(root, *, unsafe=False):
    # Says when it begins, and takes its time: what interrupts it in between shows.
    engine = fake.FakeEngine(root)
    run = engine.run

    def steady(*arguments):
        (root / "begun.txt").open("a").write("x")
        time.sleep(0.6)
        run(*arguments)

    engine.run = steady
    return engine

if __name__ == "__main__":
    publish.feedback_page = kill.page
    grade.grade.__kwdefaults__["engines"] = engines
    sys.exit(cli.main(["--course", sys.argv[1], "grade", "mini", *sys.argv[2:]]))
"""


@pytest.fixture
def steady(klass):
    """Starts a slow run in a process group of its own, as a terminal does."""
    script = klass.root / "steady.py"
    script.write_text(STEADY.format(tests=str(Path(kill.__file__).parent)), encoding="utf-8")
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, str(script), str(klass.root), *arguments], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def begun(course):
    path = course.root / "begun.txt"
    return len(path.read_text(encoding="utf-8")) if path.is_file() else 0


def press_ctrl_c(course, process, after=1):
    """What a terminal does: the whole group gets it."""
    until = time.monotonic() + 60
    while begun(course) < after and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)


needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


@pytest.mark.slow
@needs_signals
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_once_finishes_what_is_being_graded_and_says_how_to_go_on(klass, steady, jobs):
    wanted = alone(klass)
    process = steady("--jobs", jobs)
    press_ctrl_c(klass, process)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert err == ""
    assert begun(klass) == runs(klass) < 5
    done = [task for task in plan(klass, NAME) if not task.why]
    assert "Finishing what is being graded; press Ctrl-C again to stop at once" in out
    assert f"{6 - len(done)} are left: run the same command again to go on." in out
    for task in done:
        assert (klass.feedback / task.student / NAME / f"{NAME}.html").is_file()
        assert task.student in klass.grades.read_text(encoding="utf-8")
    run(klass)
    assert runs(klass) == 5
    assert dump(klass) == wanted


@pytest.mark.slow
@needs_signals
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_twice_stops_now_and_leaves_nothing_half_written(klass, steady, jobs):
    wanted = alone(klass)
    process = steady("--jobs", jobs)
    press_ctrl_c(klass, process)
    for line in process.stdout:
        if "press Ctrl-C again" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "chainrule: stopped; run the same command again to go on\n"
    assert runs(klass) < begun(klass)  # somebody's was broken off
    run(klass)
    assert dump(klass) == wanted


@pytest.mark.slow
@needs_signals
def test_ctrl_c_leaves_json_that_can_be_read(klass, steady):
    process = steady("--jobs", "1", "--json")
    press_ctrl_c(klass, process, after=2)
    out, err = process.communicate(timeout=60)
    *_, finish = events(out)
    assert (finish["event"], finish["exit_code"], process.returncode) == ("finish", 130, 130)
    assert finish["graded"] + finish["left"] == 6
    assert "Finishing what is being graded" in err


def test_who_is_over_the_limit_is_in_the_tables_as_not_graded_yet(klass):
    run(klass, limit=2)
    rows = {row.student: row for row in read_rows(klass)}
    assert [name for name, row in rows.items() if row.status == "not graded"] == STUDENTS[2:]
    assert rows["s5"].score is None
    assert "Handed in, but not graded yet" in rows["s5"].remark
