"""A SLURM cluster: an array of tasks, each grading its share of the class into the spool.

Every node needs what this machine has: the course folder at the same path (a shared file system),
chainrule in the same version, bubblewrap.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from chainrule.grading.assess import not_graded
from chainrule.grading.course import Course, CourseError
from chainrule.grading.examiners import Work
from chainrule.grading.executors.spool import Spool
from chainrule.grading.journal import Entry
from chainrule.grading.parcel import Parcel

SCRIPT = Path(__file__).with_name("chainrule-array.sbatch")
LOOK = 1.0  # seconds between two looks at what has arrived
LATE = 15.0  # seconds that a shared file system may take to show what a task has written
ATTEMPTS = 2  # arrays for one run: what the first has not graded is tried once more


class NoSlurm(CourseError):
    """SLURM cannot be asked, or does not do what it was asked for."""

    users_mistake = False


class Slurm:
    """Has submissions assessed by an array of SLURM tasks, and collects what they leave.

    What tasks have left before, in an array that was submitted by hand or outlived its run, is
    collected first.

    Parameters
    ----------
    course : Course
    arguments : list of str
        For the script: the problem set, and what else its tasks have to be told.
    tasks : int
        How many the array has at most.
    """

    def __init__(self, course: Course, arguments: list[str], tasks: int):
        self.course = course
        self.arguments = arguments
        self.tasks = tasks

    def assess(
        self,
        parcels: Iterable[Parcel],
        work: Work,
        *,
        begin: Callable[[str], None] = lambda student: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Entry]:
        """Yield entries as they arrive.

        Raises
        ------
        NoSlurm
            If there is something left to grade and no SLURM to do it.
        """
        spool = Spool(self.course, work.assignment)
        waiting = {parcel.student: parcel for parcel in parcels}
        everybody = list(waiting)
        try:
            yield from self._collect_all(spool, waiting, stop)
        finally:  # not before: while its entry is there, no task grades a submission again
            for student in everybody:
                if student not in waiting:
                    spool.remove(student)
        if not stop():
            for parcel in waiting.values():
                text = "No array task has graded it; .chainrule/slurm-*.log may say why"
                yield not_graded(parcel, work.assignment, text)

    def _collect_all(
        self, spool: Spool, waiting: dict[str, Parcel], stop: Callable[[], bool]
    ) -> Iterator[Entry]:
        yield from _collect(spool, waiting)
        for _ in range(ATTEMPTS):
            if not waiting or stop():
                return
            spool.ask_to_stop(False)  # a run that was killed may have left it
            job = self._submit(min(self.tasks, len(waiting)))
            try:
                yield from _watch(job, spool, waiting, stop)
            except BaseException:
                _cancel(job)
                raise
            finally:
                spool.ask_to_stop(False)

    def _submit(self, tasks: int) -> str:
        """Submit the array; returns its number."""
        if shutil.which("sbatch") is None:
            raise NoSlurm(
                "there is no sbatch here. On a machine of the cluster, in the course's folder: "
                f"sbatch --array=0-{tasks - 1} {SCRIPT} {' '.join(self.arguments)}; "
                "when it is done, the same command as now collects what it has graded"
            )
        root = self.course.root
        (root / ".chainrule").mkdir(exist_ok=True)  # the tasks' logs go there
        array = f"--array=0-{tasks - 1}"
        done = subprocess.run(
            ["sbatch", "--parsable", array, f"--chdir={root}", str(SCRIPT), *self.arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "CHAINRULE_PYTHON": sys.executable},
        )
        if done.returncode:
            raise NoSlurm(f"sbatch refused: {done.stderr.strip() or done.returncode}")
        return done.stdout.strip().split(";")[0]


def _watch(
    job: str, spool: Spool, waiting: dict[str, Parcel], stop: Callable[[], bool]
) -> Iterator[Entry]:
    """Collect until all is there, or the array has ended and nothing more comes."""
    last = time.monotonic()  # when something came, or could still have
    stopping = False
    while waiting:
        before = len(waiting)
        yield from _collect(spool, waiting)
        if stop() and not stopping:
            stopping = True
            spool.ask_to_stop()
            _cancel(job, "--state=PENDING")  # what has not begun need not, either
        if len(waiting) < before or _runs(job):
            last = time.monotonic()
        elif time.monotonic() - last > LATE:
            return
        time.sleep(LOOK)


def _collect(spool: Spool, waiting: dict[str, Parcel]) -> Iterator[Entry]:
    """What has arrived of those who wait, and do so no more once it has been written down."""
    for parcel in list(spool.arrived(waiting.values())):
        entry = spool.get(parcel)
        if entry is None:
            spool.remove(parcel.student)  # of another submission, or of no use
            continue
        yield entry
        del waiting[parcel.student]


def _runs(job: str) -> bool:
    """Whether any task of an array runs or waits to."""
    command = ["squeue", "--noheader", "--jobs", job, "--format", "%T"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return "Invalid job id" not in done.stderr  # else the controller is busy
    return bool(done.stdout.strip())


def _cancel(job: str, *which: str) -> None:
    subprocess.run(["scancel", *which, job], capture_output=True)
