import math
import re
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.dropout import Drop
from chainrule.normalisation import Normalise, Scale
from chainrule.numeric import gradient, relative_error
from chainrule.operations import (
    BiasAdd,
    LeakyReLU,
    Linear,
    Operation,
    ParamOperation,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    WeightMultiply,
    check_batch,
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


@given(SEEDS)
def test_tanh_is_the_quotient_of_sinh_and_cosh(seed):
    x = 5 * np.random.default_rng(seed).standard_normal((3, 4))
    np.testing.assert_allclose(Tanh().forward(x), np.sinh(x) / np.cosh(x), rtol=1e-12)


@given(SEEDS)
def test_relu_is_the_mean_of_a_number_and_its_size(seed):
    x = np.random.default_rng(seed).standard_normal((3, 4))
    np.testing.assert_array_equal(ReLU().forward(x), (x + np.abs(x)) / 2)


@given(SEEDS, st.floats(0, 1))
def test_leaky_relu_keeps_what_is_positive_and_a_share_of_the_rest(seed, slope):
    x = np.random.default_rng(seed).standard_normal((3, 4))
    expected = [[entry if entry > 0 else slope * entry for entry in row] for row in x]
    np.testing.assert_array_equal(LeakyReLU(slope).forward(x), expected)


@given(SEEDS, SIZES, SIZES)
def test_softmax_gives_every_class_its_share_of_the_exponentials(seed, n_samples, n_classes):
    scores = np.random.default_rng(seed).standard_normal((n_samples, n_classes))
    expected = [[math.exp(z) / sum(map(math.exp, row)) for z in row] for row in scores]
    np.testing.assert_allclose(Softmax().forward(scores), expected, rtol=1e-13)


@given(SEEDS, SIZES, SIZES)
def test_scale_multiplies_every_column_by_its_own_number(seed, n_samples, n_features):
    rng = np.random.default_rng(seed)
    X, w = rng.standard_normal((n_samples, n_features)), rng.standard_normal((1, n_features))
    expected = [[x * factor for x, factor in zip(row, w[0], strict=True)] for row in X]
    np.testing.assert_array_equal(Scale(w).forward(X), expected)


def statistics_for(n_features, momentum=0.1, eps=1e-5):
    return Normalise(np.zeros((1, n_features)), np.ones((1, n_features)), momentum, eps)


@given(SEEDS, st.integers(2, 6), SIZES)
def test_normalise_measures_every_entry_in_deviations_from_the_mean(seed, n_samples, n_features):
    X = np.random.default_rng(seed).standard_normal((n_samples, n_features))
    output = statistics_for(n_features, eps=0.5).forward(X)
    for column, result in zip(X.T, output.T, strict=True):
        mean, var = statistics.fmean(column), statistics.pvariance(column)
        expected = [(x - mean) / math.sqrt(var + 0.5) for x in column]
        np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-13)


@given(SEEDS, st.floats(0, 0.9))
def test_drop_sets_some_to_zero_and_enlarges_the_others(seed, rate):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, 4))
    output = Drop(rate, rng).forward(x)
    kept = output != 0
    np.testing.assert_allclose(output[kept], x[kept] / (1 - rate), rtol=1e-14)


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


def test_tanh_is_steepest_at_zero_where_its_slope_is_one():
    operation = Tanh()
    operation.forward(np.array([[0.0, 1.0]]))
    slopes = operation.backward(np.array([[3.0, 1.0]]))
    np.testing.assert_allclose(slopes, [[3.0, 1 / math.cosh(1) ** 2]], rtol=1e-14)


def test_relu_stops_what_is_negative_and_passes_what_is_positive():
    operation = ReLU()
    np.testing.assert_array_equal(operation.forward(np.array([[-2.0, 3.0]])), [[0, 3]])
    np.testing.assert_array_equal(operation.backward(np.array([[10.0, 20.0]])), [[0, 20]])


def test_leaky_relu_lets_a_fifth_through_as_in_lecture_01():
    operation = LeakyReLU()
    np.testing.assert_array_equal(operation.forward(np.array([[-5.0, 3.0]])), [[-1, 3]])
    np.testing.assert_array_equal(operation.backward(np.array([[10.0, 20.0]])), [[2, 20]])


@pytest.mark.parametrize(("operation", "slope"), [(ReLU(), 0.0), (LeakyReLU(0.1), 0.1)])
def test_at_the_kink_the_slope_is_that_of_the_negative_side(operation, slope):
    operation.forward(np.array([[0.0, -0.0]]))
    np.testing.assert_array_equal(operation.backward(np.ones((1, 2))), [[slope, slope]])


def test_softmax_of_odds_of_one_to_three():
    operation = Softmax()
    output = operation.forward(np.log([[1.0, 3.0]]))
    np.testing.assert_allclose(output, [[0.25, 0.75]], rtol=1e-15)
    # Both slopes are 3/16: what one class gains the other loses.
    np.testing.assert_allclose(operation.backward(np.array([[16.0, 0.0]])), [[3, -3]], rtol=1e-14)


@given(SEEDS, SIZES, SIZES)
def test_softmax_sends_back_the_upstream_times_its_whole_jacobian(seed, n_samples, n_classes):
    rng = np.random.default_rng(seed)
    scores, upstream = rng.standard_normal((2, n_samples, n_classes))
    operation = Softmax()
    output, input_grad = operation.forward(scores), operation.backward(upstream)
    for p, G, row in zip(output, upstream, input_grad, strict=True):
        jacobian = np.diag(p) - np.outer(p, p)
        np.testing.assert_allclose(row, G @ jacobian, rtol=1e-10, atol=1e-14)


@given(SEEDS, st.floats(-500, 500))
def test_softmax_ignores_a_shift_of_a_row(seed, shift):
    scores = np.random.default_rng(seed).standard_normal((4, 3))
    shifted = scores.copy()
    shifted[1] += shift
    np.testing.assert_allclose(Softmax().forward(shifted), Softmax().forward(scores), rtol=1e-11)


@given(SEEDS, SIZES, SIZES)
def test_the_gradients_of_the_scores_of_a_sample_add_up_to_zero(seed, n_samples, n_classes):
    rng = np.random.default_rng(seed)
    operation = Softmax()
    operation.forward(rng.standard_normal((n_samples, n_classes)))
    input_grad = operation.backward(rng.standard_normal((n_samples, n_classes)))
    np.testing.assert_allclose(input_grad.sum(axis=1), 0, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_huge_scores_is_certain_and_finite(dtype):
    operation = Softmax()
    output = operation.forward(np.array([[1000, 0, -1000], [-5000, -5000, -6000]], dtype))
    np.testing.assert_array_equal(output, [[1, 0, 0], [0.5, 0.5, 0]])
    upstream = np.array([[1, 2, 3], [1, 1, 3]], dtype)
    np.testing.assert_array_equal(operation.backward(upstream), np.zeros((2, 3)))


def test_drop_sends_back_only_to_what_it_kept_and_as_much_enlarged():
    operation = Drop(0.5, np.random.default_rng(1))
    X = np.ones((20, 10))
    output = operation.forward(X)
    assert 0 < np.count_nonzero(output) < output.size
    np.testing.assert_array_equal(operation.backward(3 * X), 3 * output)


def test_drop_drops_the_share_it_is_told_and_keeps_the_mean():
    output = Drop(0.3, np.random.default_rng(0)).forward(np.ones((1000, 100)))
    assert np.mean(output == 0) == pytest.approx(0.3, abs=0.005)
    assert output.mean() == pytest.approx(1.0, abs=0.01)


def test_drop_drops_others_the_next_time():
    operation = Drop(0.5, np.random.default_rng(0))
    X = np.ones((20, 10))
    assert (operation.forward(X) != operation.forward(X)).any()


def test_normalise_averages_what_it_has_seen():
    operation = statistics_for(1, momentum=0.25)
    operation.forward(np.array([[2.0], [6.0]]))  # mean 4; variance 8 when divided by n - 1
    np.testing.assert_allclose(operation.running_mean, [[0.75 * 0 + 0.25 * 4]])
    np.testing.assert_allclose(operation.running_var, [[0.75 * 1 + 0.25 * 8]])


def test_normalise_goes_by_its_averages_once_training_is_over():
    operation = statistics_for(1, eps=1.0)
    operation.running_mean[...], operation.running_var[...] = 10.0, 3.0
    operation.training = False
    np.testing.assert_array_equal(operation.forward(np.array([[14.0]])), [[2.0]])
    np.testing.assert_array_equal(operation.backward(np.array([[8.0]])), [[4.0]])
    assert (operation.running_mean.item(), operation.running_var.item()) == (10.0, 3.0)


def test_normalise_goes_back_the_way_it_came_even_if_training_ends_in_between():
    rng = np.random.default_rng(0)
    operation, (X, upstream) = statistics_for(3), rng.standard_normal((2, 5, 3))
    operation.forward(X)
    expected = operation.backward(upstream)
    operation.training = False
    np.testing.assert_array_equal(operation.backward(upstream), expected)


def test_normalise_passes_on_neither_a_shift_nor_a_scaling_of_the_batch():
    rng = np.random.default_rng(0)
    operation, (X, upstream) = statistics_for(3, eps=1e-12), rng.standard_normal((2, 5, 3))
    operation.forward(X)
    input_grad = operation.backward(upstream)
    np.testing.assert_allclose(input_grad.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((input_grad * X).sum(axis=0), 0, atol=1e-10)


def test_the_scale_gradient_is_one_sum_for_every_column():
    operation = Scale(np.array([[1.0, 2.0]]))
    operation.forward(np.array([[1.0, 2.0], [3.0, 4.0]]))
    input_grad = operation.backward(np.array([[1.0, 10.0], [2.0, 20.0]]))
    np.testing.assert_array_equal(operation.param_grad, [[7, 100]])
    np.testing.assert_array_equal(input_grad, [[1, 20], [2, 40]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sigmoid_of_huge_inputs_is_zero_or_one_without_a_warning(dtype):
    operation = Sigmoid()
    output = operation.forward(np.array([[-1000.0, 1000.0]], dtype=dtype))
    np.testing.assert_allclose(output, [[0, 1]], atol=1e-30)
    slopes = operation.backward(np.ones((1, 2), dtype=dtype))
    np.testing.assert_allclose(slopes, [[0, 0]], atol=1e-30)


def test_the_sigmoid_keeps_all_digits_of_small_outputs():
    # One plus tanh would have lost them all.
    output = Sigmoid().forward(np.array([[-40.0, -70.0]]))
    np.testing.assert_allclose(output, np.exp([[-40.0, -70.0]]), rtol=1e-14)


def test_the_sigmoid_of_lecture_02_to_the_last_digit():
    assert Sigmoid().forward(np.array([[4.0]])).item() == 0.9820137900379085


@pytest.mark.parametrize("operation", [Sigmoid(), Tanh(), ReLU(), LeakyReLU(), Softmax()])
def test_whole_numbers_are_numbers_too(operation):
    expected = operation.forward(np.array([[-3.0, 0.0, 2.0]]))
    np.testing.assert_array_equal(operation.forward(np.array([[-3, 0, 2]])), expected)


# Contracts


def test_a_pass_that_fails_inside_puts_the_old_input_back():
    class Picky(Operation):
        def _output(self):
            if len(self.input_) > 1:
                raise ZeroDivisionError
            return 2 * self.input_

    operation, X = Picky(), np.ones((1, 1))
    operation.forward(X)
    with pytest.raises(ZeroDivisionError):
        operation.forward(np.ones((2, 1)))
    assert operation.input_ is X
    np.testing.assert_array_equal(operation.output, [[2.0]])


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


class Times(ParamOperation):
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
    operation = Times(np.ones((1, 1)))
    operation.forward(np.zeros((1, 1)))
    with pytest.raises(NotImplementedError, match="Times does not define _param_grad"):
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
    assert operation.param_grad is None


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


@pytest.mark.parametrize("shape", [(3, 1), (3, 5), (4,)])
def test_factors_and_statistics_are_not_broadcast_either(shape):
    message = f"input_ has shape {shape}, but factors of shape (1, 4) need (n_samples, 4)"
    with pytest.raises(ValueError, match=re.escape(message)):
        Scale(np.ones((1, 4))).forward(np.zeros(shape))
    message = f"input_ has shape {shape}, but statistics of shape (1, 4) need (n_samples, 4)"
    with pytest.raises(ValueError, match=re.escape(message)):
        statistics_for(4).forward(np.zeros(shape))


def test_a_single_sample_has_no_variance_to_normalise_with():
    operation = statistics_for(2)
    with pytest.raises(ValueError, match="at least 2 samples while training, got 1"):
        operation.forward(np.ones((1, 2)))
    np.testing.assert_array_equal(operation.running_mean, [[0, 0]])
    np.testing.assert_array_equal(operation.running_var, [[1, 1]])
    operation.training = False
    assert operation.forward(np.ones((1, 2))).shape == (1, 2)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4), (0, 4), (3, 0)])
def test_softmax_refuses_what_has_no_rows_of_scores(shape):
    with pytest.raises(ValueError, match=re.escape(f"at least one of each, got {shape}")):
        Softmax().forward(np.zeros(shape))


@pytest.mark.parametrize("slope", [-0.1, 1.5, float("nan")])
def test_a_leaky_relu_with_a_slope_outside_of_zero_to_one_is_refused(slope):
    with pytest.raises(ValueError, match=f"slope must be .*got {slope}"):
        LeakyReLU(slope)


def test_the_slope_of_a_leaky_relu_is_a_number():
    with pytest.raises(TypeError, match=r"slope must be a number, got '0\.2'"):
        LeakyReLU("0.2")


def test_a_slope_of_numpy_keeps_float32():
    operation = LeakyReLU(np.float64(0.2))
    assert operation.forward(np.ones((1, 1), np.float32)).dtype == np.float32
    assert operation.backward(np.ones((1, 1), np.float32)).dtype == np.float32


def test_check_batch_lets_tables_of_numbers_pass():
    for dtype in (bool, np.int8, np.uint8, np.float16, np.float32, float, complex):
        check_batch("X", np.ones((2, 3), dtype))


@pytest.mark.parametrize(
    ("batch", "error", "what"),
    [
        ([[1.0]], TypeError, "X must be an array, got list"),
        (np.array([["a"]]), TypeError, "X must hold numbers, got an array of <U1"),
        (np.array([[None]]), TypeError, "X must hold numbers, got an array of object"),
        (np.zeros(3), ValueError, "(n_samples, n_features), at least one of each, got (3,)"),
        (np.zeros((0, 3)), ValueError, "(n_samples, n_features), at least one of each, got (0, 3)"),
        (np.zeros((3, 0)), ValueError, "(n_samples, n_features), at least one of each, got (3, 0)"),
        (np.array(1.0), ValueError, "(n_samples, n_features), at least one of each, got ()"),
    ],
)
def test_check_batch_says_what_else_came(batch, error, what):
    with pytest.raises(error, match=re.escape(what)):
        check_batch("X", batch)


def test_check_same_shape_names_both_and_lets_equal_ones_pass():
    check_same_shape("ours", np.zeros((2, 3)), "theirs", np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"ours has shape \(2, 3\), but theirs has shape \(3, 2\)"):
        check_same_shape("ours", np.zeros((2, 3)), "theirs", np.zeros((3, 2)))


# A check that can fail: wrong derivatives that published code contains


def test_the_measured_gradient_tells_the_diagonal_of_softmax_from_the_whole():
    class Diagonal(Softmax):
        def _input_grad(self, output_grad):
            return output_grad * self.output * (1 - self.output)

    scores, upstream = np.random.default_rng(0).standard_normal((2, 3, 4))
    for operation, right in [(Softmax(), True), (Diagonal(), False)]:
        measured = gradient(lambda z, op=operation: (op.forward(z) * upstream).sum(), scores)
        operation.forward(scores)
        error = relative_error(operation.backward(upstream), measured)
        assert (error < 1e-8) is right
