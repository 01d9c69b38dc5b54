"""Every check cell, on every mistake of the banks: quick, silent, without a trace, and discreet."""

import ast
import builtins
import contextlib
import io
import logging
import os
import random
import re
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
import pytest

from chainrule.checks import hidden as hidden_module
from chainrule.checks.bank import load_bank
from chainrule.checks.message import CheckFailed
from chainrule.grading.proof import HIDDEN_MARK, Grader

ROOT = Path(__file__).parents[2]
PROBLEM_SETS = sorted(path.parent for path in (ROOT / "source").glob("*/mistakes"))
NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
TELLING = 3  # digits; a number of fewer says nothing of where it comes from
MAY_TAKE_LONGER = {"train_digits"}


@dataclass
class Run:
    """One check cell, run on one answer."""

    label: str
    exercise: str
    hidden: bool
    training: bool
    points: float
    seconds: float
    value: object
    said: str
    complained: str
    changed: list[str]
    secrets: list[float]
    words: str  # what the bank and the notebook say of this exercise, which is no secret


@pytest.fixture(scope="module", params=PROBLEM_SETS, ids=lambda folder: folder.name)
def runs(request) -> list[Run]:
    folder = request.param
    bank, grader = load_bank(folder), Grader(folder)
    namespace = grader.namespace()
    cells = check_cells(folder)
    found = []
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        for name, entry in bank.entries.items():
            answers = {wrong.id: wrong.answer for wrong in entry.wrong}
            training = entry.exercise.kind == "training"
            right = namespace[name]
            words = " ".join([name, *(wrong.says for wrong in entry.wrong), entry.exercise.reread])
            for id_, answer in ({} if training else entry.right | {"the solution": right}).items():
                answers.setdefault(id_, answer)
            for id_, answer in answers.items():
                namespace[name] = answer
                for source, points in cells[name]:
                    label = f"{name}: {id_}, {'hidden' if HIDDEN_MARK in source else 'visible'}"
                    found.append(run(patch, label, name, source, points, training, namespace))
                    found[-1].words = words
            namespace[name] = right
    return found


def check_cells(folder: Path) -> dict[str, list[tuple[str, float]]]:
    """The sources and points of each exercise's check cells."""
    cells: dict[str, list[tuple[str, float]]] = {}
    for cell in nbformat.read(folder / f"{folder.name}.ipynb", as_version=4).cells:
        called = re.search(r"""checks\.\w+\(\s*["'](\w+)["']""", cell.source)
        mark = cell.metadata.nbgrader
        if cell.cell_type == "code" and called and mark.grade and not mark.solution:
            cells.setdefault(called[1], []).append((cell.source, mark.points))
    return cells


def run(patch, label, exercise, source, points, training, namespace) -> Run:
    """Run a cell as nbgrader does, and see what it says and leaves behind."""
    cases = []
    attempts = hidden_module.attempts

    def spy(kind, returns, answer, tries, names):
        cases.extend(case for _, case in tries)
        return attempts(kind, returns, answer, tries, names)

    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else ast.Expr(ast.Constant(None))
    said, complained, value = io.StringIO(), io.StringIO(), None
    with (
        patch.context() as patched,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        patched.setattr(hidden_module, "attempts", spy)
        before, began = state(namespace), time.thread_time()
        try:
            exec(compile(tree, "<cell>", "exec"), namespace)
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
        except CheckFailed as failed:
            print(failed)
        seconds, after = time.thread_time() - began, state(namespace)
    namespace.pop("hidden_checks", None)
    return Run(
        label,
        exercise,
        HIDDEN_MARK in source,
        training,
        points,
        seconds,
        value,
        said.getvalue(),
        complained.getvalue(),
        [key for key in before if before[key] != after[key]],
        [number for case in cases for number in numbers_in(case)],
        "",
    )


def state(namespace: dict) -> dict:
    """What a check could change for what comes after it."""
    names = namespace.keys() - {"hidden_checks", "__builtins__"}
    return {
        "NumPy's random state": repr(np.random.get_state()),  # noqa: NPY002
        "Python's random state": random.getstate(),
        "np.geterr": np.geterr(),
        "np.seterrcall": np.geterrcall(),
        "print options": repr(np.get_printoptions()),
        "warning filters": list(warnings.filters),
        "working directory": Path.cwd(),
        "logging": (logging.root.manager.disable, logging.root.level, *logging.root.handlers),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "input": builtins.input,
        "path": list(sys.path),
        "environment": dict(os.environ),
        "names": {name: id(namespace[name]) for name in names},
        "arrays": {
            name: namespace[name].tobytes()
            for name in names
            if isinstance(namespace[name], np.ndarray)
        },
    }


def numbers_in(case) -> list[float]:
    """Every number of a hidden case: inputs, the upstream gradient, what is expected."""
    found = []
    for value in (*case.inputs.values(), case.output_grad, *case.truth.values()):
        parts = getattr(value, "parts", value if isinstance(value, dict) else {"": value})
        for part in parts.values():
            if isinstance(part, np.ndarray | int | float):
                found += np.ravel(part).astype(float).tolist()
    return found


def told(text: str, secrets: list[float]) -> set[str]:
    """The numbers of a text that are one of the secrets, to as many digits as they have."""
    return {
        token
        for token in NUMBER.findall(text)
        if (digits := count_digits(token)) >= TELLING
        for value in [float(token.replace("−", "-"))]
        if any(float(f"{secret:.{digits}g}") == value for secret in secrets)
    }


def count_digits(token: str) -> int:
    return len(re.sub(r"e.*|\D", "", token).strip("0") or "0")


def test_a_secret_is_found_however_it_is_written():
    secrets = [0.123456, -3141.59, 2.0]
    assert told("got 0.123 there", secrets) == {"0.123"}
    assert told("[-3.142e+03, 2]", secrets) == {"-3.142e+03"}
    assert told("W1 at [2, 0]: 0.5 of 12 are 0.124", secrets) == set()


def test_no_hidden_check_tells_a_number_of_its_cases(runs):
    mine = [one for one in runs if one.hidden and not one.training]
    assert any(one.secrets for one in mine)
    found = {
        one.label: told(one.said, one.secrets) - set(NUMBER.findall(one.words)) for one in mine
    }
    assert not {label: numbers for label, numbers in found.items() if numbers}


def test_nothing_is_written_to_stderr(runs):
    assert not [(one.label, one.complained) for one in runs if one.complained]


def test_nothing_is_left_behind(runs):
    """No name either: a helper of a hidden check would take the place of a student's own."""
    assert not [(one.label, one.changed) for one in runs if one.changed]


def test_a_cell_ends_on_nothing_or_on_its_points(runs):
    for one in runs:
        if one.hidden or one.training:
            assert type(one.value) is float, one.label
            assert 0 <= one.value <= one.points, one.label
        else:
            assert one.value is None, one.label


def test_every_check_says_something(runs):
    assert not [one.label for one in runs if one.said[:1] not in ("✓", "✗", "◐")]


def test_every_check_takes_less_than_a_second(runs):
    slow = {one.label: one.seconds for one in runs if one.exercise not in MAY_TAKE_LONGER}
    assert not {label: seconds for label, seconds in slow.items() if seconds > 1}
