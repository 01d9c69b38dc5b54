"""A class is graded by an array of tasks, of the script as it ships; the SLURM here only acts."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import kill
import pytest
from classroom import NAME, hand_in, points_of
from fake import fake_engines, runs

from chainrule import cli
from chainrule.grading.course import CourseError
from chainrule.grading.executors import slurm
from chainrule.grading.executors.share import Share, grade_share
from chainrule.grading.executors.slurm import SCRIPT, NoSlurm, Slurm
from chainrule.grading.grade import grade
from chainrule.grading.journal import Journal
from chainrule.grading.plan import Choice, plan
from chainrule.grading.progress import Progress

pytestmark = pytest.mark.slow
TESTS = str(Path(kill.__file__).parent)
needs_bash = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("bash"), reason="the script is for bash"
)

# What the array's script runs for `python3`: the command with an engine that needs no sandbox.
PYTHON = """#!/bin/bash
[ "$1 $2 $3" = "-m chainrule grade" ] || exit 99
exec {python} {tests}/executors/array_task.py {root} "${{@:3}}"
"""
# A SLURM of one machine that runs one task after the other.
SBATCH = """#!/bin/bash
for word in "$@"; do
    case $word in
        --array=0-*) last=${word#--array=0-} ;;
        --chdir=*) cd "${word#--chdir=}" ;;
        --parsable) ;;
        *) break ;;
    esac
    shift
done
echo "$last $*" >> {place}/submitted.txt
job=$(wc -l < {place}/submitted.txt)
(
    for task in $(seq 0 "$last"); do
        [ -e {place}/broken-"$task" ] && { rm {place}/broken-"$task"; continue; }
        SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_COUNT=$((last + 1)) SLURM_ARRAY_TASK_MIN=0 \\
            bash "$@" > slurm-"$task".log 2>&1
    done
    rm {place}/running-"$job"
) > /dev/null 2>&1 &
echo $! > {place}/running-"$job"
echo "$job;cluster"
"""
SQUEUE = """#!/bin/bash
[ "$1 $2 $4" = "--noheader --jobs --format" ] || exit 99
[ -e {place}/running-"$3" ] && echo RUNNING
true
"""
SCANCEL = """#!/bin/bash
[ "$1" = --state=PENDING ] && exit  # its tasks have all begun
kill "$(cat {place}/running-"$1")"
rm {place}/running-"$1"
echo "$*" > {place}/cancelled
"""


@pytest.fixture
def python(klass, tmp_path, monkeypatch):
    """An environment in which the script grades with the fake engine."""
    path = tmp_path / "python"
    places = {"python": sys.executable, "tests": TESTS, "root": klass.root}
    places = {name: shlex.quote(str(place)) for name, place in places.items()}
    path.write_text(PYTHON.format(**places))
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))
    return str(path)


@pytest.fixture
def cluster(python, tmp_path, monkeypatch):
    """The folder of a SLURM that is not one."""
    place = tmp_path / "cluster"
    place.mkdir()
    for name, text in (("sbatch", SBATCH), ("squeue", SQUEUE), ("scancel", SCANCEL)):
        (place / name).write_text(text.replace("{place}", str(place)))
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(slurm, "LATE", 0.5)
    monkeypatch.setattr(slurm, "LOOK", 0.1)
    return place


@pytest.fixture
def no_cluster(monkeypatch):
    monkeypatch.setattr(slurm.shutil, "which", lambda name: None)


def task(course, python, index, count, *arguments, **more):
    """Run the script as SLURM runs it."""
    return subprocess.Popen(
        ["bash", str(SCRIPT), NAME, *arguments], cwd=course.root, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
        env={
            **os.environ, **more, "CHAINRULE_PYTHON": python,
            "SLURM_ARRAY_TASK_ID": str(index), "SLURM_ARRAY_TASK_COUNT": str(count),
        },
    )  # fmt: skip


def finish(process):
    out, _ = process.communicate(timeout=120)
    assert process.returncode == cli.OK, out
    return out


def collect(course, **options):
    how = Slurm(course, [NAME], options.pop("tasks", 2))
    return grade(course, NAME, executor=how, engines=fake_engines, **options)


def spooled(course):
    return Journal(course.journal.parent / "spool", NAME)


# --- shares ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 12, 20])
def test_everybody_is_in_one_share(count):
    names = [str(number) for number in range(12)]
    shares = [Share(index, count).of(names) for index in range(count)]
    assert sorted(name for share in shares for name in share) == sorted(names)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_outside_of_an_array_there_is_no_share():
    assert Share.here({"SLURM_JOB_ID": "7"}) is None


@pytest.mark.parametrize("count", ["0", "many", ""])
def test_a_count_that_is_none_is_said(count):
    with pytest.raises(CourseError, match="SLURM_ARRAY_TASK_COUNT is"):
        Share.here({"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": count})


def test_a_share_is_graded_into_the_spool_and_nowhere_else(klass):
    before = {path: path.read_bytes() for path in klass.root.rglob("*") if path.is_file()}
    grade_share(klass, NAME, Share(1, 4), Choice(), engines=fake_engines)
    new = [path for path in klass.root.rglob("*") if path.is_file() and path not in before]
    told = {klass.root / "runs.txt", klass.log}
    assert {path.parent for path in set(new) - told} == {spooled(klass).folder}
    assert all(path.read_bytes() == content for path, content in before.items())
    assert [one.student for one in sorted(spooled(klass).entries(), key=lambda one: one.student)] \
        == ["s01", "s05", "s09"]  # fmt: skip


def test_a_share_that_is_graded_again_does_what_is_left(klass):
    share = Share(0, 2)
    grade_share(klass, NAME, share, Choice(), engines=fake_engines, stop=lambda: runs(klass) >= 2)
    done = runs(klass)
    assert 2 <= done < 6
    grade_share(klass, NAME, share, Choice(), engines=fake_engines)
    assert runs(klass) == 6
    assert grade_share(klass, NAME, share, Choice(), engines=fake_engines) == []


def test_what_is_in_the_journal_already_is_in_no_share(klass):
    grade(klass, NAME, ["s00"], engines=fake_engines)
    rows = grade_share(klass, NAME, Share(0, 6), Choice(), engines=fake_engines)
    assert [row.student for row in rows] == ["s06"]


def test_a_task_releases_nothing(course, tmp_path):
    hand_in(course, "s1", "{")
    with pytest.raises(CourseError, match="has to be released first"):
        grade_share(course, NAME, Share(0, 1), Choice(), engines=fake_engines)


# --- the script -----------------------------------------------------------------------------------


@needs_bash
def test_the_scripts_tasks_grade_the_class_and_a_run_collects(klass, wanted, python, no_cluster):
    tasks = [task(klass, python, index, 2) for index in range(2)]
    for process in tasks:
        finish(process)
    assert not klass.journal.is_dir()
    times = runs(klass)
    progress = Progress()
    collect(klass, progress=progress)
    assert (runs(klass), progress.left) == (times, 0)
    assert kill.dump(klass) == wanted
    assert list(spooled(klass).entries()) == []


@needs_bash
def test_a_task_tells_what_it_does_and_that_it_did_it(klass, python):
    out = finish(task(klass, python, 5, 6))
    assert "[2/2]" in out
    assert "s05: unreadable" in out
    *_, last = finish(task(klass, python, 5, 6, "--json")).splitlines()
    assert json.loads(last)["graded"] == 0


@needs_bash
def test_a_submission_that_ends_its_examiner_costs_nobody_else(klass, python, blank, no_cluster):
    hand_in(klass, "killer", blank().answer("double", "# PROCESS_DIES").nb)
    finish(task(klass, python, 0, 1))
    rows = {row.student: row for row in collect(klass)}
    assert "ended the examiner's process, twice" in rows.pop("killer").remark
    assert len(rows) == 12


@needs_bash
def test_a_task_that_is_killed_leaves_whole_results(klass, wanted, python, no_cluster):
    process = task(klass, python, 0, 1, ENGINE="steady_engines")
    until = time.monotonic() + 60
    while not list(spooled(klass).folder.glob("*.json")) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = len(list(spooled(klass).entries()))
    assert 1 <= done < 12
    with pytest.raises(NoSlurm):  # there is something left, and no cluster
        collect(klass)
    assert len([one for one in plan(klass, NAME) if not one.why]) == done
    finish(task(klass, python, 0, 1))
    collect(klass)
    assert kill.dump(klass) == wanted


def test_without_sbatch_it_says_what_to_run(klass, no_cluster):
    with pytest.raises(NoSlurm, match=r"sbatch --array=0-1 .*chainrule-array.sbatch mini"):
        collect(klass)
    assert SCRIPT.is_file()


# --- a run ----------------------------------------------------------------------------------------


@needs_bash
def test_a_run_submits_waits_and_collects_and_a_second_does_nothing(klass, wanted, cluster):
    for _ in range(2):
        collect(klass)
        assert kill.dump(klass) == wanted
        assert (cluster / "submitted.txt").read_text() == f"1 {SCRIPT} {NAME}\n"


@needs_bash
def test_what_one_array_has_not_graded_is_tried_once_more_and_nothing_else(klass, wanted, cluster):
    (cluster / "broken-1").touch()
    how = Slurm(klass, [NAME, "--regrade"], 2)
    grade(klass, NAME, executor=how, engines=fake_engines, regrade=True)
    assert len((cluster / "submitted.txt").read_text().splitlines()) == 2
    assert runs(klass) == 11  # one cannot be run
    assert list(spooled(klass).entries()) == []
    assert kill.dump(klass) == wanted


@needs_bash
def test_what_two_arrays_have_not_graded_is_said(klass, cluster, monkeypatch):
    monkeypatch.setenv("ENGINE", "no_such_engine")
    rows = collect(klass, tasks=1)
    assert {row.status for row in rows} == {"not graded"}
    assert "No array task has graded it; .chainrule/slurm-*.log may say why" in rows[0].remark


@needs_bash
def test_a_result_of_an_older_submission_is_not_collected(klass, cluster, blank):
    grade_share(klass, NAME, Share(0, 1), Choice(), engines=fake_engines)
    hand_in(klass, "s00", blank().solve().nb)
    assert points_of(collect(klass))["s00"] == 6.0
    assert (cluster / "submitted.txt").read_text() == f"0 {SCRIPT} {NAME}\n"  # for one


@needs_bash
def test_a_run_that_is_asked_to_stop_asks_the_tasks(klass, wanted, cluster, monkeypatch):
    monkeypatch.setenv("ENGINE", "steady_engines")
    progress = Progress()
    collect(klass, progress=progress, tasks=1, stop=lambda: runs(klass) >= 2)
    assert 1 <= progress.left < 12
    assert not (cluster / "cancelled").exists()
    assert not (spooled(klass).folder / "stop").exists()
    times = runs(klass)
    collect(klass)
    assert runs(klass) > times
    assert kill.dump(klass) == wanted


@needs_bash
def test_a_run_that_is_ended_cancels_its_array(klass, wanted, cluster, monkeypatch):
    monkeypatch.setenv("ENGINE", "steady_engines")

    class Impatient(Progress):
        def end(self, row, seconds):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(klass, progress=Impatient(), tasks=1)
    assert (cluster / "cancelled").read_text() == "1\n"
    collect(klass, tasks=1)
    assert kill.dump(klass) == wanted


@needs_bash
def test_a_limit_is_wrong_use_there(klass, capsys):
    arguments = ["--course", str(klass.root), "grade", NAME, "--executor", "slurm", "--limit", "2"]
    assert cli.main(arguments) == cli.USAGE
    assert "--limit cannot be had with --executor slurm" in capsys.readouterr().err


@needs_bash
def test_the_command_tells_the_tasks_what_it_was_told(klass, cluster):
    arguments = ["s01", "s02", "--executor", "slurm", "--jobs", "1", "--regrade", "--unsafe"]
    assert cli.main(["--course", str(klass.root), "grade", NAME, *arguments]) == cli.OK
    assert runs(klass) == 2
    (line,) = (cluster / "submitted.txt").read_text().splitlines()
    assert line == f"0 {SCRIPT} {NAME} s01 s02 --regrade --unsafe"
