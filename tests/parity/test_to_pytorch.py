"""Lecture 14 shows the PyTorch code that was recorded, and our code as the library has it.

That its outputs do not depend on whether PyTorch is installed is for nbval to say, run with and
without it.
"""

import ast
import importlib.util
import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks" / "to_pytorch"
SCRIPTS = [FOLDER / "beside_ours.py", FOLDER / "train_digits.py"]


def blocks():
    """The Python code that stands in the lecture's text."""
    notebook = nbformat.read(ROOT / "notebooks" / "14_to_pytorch.ipynb", as_version=4)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.findall(r"^```python\n(.*?)^```", prose, re.MULTILINE | re.DOTALL)


def methods(path):
    """The code of every method of every class in a module, by class and name."""
    return {
        (each.name, method.name): ast.dump(method)
        for each in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(each, ast.ClassDef)
        for method in each.body
        if isinstance(method, ast.FunctionDef)
    }


def is_ours(block):
    return re.search(r"^class \w+\((Param)?Operation\):", block, re.MULTILINE)


def runs_in_order(lines, others):
    """Whether all lines are among the others, in order."""
    rest = iter(others)
    return all(line in rest for line in lines)


@pytest.fixture(scope="module")
def recorded():
    with np.load(FOLDER / "recorded.npz", allow_pickle=False) as stored:
        return dict(stored)


@pytest.mark.parametrize("block", [block for block in blocks() if is_ours(block)])
def test_our_code_in_the_text_is_the_library_s(block):
    (shown,) = ast.parse(block).body
    library = methods(ROOT / "chainrule" / "operations.py")
    assert shown.body
    for method in shown.body:
        assert ast.dump(method) == library[shown.name, method.name]


@pytest.mark.parametrize("block", [block for block in blocks() if not is_ours(block)])
def test_pytorch_s_code_in_the_text_is_what_ran(block):
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    scripts = [[line.strip() for line in s.read_text("utf-8").splitlines()] for s in SCRIPTS]
    assert any(runs_in_order(lines, script) for script in scripts)


def test_the_text_shows_both_sides_and_the_whole_script():
    assert sum(bool(is_ours(block)) for block in blocks()) == 2
    script = (FOLDER / "train_digits.py").read_text(encoding="utf-8").partition('"""\n\n')[2]
    assert script in blocks()


def test_the_recording_is_small_and_in_float64(recorded):
    assert (FOLDER / "recorded.npz").stat().st_size < 100_000
    assert {array.dtype for array in recorded.values()} == {np.dtype(np.float64)}


def test_pytorch_still_computes_what_was_recorded(recorded, monkeypatch):
    pytest.importorskip("torch", reason="the recording stands for PyTorch where it is missing")
    monkeypatch.setattr(sys, "path", [str(ROOT / "tools"), *sys.path])
    path = ROOT / "tools" / "record_to_pytorch.py"
    spec = importlib.util.spec_from_file_location("record_to_pytorch", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.main(["--check"]) == 0
