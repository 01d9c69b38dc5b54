import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.clipping import clip_by_norm


def gradients(seed=0, scale=1.0, dtype=float):
    rng = np.random.default_rng(seed)
    return [(scale * rng.standard_normal(shape)).astype(dtype) for shape in [(3, 4), (1, 4)]]


def joined(grads):
    return np.concatenate([grad.ravel() for grad in grads])


def test_a_known_vector_is_cut_to_length():
    grads = [np.array([[3.0]]), np.array([[0.0, 4.0]])]
    assert clip_by_norm(grads, 2.5) == 5.0
    np.testing.assert_allclose(joined(grads), [1.5, 0, 2], rtol=1e-12)


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_the_direction_stays_and_the_length_is_at_most_the_limit(seed, max_norm):
    grads = gradients(seed)
    before = joined(grads)
    norm = clip_by_norm(grads, max_norm)
    assert norm == pytest.approx(math.sqrt(np.sum(before**2)), rel=1e-12)
    after = before * min(1, max_norm / norm)
    np.testing.assert_allclose(joined(grads), after, rtol=1e-12)


def test_what_is_short_enough_is_not_touched():
    grads = gradients()
    before = joined(grads)
    clip_by_norm(grads, np.linalg.norm(before) * 1.001)
    np.testing.assert_array_equal(joined(grads), before)


def test_gradients_are_cut_in_place_and_in_their_dtype():
    grads = gradients(dtype=np.float32)
    held = list(grads)
    clip_by_norm(grads, np.float64(0.1))
    assert all(one is other for one, other in zip(grads, held, strict=True))
    assert {grad.dtype for grad in grads} == {np.dtype(np.float32)}
    assert np.linalg.norm(joined(grads)) == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_float32_gradients_whose_squares_do_not_fit_into_float32_are_measured(scale):
    grads = gradients(scale=scale, dtype=np.float32)
    norm = clip_by_norm(grads, max_norm=scale)
    assert norm == pytest.approx(scale * np.linalg.norm(joined(gradients())), rel=1e-6)
    assert np.linalg.norm(joined(grads).astype(float)) == pytest.approx(scale, rel=1e-6)


def test_zero_gradients_stay_zero():
    grads = [np.zeros((2, 2))]
    assert clip_by_norm(grads, 1.0) == 0.0
    np.testing.assert_array_equal(grads[0], np.zeros((2, 2)))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_gradients_without_a_length_are_refused_and_not_changed(bad):
    grads = [np.ones(2), np.array([bad, 1.0])]
    with pytest.raises(ValueError, match=r"norm (nan|inf): training has diverged"):
        clip_by_norm(grads, 1.0)
    np.testing.assert_array_equal(grads[0], np.ones(2))
    np.testing.assert_array_equal(grads[1], [bad, 1.0])


def test_a_gradient_that_does_not_exist_yet_is_named():
    grads = [np.full(3, 9.0), None]
    with pytest.raises(RuntimeError, match=r"param_grads\[1\] is None: run a batch backward"):
        clip_by_norm(grads, 1.0)
    np.testing.assert_array_equal(grads[0], np.full(3, 9.0))


@pytest.mark.parametrize("strange", [[3.0, 4.0], np.array([3, 4]), np.array(["a"]), 5.0])
def test_a_gradient_that_is_no_array_of_floats_is_named(strange):
    grads = [np.full(3, 9.0), strange]
    with pytest.raises(TypeError, match=r"param_grads\[1\] must be an array of floats, got "):
        clip_by_norm(grads, 1.0)
    np.testing.assert_array_equal(grads[0], np.full(3, 9.0))


@pytest.mark.parametrize(
    ("max_norm", "error"), [(0, ValueError), (-1, ValueError), ("1", TypeError)]
)
def test_a_limit_that_is_no_number_above_zero_is_refused(max_norm, error):
    with pytest.raises(error, match="max_norm must be"):
        clip_by_norm(gradients(), max_norm)
