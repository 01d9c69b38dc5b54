"""Limits of one worker, run into from inside."""

import time
from dataclasses import replace

import pytest
from conftest import LIMITS

from chainrule.grading.sandbox import processes
from chainrule.grading.sandbox.doctor import ask
from chainrule.grading.sandbox.limits import MIB, Limits


def until_ended(worker, seconds=20):
    deadline = time.monotonic() + seconds
    while worker.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    return worker.why


def test_one_process_gets_no_more_than_its_address_space(inside):
    assert (
        inside("try:\n    x = bytearray(5 << 30)\nexcept MemoryError:\n    result = 'MemoryError'")
        == "MemoryError"
    )


def test_a_flood_of_processes_ends_at_the_limit(inside):
    count = inside(
        "import os, signal\n"
        "children = []\n"
        "try:\n"
        "    for _ in range(500):\n"
        "        child = os.fork()\n"
        "        if child == 0:\n"
        "            signal.pause()\n"
        "        children.append(child)\n"
        "except BlockingIOError:\n"
        "    result = len(children)"
    )
    assert 10 < count <= LIMITS.processes


def test_threads_count_as_processes(inside):
    count = inside(
        "import threading\n"
        "wait = threading.Event()\n"
        "threads = [threading.Thread(target=wait.wait, daemon=True) for _ in range(100)]\n"
        "result = 0\n"
        "try:\n"
        "    for thread in threads:\n"
        "        thread.start()\n"
        "        result += 1\n"
        "except RuntimeError:\n"
        "    wait.set()"
    )
    assert 10 < count <= LIMITS.processes


def test_one_workers_flood_of_processes_leaves_the_others_theirs(nursery):
    flood = (
        "import os, signal\n"
        "result = 0\n"
        "try:\n"
        "    while True:\n"
        "        if os.fork() == 0:\n"
        "            signal.pause()\n"
        "        result += 1\n"
        "except BlockingIOError:\n"
        "    pass"
    )
    with nursery.worker() as one, nursery.worker() as other:
        ask(one, run=flood)
        assert ask(other, run=flood) > 10


def test_home_tmp_and_shm_share_one_small_disk(inside):
    total = inside(
        "result = 0\n"
        "for place in ('/home/student', '/tmp', '/dev/shm'):\n"
        "    try:\n"
        "        with open(place + '/big', 'wb', buffering=0) as file:\n"
        "            while True:\n"
        "                result += file.write(bytes(1 << 20))\n"
        "    except OSError:\n"
        "        pass"
    )
    assert LIMITS.tmp_size * 0.9 < total <= LIMITS.tmp_size


def test_a_file_has_a_largest_size(nursery):
    with nursery.worker(replace(LIMITS, file_size=MIB)) as worker:
        said = ask(
            worker,
            run="try:\n"
            "    open('big', 'wb', buffering=0).write(bytes(3 << 20))\n"
            "    open('big', 'ab', buffering=0).write(bytes(1))\n"
            "except OSError as error:\n"
            "    import os\n"
            "    result = [error.errno, os.path.getsize('big')]",
        )
    assert said == [27, MIB]  # EFBIG


def test_the_number_of_files_is_limited(inside):
    count = inside(
        "result = 0\n"
        "try:\n"
        "    while True:\n"
        "        open(f'file{result}', 'w').close()\n"
        "        result += 1\n"
        "except OSError:\n"
        "    pass"
    )
    assert 50 < count < LIMITS.tmp_files


def test_the_number_of_open_files_is_limited(inside):
    count = inside(
        "import os\n"
        "result = 0\n"
        "try:\n"
        "    while True:\n"
        "        os.open('/dev/null', os.O_RDONLY)\n"
        "        result += 1\n"
        "except OSError:\n"
        "    pass"
    )
    assert 50 < count < LIMITS.open_files


def test_a_process_that_ignores_the_warning_ends_when_its_time_is_used_up(nursery):
    with nursery.worker(replace(LIMITS, cpu_seconds=1)) as worker:
        began = time.monotonic()
        with pytest.raises(EOFError):
            ask(worker, do="run_for_ever")
        assert until_ended(worker) == "cpu"
        assert time.monotonic() - began < 15


def test_many_processes_together_use_up_their_time(nursery):
    with nursery.worker(replace(LIMITS, cpu_seconds=2)) as worker:
        with pytest.raises(EOFError):
            ask(
                worker,
                run="import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n"
                "        while True:\n            pass\ntime.sleep(30)",
            )
        assert until_ended(worker) == "cpu"
        assert worker.seconds < 8


def test_memory_of_all_processes_together_is_watched(nursery):
    with nursery.worker(replace(LIMITS, memory=128 * MIB)) as worker:
        with pytest.raises(EOFError):
            ask(worker, do="fill_memory", **{"with": {"size": 64 * MIB, "count": 4}})
        assert until_ended(worker) == "memory"
        assert worker.memory > 128 * MIB


def test_what_forks_share_is_not_counted_twice(nursery):
    with nursery.worker(replace(LIMITS, memory=200 * MIB)) as worker:
        assert (
            ask(
                worker,
                run="import os, signal, time\nx = bytearray(b'1') * (100 << 20)\n"
                "for _ in range(4):\n    if os.fork() == 0:\n        signal.pause()\n"
                "time.sleep(0.6)\nresult = len(x) >> 20",
            )
            == 100
        )
        assert worker.alive


def test_used_time_and_memory_are_noted(nursery):
    with nursery.worker() as worker:
        ask(worker, run="import time\nx = bytearray(b'1') * (50 << 20)\n"
            "while time.process_time() < 0.5:\n    pass")  # fmt: skip
        worker.look()
        assert worker.memory > 50 * MIB
        assert worker.seconds > 0.4


@pytest.mark.skipif(not processes.LINUX, reason="peaks are read from /proc")
def test_memory_taken_between_two_looks_is_noted_afterwards(nursery):
    with nursery.worker() as worker:
        ask(worker, run="x = bytearray(b'1') * (50 << 20)\ndel x")
        worker.look_back()
        assert worker.memory > 50 * MIB


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", None, True])
def test_a_limit_is_a_whole_number(value):
    with pytest.raises(ValueError, match="memory must be a whole number"):
        Limits(memory=value)
