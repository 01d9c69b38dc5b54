"""A kink is no mistake, and no excuse for one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.numeric import compare_gradient, gradient, relative_error

UPSTREAM = np.array([0.7, -1.3, 2.0, -0.4])


def relu(x):
    return float((np.maximum(x, 0) * UPSTREAM).sum())


def relu_grad(x, at_zero=0.0):
    return UPSTREAM * ((x > 0) + at_zero * (x == 0))


# The step is 3e-5: it runs over a kink that is nearer.
BESIDE = [2e-5, -2e-5, 1e-6, -1e-7, 2e-8]


@pytest.mark.parametrize("distance", BESIDE)
def test_a_right_relu_passes_with_a_kink_beside_the_point(distance):
    x = np.array([1.0, distance, -2.0, 3.0])
    assert relative_error(gradient(relu, x, 3e-5), relu_grad(x)) > 1e-3  # a plain one is off
    report = compare_gradient(relu, x, relu_grad(x))
    assert report.passed
    assert report.compared == 4
    np.testing.assert_allclose(report.numeric, relu_grad(x), atol=1e-6)


@pytest.mark.parametrize("distance", BESIDE)
def test_a_relu_of_the_wrong_side_fails_with_a_kink_beside_the_point(distance):
    x = np.array([1.0, distance, -2.0, 3.0])
    report = compare_gradient(relu, x, relu_grad(x * [1, -1, 1, 1]))
    assert not report.passed
    assert report.worst.name == "point[1]"


@pytest.mark.parametrize("distance", BESIDE)
def test_the_mean_of_both_slopes_is_no_gradient_beside_a_kink_either(distance):
    x = np.array([1.0, distance, -2.0, 3.0])
    assert not compare_gradient(relu, x, relu_grad(x) + np.array([0, 0.1, 0, 0]))


@pytest.mark.parametrize("at_zero", [0.0, 0.3, 1.0])
def test_at_a_kink_every_slope_between_both_sides_is_right(at_zero):
    x = np.array([1.0, 0.0, -2.0, 3.0])
    report = compare_gradient(relu, x, relu_grad(x, at_zero))
    assert report.passed
    assert report.compared == 3
    (kink,) = report.kinks
    assert kink.name == "point[1]"
    assert kink.numeric == pytest.approx(UPSTREAM[1] / 2)
    assert kink.analytic == at_zero * UPSTREAM[1]
    assert "at a kink, left out: 1 (point[1])" in str(report)


def test_the_mean_of_both_sides_needs_no_leaving_out():
    x = np.array([1.0, 0.0, -2.0, 3.0])
    report = compare_gradient(relu, x, relu_grad(x, 0.5))
    assert (report.passed, report.compared) == (True, 4)


@pytest.mark.parametrize("at_zero", [-0.1, 1.1, 2.0, -1.0, 100.0, np.nan])
def test_at_a_kink_a_slope_outside_of_both_sides_is_wrong(at_zero):
    x = np.array([1.0, 0.0, -2.0, 3.0])
    analytic = relu_grad(x)
    analytic[1] = at_zero * UPSTREAM[1]
    report = compare_gradient(relu, x, analytic)
    assert not report.passed
    assert report.worst.name == "point[1]"


def test_a_mistake_elsewhere_is_not_hidden_by_a_kink():
    x = np.array([1.0, 0.0, -2.0, 3.0])
    report = compare_gradient(relu, x, UPSTREAM * (x != 0))
    assert (report.passed, report.wrong) == (False, 1)
    assert report.worst.name == "point[2]"
    assert len(report.kinks) == 1


def test_a_check_of_nothing_but_kinks_does_not_pass():
    report = compare_gradient(relu, np.zeros(4), np.zeros(4))
    assert not report.passed
    assert str(report).startswith("nothing could be compared: every slope is at a kink")


def test_where_several_kinks_meet_the_advice_is_to_move_the_point():
    # Slopes 3 and 2 on either side; a ReLU whose slope at 0 is 0 makes it 0.
    def crossing(x):
        return float(3 * np.maximum(x[0], 0) - 2 * np.maximum(-x[0], 0) + x[1] ** 2)

    report = compare_gradient(crossing, np.array([0.0, 1.0]), np.array([0.0, 2.0]))
    assert not report.passed
    assert report.outside == 1
    assert "several kinks meet" in str(report)
    assert "move the point" in str(report)


def test_the_slopes_of_an_absolute_value_are_known_on_both_sides():
    x = np.array([0.5, 0.0, -1.5])
    assert compare_gradient(lambda x: float(np.abs(x).sum()), x, np.sign(x))


def test_a_jump_of_the_function_itself_is_not_passed_as_a_kink():
    x = np.array([0.5, 1.0, 2.0])

    def steps(x):
        return float((x >= 1).sum() + (x**2).sum())

    assert not compare_gradient(steps, x, 3 * x)


@settings(max_examples=50)
@given(
    st.lists(st.floats(-2, 2).map(lambda x: x * 1e-4), min_size=4, max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_right_passes_and_wrong_fails_however_many_kinks_are_near(near, seed):
    weights = np.random.default_rng(seed).standard_normal((6, 4))
    # Two entries are far from kinks, so that something is left to compare.
    x = np.array([*near, 1.0, -1.0])
    hidden = np.maximum(x, 0)

    def func(x):
        return float(((np.maximum(x, 0) @ weights) ** 2).sum())

    grad = (x > 0) * (weights @ (2 * hidden @ weights))
    assert compare_gradient(func, x, grad)
    assert not compare_gradient(func, x, 1.001 * grad)


def test_directions_pass_over_kinks_beside_the_point():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.standard_normal(20), 1e-6 * rng.standard_normal(20)])
    weights = rng.standard_normal(40)

    def func(x):
        return float((np.maximum(x, 0) * weights).sum())

    report = compare_gradient(func, x, weights * (x > 0), directions=20, rng=rng)
    assert report.passed
    assert report.compared > 10
    assert not compare_gradient(func, x, weights * (x > 1e-3), directions=20, rng=rng)


def test_directions_from_a_point_at_a_kink_are_left_out():
    rng = np.random.default_rng(0)
    x = np.array([1.0, 0.0, -2.0, 3.0])
    report = compare_gradient(relu, x, relu_grad(x), directions=5, rng=rng)
    assert not report.passed
    assert len(report.kinks) == 5
