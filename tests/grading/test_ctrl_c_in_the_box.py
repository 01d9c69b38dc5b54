"""Ctrl-C is for the run: what a submission started in the sandbox never gets it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from classroom import NAME, Student, hand_in

from chainrule.grading.course import CourseError
from chainrule.grading.journal import Journal
from chainrule.grading.sandbox import processes
from chainrule.grading.sandbox.box import find_box

# Wrong from the moment on that it gets a Ctrl-C.
LISTENS = """
import signal, time

pressed = []
signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
until = time.monotonic() + 4
while time.monotonic() < until:
    time.sleep(0.1)

def double(x):
    return 0 if pressed else 2 * x
"""


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_reaches_nobody_in_the_sandbox(released, jobs):
    try:
        find_box()
    except CourseError as reason:
        pytest.skip(f"NO SANDBOX, so this is not tested: {reason}")
    for name in ("a", "b", "c", "d", "e", "f"):
        path = released.release / NAME / f"{NAME}.ipynb"
        student = Student(nbformat.read(path, as_version=4)).solve()
        hand_in(released, name, student.answer("double", LISTENS).nb)
    command = [sys.executable, "-m", "chainrule", "--course", str(released.root), "grade", NAME]
    run = subprocess.Popen(
        [*command, "--jobs", str(jobs)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    until = time.monotonic() + 60
    while not _in_the_box(run.pid) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)  # by now the student's cell is running
    members = [one.pid for one in processes.below(run.pid) if _group(one.pid) == run.pid]
    assert not set(members) & set(_in_the_box(run.pid))
    os.killpg(run.pid, signal.SIGINT)
    out, _ = run.communicate(timeout=120)
    assert run.returncode == 130, out
    entries = list(Journal(released.journal, NAME).entries())
    assert 1 <= len(entries) < 6
    for entry in entries:
        assert sum(mark.points or 0 for _, _, mark in entry.all_marks()) == 6.0


def _group(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _in_the_box(pid):
    """Processes that are called something else in a namespace of their own."""
    return [one.pid for one in processes.below(pid) if len(_names(one.pid)) > 1]


def _names(pid):
    """What a process is called in the namespaces that it lives in."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    return re.search(r"^NSpid:(.*)$", status, re.MULTILINE)[1].split()
