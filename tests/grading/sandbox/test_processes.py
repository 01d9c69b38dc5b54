"""The tree of processes, read in each of the ways that there are."""

import shutil
import subprocess
import sys
import time

import pytest

from chainrule.grading.sandbox import processes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")

TREE = r"""
import os, time
os.fork(); os.fork()
os.write(1, f"{os.getpid()}\n".encode())
time.sleep(60)
"""


@pytest.fixture
def tree():
    """A process with three descendants: its number and all their numbers."""
    root = subprocess.Popen([sys.executable, "-S", "-c", TREE], stdout=subprocess.PIPE)
    try:
        yield root.pid, {int(root.stdout.readline()) for _ in range(4)}
    finally:
        processes.end_below(root.pid, itself=True)
        root.stdout.close()
        root.wait()


def test_a_process_and_its_descendants_are_found(tree):
    root, everybody = tree
    found = processes.below(root)
    assert found[0].pid == root
    assert {one.pid for one in found} == everybody
    assert all(one.memory > 1_000_000 and one.seconds < 5 and not one.dead for one in found)


@pytest.mark.skipif(not processes.LINUX, reason="reads /proc")
def test_a_kernel_that_lists_no_children_makes_no_difference(tree, monkeypatch):
    root, everybody = tree
    monkeypatch.setattr(processes.os.path, "exists", lambda path: False)
    assert {one.pid for one in processes.below(root)} == everybody


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps")
def test_ps_finds_the_same(tree, monkeypatch):
    root, everybody = tree
    monkeypatch.setattr(processes, "LINUX", False)
    found = processes.below(root)
    assert {one.pid for one in found} == everybody
    assert all(one.memory > 1_000_000 for one in found)


@pytest.mark.parametrize("linux", [True, False])
def test_descendants_are_ended_and_the_process_itself_only_if_asked(tree, linux, monkeypatch):
    if linux and not processes.LINUX:
        pytest.skip("reads /proc")
    monkeypatch.setattr(processes, "LINUX", linux)
    root, _ = tree
    assert processes.end_below(root) is True
    assert [one.pid for one in processes.below(root) if not one.dead] == [root]


def test_one_that_is_not_there_has_no_descendants():
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    assert processes.below(ended.pid) == []
    assert processes.end_below(ended.pid, itself=True) is True


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0:01.50", 1.5), ("12:34", 754), ("1:00:00", 3600), ("2-01:00:00", 176_400)],
)
def test_times_of_ps_are_read(text, seconds):
    assert processes._seconds(text) == seconds


def test_processes_that_start_others_all_the_time_are_ended():
    source = (
        "import os, time\n"
        "end = time.monotonic() + 20\n"
        "for _ in range(3): os.fork()\n"
        "while time.monotonic() < end:\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(0.05)\n"
        "        os._exit(0)\n"
        "    os.waitpid(-1, os.WNOHANG)\n"
    )
    root = subprocess.Popen([sys.executable, "-S", "-c", source])
    time.sleep(0.2)
    assert processes.end_below(root.pid, itself=True) is True
    root.wait()
