import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.numeric import deriv, gradient, relative_error

SEEDS = st.integers(0, 2**32 - 1)


# deriv


def test_deriv_of_a_parabola_is_exact_whatever_the_step():
    # The error term of the central difference is the third derivative: none in a parabola.
    assert deriv(lambda x: 3 * x**2 + x, 2.0, delta=0.5) == 13.0


def test_the_error_of_deriv_falls_with_the_square_of_the_step():
    coarse, fine = (abs(deriv(np.exp, 1.0, delta=h) - np.e) for h in (0.1, 0.01))
    assert coarse / fine == pytest.approx(100, rel=0.01)


def test_deriv_measures_at_every_point_of_an_array():
    points = np.array([[0.0, 1.0], [2.0, 3.0]])
    np.testing.assert_allclose(deriv(np.sin, points), np.cos(points), atol=1e-6)


def test_deriv_leaves_the_points_as_they_were():
    points = np.array([1.0, 2.0])
    deriv(np.square, points)
    np.testing.assert_array_equal(points, [1.0, 2.0])


# gradient


@given(SEEDS, st.integers(1, 5))
def test_gradient_of_a_quadratic_form_is_the_symmetric_part_times_the_point(seed, size):
    rng = np.random.default_rng(seed)
    A, x = rng.standard_normal((size, size)), rng.standard_normal(size)
    assert relative_error(gradient(lambda v: v @ A @ v, x), (A + A.T) @ x) < 1e-8


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 2)])
def test_gradient_has_the_shape_of_the_point(shape):
    point = np.random.default_rng(0).standard_normal(shape)
    slopes = gradient(lambda x: float((x**3).sum()), point)
    assert slopes.shape == shape
    np.testing.assert_allclose(slopes, 3 * point**2, rtol=1e-7)


def test_gradient_accepts_a_function_that_holds_the_array_itself():
    weights = np.array([1.0, 2.0])
    np.testing.assert_allclose(gradient(lambda _: (weights**2).sum(), weights), [2.0, 4.0])


def test_gradient_restores_the_point_to_the_last_bit():
    point = np.random.default_rng(0).standard_normal((3, 4))
    before = point.copy()
    gradient(lambda x: x.sum(), point)
    np.testing.assert_array_equal(point, before)


def test_gradient_restores_the_point_when_the_function_fails():
    point = np.array([1.0, 2.0])

    def fails_on_the_second(x):
        if x[1] != 2.0:
            raise ArithmeticError
        return x.sum()

    with pytest.raises(ArithmeticError):
        gradient(fails_on_the_second, point)
    np.testing.assert_array_equal(point, [1.0, 2.0])


def test_gradient_widens_its_step_where_the_entries_are_large():
    point = np.array([1e8])  # a step of 1e-5 would drown in the round-off of the square, 2
    assert gradient(lambda x: (x**2).sum(), point)[0] == pytest.approx(2e8, rel=1e-6)


def test_gradient_of_float32_divides_by_the_step_really_taken():
    point = np.array([3.0], dtype=np.float32)  # 3 + 3e-5 is not a float32: 5 % of the step is lost
    slope = gradient(lambda x: 7.0 * float(x[0]), point)
    assert slope.dtype == np.float64
    assert slope[0] == pytest.approx(7.0, rel=1e-12)


@pytest.mark.parametrize("point", [np.array([1, 2]), [1.0, 2.0], 3.0])
def test_gradient_refuses_what_it_cannot_nudge(point):
    with pytest.raises(TypeError, match=r"array of floats.*np\.asarray"):
        gradient(np.sum, point)


def test_gradient_names_the_type_it_refuses():
    with pytest.raises(TypeError, match=r"int64 with shape \(2,\)"):
        gradient(np.sum, np.array([1, 2], dtype=np.int64))


def test_gradient_needs_a_scalar_at_the_end():
    with pytest.raises(ValueError, match=r"single number.*shape \(2,\).*scalar at the end"):
        gradient(lambda x: x, np.array([1.0, 2.0]))


# relative_error


@given(SEEDS)
def test_relative_error_is_symmetric_and_ignores_the_scale(seed):
    a, b = np.random.default_rng(seed).standard_normal((2, 4))
    error = relative_error(a, b)
    assert 0 < error <= 2
    assert relative_error(b, a) == error
    assert relative_error(1000 * a, 1000 * b) == pytest.approx(error)


def test_relative_error_divides_by_the_larger_norm():
    assert relative_error([3.0, 0.0], [0.0, 4.0]) == 5 / 4


def test_relative_error_of_two_arrays_of_round_off_is_zero():
    assert relative_error([1e-14], [-1e-14]) == 0.0


def test_relative_error_of_zero_and_something_is_one():
    assert relative_error([0.0, 0.0], [0.0, 3.0]) == 1.0


@pytest.mark.parametrize("pair", [([np.nan], [1.0]), ([1.0], [np.nan]), ([np.nan], [0.0])])
def test_relative_error_lets_no_nan_pass_for_agreement(pair):
    assert np.isnan(relative_error(*pair))


def test_relative_error_prints_both_shapes_when_they_differ():
    with pytest.raises(ValueError, match=r"\(2, 1\).*\(2,\)"):
        relative_error(np.zeros((2, 1)), np.zeros(2))
