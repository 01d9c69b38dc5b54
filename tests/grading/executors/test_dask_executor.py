"""A class is graded by a Dask cluster on this machine; workers die and nobody is lost."""

import os
import signal
import socket
import subprocess
import sys
from unittest import mock

import kill
import pytest
from classroom import NAME, hand_in, points_of
from fake import fake_engines, refusing_engines, runs, steady_engines

distributed = pytest.importorskip("distributed", reason="Dask is not installed: NO test of it runs")

import dask  # noqa: E402

from chainrule import cli  # noqa: E402
from chainrule.grading import grade as grade_module  # noqa: E402
from chainrule.grading.course import CourseError  # noqa: E402
from chainrule.grading.executors import dask as dask_module  # noqa: E402
from chainrule.grading.executors.dask import Dask  # noqa: E402
from chainrule.grading.grade import grade  # noqa: E402
from chainrule.grading.plan import plan  # noqa: E402
from chainrule.grading.progress import Progress  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    # What the cluster itself warns about, and leaves open when a worker is killed.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def cluster():
    """Two workers, each in a process of its own; two deaths are enough for a task to be blamed."""
    with (
        mock.patch.dict(os.environ),  # it sets a seed for its workers in this process, too
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as made,
    ):
        yield made


@pytest.fixture
def executor(cluster):
    with distributed.Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    return Dask(cluster.scheduler_address)


def workers(cluster):
    return [nanny.pid for nanny in cluster.workers.values()]


def test_it_leaves_what_grading_here_leaves(klass, wanted, executor):
    grade(klass, NAME, executor=executor, engines=fake_engines)
    assert kill.dump(klass) == wanted
    pids = set((klass.root / "runs.txt").read_text().split())
    assert str(os.getpid()) not in pids
    assert len(pids) == 2  # the same two for all: their engines stay warm


def test_a_worker_that_is_killed_loses_nobody(klass, wanted, executor, cluster):
    class Killer(Progress):
        done, killed = 0, 0

        def end(self, row, seconds):
            self.done += 1
            if self.done == 3:
                self.killed = workers(cluster)[0]
                os.kill(self.killed, signal.SIGKILL)

    progress = Killer()
    grade(klass, NAME, progress=progress, executor=executor, engines=steady_engines)
    assert progress.killed
    assert progress.killed not in workers(cluster)
    assert progress.done == 12  # nobody twice
    assert kill.dump(klass) == wanted


def test_a_submission_that_ends_its_examiner_costs_nobody_else(klass, wanted, executor, blank):
    hand_in(klass, "killer", blank().answer("double", "# PROCESS_DIES").nb)
    rows = {row.student: row for row in grade(klass, NAME, executor=executor, engines=fake_engines)}
    assert "ended the examiner's process, twice" in rows.pop("killer").remark
    assert {row.status for row in rows.values()} == {"graded", "unreadable"}


def test_a_submission_that_ends_workers_is_not_graded_and_says_so(klass, executor, blank, cluster):
    before = workers(cluster)
    hand_in(klass, "killer", blank().answer("double", "# PARENT_DIES").nb)
    rows = {row.student: row for row in grade(klass, NAME, executor=executor, engines=fake_engines)}
    killer = rows.pop("killer")
    assert (killer.status, killer.score) == ("not graded", None)
    assert "ended the examiner's process" in killer.remark
    assert {row.status for row in rows.values()} == {"graded", "unreadable"}
    assert not set(before) & set(workers(cluster))


def test_a_run_that_is_asked_to_stop_finishes_what_is_under_way(klass, wanted, executor):
    progress = Progress()
    stop = lambda: runs(klass) >= 2  # noqa: E731
    grade(klass, NAME, progress=progress, executor=executor, engines=steady_engines, stop=stop)
    due = [task.student for task in plan(klass, NAME) if task.why]
    assert 1 <= len(due) == progress.left
    grade(klass, NAME, executor=executor, engines=fake_engines)
    assert kill.dump(klass) == wanted


def test_what_a_worker_does_not_see_as_it_is_is_not_graded(klass, executor, monkeypatch):
    """As on a machine without the shared file system: better no grade than one for nothing."""
    import dataclasses

    ask = dask_module.Drain.entries

    def elsewhere(self, parcels, assignment):
        moved = [
            dataclasses.replace(one, folder=one.folder.parent / "not_here")
            if one.student == "s01"
            else one
            for one in parcels
        ]
        return ask(self, moved, assignment)

    monkeypatch.setattr(dask_module.Drain, "entries", elsewhere)
    rows = {row.student: row for row in grade(klass, NAME, executor=executor, engines=fake_engines)}
    assert (rows["s01"].status, rows["s01"].score) == ("not graded", None)
    assert "needs the same course folder" in rows["s01"].remark
    assert rows["s02"].score == 6.0
    monkeypatch.undo()
    assert points_of(grade(klass, NAME, ["s01"], engines=fake_engines)) == {"s01": 6.0}


def test_another_version_of_chainrule_on_a_worker_grades_nobody(klass, executor, monkeypatch):
    monkeypatch.setattr(dask_module, "grader_version", lambda: "another")
    with pytest.raises(CourseError, match="has another version of chainrule"):
        grade(klass, NAME, executor=executor, engines=fake_engines)


def test_a_refusal_of_a_worker_is_said_by_the_run(klass, executor):
    with pytest.raises(CourseError, match="there is no box"):
        grade(klass, NAME, executor=executor, engines=refusing_engines)


def test_a_worker_that_lacks_what_it_needs_is_said(klass, executor, monkeypatch):
    monkeypatch.setattr(dask_module.pickle, "dumps", lambda what: b"cno_such_module\nx\n.")
    with pytest.raises(CourseError, match="a worker cannot grade: ModuleNotFoundError"):
        grade(klass, NAME, executor=executor, engines=fake_engines)


def test_a_scheduler_that_goes_is_said_and_the_next_run_does_the_rest(klass, wanted, monkeypatch):
    monkeypatch.setattr(dask_module, "PATIENCE", 15)
    where = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    port = _free_port()
    address = f"tcp://127.0.0.1:{port}"
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": path}
    scheduler = subprocess.Popen([*where, "--port", str(port)], **quiet)
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1"]
    worker = subprocess.Popen([*worker, "--no-dashboard"], **quiet)

    class Killer(Progress):
        def end(self, row, seconds):
            scheduler.kill()

    try:
        with pytest.raises(CourseError, match="the Dask scheduler is gone"):
            grade(klass, NAME, progress=Killer(), executor=Dask(address), engines=steady_engines)
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
    due = [task.student for task in plan(klass, NAME) if task.why]
    assert 1 <= len(due) < 12
    grade(klass, NAME, engines=fake_engines)
    assert kill.dump(klass) == wanted


def _free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def test_no_scheduler_is_an_error_and_no_traceback(klass, monkeypatch, capsys):
    monkeypatch.setattr(dask_module, "PATIENCE", 1)
    where = "dask:tcp://127.0.0.1:9"
    assert cli.main(["--course", str(klass.root), "grade", NAME, "--executor", where]) == 1
    assert "no Dask scheduler at tcp://127.0.0.1:9" in capsys.readouterr().err


def test_the_command_grades_there(klass, wanted, executor, monkeypatch, capsys):
    monkeypatch.setitem(grade_module.grade.__kwdefaults__, "engines", fake_engines)
    where = f"dask:{executor.address}"
    assert cli.main(["--course", str(klass.root), "grade", NAME, "--executor", where]) == 3
    assert "[12/12]" in capsys.readouterr().out
    assert kill.dump(klass) == wanted


def test_without_dask_it_says_what_to_install(klass, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "chainrule.grading.executors.dask")
    monkeypatch.setitem(sys.modules, "distributed", None)
    where = "dask:tcp://127.0.0.1:9"
    assert cli.main(["--course", str(klass.root), "grade", NAME, "--executor", where]) == 2
    assert 'needs distributed: pip install "chainrule[cluster]"' in capsys.readouterr().err
