import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.operations import (
    BiasAdd,
    Linear,
    Operation,
    ParamOperation,
    Sigmoid,
    WeightMultiply,
    check_same_shape,
)

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 6)

# Forward values, each against a formula written another way. The gradients are in test_laws.py.


@given(SEEDS, SIZES, SIZES, SIZES)
def test_weight_multiply_takes_every_row_dot_every_column(seed, n_samples, n_features, n_neurons):
    rng = np.random.default_rng(seed)
    X, W = (
        rng.standard_normal((n_samples, n_features)),
        rng.standard_normal((n_features, n_neurons)),
    )
    expected = [[sum(x * w for x, w in zip(row, col, strict=True)) for col in W.T] for row in X]
    np.testing.assert_allclose(WeightMultiply(W).forward(X), expected, rtol=1e-9, atol=1e-12)


@given(SEEDS, SIZES, SIZES)
def test_bias_add_adds_the_same_row_to_every_sample(seed, n_samples, n_neurons):
    rng = np.random.default_rng(seed)
    X, b = rng.standard_normal((n_samples, n_neurons)), rng.standard_normal((1, n_neurons))
    output = BiasAdd(b).forward(X)
    for row, result in zip(X, output, strict=True):
        np.testing.assert_array_equal(
            result, [x + shift for x, shift in zip(row, b[0], strict=True)]
        )


@given(SEEDS)
def test_sigmoid_is_half_of_one_plus_tanh_of_half(seed):
    x = 5 * np.random.default_rng(seed).standard_normal((3, 4))
    np.testing.assert_allclose(Sigmoid().forward(x), (1 + np.tanh(x / 2)) / 2, atol=1e-15)


def test_linear_gives_back_its_input():
    x = np.array([[1.0, -2.0]])
    np.testing.assert_array_equal(Linear().forward(x), x)


# Closed forms of the gradients, in numbers small enough for pencil and paper


def test_weight_multiply_sends_back_upstream_times_weights_transposed():
    operation = WeightMultiply(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    operation.forward(np.array([[1.0, 0.0, -1.0]]))
    np.testing.assert_array_equal(operation.backward(np.array([[10.0, 1.0]])), [[12, 34, 56]])
    np.testing.assert_array_equal(operation.param_grad, [[10, 1], [0, 0], [-10, -1]])


def test_the_bias_gradient_is_one_sum_for_every_neuron():
    operation = BiasAdd(np.zeros((1, 2)))
    operation.forward(np.zeros((3, 2)))
    operation.backward(np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]))
    np.testing.assert_array_equal(operation.param_grad, [[6, 60]])


def test_the_sigmoid_is_steepest_at_zero_where_its_slope_is_a_quarter():
    operation = Sigmoid()
    operation.forward(np.array([[0.0]]))
    np.testing.assert_array_equal(operation.backward(np.array([[8.0]])), [[2.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sigmoid_of_huge_inputs_is_zero_or_one_without_a_warning(dtype):
    operation = Sigmoid()
    output = operation.forward(np.array([[-1000.0, 1000.0]], dtype=dtype))
    np.testing.assert_allclose(output, [[0, 1]], atol=1e-30)
    slopes = operation.backward(np.ones((1, 2), dtype=dtype))
    np.testing.assert_allclose(slopes, [[0, 0]], atol=1e-30)


# Contracts


def test_operations_do_not_share_what_they_remember():
    one, other = Sigmoid(), Sigmoid()
    one.forward(np.zeros((1, 1)))
    with pytest.raises(RuntimeError):
        other.backward(np.zeros((1, 1)))


def test_the_parameter_is_held_and_not_copied():
    W = np.zeros((2, 2))
    operation = WeightMultiply(W)
    W += 1.0
    np.testing.assert_array_equal(operation.forward(np.ones((1, 2))), [[2, 2]])


def test_the_input_gradient_is_not_computed_when_nobody_asks():
    class Asked(WeightMultiply):
        def _input_grad(self, output_grad):
            raise AssertionError("computed for nobody")

    operation = Asked(np.ones((2, 1)))
    operation.forward(np.ones((3, 2)))
    operation.backward(np.ones((3, 1)), need_input_grad=False)
    np.testing.assert_array_equal(operation.param_grad, [[3], [3]])


class Double(Operation):
    def _output(self):
        return 2 * self.input_


class Scale(ParamOperation):
    def _output(self):
        return self.param * self.input_

    def _input_grad(self, output_grad):
        return self.param * output_grad


def test_a_subclass_without_an_output_is_told_so():
    with pytest.raises(NotImplementedError, match="Operation does not define _output"):
        Operation().forward(np.zeros((1, 1)))


def test_a_subclass_without_an_input_gradient_is_told_so():
    operation = Double()
    operation.forward(np.zeros((1, 1)))
    with pytest.raises(NotImplementedError, match="Double does not define _input_grad"):
        operation.backward(np.zeros((1, 1)))


def test_a_subclass_without_a_parameter_gradient_is_told_so():
    operation = Scale(np.ones((1, 1)))
    operation.forward(np.zeros((1, 1)))
    with pytest.raises(NotImplementedError, match="Scale does not define _param_grad"):
        operation.backward(np.zeros((1, 1)))


def test_an_input_gradient_of_another_shape_than_the_input_is_refused():
    class Summing(Double):
        def _input_grad(self, output_grad):
            return output_grad.sum(axis=0)

    operation = Summing()
    operation.forward(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"input_grad has shape \(2,\), but input_ .*\(3, 2\)"):
        operation.backward(np.zeros((3, 2)))


def test_a_parameter_gradient_of_another_shape_than_the_parameter_is_refused():
    class PerSample(BiasAdd):
        def _param_grad(self, output_grad):
            return output_grad

    operation = PerSample(np.zeros((1, 2)))
    operation.forward(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"param_grad has shape \(3, 2\), but param .*\(1, 2\)"):
        operation.backward(np.zeros((3, 2)))


@pytest.mark.parametrize("shape", [(3, 5), (4,), (2, 3, 4)])
def test_weight_multiply_refuses_an_input_that_does_not_fit_and_prints_both_shapes(shape):
    message = f"input_ has shape {shape}, but weights of shape (4, 2) need (n_samples, 4)"
    with pytest.raises(ValueError, match=re.escape(message)):
        WeightMultiply(np.zeros((4, 2))).forward(np.zeros(shape))


@pytest.mark.parametrize("shape", [(3, 1), (3, 5), (4,)])
def test_a_bias_is_not_broadcast_over_a_batch_that_does_not_fit(shape):
    message = f"input_ has shape {shape}, but a bias of shape (1, 4) needs (n_samples, 4)"
    with pytest.raises(ValueError, match=re.escape(message)):
        BiasAdd(np.zeros((1, 4))).forward(np.zeros(shape))


@pytest.mark.parametrize("shape", [(3,), (3, 1), (2, 3), ()])
def test_a_bias_of_another_shape_than_one_row_is_refused(shape):
    with pytest.raises(ValueError, match=re.escape(f"shape (1, n_neurons), got {shape}")):
        BiasAdd(np.zeros(shape))


def test_check_same_shape_names_both_and_lets_equal_ones_pass():
    check_same_shape("ours", np.zeros((2, 3)), "theirs", np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"ours has shape \(2, 3\), but theirs has shape \(3, 2\)"):
        check_same_shape("ours", np.zeros((2, 3)), "theirs", np.zeros((3, 2)))
