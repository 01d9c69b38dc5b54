"""The evidence shows the entry that is furthest off, with the numbers that belong to it."""

from dataclasses import replace

import numpy as np
import pytest
from small_exercises import exercise

from chainrule.checks.attempt import Case
from chainrule.checks.evidence import evidence
from chainrule.checks.exercise import Exercise
from chainrule.checks.outcome import Outcome

CUBED, SQUARES = exercise("Cubed"), exercise("Squares")
CASE = CUBED.cases["a batch"]
TRUTH = CASE.truth["forward"]


def rows(value, stage="forward", right=TRUTH):
    part = next(iter(right.parts))
    return dict(evidence(CUBED, stage, "a batch", Outcome({part: value}), right))


def changed(*changes):
    value = TRUTH.parts["output"].copy()
    for index, new in changes:
        value[index] = new
    return value


def test_the_worst_entry_is_shown_with_the_input_there():
    shown = rows(changed(((1, 2), 100.0), ((0, 0), 50.0)))
    assert list(shown) == [
        "tried on",
        "input_[1, 2]",
        "output[1, 2] expected",
        "output[1, 2] got",
    ]
    assert float(shown["input_[1, 2]"]) == pytest.approx(CASE.inputs["input_"][1, 2], rel=1e-5)
    assert float(shown["output[1, 2] expected"]) == pytest.approx(
        TRUTH.parts["output"][1, 2], rel=1e-5
    )
    assert shown["output[1, 2] got"] == "100"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_entry_that_is_no_number_is_the_worst(bad):
    assert rows(changed(((1, 2), 1e9), ((2, 1), bad)))["output[2, 1] got"] == str(bad)


def test_how_many_entries_differ_is_told():
    assert rows(changed(((1, 2), 9.0)))["tried on"] == "a batch: 1 of 12 entries of output differ"
    assert rows(-TRUTH.parts["output"])["tried on"] == "a batch: all entries of output differ"


def test_the_upstream_gradient_is_shown_where_it_plays_a_part():
    right = Outcome({"input_grad": TRUTH.parts["output"]})
    assert "output_grad[1, 2]" in rows(changed(((1, 2), 100.0)), "backward", right)
    assert "output_grad[1, 2]" not in rows(changed(((1, 2), 100.0)))


def test_numbers_that_look_alike_get_the_digits_that_tell_them_apart():
    shown = rows(TRUTH.parts["output"] * (1 + 1e-8))
    expected, got = list(shown.values())[2:4]
    assert expected != got
    assert expected[:6] == got[:6]


def test_the_quotient_is_shown_if_it_is_the_same_everywhere():
    assert rows(TRUTH.parts["output"] / 4)["got / expected"] == "0.25 for every entry that differs"
    assert "got / expected" not in rows(TRUTH.parts["output"] + 1)
    assert "got / expected" not in rows(0 * TRUTH.parts["output"])


def test_shapes_are_shown_when_they_differ():
    assert rows(np.ones((3, 4)))["shape of output"] == "(4, 3) expected, (3, 4) got"


def test_dtypes_are_shown_when_they_differ():
    exact = np.round(TRUTH.parts["output"])
    got = Outcome({"output": exact.astype(int)})
    shown = dict(evidence(CUBED, "forward", "a batch", got, Outcome({"output": exact})))
    assert shown["dtype of output"] == "float64 expected, int64 got"


def test_minus_zero_is_shown_as_zero():
    right = Outcome({"output": -0.0 * np.ones((4, 3))})
    assert rows(np.ones((4, 3)), right=right)["output[0, 0] expected"] == "0"


def test_of_a_loss_the_inputs_are_shown_when_they_are_few():
    for name, few in (("a single sample", True), ("a batch", False)):
        right = SQUARES.cases[name].truth["forward"]
        shown = dict(evidence(SQUARES, "forward", name, Outcome({"loss": np.array(9.0)}), right))
        assert ("prediction" in shown) is few
        assert shown["loss got"] == "9"
        assert not any("\n" in value for value in shown.values())


def test_inputs_are_shown_only_where_entries_go_by_themselves():
    product = exercise("affine_backward")
    name = "a square"
    case = Case({key: np.eye(3) for key in ("X", "W")} | {"output_grad": np.ones((3, 2))})
    product = replace(product, cases={name: case})
    right = Outcome({"X_grad": np.zeros((3, 3))})
    got = Outcome({"X_grad": np.ones((3, 3))})
    assert [label for label, _ in evidence(product, "result", name, got, right)] == [
        "tried on",
        "X_grad[0, 0] expected",
        "X_grad[0, 0] got",
    ]


def test_of_dictionaries_what_goes_by_the_same_key_is_shown():
    pair = {"W": np.ones((2, 2)), "b": np.ones((1, 2))}
    case = Case({"params": pair, "grads": pair, "strength": 0.5})
    penalty = Exercise("penalty", "function", "", {"two layers": case}, [], ("gradients[]",))
    right = Outcome({'gradients["W"]': np.zeros((2, 2)), 'gradients["b"]': np.zeros((1, 2))})
    got = Outcome({'gradients["W"]': np.zeros((2, 2)), 'gradients["b"]': np.ones((1, 2))})
    assert dict(evidence(penalty, "result", "two layers", got, right)) == {
        "tried on": 'two layers: all entries of gradients["b"] differ',
        'params["b"][0, 0]': "1",
        'grads["b"][0, 0]': "1",
        "strength": "0.5",
        'gradients["b"][0, 0] expected': "0",
        'gradients["b"][0, 0] got': "1",
    }


def test_many_numbers_share_a_line():
    case = Case({"x": np.array(3.0), "lr": 0.001, "eps": 1e-8, "step": 2})
    step = Exercise("step", "function", "", {"a step": case}, [], ("x",))
    got, right = Outcome({"x": np.array(1.0)}), Outcome({"x": np.array(2.0)})
    assert dict(evidence(step, "result", "a step", got, right))["where"] == (
        "lr=0.001, eps=1e-08, step=2"
    )


@pytest.mark.parametrize("error", ["ValueError", "IndexError"])
def test_of_a_crash_that_is_about_shapes_they_are_shown(error):
    shown = dict(evidence(CUBED, "backward", "a batch", Outcome(raised=error), TRUTH))
    assert shown == {"tried on": "a batch", "shapes": "input_ (4, 3), output_grad (4, 3)"}
    shown = dict(evidence(CUBED, "forward", "a batch", Outcome(raised=error), TRUTH))
    assert shown["shapes"] == "input_ (4, 3)"


def test_of_another_crash_only_the_case_is_shown():
    assert evidence(CUBED, "forward", "a batch", Outcome(raised="KeyError"), TRUTH) == (
        ("tried on", "a batch"),
    )
