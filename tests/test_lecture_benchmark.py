"""The benchmark of lectures runs them and reports what they used. Times are not tested."""

import importlib.util
import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "lectures.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("lecture_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Store a lecture of one cell."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def store(name, source):
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
        return path

    return store


@pytest.mark.slow
def test_it_reports_the_most_memory_held_at_any_moment_and_stores_nothing(tool, stored, capsys):
    little = stored("little", "x = 1")
    much = stored("much", "x = bytearray(300 * 2**20)\nx = 1")
    before, file = much.read_bytes(), much.with_suffix(".json")
    tool.main(["--json", str(file), str(little), str(much)])
    results = json.loads(file.read_text(encoding="utf-8"))
    assert 250 < results["much"]["mib"] - results["little"]["mib"] < 400
    assert all(used["cpu"] > 0 for used in results.values())
    assert much.read_bytes() == before
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| little",
        "| much",
        "| **all, one after the other**",
    ]


@pytest.mark.parametrize(
    ("used", "end"),
    [
        ({"seconds": 19.0, "cpu": 18.0, "mib": 300.0}, "|  |"),
        ({"seconds": 21.0, "cpu": 18.0, "mib": 300.0}, "| over 20 s |"),
        ({"seconds": 21.0, "cpu": 18.0, "mib": 3000.0}, "| over 20 s, over 1024 MiB |"),
    ],
)
def test_what_is_over_a_limit_is_named(tool, used, end):
    assert tool.row("x", used, tool.SECONDS_EACH).endswith(end)
