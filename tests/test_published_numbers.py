"""The numbers that the course prints, computed through its own parts."""

import numpy as np
import pytest

from chainrule.numeric import deriv, gradient
from chainrule.operations import Sigmoid, WeightMultiply


def square(x):
    return x**2


def leaky_relu(x):
    return np.maximum(0.2 * x, x)


def sigmoid(x):
    return Sigmoid().forward(np.asarray(x))


def exactly(number):
    """To the last digits; the exponential may differ in the very last one between systems."""
    return pytest.approx(number, rel=1e-13)


def test_lecture_01_the_slope_of_the_square_at_two():
    assert deriv(square, 2) == 3.9999999999995595


def test_lecture_01_the_slope_is_local():
    assert square(3) - square(2) == 5


def test_lecture_02_two_functions():
    assert sigmoid(square(2)) == exactly(0.9820137900379085)


def test_lecture_02_the_chain_rule_for_two_functions():
    # Differences of measured slopes lose three digits more.
    product = deriv(sigmoid, square(2)) * deriv(square, 2)
    assert product == pytest.approx(0.0706508353807067, rel=1e-11)


def test_lecture_02_the_direct_difference():
    direct = deriv(lambda x: sigmoid(square(x)), 2, delta=0.0001)
    assert direct == pytest.approx(0.07065082585744342, rel=1e-10)


def test_lecture_02_three_functions():
    inner = leaky_relu(-4)
    assert sigmoid(square(inner)) == exactly(0.6547534606063192)
    product = deriv(sigmoid, square(inner)) * deriv(square, inner) * deriv(leaky_relu, -4)
    assert product == pytest.approx(-0.07233643296206184, rel=1e-11)


def test_lecture_03_the_sum_node_has_two_equal_slopes():
    along_x = deriv(lambda x: sigmoid(x + 4), 3)
    along_y = deriv(lambda y: sigmoid(3 + y), 4)
    assert along_x == pytest.approx(0.0009102213310852, rel=1e-9)
    assert along_y == pytest.approx(0.0009102213310852, rel=1e-9)


@pytest.mark.parametrize("point", [2.0, -0.8, 7.0])
def test_the_sigmoid_operation_sends_back_what_was_measured(point):
    operation = Sigmoid()
    operation.forward(np.array([[point]]))
    slope = operation.backward(np.array([[1.0]])).item()
    assert slope == pytest.approx(deriv(sigmoid, point, delta=1e-5), rel=1e-7)


@pytest.fixture
def three_by_three():
    """Lecture 03: a 3×3 batch through 3×2 weights and a sigmoid, summed to one number."""
    legacy = np.random.RandomState(190204)
    X, W = legacy.randn(3, 3), legacy.randn(3, 2)
    return X, WeightMultiply(W), Sigmoid()


def test_lecture_03_the_sum_of_the_three_by_three_example(three_by_three):
    X, multiply, activate = three_by_three
    assert round(activate.forward(multiply.forward(X)).sum(), 4) == 2.3755


def test_lecture_03_the_gradient_of_the_three_by_three_example(three_by_three):
    X, multiply, activate = three_by_three
    output = activate.forward(multiply.forward(X))
    X_grad = multiply.backward(activate.backward(np.ones_like(output)))
    assert round(X_grad[0, 0], 7) == 0.2488887


def test_lecture_03_the_measured_gradient_of_the_three_by_three_example(three_by_three):
    X, multiply, activate = three_by_three
    measured = gradient(lambda x: activate.forward(multiply.forward(x)).sum(), X)
    assert round(measured[0, 0], 4) == 0.2489
