"""Workers come, go and leave nothing, whoever ends how."""

import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from chainrule.grading.course import CourseError
from chainrule.grading.sandbox import box as boxes
from chainrule.grading.sandbox import processes
from chainrule.grading.sandbox.doctor import SERVE, ask
from chainrule.grading.sandbox.nursery import Nursery

DAEMONS = """
import os, signal, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            while True:
                time.sleep(1)
        os._exit(0)
"""
FORK = """
import os, signal
result = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        os.fork()
        signal.pause()
    result.append(child)
"""


@pytest.fixture(params=["nursery", "bare_nursery"])
def any_nursery(request):
    """With a box and without."""
    return request.getfixturevalue(request.param)


def pids_below(pid):
    return [one.pid for one in processes.below(pid) if not one.dead]


def living(pids):
    return [pid for pid in pids if (now := processes.read(pid)) and not now.dead]


def wait_until(holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def test_a_worker_answers(any_nursery):
    with any_nursery.worker() as worker:
        assert ask(worker, run="result = 6 * 7") == 42
        assert worker.alive
        assert worker.why == ""


def test_nothing_of_one_worker_reaches_the_next(any_nursery):
    with any_nursery.worker() as one:
        ask(one, run="import math; math.pi = 3; open('mine', 'w').close()")
        with any_nursery.worker() as other:
            source = "import math, os; result = [math.pi > 3, os.listdir()]"
            assert ask(other, run=source) == [True, []]


def test_killing_a_worker_ends_all_that_it_started(any_nursery):
    worker = any_nursery.worker()
    ask(worker, run=DAEMONS)
    time.sleep(0.1)
    before = pids_below(worker.keeper)
    assert len(before) >= 5
    assert worker.kill() is True
    assert living(before) == []
    assert not worker.alive
    assert worker.kill() is True


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os; os._exit(3)", "exit 3"),
        ("import os; os.abort()", "SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("import os, signal; os.kill(0, signal.SIGTERM)", "SIGTERM"),
    ],
)
def test_an_end_has_a_reason(nursery, source, why):
    with nursery.worker() as worker:
        with pytest.raises(EOFError):
            ask(worker, run=source)
        assert wait_until(lambda: not worker.alive)
        assert worker.why == why


def test_forks_outlive_the_students_first_process(nursery):
    with nursery.worker() as worker:
        ask(worker, run=FORK)
        with pytest.raises(EOFError):
            ask(worker, run="import os; os._exit(0)")
        assert wait_until(lambda: not worker.alive)
        assert wait_until(lambda: len(pids_below(worker.keeper)) == 7)


def test_a_stopped_process_is_killed_all_the_same(any_nursery):
    worker = any_nursery.worker()
    worker.sock.sendall(b'{"run": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"}\n')
    time.sleep(0.1)
    before = pids_below(worker.keeper)
    assert worker.kill() is True
    assert living(before) == []


def test_a_worker_nobody_refers_to_goes_away(any_nursery):
    worker = any_nursery.worker()
    keeper = worker.keeper
    worker.sock.close()
    worker._report.close()
    del worker
    assert wait_until(lambda: not pids_below(keeper))


def test_a_dead_zygote_is_replaced(box):
    with Nursery(box, serve=SERVE, imports=()) as nursery:
        one = nursery.worker()
        nursery._zygote._process.kill()
        assert wait_until(lambda: not one.alive)
        with nursery.worker() as other:
            assert ask(other, run="result = 1") == 1
        one.kill()


def test_closing_the_nursery_ends_its_workers(box):
    with Nursery(box, serve=SERVE, imports=()) as nursery:
        worker = nursery.worker()
        ask(worker, run=DAEMONS)
        before = pids_below(nursery._zygote._process.pid)
    assert wait_until(lambda: not living([*before, worker.keeper]))
    assert not worker.alive
    worker.kill()
    with pytest.raises(CourseError, match="closed"):
        nursery.worker()


def test_closing_at_once_leaves_nothing(box):
    for _ in range(10):
        nursery = Nursery(box, serve=SERVE, imports=())
        nursery.start()
        time.sleep(0.001)
        before = pids_below(nursery._zygote._process.pid)
        nursery.close()
        assert wait_until(lambda before=before: not living(before))


def test_closing_the_nursery_without_a_box_ends_its_workers_too():
    with Nursery(boxes.no_box(), serve=SERVE, imports=()) as nursery:
        worker = nursery.worker()
        ask(worker, run=DAEMONS)
        before = pids_below(worker.keeper)
    assert living(before) == []


def test_an_end_right_after_the_start_is_noticed(box):
    with Nursery(box, serve="os:abort", imports=()) as nursery, nursery.worker() as worker:
        assert wait_until(lambda: not worker.alive)


def test_workers_outlive_the_thread_that_opened_the_nursery(box):
    nursery = Nursery(box, serve=SERVE, imports=())
    thread = threading.Thread(target=nursery.start)
    thread.start()
    thread.join()
    with nursery.worker() as worker:
        time.sleep(0.3)
        assert ask(worker, run="result = 1") == 1
    nursery.close()


def test_workers_are_started_from_several_threads_at_once(nursery):
    answers = []

    def work():
        with nursery.worker() as worker:
            answers.append(ask(worker, run="result = 1"))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 6


def test_more_can_be_imported_for_all_workers_to_come(box):
    loaded = "import sys; result = [name in sys.modules for name in ('wave', 'sndhdr_x')]"
    with Nursery(box, serve=SERVE, imports=()) as nursery:
        with nursery.worker() as worker:
            assert ask(worker, run=loaded) == [False, False]
        nursery.also("wave", "sndhdr_x")
        for _ in range(2):
            with nursery.worker() as worker:
                assert ask(worker, run=loaded) == [True, False]
        nursery._zygote._process.kill()
        nursery._zygote._process.wait(10)  # else the next worker may be made by one that is ending
        with nursery.worker() as worker:
            assert ask(worker, run=loaded) == [True, False]


def test_an_import_that_fails_is_told(box):
    with (
        Nursery(box, serve="chainrule.no_such_module:serve", imports=()) as nursery,
        pytest.raises(CourseError, match="no_such_module"),
    ):
        nursery.worker()


def test_a_box_that_cannot_be_closed_is_told_and_runs_nothing(box, monkeypatch):
    monkeypatch.setattr("chainrule.grading.sandbox.nursery.user_number", lambda count: 2**32 - 1)
    if box.mode != "root":
        pytest.skip("ordinary users do not change their number")
    with (
        Nursery(box, serve=SERVE, imports=()) as nursery,
        pytest.raises(CourseError, match="could not be closed"),
    ):
        nursery.worker()


@pytest.mark.parametrize("kind", ["bubblewrap", "none"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_grader_is_killed(kind, number, request, tmp_path):
    if kind == "bubblewrap":
        request.getfixturevalue("box")
    script = tmp_path / "grader.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys, tempfile, time
            tempfile.tempdir = {str(tmp_path)!r}
            from chainrule.grading.sandbox import box, processes
            from chainrule.grading.sandbox.doctor import SERVE, ask
            from chainrule.grading.sandbox.nursery import Nursery
            made = box.find_box() if {kind!r} == "bubblewrap" else box.no_box()
            with Nursery(made, serve=SERVE, imports=()) as nursery:
                workers = [nursery.worker() for _ in range(2)]
                for worker in workers:
                    ask(worker, run={DAEMONS!r})
                found = [one for worker in workers for one in processes.below(worker.keeper)]
                found += processes.below(nursery._zygote._process.pid)
                print(*{{one.pid for one in found}}, flush=True)
                time.sleep(60)
            """
        )
    )
    grader = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    try:
        below = [int(word) for word in grader.stdout.readline().split()]
        assert len(below) >= 10
        assert living(below)
    finally:
        grader.send_signal(number)
        grader.communicate()
    assert wait_until(lambda: not living(below))
    assert wait_until(lambda: not list(tmp_path.glob("chainrule-*")))
