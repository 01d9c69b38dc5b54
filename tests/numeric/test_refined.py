"""Richardson's refinement and the complex step: more digits than a plain difference has."""

import numpy as np
import pytest

from chainrule.layers import Dense
from chainrule.losses import MeanAbsoluteError, MeanSquaredError, SoftmaxCrossEntropy
from chainrule.normalisation import Scale
from chainrule.numeric import complex_gradient, gradient, relative_error, richardson
from chainrule.operations import (
    BiasAdd,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    WeightMultiply,
)

RNG = np.random.default_rng(0)
POINT = RNG.standard_normal((3, 2))


def waves(x):
    return (np.sin(x) * np.exp(x)).sum(axis=(-2, -1))


EXACT = (np.sin(POINT) + np.cos(POINT)) * np.exp(POINT)

# Richardson


def test_richardson_is_a_hundred_times_more_exact_than_the_best_plain_step():
    plain = relative_error(gradient(waves, POINT, 3e-5), EXACT)
    assert relative_error(richardson(waves, POINT), EXACT) < min(1e-12, plain / 50)


@pytest.mark.parametrize(("levels", "order"), [(1, 2), (2, 4), (3, 6)])
def test_every_level_removes_a_term_of_the_error(levels, order):
    coarse, fine = (
        relative_error(richardson(waves, POINT, step, levels), EXACT) for step in (0.2, 0.1)
    )
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.5)


def test_one_level_is_the_central_difference():
    np.testing.assert_array_equal(richardson(waves, POINT, 1e-3, 1), gradient(waves, POINT, 1e-3))


@pytest.mark.parametrize("stack", [None, 4])
def test_richardson_takes_dictionaries_and_stacks(stack):
    slopes = richardson(lambda p: waves(p["x"]) * p["s"], {"x": POINT, "s": np.array(2.0)},
                        stack=stack)  # fmt: skip
    assert relative_error(slopes["x"], 2 * EXACT) < 1e-11
    assert slopes["s"].shape == ()


@pytest.mark.parametrize("levels", [0, -1, 1.5])
def test_richardson_needs_at_least_one_level(levels):
    with pytest.raises(ValueError, match="levels must be a whole number from 1 up"):
        richardson(waves, POINT, levels=levels)


def test_richardson_restores_the_point_when_the_function_fails():
    point = np.array([[1.0, 2.0]])

    def fails_to_the_left(x):
        if x[0, 0] < 1:
            raise ArithmeticError
        return waves(x)

    with pytest.raises(ArithmeticError):
        richardson(fails_to_the_left, point)
    np.testing.assert_array_equal(point, [[1.0, 2.0]])


# complex step


def test_the_complex_step_is_exact_to_the_last_digits():
    assert relative_error(complex_gradient(waves, POINT), EXACT) < 1e-15


def test_the_complex_step_takes_dictionaries_and_lists():
    slopes = complex_gradient(lambda p: waves(p["x"]) * p["s"], {"x": POINT, "s": np.array(2.0)})
    assert relative_error(slopes["x"], 2 * EXACT) < 1e-15
    assert relative_error(slopes["s"], waves(POINT)) < 1e-15
    (slope,) = complex_gradient(lambda p: waves(p[0]), [POINT])
    assert relative_error(slope, EXACT) < 1e-15


def test_the_complex_step_measures_float32_in_double():
    point = POINT.astype(np.float32)
    exact = (np.sin(point.astype(float)) + np.cos(point.astype(float))) * np.exp(
        point.astype(float)
    )
    slopes = complex_gradient(waves, point)
    assert slopes.dtype == np.float64
    assert relative_error(slopes, exact) < 1e-15


def test_the_complex_step_goes_through_a_relu():
    slopes = complex_gradient(lambda x: (np.maximum(x, 0) ** 2).sum(), POINT)
    assert relative_error(slopes, 2 * np.maximum(POINT, 0)) < 1e-15


def test_the_complex_step_leaves_the_point_alone():
    before = POINT.copy()
    complex_gradient(waves, POINT)
    np.testing.assert_array_equal(POINT, before)


def test_the_complex_step_takes_a_read_only_array():
    point = POINT.copy()
    point.flags.writeable = False
    assert relative_error(complex_gradient(waves, point), EXACT) < 1e-15


@pytest.mark.parametrize(
    "func",
    [
        lambda x: np.abs(x).sum(),
        lambda x: np.linalg.norm(x),
        lambda x: x.real.sum(),
        lambda x: 1.0,
        lambda x: POINT.sum(),
    ],
    ids=["abs", "norm", "real", "constant", "holds the array itself"],
)
def test_a_function_that_drops_the_imaginary_part_is_refused(func):
    with pytest.raises(ValueError, match=r"must return a complex number.*imaginary part"):
        complex_gradient(func, POINT)


@pytest.mark.parametrize(
    "func",
    [
        lambda x: (x * np.abs(x)).sum(),
        lambda x: (x * x.conj()).sum() + 0j,
        lambda x: np.vdot(x, x),
    ],
    ids=["abs", "conj", "vdot"],
)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_function_that_is_not_analytic_is_refused(func, scale):
    with pytest.raises(ValueError, match="not analytic"):
        complex_gradient(lambda x: scale * func(x), POINT)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_complex_step_works_at_every_scale(scale):
    slopes = complex_gradient(lambda x: scale * waves(x), POINT)
    assert relative_error(slopes, scale * EXACT) < 1e-15


def test_a_point_of_integers_is_refused_as_by_gradient():
    with pytest.raises(TypeError, match="array of floats"):
        complex_gradient(waves, np.array([[1, 2]]))


def test_a_step_must_be_positive():
    with pytest.raises(ValueError, match="step must be a positive number"):
        complex_gradient(waves, POINT, step=0.0)


# the framework, taken through complex numbers

X = RNG.standard_normal((4, 3))
PARTS = {
    "Sigmoid": Sigmoid,
    "Tanh": Tanh,
    "ReLU": ReLU,
    "LeakyReLU": LeakyReLU,
    "Softmax": Softmax,
    "Linear": Linear,
    "Scale": lambda: Scale(np.random.default_rng(1).standard_normal((1, 3))),
    "WeightMultiply": lambda: WeightMultiply(np.random.default_rng(1).standard_normal((3, 2))),
    "BiasAdd": lambda: BiasAdd(np.random.default_rng(1).standard_normal((1, 3))),
    "Dense": lambda: Dense(5, Sigmoid(), np.random.default_rng(1)),
}


@pytest.mark.parametrize("name", PARTS)
def test_operations_and_layers_have_the_input_gradient_of_the_complex_step(name):
    part = PARTS[name]()
    upstream = np.random.default_rng(2).standard_normal(part.forward(X).shape)
    measured = complex_gradient(lambda x: (part.forward(x) * upstream).sum(), X)
    part.forward(X)
    assert relative_error(part.backward(upstream), measured) < 1e-14


def test_weights_are_measured_where_the_function_puts_its_argument_in_their_place():
    weights = np.random.default_rng(1).standard_normal((3, 2))
    upstream = np.random.default_rng(2).standard_normal((4, 2))
    operation = WeightMultiply(weights)

    def output(W):
        operation.param = W
        return (operation.forward(X) * upstream).sum()

    measured = complex_gradient(output, weights)
    operation.param = weights
    operation.forward(X)
    operation.backward(upstream)
    assert relative_error(operation.param_grad, measured) < 1e-14


@pytest.mark.parametrize("loss", [MeanSquaredError(), SoftmaxCrossEntropy()])
def test_analytic_losses_have_the_gradient_of_the_complex_step(loss):
    target = np.full(X.shape, 1 / 3)
    measured = complex_gradient(lambda x: loss.forward(x, target), X)
    loss.forward(X, target)
    assert relative_error(loss.backward(), measured) < 1e-14


def test_the_mean_absolute_error_is_refused():
    with pytest.raises(ValueError, match="imaginary part is dropped"):
        complex_gradient(lambda x: MeanAbsoluteError().forward(x, np.zeros_like(X)), X)


@pytest.mark.filterwarnings("ignore:.*encountered.*:RuntimeWarning")
def test_a_sigmoid_far_below_zero_overflows_in_complex_numbers_and_is_refused():
    with pytest.raises(ValueError, match="overflow gives NaN"):
        complex_gradient(lambda x: (1 / (1 + np.exp(-x))).sum(), np.array([-800.0]))
