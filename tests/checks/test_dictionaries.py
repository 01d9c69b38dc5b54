"""Exercises about dictionaries of arrays: what goes in, what comes out, what is put back."""

import numpy as np
import pytest
from small_exercises import diagnosed, draws

from chainrule.checks import store
from chainrule.checks.attempt import observe
from chainrule.checks.bank import Bank, Entry
from chainrule.checks.dictionaries import Keepsake
from chainrule.checks.exercise import Case
from chainrule.checks.hidden import try_hidden


def half_squares(params):
    """Half the sum of squares, and its gradient: the parameters themselves."""
    value = sum((array**2).sum() for array in params.values()) / 2
    return value, {name: array * 1.0 for name, array in params.items()}


def two_arrays():
    draw = draws(4)
    return {"W": draw(2, 3), "b": draw(1, 3)}


def exercise():
    cases = {"two arrays": Case({"params": two_arrays()})}
    entry = Entry("half_squares", "function", cases, "", ("value", "gradients[]"))
    entry.correct(half_squares)
    (compiled,) = Bank([entry]).compile()
    return compiled


PLAN = exercise()


def says(answer):
    """What a check says of an answer; nothing if it is right."""
    failed = diagnosed(PLAN, "result", answer)
    return "" if failed is None else str(failed.message)


def test_each_array_of_a_returned_dictionary_is_a_part():
    outcome = PLAN.observe(half_squares, "result", {})["two arrays"]
    assert list(outcome.parts) == ["value", 'gradients["W"]', 'gradients["b"]']


def test_a_right_answer_may_have_its_keys_in_any_order():
    def turned_round(params):
        value, gradients = half_squares(params)
        return value, dict(reversed(gradients.items()))

    assert says(turned_round) == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda g: g["W"], "it returns an array of numbers where a dictionary is asked for"),
        (lambda g: tuple(g.values()), "it returns a tuple of 2 values where a dictionary is"),
        (lambda g: {"W": g["W"]}, "it returns a dictionary without b: W and b are asked for"),
        (lambda g: g | {"loss": 1.0}, "a dictionary with too many keys: W and b are asked for"),
        (lambda g: g | {"b": None}, 'nothing for gradients["b"]: has it been computed'),
        (lambda g: g | {"W": g["W"].T}, 'gradients["W"] has the wrong shape: its axes are swap'),
        (lambda g: g | {"W": -g["W"]}, 'gradients["W"]: every value has the wrong sign'),
        (lambda g: g | {"W": g["W"] + 1}, 'gradients["W"] is wrong'),
    ],
)
def test_what_is_wrong_with_a_dictionary_is_said(change, sentence):
    def answer(params):
        value, gradients = half_squares(params)
        return value, change(gradients)

    assert sentence in " ".join(says(answer).split())


def test_a_key_that_the_answer_made_up_is_not_repeated():
    def telling(params):
        value, gradients = half_squares(params)
        return value, gradients | {f"secret {params['W'][0, 0]}": 1.0}

    report = try_hidden(
        PLAN, telling, {"others": (two_arrays(),)}, {"result": half_squares}, None, {}
    )
    assert report.share == 0
    assert "secret" not in says(telling) + str(report.message)


def test_the_evidence_shows_the_parameter_at_the_same_place():
    def answer(params):
        value, gradients = half_squares(params)
        return value, {name: array + 1 for name, array in gradients.items()}

    assert 'params["W"][' in says(answer)


@pytest.mark.parametrize(
    "change",
    [
        lambda params: params["W"].__imul__(2),
        lambda params: params.update(W=params["W"] + 1),
        lambda params: params.update(W=params["W"].astype("float32")),
        lambda params: params.update(W=7.0),
        lambda params: params.pop("b"),
        lambda params: params.update(more=np.ones(2)),
    ],
)
@pytest.mark.parametrize("by_name", [False, True])
def test_a_dictionary_that_is_changed_is_noted(change, by_name):
    def answer(params):
        result = half_squares(params)
        change(params)
        return result

    case = Case({"params": "network"}) if by_name else PLAN.cases["two arrays"]
    outcome = observe("function", PLAN.returns, answer, "result", case, {"network": two_arrays()})
    assert outcome.notes == {"modified params"}


def test_a_dictionary_of_the_notebook_is_put_back():
    network = two_arrays()
    before, arrays = two_arrays(), dict(network)
    keepsake = Keepsake(network)
    network["W"] += 1
    network["b"] = 3.0
    network["more"] = 2.0
    keepsake.put_back()
    assert list(network) == ["W", "b"]
    for name, array in network.items():
        assert array is arrays[name]
        assert np.array_equal(array, before[name])


def test_a_dictionary_that_is_put_back_is_not_noted():
    def nudging(params):
        params["W"] += 0.1
        result = half_squares(params)
        params["W"] -= 0.1
        return result[0], {name: array.copy() for name, array in params.items()}

    assert "modified" not in str(PLAN.observe(nudging, "result", {})["two arrays"].notes)


def test_a_data_file_keeps_dictionaries_and_their_whole_numbers(tmp_path):
    params = two_arrays() | {"count": np.array([2, -1])}
    entry = Entry("half_squares", "function", {"one": Case({"params": params})}, "", ("value",))
    entry.correct(lambda params: half_squares(params)[0])
    path = tmp_path / "checks.json"
    path.write_text(store.dump(Bank([entry]).compile()), encoding="utf-8")
    read = store.read(path)["half_squares"].cases["one"].inputs["params"]
    assert {name: array.dtype for name, array in read.items()} == {
        name: array.dtype for name, array in params.items()
    }
    assert all(np.array_equal(read[name], params[name]) for name in params)


def test_hidden_checks_hand_over_dictionaries_and_compare_them():
    cases = {"one": (two_arrays(),), "another": ({"B": np.ones((1, 1))},)}
    report = try_hidden(PLAN, half_squares, cases, {"result": half_squares}, None, {})
    assert report.share == 1

    def first_only(params):
        return half_squares(params)[0], {"W": params["W"]} if "W" in params else params

    report = try_hidden(PLAN, first_only, cases, {"result": half_squares}, None, {})
    assert report.share == 0.5


def test_inputs_are_shown_beside_a_single_number_only_if_all_of_them_are_few():
    def answer(params):
        value, gradients = half_squares(params)
        return value + 1, gradients

    assert "value expected" in says(answer)
    assert "params" not in says(answer)
