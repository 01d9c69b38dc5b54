"""The demo shows the whole way, says when a grade surprises, and leaves a real class alone."""

import csv
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from classroom import NAME, Student, all_text, hand_in
from nbgrader.api import Gradebook

from chainrule.grading import demo
from chainrule.grading.course import Course, CourseError
from chainrule.grading.grade import grade
from chainrule.grading.gradesheet import FAILED, GRADED, Row
from chainrule.grading.notes import read_notes

ROOT = Path(__file__).parents[2]
EXPECTED = """student,status,score,double,square,why
blank,graded,0,0,0,0
full,graded,6,5,1,
"""


@pytest.fixture
def checkout(released):
    """A released course with a sample class of two."""
    sample = replace(released, submitted=released.root / demo.SAMPLE)
    nb = nbformat.read(released.release / NAME / f"{NAME}.ipynb", as_version=4)
    hand_in(sample, "blank", nb)
    hand_in(sample, "full", Student(nb).solve().nb)
    (sample.submitted / f"{NAME}.csv").write_text(EXPECTED, encoding="utf-8")
    released.gradebook.unlink()
    return released


def run(course):
    plan = demo.prepare(course.root)
    assert list(demo.run(plan)) == [NAME]
    return plan


def test_a_grade_as_expected_is_no_surprise():
    row = Row("ps", "a", GRADED, 6.0, 10.0, {"double": 5.0, "why": None})
    fields = {"student": "a", "status": "graded", "score": "6", "double": "5", "why": ""}
    assert demo.compare(row, fields) == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"status": "unreadable"}, "graded, expected unreadable"),
        ({"double": "4"}, "double: 5.0, expected 4"),
        ({"double": ""}, "double: 5.0, expected to be graded by hand"),
        ({"why": "4"}, "why: None, expected 4"),
        ({"score": "7"}, "6.0 points, expected 7"),
        ({"extra": "1"}, "extra: None, expected 1"),
    ],
)
def test_any_other_grade_is_a_surprise(change, says):
    row = Row("ps", "a", GRADED, 6.0, 10.0, {"double": 5.0, "why": None})
    fields = {"student": "a", "status": "graded", "score": "6", "double": "5", "why": ""}
    assert demo.compare(row, fields | change) == says


def test_a_submission_that_was_not_graded_is_a_surprise():
    fields = {"student": "a", "status": "graded", "score": "0"}
    assert demo.compare(Row("ps", "a", FAILED), fields) == "not graded, expected graded"
    assert demo.compare(Row("ps", "a", GRADED), None) == "not in the table of expected grades"


def test_without_a_sample_class_it_says_so(released):
    with pytest.raises(CourseError, match="no sample class"):
        demo.prepare(released.root)


@pytest.mark.slow
def test_it_writes_where_grading_does_but_not_into_the_gradebook(checkout):
    plan = run(checkout)
    assert plan.surprises == {}
    assert (checkout.feedback / "full" / NAME / f"{NAME}.html").is_file()
    assert checkout.grades.is_file()
    assert not checkout.gradebook.exists()
    assert (checkout.root / ".demo" / "gradebook.db").is_file()


@pytest.mark.slow
def test_it_says_whose_grade_surprises(checkout):
    path = checkout.root / demo.SAMPLE / f"{NAME}.csv"
    path.write_text(EXPECTED.replace("blank,graded,0", "blank,graded,9"), encoding="utf-8")
    assert run(checkout).surprises == {(NAME, "blank"): "0.0 points, expected 9"}


@pytest.mark.slow
def test_running_it_again_replaces_its_results(checkout):
    run(checkout)
    (checkout.root / demo.SAMPLE / "blank").rename(checkout.root / demo.SAMPLE / "renamed")
    plan = run(checkout)
    assert plan.kept_out_by == ""
    assert not (checkout.autograded / "blank").exists()
    assert (checkout.autograded / "renamed").is_dir()


@pytest.mark.slow
def test_a_real_class_is_left_alone(checkout):
    nb = nbformat.read(checkout.release / NAME / f"{NAME}.ipynb", as_version=4)
    hand_in(checkout, "full", nb)  # the same name as in the sample, another grade
    grade(checkout, NAME)
    before = {path: path.read_bytes() for path in _results(checkout)}
    plan = run(checkout)
    assert plan.kept_out_by == "gradebook.db has submissions"
    assert {path: path.read_bytes() for path in _results(checkout)} == before
    assert (checkout.root / ".demo" / "feedback" / "full" / NAME / f"{NAME}.html").is_file()
    assert (checkout.root / ".demo" / "grades.csv").is_file()
    assert (checkout.root / ".demo" / "reports" / f"{NAME}.html").is_file()


def _results(course):
    folders = (course.autograded, course.feedback, course.release, course.reports)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [*files, course.grades, course.gradebook]


@pytest.mark.slow
def test_results_made_by_plain_nbgrader_keep_it_out_too(checkout):
    (checkout.autograded / "somebody").mkdir(parents=True)
    assert demo.prepare(checkout.root).kept_out_by == "autograded/ has results of a class"


def test_a_table_exported_by_nbgrader_keeps_it_out_and_is_kept(checkout):
    checkout.grades.write_text("assignment,student_id\n", encoding="utf-8")
    assert demo.prepare(checkout.root).kept_out_by == "grades.csv has grades of a class"
    assert checkout.grades.is_file()


def test_reports_on_a_real_class_keep_it_out(checkout):
    checkout.reports.mkdir()
    (checkout.reports / "index.html").write_text("mine", encoding="utf-8")
    assert demo.prepare(checkout.root).kept_out_by == "reports/ has reports on a class"


@pytest.mark.slow
def test_its_reports_lie_beside_its_feedback_and_one_that_has_changed_since_stays(checkout):
    run(checkout)
    assert (checkout.reports / "index.html").is_file()
    page = checkout.reports / f"{NAME}.html"
    page.write_text("mine", encoding="utf-8")
    demo.clear_demo(Course.at(checkout.root))
    assert [path for path in checkout.reports.rglob("*") if path.is_file()] == [page]


@pytest.mark.slow
def test_the_results_can_be_cleared_for_a_real_class(checkout):
    run(checkout)
    mine = checkout.autograded / "README.md"
    mine.write_text("stays", encoding="utf-8")
    demo.clear_demo(Course.at(checkout.root))
    assert list(checkout.autograded.iterdir()) == [mine]
    assert not checkout.grades.exists()
    assert not checkout.reports.exists()
    assert demo.clear_demo(Course.at(checkout.root)) == []


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """`chainrule demo` as a command, in a copy of this checkout."""
    root = tmp_path_factory.mktemp("demo") / "course"
    for name in ("source", "release", "tests/sample_class"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", "demo"], cwd=root, env=dict(os.environ),
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    return Course.at(root), done, time.monotonic() - began


@pytest.mark.slow
def test_the_sample_class_gets_the_expected_grades(shown):
    _, done, _ = shown
    assert done.returncode == 0, done.stdout + done.stderr
    assert "grades are as expected" in done.stdout


@pytest.mark.slow
def test_the_demo_is_quiet_but_for_its_report(shown):
    _, done, _ = shown
    assert done.stderr == ""
    assert "as expected" in done.stdout
    assert "is cut off" in done.stdout


@pytest.mark.slow
def test_every_sample_submission_is_in_the_table_and_has_a_page(shown):
    course, _, _ = shown
    with course.grades.open(encoding="utf-8", newline="") as file:
        graded = [(line["student"], line["assignment"]) for line in csv.DictReader(file)]
    handed_in = [path.parts[-2:] for path in (ROOT / demo.SAMPLE).glob("*/ps*")]
    assert len(graded) >= 19
    assert sorted(graded) == sorted(handed_in)
    for student, assignment in graded:
        assert list((course.feedback / student / assignment).rglob("*.html"))


@pytest.mark.slow
def test_only_the_spoilt_submissions_were_mended(shown):
    """A remark on any other means that the sample class is older than the problem set:
    run tools/sample_class.py.
    """
    course, _, _ = shown
    mended = {"deleted", "edited", "retyped", "doubled"}
    found = {
        path.relative_to(course.autograded).parts[0]
        for path in course.autograded.rglob("*.ipynb")
        if mended & {note.kind for note in read_notes(nbformat.read(path, as_version=4))}
    }
    assert found == {"deleted_and_doubled_cells"}


@pytest.mark.slow
def test_nothing_of_the_hidden_checks_reaches_the_sample_class(shown):
    """Lines of the hidden checks, taken from the source itself."""
    course, _, _ = shown
    hidden = set()
    for path in course.source.glob("*/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if "BEGIN HIDDEN TESTS" in cell.source:
                region = cell.source.split("BEGIN HIDDEN TESTS")[1].split("### END")[0]
                hidden |= {line.strip() for line in region.splitlines()}
    # What a student writes may be what a hidden check writes, and a page shows their answers.
    shown_anyway = all_text(course.release) + all_text(course.root / demo.SAMPLE)
    secrets = {line for line in hidden if len(line) >= 20 and line not in shown_anyway}
    assert len(secrets) > 20
    text = all_text(course.feedback)
    assert [line for line in secrets if line in text] == []


@pytest.mark.slow
def test_an_endless_loop_delays_the_others_by_its_own_limit_only(shown):
    _, done, seconds = shown
    line = next(line for line in done.stdout.splitlines() if "endless_loop:" in line)
    assert float(line.split("(")[1].split(" s")[0]) < 40
    submissions = len(list((ROOT / demo.SAMPLE).glob("*/ps*/")))
    assert seconds < 40 + 12 * submissions  # a hang would cost minutes, a slow machine does not


@pytest.mark.slow
def test_the_demo_has_no_gradebook_but_its_own(shown):
    course, _, _ = shown
    assert not course.gradebook.exists()
    own = replace(course, gradebook=course.root / ".demo" / "gradebook.db")
    with Gradebook(own.db_url) as book:
        assert len(book.students) >= 12
