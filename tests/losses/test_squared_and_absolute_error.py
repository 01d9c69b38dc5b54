"""The two losses for numbers, in numbers."""

import drawn
import numpy as np
import pytest
from drawn import SEEDS, SIZES
from hypothesis import given

from chainrule.losses import MeanAbsoluteError, MeanSquaredError


@given(SEEDS, SIZES, SIZES)
def test_squared_error_is_the_mean_over_samples_of_the_squared_distance(seed, n, m):
    prediction, target = drawn.numbers(seed, n, m)
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
    prediction, target = drawn.numbers(seed, 4, 2)
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
    prediction, target = drawn.numbers(seed, n, m)
    pairs = zip(prediction.ravel(), target.ravel(), strict=True)
    expected = sum(max(p, t) - min(p, t) for p, t in pairs) / n
    assert MeanAbsoluteError().forward(prediction, target) == pytest.approx(expected, rel=1e-12)


def test_absolute_error_in_numbers_and_its_kink():
    loss = MeanAbsoluteError()
    assert loss.forward(np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[3.0, 2], [1, 5]])) == 4.0
    np.testing.assert_array_equal(loss.backward(), [[-0.5, 0], [-0.5, -0.5]])
