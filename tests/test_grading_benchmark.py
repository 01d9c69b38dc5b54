"""The benchmark of grading: the class that it makes, what it counts, what it prints."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import is_solution

FOLDER = Path(__file__).parent.parent / "benchmarks"
SAMPLES = Path(__file__).parent / "sample_class"


@pytest.fixture(scope="module")
def tool():
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("grading_benchmark", FOLDER / "grading.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(FOLDER))


def cost(tool, way, submissions=10, wall=5.0, scores=None):
    return tool.Cost(way, submissions, wall, 4.0, 10**8, scores or {})


def test_every_sample_of_the_class_is_there(tool):
    for name in tool.HONEST:
        assert (SAMPLES / name / tool.PROBLEM_SET / f"{tool.PROBLEM_SET}.ipynb").is_file()


def test_copies_of_a_submission_differ_in_every_answer_in_code(tool, tmp_path):
    answers = []
    for number in range(2):
        path = tmp_path / f"{number}.ipynb"
        shutil.copy(
            SAMPLES / "full_solution_a" / tool.PROBLEM_SET / f"{tool.PROBLEM_SET}.ipynb", path
        )
        tool.personalise(path, number)
        nb = nbformat.read(path, as_version=4)
        answers.append(
            [one.source for one in nb.cells if is_solution(one) and one.cell_type == "code"]
        )
    assert len(answers[0]) > 5
    assert all(one != other for one, other in zip(*answers, strict=True))


def test_ways_are_compared_with_the_first(tool):
    costs = [cost(tool, "slow", wall=50.0), cost(tool, "fast", submissions=20, wall=10.0)]
    *_, slow, fast = tool.side_by_side(costs)
    assert slow == "| slow | 10 | 5.000 | 0.400 | 1.0 | 100 |"
    assert fast == "| fast | 20 | 0.500 | 0.200 | 10.0 | 100 |"


def test_classes_of_several_sizes_are_told_per_submission(tool):
    *_, row = tool.by_size([cost(tool, "any", submissions=100, wall=60.0)])
    assert row == "| 100 | 1.00 | 600 | 40 | 100 |"


def test_points_that_differ_are_named(tool):
    base = cost(tool, "base", scores={"a": {"x": 1.0, "y": 2.0}, "b": {"x": 0.0}})
    same = cost(tool, "same", scores={"a": {"x": 1.0, "y": 2.0}})
    other = cost(tool, "other", scores={"a": {"x": 1.0, "y": 0.0}, "c": {"x": 5.0}})
    lines = list(tool.same_or_not([base, same, other]))
    assert lines == [
        "same: the points of 1 students in 2 cells are those of base",
        "other: the points of 1 students in 2 cells are those of base, but for",
        "a, y: 2.0 and 0.0",
    ]


BURN = """
import os, time
time.sleep(0.3)
if os.fork() == 0:
    until = time.process_time() + 1.0
    while time.process_time() < until:
        bytearray(60_000_000)
    time.sleep(0.7)
    os.kill(os.getpid(), 9)
time.sleep(3)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_process_uses_that_nobody_waits_for_is_counted(tool):
    with subprocess.Popen([sys.executable, "-c", BURN]) as run, tool.Meter(run.pid) as meter:
        run.wait()
    assert 0.8 < meter.seconds < 3.0
    assert 5e6 < meter.memory < 200e6


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(os, "fork") or shutil.which("bwrap") is None, reason="bubblewrap is not installed"
)
def test_a_small_class_is_graded_in_both_ways_with_the_same_points(tool, capsys):
    tool.main(["--ways", "nbgrader", "1 worker", "--nbgrader", "2", "--ours", "3"])
    said = capsys.readouterr().out
    assert "1 worker: the points of 2 students in 44 cells are those of nbgrader\n" in said
