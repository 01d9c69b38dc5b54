import numpy as np
import pytest

from chainrule.optimizers import SGD, Optimizer


def test_sgd_takes_the_learning_rate_times_the_gradient_off_every_parameter():
    params = [np.array([[1.0, 2.0]]), np.array([[3.0]])]
    SGD(0.5).step(params, [np.array([[2.0, -2.0]]), np.array([[4.0]])])
    np.testing.assert_array_equal(params[0], [[0.0, 3.0]])
    np.testing.assert_array_equal(params[1], [[1.0]])


def test_sgd_updates_in_place_and_leaves_the_gradient_alone():
    param, grad = np.ones((2, 2)), np.full((2, 2), 3.0)
    held = param
    SGD(0.1).step([param], [grad])
    np.testing.assert_allclose(held, np.full((2, 2), 0.7))
    np.testing.assert_array_equal(grad, np.full((2, 2), 3.0))


def test_sgd_on_a_parabola_shrinks_the_distance_by_the_same_factor_every_step():
    x = np.array([5.0])
    for _ in range(10):
        SGD(0.1).step([x], [2 * x])
    np.testing.assert_allclose(x, 5.0 * 0.8**10, rtol=1e-12)


@pytest.mark.parametrize("lr", [0.1, np.float64(0.1), np.float32(0.1)])
def test_a_learning_rate_of_any_type_keeps_float32(lr):
    param, grad = np.ones((2, 2), np.float32), np.ones((2, 2), np.float32)
    optimizer = SGD(lr)
    assert (optimizer.lr * grad).dtype == np.float32
    optimizer.step([param], [grad])
    assert param.dtype == np.float32


@pytest.mark.parametrize("lr", [0, -0.1, float("nan")])
def test_a_learning_rate_that_is_not_above_zero_is_refused(lr):
    with pytest.raises(ValueError, match="lr must be above 0, got") as caught:
        SGD(lr)
    assert repr(lr) in str(caught.value)


@pytest.mark.parametrize("n_grads", [0, 1, 3])
def test_as_many_gradients_as_parameters_are_needed(n_grads):
    with pytest.raises(ValueError, match="zip"):
        SGD(0.1).step([np.ones(1), np.ones(1)], [np.ones(1)] * n_grads)


def test_an_optimizer_without_a_step_is_told_so():
    class Lazy(Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Lazy does not define step"):
        Lazy().step([], [])
