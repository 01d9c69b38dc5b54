"""What grading a class costs, beside plain nbgrader on the same submissions.

    python benchmarks/grading.py [--ours N] [--nbgrader N] [--json FILE]
    python benchmarks/grading.py --sizes 100 2000

Submissions are copies of honest ones of the sample class, right and mistaken, each a little
different, in a temporary copy of the course. Every way to grade is a process of its own, from its
start to its end: it grades, writes the feedback and the gradebook. Of a small class a good part is
the start, some seconds. *wall* is what one waits.
*CPU* is of all processes together, those in the sandbox included, however they end: the kernel
counts it where it lets us (perf events; as root, say), else their times are read again and again,
which misses the last moments of each (the table says which). *memory* is the peak of all of them,
with what they share counted once. With ``--sizes``, classes of several sizes are graded with two
workers: what one submission costs should not depend on the size.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.utils import is_solution
from processes import Meter
from ways import WAYS

from chainrule.grading.course import Course
from chainrule.grading.release import release

ROOT = Path(__file__).resolve().parents[1]
PROBLEM_SET = "ps3_activations_losses"
HONEST = (
    "full_solution_a",
    "full_solution_b",
    "no_upstream_gradient",
    "half_done",
    "minus_sign_missing",
    "mean_missing_in_gradient",
    "slope_at_the_input",
    "absolute_value_forgotten",
    "one_sample_only",
    "no_hidden_layer",
    "blank",
)  # fmt: skip


@dataclass
class Cost:
    """What a run took, in seconds and bytes, for all of its submissions."""

    way: str
    submissions: int
    wall: float
    cpu: float
    memory: int
    scores: dict[str, dict[str, float]]


# ---------------------------------------------------------------- the class


def make_course(place: Path, size: int, problem_set: str = PROBLEM_SET) -> Course:
    """A copy of the course with a class of `size` students, released, nobody graded."""
    shutil.copytree(ROOT / "source" / problem_set, place / "source" / problem_set)
    shutil.copy(ROOT / "nbgrader_config.py", place)
    course = Course.at(place)
    release(course, problem_set)
    for number in range(size):
        folder = course.submitted / f"student{number:04d}" / problem_set
        folder.mkdir(parents=True)
        sample = ROOT / "tests" / "sample_class" / HONEST[number % len(HONEST)] / problem_set
        for path in sample.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        personalise(folder / f"{problem_set}.ipynb", number)
    return course


def personalise(path: Path, number: int) -> None:
    """Make a copy differ from all others in every answer, so that no part of it was seen before."""
    nb = nbformat.read(path, as_version=4)
    for cell in nb.cells:
        if is_solution(cell) and cell.cell_type == "code":
            cell.source += f"\n# by student {number}"
    nbformat.write(nb, path)


# ---------------------------------------------------------------- measuring


def measure(way: str, size: int) -> Cost:
    """Grade a class in one way, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as place:
        course = make_course(Path(place).resolve(), size)
        script = Path(__file__).with_name("ways.py")
        command = [sys.executable, "-W", "ignore", str(script), way, PROBLEM_SET, str(course.root)]
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as run:
            with Meter(run.pid) as meter:
                code = run.wait()
            wall = time.perf_counter() - began
        if code:
            raise SystemExit(f"{way} failed")
        pages = len(list(course.feedback.glob(f"*/{PROBLEM_SET}/*.html")))
        if pages != size:
            raise SystemExit(f"{way} wrote {pages} pages of feedback for {size} submissions")
        return Cost(way, size, wall, meter.seconds, meter.memory, read_scores(course))


def read_scores(course: Course) -> dict[str, dict[str, float]]:
    """The automatic points in the gradebook, by student and cell."""
    with Gradebook(course.db_url) as book:
        return {
            handed_in.student.id: {
                grade.name: grade.auto_score
                for notebook in handed_in.notebooks
                for grade in notebook.grades
            }
            for handed_in in book.assignment_submissions(PROBLEM_SET)
        }


def differences(one: dict, other: dict) -> list[str]:
    """Where two gradebooks differ, for students who are in both."""
    return [
        f"{student}, {cell}: {one[student].get(cell)} and {other[student].get(cell)}"
        for student in sorted(one.keys() & other.keys())
        for cell in sorted(one[student].keys() | other[student].keys())
        if one[student].get(cell) != other[student].get(cell)
    ]


# ---------------------------------------------------------------- tables


def side_by_side(costs: list[Cost]) -> Iterator[str]:
    """The table of the ways to grade, the first being what the others are compared with."""
    yield "| | submissions | wall, s each | CPU, s each | times as many an hour | memory, MB |"
    yield "|---|---:|---:|---:|---:|---:|"
    base = costs[0].wall / costs[0].submissions
    for cost in costs:
        wall, cpu = cost.wall / cost.submissions, cost.cpu / cost.submissions
        yield (
            f"| {cost.way} | {cost.submissions} | {wall:.3f} | {cpu:.3f} | {base / wall:.1f} "
            f"| {cost.memory / 1e6:.0f} |"
        )


def by_size(costs: list[Cost]) -> Iterator[str]:
    """The table of classes of several sizes."""
    yield "| submissions | minutes | wall, ms each | CPU, ms each | memory, MB |"
    yield "|---:|---:|---:|---:|---:|"
    for cost in costs:
        wall, cpu = cost.wall / cost.submissions, cost.cpu / cost.submissions
        yield (
            f"| {cost.submissions} | {cost.wall / 60:.2f} | {wall * 1e3:.0f} | {cpu * 1e3:.0f} "
            f"| {cost.memory / 1e6:.0f} |"
        )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table, write it to a file if asked to."""
    parser = argparse.ArgumentParser(prog="grading", description=__doc__.split("\n")[0])
    parser.add_argument("--ours", type=int, default=100, metavar="N", help="submissions (100)")
    parser.add_argument("--nbgrader", type=int, default=12, metavar="N", help="for nbgrader (12)")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="only these")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="classes of these sizes")
    parser.add_argument("--json", type=Path, help="write the numbers to this file, too")
    options = parser.parse_args(arguments)
    if options.sizes:
        costs = [measure("2 workers", size) for size in options.sizes]
        lines = list(by_size(costs))
    else:
        sizes = {way: options.nbgrader if way == "nbgrader" else options.ours for way in WAYS}
        costs = [measure(way, sizes[way]) for way in options.ways]
        lines = [*side_by_side(costs), "", *same_or_not(costs)]
    print("\n".join(lines))
    print(f"\nCPU time is {Meter.how()}.")
    if options.json:
        text = json.dumps([asdict(cost) for cost in costs], indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")


def same_or_not(costs: list[Cost]) -> Iterator[str]:
    """Whether the gradebooks are the same, in words."""
    for cost in costs[1:]:
        found = differences(costs[0].scores, cost.scores)
        both = len(costs[0].scores.keys() & cost.scores.keys())
        cells = sum(map(len, list(costs[0].scores.values())[:both]))
        yield (
            f"{cost.way}: the points of {both} students in {cells} cells are those of "
            f"{costs[0].way}{', but for' if found else ''}"
        )
        yield from found


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    main()
