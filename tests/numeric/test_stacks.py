"""Nudged copies handed over in stacks: the same gradient, in fewer calls."""

import numpy as np
import pytest

from chainrule.numeric import complex_gradient, gradient, relative_error


def network():
    """Loss and parameters of a small network, written over the last axes."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    params = {
        "W1": rng.standard_normal((4, 3)),
        "b1": rng.standard_normal((1, 3)),
        "W2": rng.standard_normal((3, 2)),
        "b2": rng.standard_normal((1, 2)),
    }

    def loss(p):
        hidden = 1 / (1 + np.exp(-(X @ p["W1"] + p["b1"])))
        difference = hidden @ p["W2"] + p["b2"] - y
        return (difference * difference).sum(axis=(-2, -1)) / len(X)

    return loss, params


both = pytest.mark.parametrize("measure", [gradient, complex_gradient])


@both
@pytest.mark.parametrize("stack", [1, 5, 12, 64])
def test_stacks_of_any_size_give_the_gradient_of_the_loop(measure, stack):
    loss, params = network()
    alone, stacked = measure(loss, params), measure(loss, params, stack=stack)
    for key in params:
        assert relative_error(stacked[key], alone[key]) < 1e-9
        assert np.linalg.norm(alone[key]) > 0.1


def test_a_stack_saves_calls():
    loss, params = network()
    calls = []

    def counted(p):
        calls.append(p["W1"].shape)
        return loss(p)

    gradient(counted, {"W1": params["W1"]} | params, stack=6)
    stacks = [shape for shape in calls if shape == (6, 4, 3)]
    assert len(stacks) == 2 * 12 / 6
    assert len(calls) < 2 * sum(array.size for array in params.values())


@pytest.mark.parametrize("shape", [(), (3,), (2, 1, 2)])
def test_arrays_of_any_number_of_axes_can_be_stacked(shape):
    point = np.random.default_rng(0).standard_normal(shape)
    axes = tuple(range(-len(shape), 0))
    slopes = gradient(lambda x: (x**3).sum(axis=axes), point, stack=2)
    assert slopes.shape == shape
    np.testing.assert_allclose(slopes, 3 * point**2, rtol=1e-7)


def test_views_and_float32_can_be_stacked():
    point = np.arange(1.0, 7.0, dtype=np.float32).reshape(2, 3).T
    slopes = gradient(lambda x: (7.0 * x).sum(axis=(-2, -1)), point, 1e-2, stack=4)
    assert slopes.dtype == np.float64
    np.testing.assert_allclose(slopes, np.full((3, 2), 7.0), rtol=1e-3)


def test_stacked_steps_are_relative_to_the_entry_too():
    point = np.array([1e8])
    assert gradient(lambda x: (x**2).sum(axis=-1), point, stack=1)[0] == pytest.approx(2e8)


@both
def test_a_function_that_sums_over_the_stack_is_told_the_shape_to_return(measure):
    with pytest.raises(ValueError, match=r"each of the 3 points.*shape \(3,\).*last axes"):
        measure(lambda x: (x * x).sum(), np.ones(3), stack=3)


@both
def test_a_function_that_mixes_up_the_axes_is_found_out(measure):
    # As many entries as copies: what indexes the wrong axis returns the right shape.
    point = np.array([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="does not treat the leading axis as a stack"):
        measure(lambda x: x[0] ** 2 * x[1] + x[2], point, stack=3)


@pytest.mark.parametrize("stack", [0, -1, 2.5, "64"])
def test_a_stack_is_a_positive_number_of_copies(stack):
    with pytest.raises(ValueError, match="stack must be a whole number"):
        gradient(np.sum, np.ones(2), stack=stack)


def test_the_point_is_not_touched():
    loss, params = network()
    before = {key: array.copy() for key, array in params.items()}
    gradient(loss, params, stack=4)
    for key, array in params.items():
        np.testing.assert_array_equal(array, before[key])
