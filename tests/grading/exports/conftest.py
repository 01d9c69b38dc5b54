"""A small class that was graded, partly by hand, and what other systems export of it."""

import shutil

import kill
import nbformat
import pytest
from classroom import NAME, Student, hand_in
from fake import fake_engines
from nbgrader.api import Gradebook

from chainrule.grading import publish
from chainrule.grading.course import Course
from chainrule.grading.exports.rows import read_grades
from chainrule.grading.grade import grade, write_tables

WRONG = "def double(x):\n    return x + 3"


@pytest.fixture(scope="session")
def graded_once(released_once, tmp_path_factory):
    """Five students: full marks, something wrong and late, unreadable, waiting, nothing."""
    root = tmp_path_factory.mktemp("exports") / "course"
    shutil.copytree(released_once.root, root)
    course = Course.at(root)
    path = course.release / NAME / f"{NAME}.ipynb"

    def blank():
        return Student(nbformat.read(path, as_version=4))

    hand_in(course, "anna", blank().solve().nb)
    hand_in(course, "b.ohm", blank().solve().answer("double", WRONG).nb)
    hand_in(course, "cut_off", "{")
    hand_in(course, "dora", blank().solve().nb)
    with Gradebook(course.db_url) as book:
        book.add_student("emil", email="E.Muster@uni.example", lms_user_id="77")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "feedback_page", kill.page)
        grade(course, NAME, engines=fake_engines)
    with Gradebook(course.db_url) as book:
        for student, points in {"anna": 4.0, "b.ohm": 2.5}.items():
            found = book.find_grade("why", NAME, NAME, student)
            found.manual_score, found.needs_manual_grade = points, False
        late = book.find_submission_notebook(NAME, NAME, "b.ohm")
        late.late_submission_penalty = 0.75
        book.db.commit()
    write_tables(course)
    return course


@pytest.fixture
def graded(graded_once, tmp_path):
    """A copy of the course, to write into."""
    shutil.copytree(graded_once.root, tmp_path / "course")
    return Course.at(tmp_path / "course")


@pytest.fixture(scope="session")
def grades(graded_once):
    return read_grades(graded_once)
