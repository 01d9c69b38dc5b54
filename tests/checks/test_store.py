"""The data file of a problem set keeps exercises exactly, and says so when it is damaged."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from small_exercises import EXERCISES

from chainrule.checks import store
from chainrule.checks.exercise import Case, Exercise, Mistake
from chainrule.checks.outcome import Outcome

AWKWARD = np.array([[0.1, 1 / 3, 1e-310], [np.nan, np.inf, -np.inf], [-0.0, 2.5e300, 1 + 2e-16]])


def after_a_round_trip(exercises, tmp_path):
    path = tmp_path / "checks.json"
    path.write_text(store.dump(exercises), encoding="utf-8")
    return store.read(path)


def of_one_case(array):
    truth = {"forward": Outcome({"output": array})}
    return Exercise(
        "f", "operation", "“here”", {"one": Case({"input_": array}, array, truth, 1e-7)}
    )


def same(one, other):
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize(
    "array",
    [
        AWKWARD,
        np.array([0.1, 1 / 3, np.nan, np.inf, 1e-40], dtype=np.float32),
        np.arange(3),
        np.array([True, False]),
        np.array(2.5),
        np.ones((0, 3)),
    ],
)
def test_every_array_comes_back_as_it_was(array, tmp_path):
    case = after_a_round_trip([of_one_case(array)], tmp_path)["f"].cases["one"]
    assert same(case.inputs["input_"], array)
    assert same(case.output_grad, array)
    assert same(case.truth["forward"].parts["output"], array)


@given(hnp.arrays(float, hnp.array_shapes(max_dims=3, max_side=3), elements=st.floats()))
def test_every_float_comes_back_to_the_last_bit(array):
    data = json.loads(store.dump([of_one_case(array)]))
    back = store._value_from_data(data["exercises"][0]["cases"]["one"]["output_grad"])
    assert same(back, array)


def test_an_exercise_comes_back_as_it_was(tmp_path):
    outcome = Outcome({"a": np.ones(2)}, "KeyError", (), "a str", frozenset({"stale"}))
    mistake = Mistake("id", "result", "headline\nline", {"one": outcome})
    case = Case({"loss": "two_layer_loss", "x": np.ones(2)}, None, {"result": outcome}, None)
    plan = Exercise("g", "function", "“there”", {"one": case}, [mistake], ("a", "b"))
    (back,) = after_a_round_trip([plan], tmp_path).values()
    assert (back.name, back.kind, back.reread) == ("g", "function", "“there”")
    assert back.returns == ("a", "b")
    assert back.cases["one"].inputs["loss"] == "two_layer_loss"
    assert back.cases["one"].output_grad is None
    assert back.cases["one"].tolerance is None
    assert back.mistakes[0].says == "headline\nline"
    assert back.mistakes[0].outcomes["one"].same(outcome, 0.0)
    assert back.cases["one"].truth["result"].same(outcome, 0.0)


def test_an_exceptions_text_is_not_kept():
    outcome = Outcome(raised="KeyError", detail=(("it says", "CANARY"),))
    mistake = Mistake("id", "result", "headline", {"one": outcome})
    case = Case({"x": np.ones(1)}, None, {"result": outcome})
    text = store.dump([Exercise("g", "function", "", {"one": case}, [mistake])])
    assert "KeyError" in text
    assert "CANARY" not in text


def test_the_file_is_text_that_any_json_reader_reads():
    text = store.dump([of_one_case(AWKWARD)])
    assert text.endswith("\n")
    json.loads(text, parse_constant=pytest.fail)


def test_the_order_of_exercises_is_kept(tmp_path):
    assert list(after_a_round_trip(EXERCISES, tmp_path)) == [one.name for one in EXERCISES]


# --- equivalent


def test_round_off_makes_no_difference():
    one = store.dump([of_one_case(np.array([1.0, 1e-300]))])
    other = store.dump([of_one_case(np.array([1.0 + 1e-12, 1e-17]))])
    assert one != other
    assert store.equivalent(one, other)


@pytest.mark.parametrize(
    "other",
    [
        np.array([1.0, 2.001]),
        np.array([1.0]),
        np.array([1.0, 2.0], dtype=np.float32),
        np.array([1.0, np.nan]),
        np.array([[1.0, 2.0]]),
    ],
)
def test_anything_else_does(other):
    one = store.dump([of_one_case(np.array([1.0, 2.0]))])
    assert not store.equivalent(one, store.dump([of_one_case(other)]))


def test_a_damaged_text_is_equivalent_to_nothing():
    assert not store.equivalent("{", "{")


# --- a file that cannot be read


def reading(tmp_path, text):
    path = tmp_path / "checks.json"
    path.write_text(text, encoding="utf-8")
    return store.read(path)


def test_a_missing_file_says_where_it_belongs(tmp_path):
    with pytest.raises(FileNotFoundError, match="belongs beside the notebook") as caught:
        store.read(tmp_path / "checks.json")
    assert str(tmp_path) in str(caught.value)
    assert "put the file back" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "not json",
        '{"format": 1}',
        '{"format": 1, "exercises": [1]}',
        '{"format": 1, "exercises": {"a": 1}}',
        '{"format": 1, "exercises": [{"name": "f"}]}',
        store.dump(EXERCISES)[:-500],
        store.dump(EXERCISES).replace('"shape": [4, 3]', '"shape": [4, 4]'),
        store.dump(EXERCISES).replace('"values": [', '"values": ["x", '),
        store.dump(EXERCISES).replace('"float64"', '"float65"'),
    ],
)
def test_a_damaged_file_says_what_to_do(text, tmp_path):
    with pytest.raises(ValueError, match=r"checks\.json is damaged .*fetch the problem set again"):
        reading(tmp_path, text)


def test_bytes_that_are_no_text_are_damage(tmp_path):
    path = tmp_path / "checks.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is damaged"):
        store.read(path)


@pytest.mark.parametrize("text", ['{"format": 2, "exercises": []}', "[]", "{}", "3"])
def test_another_format_says_so(text, tmp_path):
    with pytest.raises(ValueError, match=r"has another format than this version .*update chainru"):
        reading(tmp_path, text)
