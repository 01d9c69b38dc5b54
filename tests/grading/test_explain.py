"""A grade can be explained from the journal and replayed."""

import kill
import nbformat
import pytest
from classroom import NAME, Student, hand_in
from fake import fake_engines
from nbgrader.api import Gradebook
from test_run import state

from chainrule.grading import publish
from chainrule.grading.console import explanation, open_console
from chainrule.grading.course import CourseError
from chainrule.grading.explain import explain, graded_sets
from chainrule.grading.grade import grade
from chainrule.grading.journal import Journal


@pytest.fixture
def graded(released, pristine, monkeypatch):
    monkeypatch.setattr(publish, "feedback_page", kill.page)
    student = Student(nbformat.from_dict(pristine)).solve()
    hand_in(released, "anna", student.answer("square", "def square(x): return 2 * x").nb)
    hand_in(released, "cut_off", "{")
    grade(released, NAME, engines=fake_engines)
    return released


def told(course, student="anna"):
    return explain(course, student, NAME, engines=fake_engines)


def text(told):
    console = open_console()
    with console.capture() as shown:
        console.print(explanation(told), soft_wrap=True)
    return shown.get()


def test_every_point_is_explained(graded):
    shown = text(told(graded))
    assert "mini of anna: graded" in shown
    assert "2 / 2  double-check: passed" in shown
    assert "0 / 1  square-check: failed" in shown
    assert "AssertionError" in shown
    assert "- / 4  why: by hand" in shown
    assert "protection   none: for tests" in shown
    assert "every point is the same" in shown


def test_points_given_by_hand_are_told(graded):
    with Gradebook(graded.db_url) as book:
        book.find_grade("why", NAME, NAME, "anna").manual_score = 3.5
        book.db.commit()
    assert "3.5 / 4  why: by hand; 3.5 points by hand" in text(told(graded))


def test_a_submission_that_could_not_be_read_is_explained(graded):
    shown = text(told(graded, "cut_off"))
    assert "mini of cut_off: unreadable" in shown
    assert "is cut off" in shown
    assert "every point is the same" in shown


def test_a_replay_writes_nothing(graded):
    before = state(graded)
    told(graded)
    assert state(graded) == before


def test_what_has_changed_since_is_told(graded, pristine):
    hand_in(graded, "anna", Student(nbformat.from_dict(pristine)).solve().nb)
    differences = told(graded).differences
    assert differences == [
        "what was handed in has changed since",
        "square-check: 0 of 1 (failed); now 1 of 1 (passed)",
    ]


def test_a_submission_that_is_gone_is_told(graded):
    kill.shutil.rmtree(graded.submitted / "anna")
    assert "it was graded; now it is missing" in told(graded).differences


def test_who_was_not_graded_cannot_be_explained(graded):
    with pytest.raises(CourseError, match="has not been graded yet"):
        told(graded, "nobody")
    with pytest.raises(CourseError, match="is not a student id"):
        told(graded, "../anna")


def test_a_spoilt_entry_cannot_be_explained(graded):
    Journal(graded.journal, NAME).path("anna").write_text("{")
    with pytest.raises(CourseError, match="is no use: it cannot be read"):
        told(graded)


def test_the_graded_problem_sets_of_a_student_are_found(graded):
    assert graded_sets(graded, "anna") == [NAME]
    assert graded_sets(graded, "nobody") == []
