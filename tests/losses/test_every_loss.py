"""What every loss keeps to, and what the class they come from does for them."""

import re

import drawn
import numpy as np
import pytest
from drawn import SEEDS, SIZES
from hypothesis import given

from chainrule.losses import (
    BinaryCrossEntropy,
    BinaryCrossEntropyWithLogits,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SoftmaxCrossEntropy,
)
from chainrule.numeric import gradient, relative_error

LOSSES = {
    MeanSquaredError: drawn.numbers,
    MeanAbsoluteError: drawn.numbers,
    BinaryCrossEntropy: drawn.chances,
    BinaryCrossEntropyWithLogits: drawn.logits,
    SoftmaxCrossEntropy: drawn.scores,
}
every_loss = pytest.mark.parametrize("kind", LOSSES)


@every_loss
@given(SEEDS, SIZES, SIZES)
def test_the_gradient_equals_the_measured_one(kind, seed, n, m):
    prediction, target = LOSSES[kind](seed, n, m)
    loss = kind()
    measured = gradient(lambda p: loss.forward(p, target), prediction, step=1e-6)
    loss.forward(prediction, target)
    assert relative_error(loss.backward(), measured) < 1e-7


@every_loss
@given(SEEDS, SIZES, SIZES)
def test_permuting_the_samples_keeps_the_loss_and_permutes_the_gradient(kind, seed, n, m):
    prediction, target = LOSSES[kind](seed, n, m)
    order = np.random.default_rng(seed).permutation(n)
    loss = kind()
    value, grad = loss.forward(prediction, target), loss.backward()
    assert loss.forward(prediction[order], target[order]) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(loss.backward(), grad[order], rtol=1e-12, atol=1e-15)


@every_loss
@given(SEEDS, SIZES, SIZES, SIZES)
def test_the_loss_of_joined_batches_is_the_mean_weighted_by_their_samples(kind, seed, n, k, m):
    prediction, target = LOSSES[kind](seed, n + k, m)
    loss = kind()
    whole, grad = loss.forward(prediction, target), loss.backward()
    first, first_grad = loss.forward(prediction[:n], target[:n]), loss.backward()
    second, second_grad = loss.forward(prediction[n:], target[n:]), loss.backward()
    assert whole == pytest.approx((n * first + k * second) / (n + k), rel=1e-12)
    joined = np.concatenate([n * first_grad, k * second_grad]) / (n + k)
    np.testing.assert_allclose(grad, joined, rtol=1e-12, atol=1e-15)


@every_loss
def test_the_loss_is_a_plain_number(kind):
    assert type(kind().forward(*LOSSES[kind](0, 3, 1))) is float


@every_loss
@pytest.mark.parametrize("target_dtype", [np.float32, np.float64, np.int64])
def test_the_gradient_has_the_dtype_of_the_prediction_whatever_the_targets_have(kind, target_dtype):
    prediction, target = LOSSES[kind](0, 3, 2)
    loss = kind()
    loss.forward(prediction.astype(np.float32), target.astype(target_dtype))
    assert loss.backward().dtype == np.float32


@every_loss
def test_prediction_and_target_are_not_changed(kind):
    prediction, target = LOSSES[kind](0, 3, 2)
    before = prediction.copy(), target.copy()
    loss = kind()
    loss.forward(prediction, target)
    loss.backward()
    np.testing.assert_array_equal(prediction, before[0])
    np.testing.assert_array_equal(target, before[1])


@every_loss
def test_going_backward_twice_gives_the_same_gradient(kind):
    loss = kind()
    loss.forward(*LOSSES[kind](0, 3, 2))
    first = loss.backward().copy()
    np.testing.assert_array_equal(loss.backward(), first)


@every_loss
def test_backward_before_forward_is_an_error_that_says_so(kind):
    message = rf"{kind.__name__}\.backward was called before forward"
    with pytest.raises(RuntimeError, match=message):
        kind().backward()


@every_loss
@pytest.mark.parametrize(
    ("prediction", "target", "error", "message"),
    [
        ([[1.0]], np.ones((1, 1)), TypeError, "prediction must be an array, got list"),
        (np.ones((2, 2)), [[1.0], [1.0]], TypeError, "target must be an array, got list"),
        (np.ones((2, 2)), None, TypeError, "target must be an array, got NoneType"),
        (np.array([["a", "b"]]), np.ones((1, 2)), TypeError, "prediction must hold numbers"),
        (np.ones((1, 2)), np.array([["a", "b"]]), TypeError, "target must hold numbers"),
        (np.ones((0, 2)), np.ones((0, 2)), ValueError, "prediction must have shape"),
        (np.ones(2), np.ones(2), ValueError, "prediction must have shape"),
        (np.ones((3, 2)), np.ones((3, 4)), ValueError, "target has shape (3, 4), but prediction"),
        (np.ones((3, 2)), np.ones((2, 2)), ValueError, "target has shape (2, 2), but prediction"),
        (np.ones((3, 2)), np.ones((3, 2, 1)), ValueError, "target has shape (3, 2, 1), but"),
    ],
)
def test_what_is_no_batch_with_its_targets_is_refused(kind, prediction, target, error, message):
    loss = kind()
    right = LOSSES[kind](0, 3, 2)
    loss.forward(*right)
    expected = loss.backward()
    with pytest.raises(error, match=re.escape(message)):
        loss.forward(prediction, target)
    np.testing.assert_array_equal(loss.backward(), expected)  # as if nothing had happened


@pytest.mark.parametrize("kind", [MeanSquaredError, BinaryCrossEntropy, SoftmaxCrossEntropy])
@given(SEEDS, SIZES, SIZES)
def test_the_gradient_equals_the_complex_step(kind, seed, n, m):
    prediction, target = LOSSES[kind](seed, n, m)
    direction = np.random.default_rng(seed).standard_normal(prediction.shape)
    loss = kind()
    slope = loss.forward(prediction + 1e-30j * direction, target).imag / 1e-30
    loss.forward(prediction, target)
    assert (loss.backward() * direction).sum() == pytest.approx(slope, rel=1e-12, abs=1e-13)


# The base class


class Half(Loss):
    def _output(self):
        return 0.5


def test_a_subclass_without_an_output_is_told_so():
    with pytest.raises(NotImplementedError, match="Loss does not define _output"):
        Loss().forward(np.zeros((1, 1)), np.zeros((1, 1)))


def test_a_subclass_without_a_gradient_is_told_so():
    loss = Half()
    loss.forward(np.zeros((1, 1)), np.zeros((1, 1)))
    with pytest.raises(NotImplementedError, match="Half does not define _input_grad"):
        loss.backward()


def test_a_gradient_of_another_shape_than_the_prediction_is_refused():
    class Summed(Half):
        def _input_grad(self):
            return np.zeros((1, 1))

    loss = Summed()
    loss.forward(np.zeros((3, 1)), np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"input_grad has shape \(1, 1\).*\(3, 1\)"):
        loss.backward()


def test_a_loss_that_is_no_single_number_is_refused():
    class PerSample(Half):
        def _output(self):
            return np.zeros(3)

    with pytest.raises(
        ValueError, match=r"PerSample\._output must return one number, got .*\(3,\)"
    ):
        PerSample().forward(np.zeros((3, 1)), np.zeros((3, 1)))
