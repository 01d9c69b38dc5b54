"""A run grades what is new, and only that; nobody vanishes, nothing given by hand is lost."""

import contextlib
import csv
import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import kill
import nbformat
import pytest
from classroom import NAME, Student, hand_in, points_of
from fake import fake_engines, refusing_engines, runs
from kill import dump
from nbgrader.api import Gradebook

from chainrule.grading import files, publish
from chainrule.grading.course import CourseError
from chainrule.grading.grade import grade
from chainrule.grading.journal import Journal
from chainrule.grading.plan import ASKED, CHANGED, NEW, OTHER_ASSIGNMENT, plan
from chainrule.grading.progress import Progress

OK = "def double(x):\n    return 2 * x"


@pytest.fixture(autouse=True)
def _plain_pages(monkeypatch):
    monkeypatch.setattr(publish, "feedback_page", kill.page)


@pytest.fixture
def klass(released):
    """Three who handed in: everything, nothing, something unreadable."""
    hand_in(released, "full", blank(released).solve().nb)
    hand_in(released, "blank", blank(released).nb)
    hand_in(released, "cut_off", "{")
    return released


def blank(course):
    path = course.release / NAME / f"{NAME}.ipynb"
    return Student(nbformat.read(path, as_version=4))


def run(course, *students, **options):
    return grade(course, NAME, students, engines=options.pop("engines", fake_engines), **options)


def state(course):
    """Every file of the course with its content and its time, but what a run says of itself."""
    of_the_run = {".nbgrader.log", "runs.txt", "lock", ".chainrule"}
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in course.root.rglob("*")
        if path.name not in of_the_run
    }


def set_manual(course, student, cell="why", **values):
    with Gradebook(course.db_url) as book:
        found = book.find_grade(cell, NAME, NAME, student)
        for name, value in values.items():
            setattr(found, name, value)
        found.needs_manual_grade = False
        book.db.commit()


def recorded(course, student, cell):
    with Gradebook(course.db_url) as book:
        found = book.find_grade(cell, NAME, NAME, student)
        return found.auto_score, found.manual_score, found.needs_manual_grade


# --- what is graded -------------------------------------------------------------------------------


def test_everybody_gets_their_points(klass):
    assert points_of(run(klass)) == {"full": 6.0, "blank": 0.0, "cut_off": 0.0}


def test_a_second_run_executes_nothing_and_changes_nothing(klass):
    first = run(klass)
    before, times = state(klass), runs(klass)
    assert run(klass) == first
    assert runs(klass) == times
    assert state(klass) == before


def test_a_second_run_makes_no_page(klass, monkeypatch):
    run(klass)
    monkeypatch.setattr(publish, "feedback_page", None)
    assert not any(row.needs_attention for row in run(klass) if row.student != "cut_off")


def test_a_changed_submission_is_graded_again_whatever_its_time(klass):
    run(klass)
    path = hand_in(klass, "blank", blank(klass).solve().nb)
    os.utime(path, (0, 0))
    times = runs(klass)
    assert points_of(run(klass))["blank"] == 6.0
    assert runs(klass) == times + 1


def test_an_untouched_submission_is_not_graded_again_whatever_its_time(klass):
    run(klass)
    times = runs(klass)
    for path in klass.submitted.rglob("*.ipynb"):
        os.utime(path, (2e9, 2e9))
    run(klass)
    assert runs(klass) == times


def test_a_file_beside_the_notebook_counts(klass):
    run(klass)
    (klass.submitted / "full" / NAME / "data.csv").write_text("1", encoding="utf-8")
    assert [task.why for task in plan(klass, NAME, ["full"])] == [CHANGED]


def test_everybody_is_graded_again_when_the_problem_set_changes(klass):
    run(klass)
    path = klass.source / NAME / f"{NAME}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("1.5 for", "1.0 for"), "utf-8")
    assert points_of(run(klass))["full"] == 5.0


def test_regrade_grades_whom_it_is_told_to(klass):
    run(klass)
    times = runs(klass)
    run(klass, "full", regrade=True)
    assert runs(klass) == times + 1
    run(klass, regrade=True)
    assert runs(klass) == times + 3  # one of three cannot be run


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(klass):
    before = state(klass)
    why = {task.student: task.why for task in plan(klass, NAME)}
    assert why == dict.fromkeys(["full", "blank", "cut_off"], NEW)
    assert state(klass) == before
    run(klass)
    hand_in(klass, "full", blank(klass).nb)
    before = state(klass)
    assert [task.why for task in plan(klass, NAME)] == ["", "", CHANGED]
    assert [task.why for task in plan(klass, NAME, ["blank"], regrade=True)] == [ASKED]
    (klass.source / NAME / "numbers.txt").write_text("4", encoding="utf-8")
    assert plan(klass, NAME, ["blank"])[0].why == OTHER_ASSIGNMENT
    (klass.source / NAME / "numbers.txt").write_text("1 2 3\n", encoding="utf-8")
    assert {path: known[1] for path, known in state(klass).items()} == {
        path: known[1] for path, known in before.items()
    }


# --- the journal is what counts -------------------------------------------------------------------


def test_a_lost_gradebook_is_made_again(klass):
    run(klass)
    before, times = dump(klass), runs(klass)
    klass.gradebook.unlink()
    run(klass)
    assert runs(klass) == times
    assert dump(klass) == before


def test_a_gradebook_from_before_is_brought_up_to_date(klass):
    old = klass.gradebook.read_bytes()
    run(klass)
    before, times = dump(klass), runs(klass)
    klass.gradebook.write_bytes(old)
    run(klass)
    assert runs(klass) == times
    assert dump(klass) == before


@pytest.mark.parametrize("place", ["autograded", "feedback"])
def test_lost_results_are_made_again(klass, place):
    run(klass)
    before, times = dump(klass), runs(klass)
    for path in (klass.root / place).rglob("*.*"):
        path.unlink()
    run(klass)
    assert runs(klass) == times
    assert dump(klass) == before


def test_what_nbgrader_or_anybody_wrote_over_a_grade_is_mended(klass):
    run(klass)
    before = dump(klass)
    with Gradebook(klass.db_url) as book:
        book.find_grade("square-check", NAME, NAME, "full").auto_score = 99
        book.find_comment("why", NAME, NAME, "blank").auto_comment = "hm"
        book.db.commit()
    (klass.feedback / "full" / NAME / f"{NAME}.html").write_text("full marks", encoding="utf-8")
    run(klass)
    assert dump(klass) == before


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"schema": 1}', b'{"schema": 99}', b"\xff\xfe", b"[" * 9000],
)
def test_a_spoilt_entry_is_made_again_and_said(klass, content):
    run(klass)
    before = dump(klass)
    Journal(klass.journal, NAME).path("full").write_bytes(content)

    class Ear(Progress):
        said = ""

        def say(self, text):
            Ear.said += text

    run(klass, progress=Ear())
    assert "full is graded again: its entry in the journal" in Ear.said
    assert dump(klass) == before


def test_an_entry_that_was_changed_by_hand_does_not_count(klass):
    run(klass)
    path = Journal(klass.journal, NAME).path("blank")
    path.write_text(path.read_text().replace('"points": 0.0', '"points": 5.0'))
    assert points_of(run(klass))["blank"] == 0.0


def test_an_entry_of_somebody_else_does_not_count(klass):
    hand_in(klass, "twin", blank(klass).solve().nb)
    run(klass)
    before = dump(klass)
    journal = Journal(klass.journal, NAME)
    journal.path("twin").write_bytes(journal.path("full").read_bytes())
    klass.gradebook.unlink()
    run(klass)
    assert dump(klass) == before


# --- what people gave -----------------------------------------------------------------------------


def test_points_credit_and_comments_given_by_hand_stay(klass):
    run(klass)
    set_manual(klass, "full", manual_score=3.0, extra_credit=0.5)
    with Gradebook(klass.db_url) as book:
        book.find_comment("why", NAME, NAME, "full").manual_comment = "well said"
        book.db.commit()
    (row,) = run(klass, "full", regrade=True)
    assert (row.score, row.waiting) == (9.5, [])
    assert "well said" in (klass.feedback / "full" / NAME / f"{NAME}.html").read_text()
    hand_in(klass, "full", blank(klass).solve().answer("square", "").nb)
    (row,) = run(klass, "full")
    assert (row.score, row.waiting) == (8.5, [])  # that answer is the same


def test_a_changed_answer_is_to_be_looked_at_again(klass):
    run(klass)
    set_manual(klass, "full", manual_score=3.0)
    hand_in(klass, "full", blank(klass).solve().answer("why", "Since.").nb)
    for _ in range(2):
        (row,) = run(klass, "full")
        assert (row.score, row.waiting) == (9.0, ["why"])
        assert "look again at: why" in row.remark
    set_manual(klass, "full", manual_score=1.0)
    (row,) = run(klass, "full")
    assert (row.score, row.waiting, row.remark) == (7.0, [], "")


def test_points_given_over_a_check_are_looked_at_when_its_answer_changes(klass):
    run(klass)
    set_manual(klass, "blank", "double-check", manual_score=1.0)
    hand_in(klass, "blank", blank(klass).answer("square", "def square(x): return x * x").nb)
    assert run(klass, "blank")[0].waiting == []
    hand_in(klass, "blank", blank(klass).answer("double", OK).nb)
    (row,) = run(klass, "blank")
    assert row.waiting == ["double"]
    assert recorded(klass, "blank", "double-check") == (2.0, 1.0, True)


def test_only_the_pages_of_whom_a_person_graded_are_renewed(klass):
    run(klass)
    set_manual(klass, "full", manual_score=2.0)
    before = {path: path.stat().st_mtime_ns for path in klass.feedback.rglob("*.html")}
    times = runs(klass)
    run(klass)
    changed = [p for p in before if p.stat().st_mtime_ns != before[p]]
    assert [path.parts[-3] for path in changed] == ["full"]
    assert runs(klass) == times


# --- everybody is in the table --------------------------------------------------------------------


def test_who_is_on_the_roster_and_handed_in_nothing_is_missing(klass):
    with Gradebook(klass.db_url) as book:
        book.add_student("idle")
    rows = {row.student: row for row in run(klass)}
    assert (rows["idle"].status, rows["idle"].score) == ("missing", 0.0)
    assert rows["idle"].needs_attention
    assert "no folder 'idle'" in rows["idle"].remark
    with klass.grades.open(encoding="utf-8", newline="") as table:
        assert {line["student"] for line in csv.DictReader(table)} == set(rows)


def test_who_is_gone_from_submitted_keeps_the_grade(klass):
    run(klass)
    kill.shutil.rmtree(klass.submitted / "full")
    assert points_of(run(klass))["full"] == 6.0


def test_whoever_was_taken_out_of_the_gradebook_stays_out(klass):
    run(klass)
    kill.shutil.rmtree(klass.submitted / "full")
    with Gradebook(klass.db_url) as book:
        book.remove_student("full")
    assert set(points_of(run(klass))) == {"blank", "cut_off"}


def test_a_name_that_was_mistyped_is_nobody(klass):
    with pytest.raises(CourseError, match=r"nothing was handed in by 'ful' .*full"):
        run(klass, "ful")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("name", [b"a\nb", b"[a-z]*", b"caf\xe9", b"\xff", b" x", b"-x", b"=1+1"])
def test_an_odd_folder_name_gets_a_row(klass, name):
    folder = os.fsencode(klass.submitted) + b"/" + name + b"/" + NAME.encode()
    os.makedirs(folder)
    nbformat.write(blank(klass).solve().nb, os.fsdecode(folder + b"/mini.ipynb"))
    row = next(row for row in run(klass) if os.fsencode(row.student) == name)
    assert row.score == 6.0 or "cannot be a student id" in row.remark
    assert len(klass.grades.read_bytes().splitlines()) == 5
    before = state(klass)
    run(klass)
    assert state(klass) == before


def test_a_row_for_each_cell(klass):
    run(klass)
    with klass.cells.open(encoding="utf-8", newline="") as table:
        lines = [line for line in csv.DictReader(table) if line["student"] == "full"]
    assert [(line["exercise"], line["cell"], line["points"]) for line in lines] == [
        ("double", "double-check", "2"),
        ("double", "double-hidden", "3"),
        ("square", "square-check", "1"),
        ("why", "why", ""),
    ]
    assert [line["verdict"] for line in lines] == ["passed", "passed", "passed", "by hand"]


# --- late -----------------------------------------------------------------------------------------


@pytest.fixture
def due(klass):
    kill.set_due(klass)
    return klass


def at(course, student, text):
    path = course.submitted / student / NAME / "timestamp.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_being_late_costs_what_the_plugin_says(due):
    at(due, "full", "2026-01-05 00:00:00 UTC")
    (row,) = run(due, "full")
    assert row.score == 0.0
    assert "6 points are taken off" in row.remark
    with Gradebook(due.db_url) as book:
        found = book.find_submission(NAME, "full")
        assert found.timestamp == datetime(2026, 1, 5)
        assert (found.score, found.late_submission_penalty) == (6.0, 6.0)


def test_another_time_is_recorded_without_grading_again(due):
    at(due, "full", "2026-01-05 00:00:00 UTC")
    run(due)
    times = runs(due)
    at(due, "full", "2026-01-03 00:00:00 UTC")
    assert points_of(run(due))["full"] == 6.0
    assert runs(due) == times


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("soon", "no time that can be read"),
        (b"\xff\xfe\x00", "no time that can be read"),
        ("9" * 500, "no time that can be read"),
        ("", "no time that can be read"),
        ("2999-01-01 00:00:00 UTC", "in the future"),
    ],
)
def test_an_odd_time_is_noted(due, text, says):
    at(due, "full", text)
    (row,) = run(due, "full")
    assert says in row.remark
    assert row.status == "graded"


# --- trouble --------------------------------------------------------------------------------------


def test_a_failure_of_the_engine_is_a_reason_and_tried_again(klass):
    hand_in(klass, "full", blank(klass).solve().answer("double", "# ENGINE_FAILS").nb)
    rows = {row.student: row for row in run(klass)}
    assert (rows["full"].status, rows["full"].score) == ("not graded", None)
    assert "the engine has failed" in rows["full"].remark
    times = runs(klass)
    run(klass)
    assert runs(klass) == times + 1


def test_a_failure_leaves_what_a_person_gave_alone(klass):
    run(klass)
    set_manual(klass, "full", manual_score=3.0)

    def broken(root, unsafe):
        engine = fake_engines(root)
        engine.run = lambda *arguments: 1 / 0
        return engine

    run(klass, "full", regrade=True, engines=broken)
    (row,) = run(klass, "full")
    assert (row.score, row.waiting) == (9.0, [])


def test_a_page_that_cannot_be_made_stops_nobody(klass, monkeypatch):
    def page(nb, marks, *, student, **names):
        if student == "full":
            raise ValueError("no")
        return "page"

    monkeypatch.setattr(publish, "feedback_page", page)
    rows = {row.student: row for row in run(klass)}
    assert points_of(rows.values()) == {"full": 6.0, "blank": 0.0, "cut_off": 0.0}
    assert rows["full"].needs_attention
    assert "the feedback could not be written" in rows["full"].remark
    monkeypatch.setattr(publish, "feedback_page", kill.page)
    assert not next(row for row in run(klass) if row.student == "full").needs_attention


def test_a_full_disk_is_said_and_leaves_nothing_half_written(klass, monkeypatch):
    """Every write in turn finds the disk full; afterwards the run is finished as if it had not."""
    alone = kill._copy(klass.root, klass.root.parent / "alone")
    count = _writes_until_full(monkeypatch)
    run(alone)
    writes, wanted = 10**9 - count["left"], dump(alone)
    assert writes > 12
    for nth in range(1, writes + 1, 2):
        course = kill._copy(klass.root, klass.root.parent / f"full{nth}")
        count["left"] = nth
        with pytest.raises(CourseError, match="No space left on device") as caught:
            run(course)
        assert not caught.value.users_mistake
        assert not list(course.root.rglob(f"*{files.ARRIVING}"))
        count["left"] = 10**9
        run(course)
        assert dump(course) == wanted


def _writes_until_full(monkeypatch):
    count = {"left": 10**9}
    put = os.replace

    def replace(*names):
        count["left"] -= 1
        if count["left"] <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        put(*names)

    monkeypatch.setattr(files.os, "replace", replace)
    return count


def test_a_gradebook_that_cannot_grow_is_said(klass):
    with contextlib.closing(sqlite3.connect(klass.gradebook)) as book:
        book.execute("create trigger full before insert on submitted_assignment "
                     "begin select raise(abort, 'database or disk is full'); end")  # fmt: skip
    with pytest.raises(
        CourseError, match="could not write the gradebook: database or disk is full"
    ):
        run(klass)
    with contextlib.closing(sqlite3.connect(klass.gradebook)) as book:
        book.execute("drop trigger full")
    times = runs(klass)
    assert points_of(run(klass)) == {"full": 6.0, "blank": 0.0, "cut_off": 0.0}
    assert runs(klass) == times + 1  # what had been run was in the journal


def test_an_interrupted_run_keeps_what_it_has_done(klass):
    def interrupted(root, unsafe):
        engine = fake_engines(root)
        run_all, seen = engine.run, []

        def stop(*arguments):
            if seen:
                raise KeyboardInterrupt
            seen.append(1)
            run_all(*arguments)

        engine.run = stop
        return engine

    with pytest.raises(KeyboardInterrupt):
        run(klass, engines=interrupted)
    assert sum(bool(task.why) for task in plan(klass, NAME)) == 1
    assert points_of(run(klass)) == {"full": 6.0, "blank": 0.0, "cut_off": 0.0}


# --- several at once ------------------------------------------------------------------------------


@pytest.mark.slow
def test_several_processes_give_the_same(klass):
    alone = kill._copy(klass.root, klass.root.parent / "alone")
    run(alone)
    rows = run(klass, jobs=3)
    assert points_of(rows) == {"full": 6.0, "blank": 0.0, "cut_off": 0.0}
    assert dump(klass) == dump(alone)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_process_that_dies_costs_its_own_submission_only(klass):
    hand_in(klass, "killer", blank(klass).answer("double", "# PROCESS_DIES").nb)
    rows = {row.student: row for row in run(klass, jobs=2)}
    assert points_of(rows.values()) == {"full": 6.0, "blank": 0.0, "cut_off": 0.0, "killer": None}
    assert "ended the examiner's process, twice" in rows["killer"].remark


ENDLESS = """
import sys
from fake import sleepy_engines
from chainrule.grading.course import Course
from chainrule.grading.grade import grade
if __name__ == "__main__":
    grade(Course.at(sys.argv[1]), "mini", jobs=2, engines=sleepy_engines)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process(klass, how):
    script = klass.root / "endless.py"
    script.write_text(ENDLESS, encoding="utf-8")
    paths = os.pathsep.join([str(Path(kill.__file__).parent), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, str(script), str(klass.root)],
        env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while runs(klass) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    workers = [int(line) for line in (klass.root / "runs.txt").read_text().split()]
    assert len(set(workers)) == 2
    process.send_signal(how)
    process.wait(30)
    until = time.monotonic() + 20
    while any(map(_lives, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_lives, workers))
    assert points_of(run(klass)) == {"full": 6.0, "blank": 0.0, "cut_off": 0.0}


def _lives(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_an_engine_refuses_is_said_by_the_run(klass):
    for jobs in (1, 2):
        with pytest.raises(CourseError, match="there is no box"):
            run(klass, engines=refusing_engines, jobs=jobs)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_twenty_killed_runs_end_like_one_left_alone(released):
    done = subprocess.run(
        [sys.executable, kill.__file__, str(released.root), "20", "1"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all the same" in done.stdout
