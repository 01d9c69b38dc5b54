"""The benchmark of gradients runs and reports how exact each way is. Times are not tested."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("threadpoolctl")
pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).parent.parent / "benchmarks" / "gradients.py"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What it printed and what it wrote."""
    file = tmp_path_factory.mktemp("benchmark") / "gradients.json"
    command = [sys.executable, SCRIPT, "--rounds", "1", "--networks", "1", "--json", file]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture(params=["sigmoid", "ReLU"])
def results(request, run):
    """Of one network, by way."""
    return run[1][request.param]


def test_every_way_has_a_time_a_ratio_and_an_error(run, results):
    printed, _ = run
    assert len(results) == 10
    for name, numbers in results.items():
        assert numbers["seconds"] > 0
        assert numbers["ratio"] > 0
        assert 0 < numbers["error"] <= numbers["worst error"]
        assert f"  {name} " in printed
    assert results["plain loop"]["ratio"] == 1


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("plain loop", 1e-9),
        ("entries", 1e-9),
        ("entries, stacks of 64", 1e-9),
        ("check, best step", 1e-9),
        ("check, best step, stacks of 64", 1e-9),
        ("20 random directions", 1e-9),
        ("complex step", 1e-14),
        ("complex step, stacks of 64", 1e-14),
    ],
)
def test_each_is_as_exact_as_promised(results, name, bound):
    assert results[name]["worst error"] < bound


def test_richardson_is_for_smooth_functions_only(run):
    _, results = run
    assert results["sigmoid"]["Richardson, 3 levels"]["worst error"] < 1e-11
    assert results["ReLU"]["Richardson, 3 levels"]["worst error"] > 1e-4
