"""Mutants: what is changed, what is left alone, and what becomes of one that never ends."""

import ast
import signal
from pathlib import Path

import pytest

from chainrule.checks.attempt import Case
from chainrule.checks.exercise import Exercise
from chainrule.grading import mutants
from chainrule.grading.proof import Grader

SOLUTION = '''
def count(n):
    """Count to n: 0 < 1 < 2."""
    ### BEGIN SOLUTION
    total = 0
    while total < n:
        total += 1
    return -total if n < 0 else total
    ### END SOLUTION
'''


class Small:
    """A grader of one function, right for two and for minus one only."""

    def solution(self, _):
        return SOLUTION

    def namespace(self):
        space = {}
        exec(SOLUTION, space)
        return space

    def answer(self, name, source):
        space = {}
        exec(source, space)
        return space[name]

    def grade(self, name, answer=None):
        right = answer(2.0) == 2 and answer(-1.0) == 0
        return float(right), 1.0, []


EXERCISE = Exercise("count", "function", "", {"two": Case({"n": 2.0})}, [], ("total",))


@pytest.fixture(scope="module")
def labels():
    return {mutant.label: mutant.source for mutant in mutants.mutants_of(Small(), "count")}


@pytest.mark.parametrize(
    "label",
    [
        "count: total = 0 → total = 1",
        "count: total = 0 → pass",
        "count: total += 1 → total -= 1",
        "count: total += 1 → pass",
        "count: while total < n: → while total <= n:",
        "count: return -total if n < 0 else total → return total if n < 0 else total",
        "count: return -total if n < 0 else total → return",
    ],
)
def test_operators_constants_comparisons_and_statements_are_changed(labels, label):
    assert label in labels
    assert ast.parse(labels[label])


def test_what_is_not_the_solution_is_left_alone(labels):
    assert all('"""Count to n: 0 < 1 < 2."""' in source for source in labels.values())


def test_each_mutant_has_one_change(labels):
    plain = ast.unparse(ast.parse(SOLUTION)).splitlines()
    for source in labels.values():
        lines = source.splitlines()
        assert sum(a != b for a, b in zip(plain, lines, strict=True)) == 1


def loop():
    while True:
        pass


def test_a_loop_without_end_is_ended_even_by_who_is_deaf_to_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt), mutants._time_limit(0.1):
            loop()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_mutant_is_caught_or_the_same_or_survives(monkeypatch):
    monkeypatch.setattr(mutants, "PATIENCE", 0.3)
    fates = {
        fate.mutant.label: fate.fate for fate in mutants.try_mutants(Small(), {"count": EXERCISE})
    }
    assert fates["count: total = 0 → total = 1"] == "caught"
    assert fates["count: total += 1 → pass"] == "caught"  # it never ends
    minus = "count: return -total if n < 0 else total → return total if n < 0 else total"
    assert fates[minus] == "same"  # the loop does not run for a negative n
    assert fates["count: total += 1 → total += 2"] == "survives"  # right for 2, wrong for 3


def test_axis_and_transposition_and_function_names_are_changed():
    grader = Grader(Path(__file__).parents[2] / "source" / "ps3_activations_losses")
    made = {mutant.label for mutant in mutants.mutants_of(grader, "layer_backward")}
    line = "layer_backward: return (sum_grad @ W.T, X.T @ sum_grad, "
    assert f"{line}sum_grad.sum(axis=0, keepdims=True)) → return (sum_grad @ W, X.T @ sum_grad, "\
        "sum_grad.sum(axis=0, keepdims=True))" in made  # fmt: skip
    assert any("sum(axis=1, keepdims=True)" in label for label in made)
    assert any("sum(axis=0, keepdims=False)" in label for label in made)
    assert any("sum(keepdims=True)" in label for label in made)
    assert any("sum_grad.mean(axis=0" in label for label in made)
