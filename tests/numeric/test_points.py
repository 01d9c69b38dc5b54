"""Where a gradient can be measured: dictionaries, lists, views, read-only arrays."""

import numpy as np
import pytest

from chainrule.numeric import gradient

RNG = np.random.default_rng(0)


def cubes(arrays):
    return float(sum((array**3).sum() for array in arrays))


def test_the_gradient_of_a_dictionary_is_a_dictionary():
    params = {"W": RNG.standard_normal((2, 3)), "b": RNG.standard_normal((1, 3))}
    slopes = gradient(lambda p: cubes(p.values()), params)
    assert list(slopes) == ["W", "b"]
    for key, array in params.items():
        np.testing.assert_allclose(slopes[key], 3 * array**2, rtol=1e-7)


@pytest.mark.parametrize("kind", [list, tuple])
def test_the_gradient_of_a_list_is_a_list(kind):
    params = kind([RNG.standard_normal((2, 3)), np.array(0.5)])
    slopes = gradient(cubes, params)
    assert type(slopes) is list
    for slope, array in zip(slopes, params, strict=True):
        assert isinstance(slope, np.ndarray)
        assert slope.shape == array.shape
        np.testing.assert_allclose(slope, 3 * array**2, rtol=1e-7)


def test_the_function_is_handed_the_container_itself():
    params = {"W": np.ones(2)}
    gradient(lambda p: float(p is params), params)
    seen = []
    gradient(lambda p: seen.append(p) or 0.0, params)
    assert all(each is params for each in seen)


def test_a_function_may_hold_the_arrays_of_a_list():
    W, b = RNG.standard_normal((2, 2)), RNG.standard_normal(2)
    slopes = gradient(lambda _: cubes([W, b]), [W, b])
    np.testing.assert_allclose(slopes[1], 3 * b**2, rtol=1e-7)


def test_one_array_in_two_places_gets_the_sum_of_both_slopes_in_each():
    W = np.array([2.0])
    slopes = gradient(lambda p: float(p["a"][0] * p["b"][0]), {"a": W, "b": W})
    np.testing.assert_allclose([slopes["a"], slopes["b"]], [[4.0], [4.0]], rtol=1e-9)


@pytest.mark.parametrize(
    "view",
    [lambda a: a.T, lambda a: a[:, ::2], lambda a: a[::-1, 1:3], np.asfortranarray],
    ids=["transposed", "strided", "reversed", "Fortran order"],
)
def test_arrays_that_do_not_lie_in_one_piece_are_measured_and_restored(view):
    whole = RNG.standard_normal((4, 6))
    before = whole.copy()
    point = view(whole)
    weights = RNG.standard_normal(point.shape)
    slopes = gradient(lambda x: float((weights * x**2).sum()), point)
    np.testing.assert_allclose(slopes, 2 * weights * point, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(whole, before)


def read_only(array):
    array = np.array(array)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "point",
    [read_only([1.0, -2.0]), np.broadcast_to(np.array([1.0]), (2,)), read_only(3.0)],
    ids=["read-only", "broadcast", "0-d"],
)
def test_of_a_read_only_array_a_copy_is_nudged(point):
    before = point.copy()
    np.testing.assert_allclose(gradient(lambda x: cubes([x]), point), 3 * point**2, rtol=1e-7)
    np.testing.assert_array_equal(point, before)


def test_a_read_only_array_in_a_dictionary_is_copied_and_the_others_are_not():
    params = {"W": read_only([1.0, -2.0]), "b": np.array([3.0])}
    slopes = gradient(lambda p: cubes([p["W"], params["b"]]), params)
    np.testing.assert_allclose(slopes["W"], [3.0, 12.0], rtol=1e-7)
    np.testing.assert_allclose(slopes["b"], [27.0], rtol=1e-7)


def test_a_function_that_holds_a_read_only_array_is_told_why_nothing_moves():
    held = read_only([1.0, 2.0])
    with pytest.raises(ValueError, match=r"point is read-only.*use its argument"):
        gradient(lambda _: cubes([held]), held)


def test_a_constant_function_of_an_array_one_can_write_to_has_slopes_of_zero():
    np.testing.assert_array_equal(gradient(lambda _: 5.0, np.ones(3)), np.zeros(3))


@pytest.mark.parametrize(
    ("point", "name"),
    [
        ({"W": np.ones(2), "b": np.array([1, 2])}, r"point\['b'\]"),
        ([np.ones(2), 3.0], r"point\[1\]"),
        ({"b": 0.5}, r"point\['b'\]"),
        (np.array([True]), "point"),
        (np.array([1j]), "point"),
    ],
)
def test_what_cannot_be_nudged_is_named_with_the_way_to_convert_it(point, name):
    with pytest.raises(TypeError, match=rf"{name} must be an array of floats.*np\.asarray"):
        gradient(lambda _: 0.0, point)


@pytest.mark.parametrize("point", [[], {}, ()])
def test_nothing_to_measure_is_an_error(point):
    with pytest.raises(ValueError, match="nothing to measure"):
        gradient(lambda _: 0.0, point)


def test_an_array_without_entries_has_a_gradient_without_entries():
    assert gradient(lambda _: 0.0, np.ones((0, 3))).shape == (0, 3)


def test_every_array_is_restored_when_the_function_fails():
    params = {"W": np.array([1.0, 2.0]), "b": np.array([3.0])}

    def fails_at_the_bias(p):
        if p["b"][0] != 3.0:
            p["W"][0] = 99.0
            raise ArithmeticError
        return 0.0

    with pytest.raises(ArithmeticError):
        gradient(fails_at_the_bias, params)
    np.testing.assert_array_equal(params["W"], [1.0, 2.0])
    np.testing.assert_array_equal(params["b"], [3.0])


def test_a_function_that_changes_the_point_is_refused_and_the_point_restored():
    params = {"W": np.array([1.0, 2.0])}

    def drifts(p):
        p["W"] += 1.0
        return 0.0

    with pytest.raises(ValueError, match=r"func changes point\['W'\] in place.*on a copy"):
        gradient(drifts, params)
    np.testing.assert_array_equal(params["W"], [1.0, 2.0])


def test_a_point_that_holds_nan_is_no_change():
    assert np.isnan(gradient(lambda x: float(x.sum()), np.array([np.nan, 1.0]))).all()


@pytest.mark.parametrize("value", [None, "1", 1j, np.array([1j]), [1.0, 2.0]])
def test_the_function_must_return_one_real_number(value):
    with pytest.raises(ValueError, match="func must return a single number"):
        gradient(lambda _: value, np.ones(1))


@pytest.mark.parametrize(
    "value", [2, np.float32(2), np.array(2.0), np.array([[2.0]]), np.int64(2), True]
)
def test_one_number_may_come_in_any_wrapping(value):
    assert gradient(lambda _: value, np.ones(1)) == 0


@pytest.mark.parametrize("step", [0, -1e-5, np.nan, np.inf])
def test_a_step_that_leads_nowhere_is_refused(step):
    with pytest.raises(ValueError, match="step must be a positive number"):
        gradient(np.sum, np.ones(2), step)


@pytest.mark.parametrize("stack", [None, 2])
@pytest.mark.parametrize("step", [1e-5, 3e-4], ids=["both ways", "upwards only"])
def test_a_step_that_the_dtype_rounds_off_is_refused(step, stack):
    # Numbers below 1 are twice as dense as those above.
    with pytest.raises(ValueError, match="too small for float16"):
        gradient(lambda x: x.sum(axis=-1), np.ones(2, dtype=np.float16), step, stack=stack)


def test_an_infinite_value_gives_nan_without_a_warning():
    assert np.isnan(gradient(lambda x: np.inf, np.ones(1))).all()
