import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.initialisers import he
from chainrule.layers import BatchNorm, Dense
from chainrule.losses import (
    L2,
    BinaryCrossEntropy,
    BinaryCrossEntropyWithLogits,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SoftmaxCrossEntropy,
)
from chainrule.numeric import gradient, relative_error
from chainrule.operations import Sigmoid, Softmax

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 6)


def _problem(seed, n_samples, n_outputs):
    return np.random.default_rng(seed).standard_normal((2, n_samples, n_outputs))


def _chances(seed, n_samples, n_outputs):
    """Probabilities, and targets of no and yes."""
    rng = np.random.default_rng(seed)
    shape = n_samples, n_outputs
    return rng.uniform(0.01, 0.99, shape), rng.integers(0, 2, shape).astype(float)


def _logits(seed, n_samples, n_outputs):
    rng = np.random.default_rng(seed)
    shape = n_samples, n_outputs
    return 3 * rng.standard_normal(shape), rng.integers(0, 2, shape).astype(float)


def _scores(seed, n_samples, n_classes):
    """Scores for at least two classes, and the right ones as one-hot rows."""
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((n_samples, n_classes + 1))
    return scores, np.eye(n_classes + 1)[rng.integers(0, n_classes + 1, n_samples)]


LOSSES = {
    MeanSquaredError: _problem,
    MeanAbsoluteError: _problem,
    BinaryCrossEntropy: _chances,
    BinaryCrossEntropyWithLogits: _logits,
    SoftmaxCrossEntropy: _scores,
}
every_loss = pytest.mark.parametrize("kind", LOSSES)


# What holds for all of them


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


# Squared and absolute error


@given(SEEDS, SIZES, SIZES)
def test_squared_error_is_the_mean_over_samples_of_the_squared_distance(seed, n, m):
    prediction, target = _problem(seed, n, m)
    distances = [np.linalg.norm(p - t) for p, t in zip(prediction, target, strict=True)]
    expected = sum(d**2 for d in distances) / n
    assert MeanSquaredError().forward(prediction, target) == pytest.approx(expected, rel=1e-12)


def test_squared_error_in_numbers():
    loss = MeanSquaredError()
    assert loss.forward(np.array([[1.0], [5.0]]), np.array([[3.0], [1.0]])) == 10.0
    np.testing.assert_array_equal(loss.backward(), [[-2.0], [4.0]])


def test_several_outputs_add_up_and_only_samples_are_averaged():
    loss = MeanSquaredError()
    assert loss.forward(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]])) == 5.0
    np.testing.assert_array_equal(loss.backward(), [[2.0, 4.0]])


@given(SEEDS)
def test_showing_every_sample_twice_keeps_the_loss_and_halves_the_gradient_of_each(seed):
    prediction, target = _problem(seed, 4, 2)
    loss = MeanSquaredError()
    once, grad = loss.forward(prediction, target), loss.backward()
    twice = loss.forward(np.tile(prediction, (2, 1)), np.tile(target, (2, 1)))
    assert twice == pytest.approx(once)
    np.testing.assert_allclose(loss.backward()[:4], grad / 2)


def test_a_perfect_prediction_costs_nothing_and_pulls_nowhere():
    loss, y = MeanSquaredError(), np.array([[1.0], [2.0]])
    assert loss.forward(y, y.copy()) == 0.0
    np.testing.assert_array_equal(loss.backward(), [[0.0], [0.0]])


def test_predictions_of_whole_numbers_do_not_round_the_targets():
    loss = MeanSquaredError()
    assert loss.forward(np.array([[1]]), np.array([[0.5]])) == 0.25
    np.testing.assert_array_equal(loss.backward(), [[1.0]])


def test_a_row_of_targets_against_a_column_of_predictions_is_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"target has shape \(3,\), but prediction .*\(3, 1\)"):
        MeanSquaredError().forward(np.zeros((3, 1)), np.zeros(3))


@given(SEEDS, SIZES, SIZES)
def test_absolute_error_is_the_mean_over_samples_of_the_summed_errors(seed, n, m):
    prediction, target = _problem(seed, n, m)
    pairs = zip(prediction.ravel(), target.ravel(), strict=True)
    expected = sum(max(p, t) - min(p, t) for p, t in pairs) / n
    assert MeanAbsoluteError().forward(prediction, target) == pytest.approx(expected, rel=1e-12)


def test_absolute_error_in_numbers_and_its_kink():
    loss = MeanAbsoluteError()
    assert loss.forward(np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[3.0, 2], [1, 5]])) == 4.0
    np.testing.assert_array_equal(loss.backward(), [[-0.5, 0], [-0.5, -0.5]])


# Cross-entropy of two answers


@given(SEEDS, SIZES, SIZES)
def test_binary_cross_entropy_is_the_surprise_at_what_happened(seed, n, m):
    prediction, target = _chances(seed, n, m)
    happened = np.where(target == 1, prediction, 1 - prediction)
    expected = -sum(math.log(p) for p in happened.ravel()) / n
    assert BinaryCrossEntropy().forward(prediction, target) == pytest.approx(expected, rel=1e-12)


def test_binary_cross_entropy_in_numbers():
    loss = BinaryCrossEntropy()
    assert loss.forward(np.array([[0.8]]), np.array([[1.0]])) == pytest.approx(0.22314355131420976)
    np.testing.assert_allclose(loss.backward(), [[-1.25]], rtol=1e-14)


def test_targets_between_no_and_yes_are_allowed():
    loss, prediction = BinaryCrossEntropy(), np.array([[0.25]])
    loss.forward(prediction, prediction.copy())
    np.testing.assert_array_equal(loss.backward(), [[0.0]])  # nothing is better than the truth


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_and_wrong_is_costly_but_finite_and_pushed_back(dtype):
    loss = BinaryCrossEntropy()
    value = loss.forward(np.array([[0, 1, 0, 1]], dtype), np.array([[1, 0, 0, 1]], dtype))
    assert value == pytest.approx(-2 * math.log(1e-7), rel=0.02)
    slopes = loss.backward()[0]
    np.testing.assert_allclose(slopes, [-1e7, 1e7, 1, -1], rtol=0.2)


@given(SEEDS, SIZES, SIZES)
def test_from_logits_equals_the_cross_entropy_of_their_sigmoid(seed, n, m):
    logits, target = _logits(seed, n, m)
    sigmoid, from_chances = Sigmoid(), BinaryCrossEntropy()
    fused = BinaryCrossEntropyWithLogits()
    expected = from_chances.forward(sigmoid.forward(logits), target)
    assert fused.forward(logits, target) == pytest.approx(expected, rel=1e-9)
    through = sigmoid.backward(from_chances.backward())
    np.testing.assert_allclose(fused.backward(), through, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_a_thousand_are_no_trouble(dtype):
    loss = BinaryCrossEntropyWithLogits()
    logits = np.array([[1000, -1000, 1000, -1000]], dtype)
    assert loss.forward(logits, np.array([[1, 0, 0, 1]], dtype)) == 2000.0
    np.testing.assert_allclose(loss.backward(), [[0, 0, 1, -1]], atol=1e-30)


@pytest.mark.parametrize("kind", [BinaryCrossEntropy, BinaryCrossEntropyWithLogits])
@pytest.mark.parametrize("strange", [2.0, -1.0, float("nan")])
def test_targets_that_are_no_probabilities_are_refused(kind, strange):
    with pytest.raises(ValueError, match=r"target must lie between 0 and 1, got .* to "):
        kind().forward(np.full((2, 1), 0.5), np.array([[0.0], [strange]]))


def test_predictions_that_are_no_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"prediction must lie between 0 and 1, got -0\.5 to 1\.7"):
        BinaryCrossEntropy().forward(np.array([[-0.5], [1.7]]), np.zeros((2, 1)))


# Cross-entropy of many classes


@given(SEEDS, SIZES, SIZES)
def test_softmax_cross_entropy_is_the_surprise_at_the_right_class(seed, n, m):
    scores, target = _scores(seed, n, m)
    expected = 0.0
    for row, right in zip(scores, target.argmax(axis=1), strict=True):
        expected -= math.log(math.exp(row[right]) / sum(map(math.exp, row)))
    loss = SoftmaxCrossEntropy().forward(scores, target)
    assert loss == pytest.approx(expected / n, rel=1e-11, abs=1e-14)


@given(SEEDS, SIZES, SIZES)
def test_its_gradient_is_what_comes_back_through_the_whole_of_softmax(seed, n, m):
    scores, target = _scores(seed, n, m)
    softmax, loss = Softmax(), SoftmaxCrossEntropy()
    probabilities = softmax.forward(scores)
    loss.forward(scores, target)
    through = softmax.backward(-target / probabilities / n)
    np.testing.assert_allclose(loss.backward(), through, rtol=1e-9, atol=1e-14)


def test_softmax_cross_entropy_in_numbers():
    loss = SoftmaxCrossEntropy()
    value = loss.forward(np.log([[1.0, 3.0], [1.0, 1.0]]), np.array([1, 0]))
    assert value == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, rel=1e-14)
    np.testing.assert_allclose(loss.backward(), [[0.125, -0.125], [-0.25, 0.25]], rtol=1e-14)


def test_knowing_nothing_costs_the_logarithm_of_the_number_of_classes():
    assert SoftmaxCrossEntropy().forward(np.zeros((3, 10)), np.array([0, 5, 9])) == pytest.approx(
        math.log(10)
    )


@given(SEEDS, st.floats(-500, 500))
def test_a_shift_of_the_scores_of_a_sample_changes_nothing(seed, shift):
    scores, target = _scores(seed, 4, 3)
    loss = SoftmaxCrossEntropy()
    value, grad = loss.forward(scores, target), loss.backward()
    shifted = scores.copy()
    shifted[2] += shift
    assert loss.forward(shifted, target) == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(loss.backward(), grad, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("form", ["ids", "a column of ids", "ids as floats", "truth values"])
def test_class_ids_mean_the_same_as_one_hot_rows(form):
    scores, target = _scores(0, 6, 3)
    ids = target.argmax(axis=1)
    forms = {
        "ids": ids,
        "a column of ids": ids[:, None],
        "ids as floats": ids.astype(float),
        "truth values": target == 1,
    }
    loss = SoftmaxCrossEntropy()
    value, grad = loss.forward(scores, target), loss.backward()
    assert loss.forward(scores, forms[form]) == value
    np.testing.assert_array_equal(loss.backward(), grad)


def test_targets_may_be_probabilities():
    loss, target = SoftmaxCrossEntropy(), np.array([[0.2, 0.3, 0.5]])
    entropy = -sum(p * math.log(p) for p in target[0])
    assert loss.forward(np.log(target), target) == pytest.approx(entropy)
    np.testing.assert_allclose(loss.backward(), 0, atol=1e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_a_thousand_are_no_trouble(dtype):
    loss = SoftmaxCrossEntropy()
    scores = np.array([[1000, 0, -1000], [1000, 0, -1000]], dtype)
    assert loss.forward(scores, np.array([0, 2])) == 1000.0
    np.testing.assert_array_equal(loss.backward(), [[0, 0, 0], [0.5, 0, -0.5]])


def test_samples_of_very_different_scores_do_not_disturb_each_other():
    loss = SoftmaxCrossEntropy()
    scores = np.array([[5000.0, 5000.0], [-5000.0, -5000.0]])
    assert loss.forward(scores, np.array([0, 1])) == pytest.approx(math.log(2))
    np.testing.assert_allclose(loss.backward(), [[-0.25, 0.25], [0.25, -0.25]])


def test_the_exponential_is_taken_once(monkeypatch):
    calls, exp = [], np.exp
    monkeypatch.setattr(np, "exp", lambda x: calls.append(x) or exp(x))
    loss = SoftmaxCrossEntropy()
    loss.forward(*_scores(0, 4, 3))
    loss.backward()
    assert len(calls) == 1


@pytest.mark.parametrize("strange", [3, -1, 1.5, float("nan")])
def test_a_class_id_that_is_none_of_the_classes_is_named(strange):
    message = rf"class id {strange}, but the 3 columns of prediction have the ids 0 to 2"
    for ids in (np.array([0, strange]), np.array([[0], [strange]])):
        with pytest.raises(ValueError, match=re.escape(message)):
            SoftmaxCrossEntropy().forward(np.zeros((2, 3)), ids)


def test_class_ids_are_numbers():
    with pytest.raises(TypeError, match="target must hold numbers, got an array of <U3"):
        SoftmaxCrossEntropy().forward(np.zeros((2, 3)), np.array(["cat", "dog"]))


def test_another_number_of_class_ids_than_samples_is_refused():
    with pytest.raises(ValueError, match="target holds 5 class ids, but prediction has 4 samples"):
        SoftmaxCrossEntropy().forward(np.zeros((4, 3)), np.zeros(5, int))


@pytest.mark.parametrize(
    ("row", "total"),
    [([0, 0, 0], 0), ([1, 1, 0], 2), ([0.5, 0.4, 0], 0.9), ([np.nan, 1, 0], "nan")],
)
def test_a_row_of_targets_that_does_not_add_up_to_one_is_named(row, total):
    message = f"every row of target must add up to 1, but row 1 adds up to {total}"
    with pytest.raises(ValueError, match=re.escape(message)):
        SoftmaxCrossEntropy().forward(np.zeros((2, 3)), np.array([[0, 1, 0], row]))


def test_a_softmax_over_one_class_is_refused():
    with pytest.raises(ValueError, match=r"single column.*BinaryCrossEntropyWithLogits"):
        SoftmaxCrossEntropy().forward(np.zeros((2, 1)), np.array([0, 0]))


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


# The penalty


def _layers(seed, kinds=3):
    rng = np.random.default_rng(seed)
    layers = [Dense(4, Sigmoid(), rng), BatchNorm(), Dense(2, rng=rng)][:kinds]
    X = rng.standard_normal((5, 3))
    for layer in layers:
        X = layer.forward(X)
    return layers, rng.standard_normal(X.shape)


def _back(layers, upstream):
    for layer in reversed(layers):
        upstream = layer.backward(upstream)


def test_l2_is_half_the_strength_times_the_squared_weights():
    layers, _ = _layers(0)
    (W1, _), _, (W2, _) = (layer.params() for layer in layers)
    squares = sum(w * w for W in (W1, W2) for w in W.ravel())
    assert L2(0.3).value(layers) == pytest.approx(0.15 * squares, rel=1e-13)


@given(SEEDS, st.floats(0, 10))
def test_the_gradient_of_l2_is_the_derivative_of_its_value(seed, strength):
    layers, upstream = _layers(seed)
    _back(layers, upstream)
    params = [param for layer in layers for param in layer.params()]
    before = [grad.copy() for layer in layers for grad in layer.param_grads()]
    penalty = L2(strength)
    penalty.add_grads(layers)
    after = [grad for layer in layers for grad in layer.param_grads()]
    for param, old, new in zip(params, before, after, strict=True):
        measured = gradient(lambda _: penalty.value(layers), param)
        np.testing.assert_allclose(new - old, measured, rtol=1e-6, atol=1e-8)


def test_l2_leaves_biases_scales_and_shifts_alone():
    layers, upstream = _layers(0)
    _back(layers, upstream)
    before = [grad.copy() for layer in layers for grad in layer.param_grads()]
    L2(1.0).add_grads(layers)
    after = [grad for layer in layers for grad in layer.param_grads()]
    changed = [(old != new).any() for old, new in zip(before, after, strict=True)]
    assert changed == [True, False, False, False, True, False]


def test_l2_of_a_weight_matrix_with_one_row_is_not_taken_for_a_bias():
    rng = np.random.default_rng(0)
    layer = Dense(3, rng=rng, init=he)
    layer.forward(np.ones((2, 1)))
    W, b = layer.params()
    assert W.shape == b.shape
    b[...] = 100.0
    assert L2(2.0).value([layer]) == pytest.approx((W**2).sum())


def test_the_value_is_a_plain_number_and_float32_stays_float32():
    rng = np.random.default_rng(0)
    layer = Dense(3, rng=rng)
    layer.backward(np.ones_like(layer.forward(np.ones((2, 4), np.float32))))
    penalty = L2(np.float64(0.1))
    penalty.add_grads([layer])
    assert type(penalty.value([layer])) is float
    assert {grad.dtype for grad in layer.param_grads()} == {np.dtype(np.float32)}


def test_layers_without_weights_cost_nothing():
    assert L2(1.0).value([]) == 0.0
    assert L2(1.0).value([BatchNorm(), Dense(3)]) == 0.0


def test_l2_before_the_backward_pass_says_so_and_changes_nothing():
    layers, upstream = _layers(0)
    layers[2].backward(upstream)
    before = [grad.copy() for grad in layers[2].param_grads()]
    with pytest.raises(RuntimeError, match=r"L2\.add_grads was called before .*backward"):
        L2(1.0).add_grads(layers)
    for grad, copy in zip(layers[2].param_grads(), before, strict=True):
        np.testing.assert_array_equal(grad, copy)


@pytest.mark.parametrize("strength", [-0.1, float("nan"), float("inf")])
def test_a_strength_below_zero_is_refused(strength):
    with pytest.raises(ValueError, match=f"strength must be .*got {strength}"):
        L2(strength)
