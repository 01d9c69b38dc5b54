import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.losses import Loss, MeanSquaredError
from chainrule.numeric import gradient, relative_error

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 6)


def _problem(seed, n_samples, n_outputs):
    return np.random.default_rng(seed).standard_normal((2, n_samples, n_outputs))


@given(SEEDS, SIZES, SIZES)
def test_squared_error_is_the_mean_over_samples_of_the_squared_distance(seed, n, m):
    prediction, target = _problem(seed, n, m)
    distances = [np.linalg.norm(p - t) for p, t in zip(prediction, target, strict=True)]
    expected = sum(d**2 for d in distances) / n
    assert MeanSquaredError().forward(prediction, target) == pytest.approx(expected, rel=1e-12)


@given(SEEDS, SIZES, SIZES)
def test_the_gradient_of_the_squared_error_equals_the_measured_one(seed, n, m):
    prediction, target = _problem(seed, n, m)
    loss = MeanSquaredError()
    measured = gradient(lambda p: loss.forward(p, target), prediction)
    loss.forward(prediction, target)
    assert relative_error(loss.backward(), measured) < 1e-7


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


def test_the_loss_is_a_plain_number():
    assert type(MeanSquaredError().forward(*_problem(0, 3, 1))) is float


@pytest.mark.parametrize("target_dtype", [np.float32, np.float64, np.int64])
def test_the_gradient_has_the_dtype_of_the_prediction_whatever_the_targets_have(target_dtype):
    loss = MeanSquaredError()
    loss.forward(np.ones((3, 1), np.float32), np.zeros((3, 1), target_dtype))
    assert loss.backward().dtype == np.float32


def test_predictions_of_whole_numbers_do_not_round_the_targets():
    loss = MeanSquaredError()
    assert loss.forward(np.array([[1]]), np.array([[0.5]])) == 0.25
    np.testing.assert_array_equal(loss.backward(), [[1.0]])


def test_prediction_and_target_are_not_changed():
    prediction, target = _problem(0, 3, 2)
    before = prediction.copy(), target.copy()
    loss = MeanSquaredError()
    loss.forward(prediction, target)
    loss.backward()
    np.testing.assert_array_equal(prediction, before[0])
    np.testing.assert_array_equal(target, before[1])


def test_a_row_of_targets_against_a_column_of_predictions_is_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"target has shape \(3,\), but prediction .*\(3, 1\)"):
        MeanSquaredError().forward(np.zeros((3, 1)), np.zeros(3))


def test_backward_before_forward_is_an_error_that_says_so():
    with pytest.raises(RuntimeError, match=r"MeanSquaredError\.backward was called before forward"):
        MeanSquaredError().backward()


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
