"""The gradient check passes what is right, rejects what is wrong, and shows why."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.layers import Dense
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.numeric import (
    GradientError,
    check_gradient,
    compare_gradient,
    gradient,
    relative_error,
)
from chainrule.operations import ReLU, Sigmoid, Tanh

SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=30)


def network(activation, seed, dtype=float, n_samples=5):
    """A function of the list of a small network's parameters, that list, and its gradients."""
    rng = np.random.default_rng(seed)
    net = NeuralNetwork([Dense(6, activation()), Dense(2)], MeanSquaredError(), rng)
    X = rng.standard_normal((n_samples, 4)).astype(dtype)
    y = rng.standard_normal((n_samples, 2)).astype(dtype)
    net.train_batch(X, y)
    grads = [grad.copy() for grad in net.param_grads()]
    return (lambda _: net.loss.forward(net.forward(X), y)), net.params(), grads


activations = pytest.mark.parametrize("activation", [Sigmoid, Tanh, ReLU])


def either(seed):
    """Options to compare all entries, and to compare in random directions."""
    return {}, {"directions": 20, "rng": np.random.default_rng(seed)}


# right and wrong


@activations
@few
@given(seed=SEEDS)
def test_a_right_gradient_passes(activation, seed):
    func, params, grads = network(activation, seed)
    for options in either(seed):
        report = compare_gradient(func, params, grads, **options)
        assert report.passed, str(report)
        assert report.error < 2e-8
        assert report.wrong == 0
        assert report.compared >= 10


def off_by(factor):
    return lambda grads: [factor * grad for grad in grads]


def in_one(index, change):
    return lambda grads: [change(g) if i == index else g for i, g in enumerate(grads)]


def one_entry(grad):
    changed = grad.copy()
    changed[np.unravel_index(np.argmax(np.abs(grad)), grad.shape)] *= 1.001
    return changed


MISTAKES = {
    "five times too large": off_by(5),
    "a hundred-thousandth too large": off_by(1 + 1e-5),
    "sign flipped": off_by(-1),
    "zero": off_by(0),
    "one array too large": in_one(1, lambda g: 5 * g),
    "one array of zeros": in_one(3, np.zeros_like),
    "rows in another order": in_one(0, lambda g: g[::-1]),
    "one entry a thousandth too large": in_one(2, one_entry),
    "NaN": in_one(0, lambda g: np.full_like(g, np.nan)),
    "infinite": in_one(0, lambda g: np.full_like(g, np.inf)),
}


@activations
@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_gradient_fails(activation, mistake, seed):
    func, params, grads = network(activation, seed)
    for options in either(seed):
        report = compare_gradient(func, params, MISTAKES[mistake](grads), **options)
        assert not report.passed
        assert report.wrong > 0


def test_the_numeric_gradient_is_in_the_report():
    func, params, grads = network(Tanh, 0)
    measured = compare_gradient(func, params, grads, step=1e-5).numeric
    for ours, theirs in zip(measured, gradient(func, params, 1e-5), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_all_options_say_the_same_of_a_stack():
    weights = np.random.default_rng(0).standard_normal((3, 4))

    def func(x):
        return (weights * np.tanh(x)).sum(axis=(-2, -1))

    point = np.random.default_rng(1).standard_normal((3, 4))
    right = weights * (1 - np.tanh(point) ** 2)
    assert compare_gradient(func, point, right, stack=5)
    assert not compare_gradient(func, point, weights, stack=5)


def test_a_right_gradient_costs_two_calls_an_entry_and_two_more():
    calls = []
    x = np.array([1.0, 2.0, 3.0])
    compare_gradient(lambda x: calls.append(1) or float((x**2).sum()), x, 2 * x)
    assert len(calls) == 2 * 3 + 2


def test_the_gradient_may_be_the_very_array_that_is_nudged():
    x = np.array([1.0, -2.0])
    for options in either(0):
        assert compare_gradient(lambda x: float((x**2).sum() / 2), x, x, **options)


def test_a_function_with_a_strong_curve_is_not_taken_for_a_kink():
    x = np.array([0.5, 0.6])
    right = 40 * np.exp(40 * x)
    for factor, passes in ((1.0, True), (1 + 2e-6, False), (1 - 2e-6, False)):
        report = compare_gradient(
            lambda x: float(np.exp(40 * x).sum()), x, factor * right, step=3e-6
        )
        assert report.passed is passes
        assert not report.kinks


def test_round_off_beside_large_values_is_no_mistake():
    x = np.array([1.0, 2.0])
    report = compare_gradient(lambda x: 1e6 + float((x**2).sum()), x, 2 * x)
    assert report.passed
    assert report.error > 1e-8
    assert report.allowed > 1e-7
    assert not compare_gradient(lambda x: 1e6 + float((x**2).sum()), x, 2.01 * x)


# evidence


def test_the_report_names_the_entry_that_is_furthest_off():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    analytic = 2 * x
    analytic[1, 0] = 9.0
    report = compare_gradient(lambda x: float((x**2).sum()), x, analytic)
    assert report.worst.name == "point[1, 0]"
    assert report.worst.numeric == pytest.approx(6)
    assert report.worst.analytic == 9
    assert report.worst.relative_error == pytest.approx(1 / 3)
    assert (report.wrong, report.compared, report.unit) == (1, 4, "entries")
    assert report.error == pytest.approx(3 / np.linalg.norm(analytic))


@pytest.mark.parametrize(
    ("wrap", "name"),
    [
        (lambda a: a, "point[1]"),
        (lambda a: {"b": np.ones(1), "W": a}, "W[1]"),
        (lambda a: [np.ones(1), a], "point[1][1]"),
    ],
)
def test_entries_are_named_as_one_would_index_them(wrap, name):
    def func(point):
        arrays = point.values() if isinstance(point, dict) else point
        arrays = [point] if isinstance(point, np.ndarray) else arrays
        return float(sum(array.sum() for array in arrays))

    report = compare_gradient(func, wrap(np.ones(3)), wrap(np.array([1.0, 2.0, 1.0])))
    assert report.worst.name == name


def test_the_only_number_is_named_without_an_index():
    report = compare_gradient(lambda x: float(x**2), np.array(3.0), np.array(5.0))
    assert report.worst.name == "point"


def test_a_common_factor_is_found():
    x = np.array([1.0, 2.0, 0.0])
    report = compare_gradient(lambda x: float((x**2).mean()), x, 2 * x)
    assert report.ratio == pytest.approx(3)
    assert "analytic / numeric is 3 wherever they disagree" in str(report)


def test_no_factor_is_made_up():
    x = np.array([1.0, 2.0, 3.0])
    report = compare_gradient(lambda x: float((x**2).sum()), x, x**2)
    assert report.ratio is None
    assert "analytic / numeric is" not in str(report)


def test_the_text_holds_the_evidence():
    x = np.array([1.0, 2.0])
    text = str(compare_gradient(lambda x: float((x**2).sum()), x, np.array([2.0, 5.0])))
    assert text.splitlines() == [
        "the gradients disagree in 1 of 2 entries: relative error 0.19, allowed 1e-07",
        "  furthest off    point[1]",
        "  numeric         4",
        "  analytic        5",
        "  relative error  0.2",
    ]


def test_the_text_has_the_digits_that_tell_both_numbers_apart():
    x = np.array([1.0])
    text = str(compare_gradient(lambda x: float((x**2).sum()), x, np.array([2.000002])))
    assert "numeric         2\n" in text
    assert "analytic        2.000002\n" in text


@pytest.mark.parametrize(
    ("error", "says"),
    [(3e-10, "below 1e-09"), (1e-9, "below 1e-08"), (2.0, "below 1e+01"), (0.0, "0")],
)
def test_the_text_of_agreement_says_how_many_were_compared_and_keeps_round_off_to_itself(
    error, says
):
    x = np.array([1.0, 2.0])
    report = compare_gradient(lambda x: float((x**2).sum()), x, 2 * x)
    text = str(dataclasses.replace(report, error=error))
    assert text.startswith(
        f"the gradients agree in 2 entries: relative error {says}, allowed 1e-07"
    )


def test_the_text_of_agreement_is_a_line_without_digits_of_round_off():
    x = np.array([1.0, 2.0])
    text = str(compare_gradient(lambda x: float((x**3).sum()), x, 3 * x**2))
    assert text == "the gradients agree in 2 entries: relative error below 1e-09, allowed 1e-07"


def test_the_text_says_which_of_several_arrays_disagree():
    params = {"W": np.ones((2, 2)), "b": np.ones(2), "c": np.ones(1)}
    grads = {"W": np.array([[1.0, 5.0], [1.0, 1.0]]), "b": np.ones(2), "c": np.ones(1)}
    report = compare_gradient(lambda p: sum(p[k].sum() for k in p), params, grads)
    assert [tuple(each) for each in report.tallies] == [("W", 4, 1), ("b", 2, 0), ("c", 1, 0)]
    assert str(report).splitlines()[1:3] == [
        "  disagree        W (1 of 4)",
        "  agree           b, c",
    ]


def test_no_array_is_said_to_agree_if_none_does():
    params = [np.ones(2), np.ones(1)]
    text = str(compare_gradient(lambda p: p[0].sum() + p[1].sum(), params, [-p for p in params]))
    assert "  disagree        point[0] (2 of 2), point[1] (1 of 1)\n" in text
    assert "  agree  " not in text


def test_an_array_that_cannot_be_measured_is_not_said_to_agree():
    def func(p):
        return 1e3 * float(p["W"][0]) ** 2 + 1e-9 * float(p["b"][0])

    params = {"W": np.array([3.0]), "b": np.array([1.0])}
    text = str(compare_gradient(func, params, {"W": np.ones(1), "b": np.full(1, 1e-9)}))
    assert "  disagree        W (1 of 1)\n" in text
    assert "  agree  " not in text
    assert "too small to measure, left out: b" in text


def test_check_gradient_raises_with_the_report():
    x = np.array([1.0, 2.0])
    with pytest.raises(GradientError, match=r"disagree in 2 of 2 entries") as caught:
        check_gradient(lambda x: float((x**2).sum()), x, x)
    assert caught.value.report.ratio == pytest.approx(0.5)
    assert str(caught.value) == str(caught.value.report)


def test_check_gradient_returns_the_report_of_agreement():
    x = np.array([1.0, 2.0])
    report = check_gradient(
        lambda x: float((x**2).sum()), x, 2 * x, directions=5, rng=np.random.default_rng(0)
    )
    assert (report.compared, report.unit) == (5, "directions")


def test_a_single_direction_is_enough_to_ask_for():
    x, rng = np.array([1.0, 2.0]), np.random.default_rng(0)
    for factor, passes in ((2, True), (3, False)):
        report = compare_gradient(
            lambda x: float((x**2).sum()), x, factor * x, directions=1, rng=rng
        )
        assert (report.passed, report.compared) == (passes, 1)


def test_directions_are_named_by_number_and_their_slopes_reported():
    x = np.array([1.0, 2.0])
    rng = np.random.default_rng(0)
    report = compare_gradient(lambda x: float((x**2).sum()), x, -2 * x, directions=3, rng=rng)
    assert report.worst.name in {"direction 0", "direction 1", "direction 2"}
    assert report.numeric.shape == (3,)
    assert report.ratio == pytest.approx(-1)


def test_slopes_are_those_along_unit_vectors_drawn_at_random():
    x = np.array([1.0, -2.0, 5.0])
    rng = np.random.default_rng(3)
    report = compare_gradient(lambda x: float((x**2).sum()), x, 2 * x, directions=4, rng=rng)
    drawn = np.random.default_rng(3).standard_normal((4, 3))
    # Entries above 1 are moved in proportion to their size.
    along = drawn / np.linalg.norm(drawn, axis=1, keepdims=True) * [1.0, 2.0, 5.0]
    np.testing.assert_allclose(report.numeric, along @ (2 * x), rtol=1e-7)


def test_the_same_generator_draws_the_same_directions():
    func, params, grads = network(Tanh, 0)
    first, again, other = (
        compare_gradient(func, params, grads, directions=4, rng=np.random.default_rng(seed)).numeric
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert relative_error(first, other) > 0.1


# precision


@activations
def test_float32_is_compared_as_exactly_as_it_allows(activation):
    for seed in range(10):
        func, params, grads = network(activation, seed, np.float32)
        for options in either(seed):
            assert compare_gradient(func, params, grads, **options)
            report = compare_gradient(func, params, [1.1 * g for g in grads], **options)
            assert not report
            assert report.allowed < 0.05


def test_a_function_that_returns_float32_is_measured_with_the_steps_of_float32():
    x = np.array([1.0, 2.0])
    report = compare_gradient(lambda x: np.float32((x**2).sum()), x, 2 * x)
    assert report.passed
    assert report.allowed > 1e-4


def test_float16_is_refused():
    x = np.ones(2, dtype=np.float16)
    with pytest.raises(TypeError, match="float16 is too coarse"):
        compare_gradient(lambda x: float(x.sum()), x, x)


def test_the_step_can_be_chosen():
    x, seen = np.array([1.0]), set()
    compare_gradient(lambda x: seen.add(x[0]) or float(x[0] ** 2), x, 2 * x, step=0.25)
    assert seen == {0.75, 1.0, 1.25}


def test_a_step_too_large_for_a_strong_curve_is_taken_smaller():
    x = np.array([1.0])
    report = compare_gradient(lambda x: float(x[0] ** 3), x, 3 * x, step=0.1)
    assert report.passed
    assert report.numeric[0] == pytest.approx(3, rel=1e-6)
    assert not compare_gradient(lambda x: float(x[0] ** 3), x, 3.02 * x, step=0.1)


def test_a_step_that_float32_rounds_off_is_refused_or_passes_nothing():
    x = np.array([100.0, 200.0], dtype=np.float32)
    entries, directions = either(0)
    with pytest.raises(ValueError, match="too small for float32"):
        compare_gradient(lambda x: float(x.sum()), x, np.ones(2), step=1e-9, **entries)
    report = compare_gradient(lambda x: float(x.sum()), x, np.ones(2), step=1e-9, **directions)
    assert not report.passed
    assert np.isnan(report.numeric).all()


def test_the_tolerance_can_be_chosen():
    x = np.array([1.0, 2.0])
    for tolerance, passes in ((1e-2, True), (1e-4, False)):
        report = compare_gradient(lambda x: float((x**2).sum()), x, 2.002 * x, tolerance=tolerance)
        assert report.passed is passes


# nothing to see


def test_arrays_whose_slopes_drown_in_round_off_are_left_out_by_name():
    def func(p):
        return 1e3 * float(p["W"][0]) ** 2 + 1e-9 * float(p["b"][0])

    params = {"W": np.array([3.0]), "b": np.array([1.0])}
    right = {"W": np.array([6e3]), "b": np.array([1e-9])}
    report = compare_gradient(func, params, right)
    assert report.passed
    assert report.unmeasured == ("b",)
    assert report.compared == 1
    assert "too small to measure, left out: b" in str(report)


@pytest.mark.parametrize("factor", [2, 3])
def test_a_check_that_can_measure_nothing_does_not_pass(factor):
    x = np.array([1.0, 2.0])
    report = compare_gradient(lambda x: 1e12 + float((x**2).sum()), x, factor * x)
    assert not report.passed
    assert report.compared == 0
    assert str(report).startswith("nothing could be compared")


def test_slopes_that_are_0_on_both_sides_agree_and_are_remarked_on():
    report = compare_gradient(lambda _: 5.0, np.ones(2), np.zeros(2))
    assert report.passed
    assert (report.error, report.allowed) == (0, 0)
    assert "every slope is 0" in str(report)


def test_a_dead_parameter_beside_a_live_one_agrees():
    params = [np.ones(2), np.ones(2)]
    report = compare_gradient(lambda p: float(p[0].sum()), params, [np.ones(2), np.zeros(2)])
    assert (report.passed, report.compared) == (True, 4)
    assert "every slope" not in str(report)


def test_a_gradient_where_there_is_none_fails():
    assert not compare_gradient(lambda _: 5.0, np.ones(2), np.array([0.0, 1e-3]))


def test_a_point_without_entries_is_refused():
    with pytest.raises(ValueError, match="nothing to compare"):
        compare_gradient(lambda _: 0.0, np.ones((0, 2)), np.ones((0, 2)))


def test_a_function_that_is_nan_fails():
    report = compare_gradient(lambda _: np.nan, np.ones(2), np.zeros(2))
    assert (report.passed, report.wrong) == (False, 2)
    assert "nan" in str(report)


# wrong use


@pytest.mark.parametrize(
    ("point", "analytic", "message"),
    [
        (np.ones((2, 1)), np.ones(2), r"analytic has shape \(2,\), but point has shape \(2, 1\)"),
        ([np.ones(2)], [np.ones(3)], r"analytic\[0\] has shape \(3,\)"),
        ({"W": np.ones(2)}, {"b": np.ones(2)}, r"a dict as the point is, with \['W'\].*\['b'\]"),
        ([np.ones(2), np.ones(1)], [np.ones(2)], r"a list as the point is, with \[0, 1\]"),
        ({"W": np.ones(2)}, np.ones(2), "a dict as the point is.*got a ndarray"),
    ],
)
def test_a_gradient_must_be_shaped_like_the_point(point, analytic, message):
    with pytest.raises(ValueError, match=message):
        compare_gradient(lambda _: 0.0, point, analytic)


def test_a_function_that_draws_at_random_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"at the same point.*random"):
        compare_gradient(lambda x: float(x.sum() * rng.random()), np.ones(2), np.ones(2))


def test_a_function_that_is_nan_the_second_time_is_refused():
    values = iter([1.0, 1.0, 1.0, np.nan])
    with pytest.raises(ValueError, match=r"returned 1\.0 and later, at the same point, nan"):
        compare_gradient(lambda x: next(values), np.ones(1), np.zeros(1))


def test_a_function_that_changes_the_point_is_refused_and_the_point_restored():
    x = np.array([1.0, 2.0])

    def drifts(x):
        x += 1.0
        return float(x.sum())

    with pytest.raises(ValueError, match=r"func changes point in place|at the same point"):
        compare_gradient(drifts, x, np.ones(2))
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_the_point_is_restored_to_the_last_bit():
    func, params, grads = network(ReLU, 0)
    before = [param.copy() for param in params]
    for options in either(0):
        compare_gradient(func, params, [2 * grad for grad in grads], **options)
        for param, copy in zip(params, before, strict=True):
            np.testing.assert_array_equal(param, copy)


@pytest.mark.parametrize("options", either(0))
def test_the_point_is_restored_when_the_function_fails(options):
    params = [np.array([1.0, 2.0]), np.array([3.0])]

    def fails_away_from_the_point(p):
        if p[1][0] != 3.0:
            raise ArithmeticError
        return 0.0

    with pytest.raises(ArithmeticError):
        compare_gradient(fails_away_from_the_point, params, params, **options)
    np.testing.assert_array_equal(params[0], [1.0, 2.0])
    np.testing.assert_array_equal(params[1], [3.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"directions": 0}, "directions must be a whole number from 1 up"),
        ({"directions": 5}, r"need rng=np\.random\.default_rng"),
        ({"directions": 5, "rng": np.random.default_rng(0), "stack": 4}, "only one of them"),
        ({"stack": 0}, "stack must be a whole number"),
        ({"step": 0}, "step must be a positive number"),
        ({"tolerance": -1}, "tolerance must be a positive number"),
        ({"tolerance": np.nan}, "tolerance must be a positive number"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        compare_gradient(lambda x: float(x.sum()), np.ones(2), np.ones(2), **options)
