"""What a grading run tells: counted, on a terminal, in a log, as JSON."""

import io
import json

import pytest
from rich.console import Console

from chainrule.grading.console import progress_on
from chainrule.grading.gradesheet import FAILED, GRADED, Row
from chainrule.grading.lines import JsonProgress, LineProgress
from chainrule.grading.live import LiveProgress, shown
from chainrule.grading.notes import Note
from chainrule.grading.progress import Tally


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def row(student, status=GRADED, score=6.0, **more):
    return Row("mini", student, status, score, 10.0, **more)


@pytest.fixture
def tally():
    made = Tally(10, clock=Clock())
    for student in ("a", "b", "c"):
        made.begin(student)
    made.end(row("a"), 1.5)
    made.end(row("b", FAILED, None), 4.0)
    made.clock.now = 4.0
    return made


def text_of(what, width=100, **terminal):
    out = io.StringIO()
    Console(file=out, width=width, **terminal).print(what)
    return out.getvalue()


# --- counted --------------------------------------------------------------------------------------


def test_what_is_done_failed_slowest_and_being_graded_is_counted(tally):
    assert (tally.done, tally.failed, tally.slowest, tally.busy) == (2, 1, ("b", 4.0), ["c"])


def test_the_rest_takes_as_long_as_the_rate_so_far_says(tally):
    assert (tally.rate, tally.seconds_left) == (0.5, 16.0)


def test_before_the_first_is_done_nobody_knows_how_long_it_takes():
    fresh = Tally(3, clock=Clock())
    fresh.clock.now = 9.0
    assert (fresh.rate, fresh.seconds_left) == (0.0, None)


def test_who_is_tried_twice_is_busy_once(tally):
    tally.begin("c")
    tally.end(row("c"), 1.0)
    assert tally.busy == []


# --- on a terminal --------------------------------------------------------------------------------


def test_the_display_says_all_of_it(tally):
    text = text_of(shown(tally, 100))
    for said in ("2 of 10", "1 failed", "30 a minute", "0:16 left", "slowest so far: b, 4.0 s",
                 "now: c"):  # fmt: skip
        assert said in text


def test_the_display_takes_two_lines_whatever_is_graded(tally):
    for number in range(200):
        tally.begin(f"somebody{number}")
    for width in (60, 80, 200):
        lines = text_of(shown(tally, width), width).splitlines()
        assert len(lines) == 2
        assert max(map(len, lines)) <= width
    assert "and 198 more" in lines[1]


def test_colour_is_left_out_where_no_color_asks_for_it(tally, monkeypatch):
    colours = ("\x1b[3", "\x1b[9", ";3", "38;")
    assert any(code in text_of(shown(tally, 100), force_terminal=True) for code in colours)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not any(code in text_of(shown(tally, 100), force_terminal=True) for code in colours)


@pytest.mark.parametrize(("term", "kind"), [("xterm", LiveProgress), ("dumb", LineProgress)])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch, term, kind):
    monkeypatch.setenv("TERM", term)
    assert type(progress_on(Console(file=io.StringIO(), force_terminal=True))) is kind


def test_who_needs_attention_stays_on_the_terminal():
    out = io.StringIO()
    progress = LiveProgress(Console(file=out, width=80, force_terminal=True))
    progress.start(2)
    progress.begin("b")
    progress.end(row("b", FAILED, None), 1.0)
    progress.finish()
    assert "b: not graded" in out.getvalue()


# --- in a log -------------------------------------------------------------------------------------


def test_elsewhere_there_is_a_line_for_each():
    out = io.StringIO()
    progress = LineProgress(Console(file=out, width=20))
    progress.start(10)
    progress.end(row("a"), 1.5)
    progress.end(row("somebody_with_a_long_name", FAILED, None), 4.0)
    assert out.getvalue().splitlines() == [
        "[ 1/10] a: 6 / 10 (1.5 s)",
        "[ 2/10] somebody_with_a_long_name: not graded (4.0 s)",
    ]


# --- for a program --------------------------------------------------------------------------------


def test_every_line_is_an_object_and_words_go_elsewhere():
    out, words = io.StringIO(), io.StringIO()
    progress = JsonProgress(out, Console(file=words), "mini")
    progress.say("Releasing mini")
    progress.start(3)
    late = row("a", notes=[Note("late", "so late"), Note("late", "very"), Note("added", "x")])
    progress.end(late, 1.23456)
    progress.end(row("b", FAILED, None), 0.5)
    progress.leave(1)
    progress.end_run([late, row("b", FAILED, None), row("z", waiting=["why"])], 3)
    start, first, second, finish = map(json.loads, out.getvalue().splitlines())
    assert start == {"event": "start", "assignment": "mini", "to_grade": 3}
    assert first == {
        "event": "submission", "student": "a", "status": "graded", "points": 6.0,
        "max_points": 10.0, "waiting": 0, "seconds": 1.235, "flags": ["added", "late"],
    }  # fmt: skip
    assert (second["points"], second["status"]) == (None, "not graded")
    assert finish.pop("seconds") >= 0
    assert finish == {
        "event": "finish", "assignment": "mini", "graded": 2, "failed": 1, "left": 1,
        "students": 3, "need_attention": 1, "wait_for_a_person": 1, "exit_code": 3,
    }  # fmt: skip
    assert words.getvalue() == "Releasing mini\n"


def test_a_run_that_broke_off_counts_what_it_has_not_come_to_as_left():
    out = io.StringIO()
    progress = JsonProgress(out, Console(file=io.StringIO()), "mini")
    progress.start(3)
    progress.end(row("a"), 1.0)
    progress.end_run([], 130)
    assert json.loads(out.getvalue().splitlines()[-1])["left"] == 2
