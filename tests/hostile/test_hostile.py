"""A class of hostile, broken and odd submissions is graded: nobody gains, learns or harms anything.

The whole class is graded once, in random order, with honest students among it.
"""

import shutil
import subprocess
import sys
import warnings

import pytest

pytest.importorskip("nbgrader")

from cases import ALL, HONEST
from judge import faults
from setting import found_secrets
from sweep import clear, grade_class, honest_part, leaks, sentinel_points, sentinels

SENTINELS = 8
REASON = (
    "THE HOSTILE CLASS IS NOT GRADED HERE: it needs bubblewrap (bwrap), which is not installed or "
    "is not allowed to make namespaces"
)


def _sandbox_works() -> bool:
    if sys.platform != "linux" or shutil.which("bwrap") is None:
        return False
    trial = ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


pytestmark = [pytest.mark.slow, pytest.mark.skipif(not _sandbox_works(), reason=REASON)]
if not _sandbox_works():
    warnings.warn(REASON, pytest.PytestWarning, stacklevel=1)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The class, graded."""
    folder = tmp_path_factory.mktemp("hostile")
    yield grade_class(folder, ALL, SENTINELS)
    clear(folder)


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """The honest ones of it in a class of their own, graded."""
    folder = tmp_path_factory.mktemp("honest")
    yield grade_class(folder, HONEST, SENTINELS, seed=2)
    clear(folder)


def test_the_class_is_large_and_varied():
    groups = {case.group for case in ALL}
    assert len(ALL) >= 120
    assert len(groups) == 9
    assert len({case.folder for case in ALL}) == len(ALL)
    assert len(HONEST) >= 20


@pytest.mark.parametrize(
    "case",
    ALL,
    ids=lambda case: case.folder.encode("ascii", "replace").decode(),
)
def test_a_submission_gets_what_it_deserves(hostile, case):
    assert faults(case, hostile) == []


def test_everybody_has_a_row_and_a_page(hostile):
    names = {case.folder for case in ALL} | set(sentinels(SENTINELS))
    assert names == set(hostile.rows)
    pages = {path.name for path in hostile.course.feedback.iterdir()}
    graded = {name for name, row in hostile.rows.items() if row.status != "not graded"}
    assert graded <= pages


def test_no_secret_gets_out(hostile):
    assert leaks(hostile) == {}


def test_nobody_reaches_a_socket(hostile):
    assert hostile.heard == []


def test_nothing_is_left_behind(hostile):
    assert hostile.leftovers == []


def test_nothing_is_changed(hostile):
    assert hostile.changed == []


def test_no_page_holds_anything_that_runs(hostile):
    pages = sorted(hostile.course.feedback.rglob("*.html"))
    assert pages
    for path in pages:
        text = path.read_text(encoding="utf-8")
        for evil in ("<script>alert", "<img src=x", "<iframe", "javascript:alert('", "<svg/onload"):
            assert evil not in text, f"{evil} in {path}"


def test_honest_students_get_what_they_deserve(hostile):
    for name, answers in sentinels(SENTINELS).items():
        row = hostile.rows[name]
        assert (row.status, row.exercises) == ("graded", sentinel_points(answers)), name
        assert row.notes == []


def test_honest_students_notice_nothing(hostile, honest):
    names = [*sentinels(SENTINELS), *(case.folder for case in HONEST)]
    assert honest_part(hostile, names) == honest_part(honest, names)


@pytest.mark.parametrize(
    "written", ["HIDDEN_q7Zx1mRd", "6180339.887", "[[6.18033989e+06", "dRm1xZ7q"]
)
def test_the_search_finds_secrets_however_they_are_written(written):
    text = f"what {written}_NEDDIH is this"
    assert found_secrets(text)
