"""An examiner in a process of its own."""

import os
import time

import pytest
from classroom import NAME, hand_in
from fake import fake_engines, refusing_engines, sleepy_engines

from chainrule.grading.assignment import read_assignment
from chainrule.grading.course import CourseError
from chainrule.grading.examiners import Examiner, Work
from chainrule.grading.executors.apart import Apart, Died, _send
from chainrule.grading.kernel import read_config
from chainrule.grading.parcel import collect

pytestmark = pytest.mark.slow


@pytest.fixture
def work(klass):
    return Work(read_assignment(klass, NAME, read_config(klass.root)), fake_engines, klass.root)


def parcel_of(course, student):
    return collect(course.submitted / student / NAME, student, [NAME])


@pytest.fixture
def apart(work):
    made = Apart(work)
    yield made
    made.close()


def test_it_comes_to_the_same_as_here_for_one_after_the_other(klass, work, apart):
    here = Examiner(work)
    for student in ("s00", "s01", "s05"):
        parcel = parcel_of(klass, student)
        assert apart.examine(parcel).digest == here.examine(parcel).digest
    pids = set((klass.root / "runs.txt").read_text().split())
    assert pids == {str(os.getpid()), str(apart.pid)}


def test_a_submission_that_ends_it_is_said(klass, blank, apart):
    hand_in(klass, "killer", blank().answer("double", "# PROCESS_DIES").nb)
    with pytest.raises(Died):
        apart.examine(parcel_of(klass, "killer"))
    with pytest.raises(Died):  # it stays so
        apart.examine(parcel_of(klass, "s01"))


def test_what_is_printed_over_there_does_not_come_among_the_answers(klass, blank, apart):
    nb = blank().answer("double", "import os\nos.write(1, b'x' * 99)\nprint('y')").nb
    hand_in(klass, "loud", nb)
    assert apart.examine(parcel_of(klass, "loud")).student == "loud"
    assert apart.examine(parcel_of(klass, "s01")).student == "s01"


def test_a_refusal_comes_back(klass, work):
    apart = Apart(Work(work.assignment, refusing_engines, work.root))
    with pytest.raises(CourseError, match="there is no box"):
        apart.examine(parcel_of(klass, "s01"))
    apart.close()


def test_it_ends_when_nobody_waits_for_its_answer_any_more(klass, work):
    left = Apart(Work(work.assignment, sleepy_engines, work.root))
    _send(left._process.stdin, parcel_of(klass, "s01"))
    until = time.monotonic() + 30
    while not (klass.root / "runs.txt").is_file() and time.monotonic() < until:
        time.sleep(0.05)
    left.close()
    assert left._process.returncode == 1  # by itself: nobody had to kill it
