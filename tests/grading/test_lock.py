"""One run at a time; a lock never outlives its holder."""

import os
import subprocess
import sys
import threading
import time

import pytest

from chainrule.grading.lock import Locked, locked

HOLD = """
import sys, time
from chainrule.grading.course import Course
from chainrule.grading.lock import locked
with locked(Course.at(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(course):
    """Another process that is at work in the course."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(course.root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_run_says_who_holds_the_lock(course, holder):
    says = f"process {holder.pid} on .*, since 20"
    with pytest.raises(Locked, match=says) as caught, locked(course, wait=0):
        pass
    assert not caught.value.users_mistake


def test_a_second_run_waits_and_says_so(course, holder):
    said = []
    threading.Timer(0.5, holder.kill).start()
    with locked(course, wait=30, say=said.append):
        assert said == [f"Waiting for another run: {said[0].split(': ', 1)[1]}"]
    assert f"process {holder.pid} " in said[0]


def test_a_lock_of_a_killed_process_does_not_block(course, holder):
    holder.kill()
    holder.wait()
    assert (course.journal.parent / "lock.json").is_file()
    began = time.monotonic()
    with locked(course, wait=10):
        assert f'"pid": {os.getpid()}' in (course.journal.parent / "lock.json").read_text()
    assert time.monotonic() - began < 5
    assert not (course.journal.parent / "lock.json").exists()


def test_it_is_free_again_after_an_error(course):
    with pytest.raises(ZeroDivisionError), locked(course):
        raise ZeroDivisionError
    with locked(course, wait=0):
        pass


def test_a_holder_that_has_not_said_who_it_is_is_no_riddle(course, holder):
    (course.journal.parent / "lock.json").write_text("{", encoding="utf-8")
    with pytest.raises(Locked, match="it has not said which"), locked(course, wait=0):
        pass
