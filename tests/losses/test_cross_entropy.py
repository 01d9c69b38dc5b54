"""The surprise at what happened: two answers, from probabilities and from scores, and many."""

import math
import re

import drawn
import numpy as np
import pytest
from drawn import SEEDS, SIZES
from hypothesis import given
from hypothesis import strategies as st

from chainrule.losses import BinaryCrossEntropy, BinaryCrossEntropyWithLogits, SoftmaxCrossEntropy
from chainrule.operations import Sigmoid, Softmax

# Two answers


@given(SEEDS, SIZES, SIZES)
def test_binary_cross_entropy_is_the_surprise_at_what_happened(seed, n, m):
    prediction, target = drawn.chances(seed, n, m)
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
    logits, target = drawn.logits(seed, n, m)
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


# Many classes


@given(SEEDS, SIZES, SIZES)
def test_softmax_cross_entropy_is_the_surprise_at_the_right_class(seed, n, m):
    scores, target = drawn.scores(seed, n, m)
    expected = 0.0
    for row, right in zip(scores, target.argmax(axis=1), strict=True):
        expected -= math.log(math.exp(row[right]) / sum(map(math.exp, row)))
    loss = SoftmaxCrossEntropy().forward(scores, target)
    assert loss == pytest.approx(expected / n, rel=1e-11, abs=1e-14)


@given(SEEDS, SIZES, SIZES)
def test_its_gradient_is_what_comes_back_through_the_whole_of_softmax(seed, n, m):
    scores, target = drawn.scores(seed, n, m)
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
    scores, target = drawn.scores(seed, 4, 3)
    loss = SoftmaxCrossEntropy()
    value, grad = loss.forward(scores, target), loss.backward()
    shifted = scores.copy()
    shifted[2] += shift
    assert loss.forward(shifted, target) == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(loss.backward(), grad, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("form", ["ids", "a column of ids", "ids as floats", "truth values"])
def test_class_ids_mean_the_same_as_one_hot_rows(form):
    scores, target = drawn.scores(0, 6, 3)
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
    loss.forward(*drawn.scores(0, 4, 3))
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
