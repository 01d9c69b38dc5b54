"""An outcome is plain data, whatever the code that ran does or returns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chainrule.checks.outcome import Outcome, Returned, alike, listed, name_of, run, with_article


def returning(value):
    return run(lambda: {"value": value})


def raising(error):
    def code():
        raise error

    return run(code)


class AlwaysEqual:
    """Claims to be whatever it is compared with."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def __array__(self, *_args, **_kwargs):
        return np.ones(3)

    @property
    def __class__(self):
        return np.ndarray

    dtype, shape, size = np.dtype(float), (3,), 3


class Lying(np.ndarray):
    """An array that answers every computation with zeros: no difference to anything."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.zeros(3)

    def __eq__(self, other):
        return np.ones(3, dtype=bool)


class LyingFloat(float):
    def __eq__(self, other):
        return True

    __hash__ = None


class LyingScalar(np.float64):
    def __eq__(self, other):
        return True

    __hash__ = None


# --- numbers


@pytest.mark.parametrize(
    "value", [2, 2.5, np.float32(2), np.int64(2), np.bool_(True), np.arange(3), np.ones((2, 0))]
)
def test_numbers_and_arrays_of_numbers_are_kept(value):
    part = returning(value).parts["value"]
    assert type(part) is np.ndarray
    assert part.dtype == np.asarray(value).dtype
    assert np.array_equal(part, value)


def test_an_array_is_copied():
    array = np.zeros(3)
    outcome = returning(array)
    array += 1
    assert outcome.parts["value"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "nothing"),
        (True, "a bool"),
        ("0.5", "a str"),
        ([], "a list of 0 values"),
        ([1.0, None], "a list of 2 values"),
        ((1.0, LyingFloat(2)), "a tuple of 2 values"),
        ([1.0, True], "a list of 2 values"),
        ([[1.0, 2.0], [3.0]], "a list of 2 values"),
        ([[1.0], 2.0], "a list of 2 values"),
        (1 + 2j, "a complex"),
        (10**400, "an int"),
        ({}, "a dict"),
        (len, "an object"),
        (lambda: 0, "a function"),
        (float, "a class"),
        (np.array([1, None]), "an array of objects"),
        (np.array([1j]), "an array of complex numbers"),
        (np.array(["a"]), "an array of text"),
        (np.ma.array([1.0], mask=[True]), "a masked array"),
        (np.ones(3).view(Lying), "a special kind of array"),
        (AlwaysEqual(), "an object"),
        (LyingFloat(1), "an object"),
        (LyingScalar(1), "an object"),
        (np.broadcast_to(0.0, (10**6, 10**6)), "a far too large array"),
    ],
)
def test_anything_else_is_named_and_not_kept(value, name):
    outcome = returning(value)
    assert outcome.returned == f"{name} where numbers are asked for"
    assert outcome.parts == {}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1.0], "list"),
        ((1, np.float32(2.5)), "tuple"),
        ([[1.0, 2.0], (3.0, 4.0)], "list"),
        ([[[1, 2]]] * 12, "list"),
    ],
)
def test_numbers_in_a_list_are_not_kept_but_named(value, kind):
    outcome = returning(value)
    assert outcome.returned == f"a {kind} of numbers where an array or a number is asked for"
    assert outcome.parts == {}
    assert np.array(value).dtype.kind in "fi"


def test_a_list_that_holds_itself_is_no_list_of_numbers():
    value = []
    value.append(value)
    assert returning(value).returned == "a list of 1 value where numbers are asked for"


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_is_no_array():
    assert returning(np.matrix([[1.0]])).returned == "a matrix where numbers are asked for"


def test_of_several_values_the_one_that_is_no_number_is_named():
    outcome = run(lambda: {"W_grad": np.ones(2), "b_grad": None})
    assert outcome.returned == "nothing for b_grad where numbers are asked for"


def test_code_can_say_itself_what_came_back():
    assert returning(Returned("one value where 2 are asked for")).returned.startswith("one value")


def test_the_class_of_a_strange_object_is_told_apart_from_what_is_compared():
    one = returning(AlwaysEqual())
    assert one.detail[0][0] == "its class"
    assert one.detail[0][1].endswith("AlwaysEqual")
    assert one.same(Outcome(returned=one.returned))


# --- exceptions


def test_an_exception_is_kept_by_name_with_its_text_and_line():
    outcome = run(lambda: {"value": np.ones(2) @ np.ones(3)})
    assert outcome.raised == "ValueError"
    detail = dict(outcome.detail)
    assert "matmul" in detail["it says"]
    assert detail["in the line"].startswith("outcome = run(lambda")


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), MemoryError(), BaseException()])
def test_nothing_but_an_interrupt_gets_through(error):
    assert raising(error).raised == type(error).__name__


def test_an_interrupt_gets_through():
    with pytest.raises(KeyboardInterrupt):
        raising(KeyboardInterrupt())


def test_endless_recursion_is_an_outcome():
    def again():
        return again()

    assert run(again).raised == "RecursionError"


def test_an_exception_of_ones_own_goes_by_its_builtin_base():
    class Secret123(KeyError):
        pass

    outcome = raising(Secret123("x"))
    assert outcome.raised == "KeyError"
    assert outcome.detail[0] == ("it says", "Secret123: 'x'")


def test_a_class_that_calls_itself_builtin_is_not_believed():
    forged = type("Secret123", (ValueError,), {"__module__": "builtins"})
    assert raising(forged()).raised == "ValueError"


def test_of_a_long_story_the_first_line_is_kept():
    assert raising(ValueError("first\nsecond")).detail[0] == ("it says", "first")


def test_an_exception_whose_text_fails_is_an_outcome():
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError

    assert raising(Broken()).raised == "Exception"


def test_a_long_text_is_cut():
    assert len(raising(ValueError("x" * 10**6)).detail[0][1]) == 200


# --- comparing


finite = st.floats(-1e6, 1e6)
arrays = hnp.arrays(float, hnp.array_shapes(max_dims=2, max_side=4), elements=finite)


@given(arrays)
def test_an_array_is_like_itself_to_any_tolerance(array):
    assert alike(array, array.copy(), 0.0)


@given(arrays.filter(lambda array: np.abs(array).max() > 1e-3))
def test_an_array_is_unlike_one_that_is_off_by_more_than_the_tolerance_of_the_largest(array):
    largest = np.unravel_index(np.argmax(np.abs(array)), array.shape)
    for off, is_like in ((0.5e-6, True), (2e-6, False)):
        other = array.copy()
        other[largest] *= 1 + off
        assert alike(other, array, 1e-6) is is_like


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_is_never_like_nan_or_infinity(bad):
    good, broken = np.array([1.0, 2.0]), np.array([1.0, bad])
    assert not alike(broken, good, 1e300)
    assert not alike(good, broken, 1e300)
    assert alike(broken, broken.copy(), 0.0)


def test_opposite_infinities_differ():
    assert not alike(np.array([np.inf]), np.array([-np.inf]), 1.0)


@pytest.mark.parametrize(
    "other",
    [np.ones(3), np.ones((1, 2)), np.ones((2, 1), dtype=np.float32), np.ones((2, 1), dtype=int)],
)
def test_arrays_of_another_shape_or_dtype_are_unlike(other):
    assert not alike(other, np.ones((2, 1)), 1.0)


def test_an_empty_array_is_not_like_a_full_one():
    assert not alike(np.ones(0), np.ones(3), 1.0)


def test_float32_is_compared_to_its_own_precision():
    one = np.array([1.0], dtype=np.float32)
    assert alike(one * np.float32(1 + 3e-6), one, 1e-12)
    assert not alike(one * np.float32(1 + 1e-4), one, 1e-12)


def test_outcomes_are_the_same_if_all_but_the_detail_is():
    full = Outcome({"a": np.ones(2)}, "", (), "", frozenset({"stale"}))
    assert full.same(Outcome({"a": np.ones(2)}, "", (("its", "x"),), "", frozenset({"stale"})))
    assert not full.same(Outcome({"a": np.ones(2)}))
    assert not full.same(Outcome({"b": np.ones(2)}, notes=frozenset({"stale"})))
    assert not full.same(Outcome({"a": 2 * np.ones(2)}, notes=frozenset({"stale"})))
    assert not Outcome(raised="KeyError").same(Outcome(raised="ValueError"))
    assert not Outcome(returned="nothing").same(Outcome())


def test_only_numbers_with_nothing_to_say_are_clean():
    assert Outcome({"a": np.ones(2)}).clean
    for outcome in (Outcome(raised="E"), Outcome(returned="x"), Outcome(notes=frozenset({"n"}))):
        assert not outcome.clean


def test_the_numbers_of_a_random_outcome_are_dropped():
    assert Outcome({"a": np.ones(2)}).with_notes("random").parts == {}
    assert Outcome({"a": np.ones(2)}).with_notes("stale").parts != {}


# --- words


def test_lists_and_articles_read_as_english():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert with_article("IndexError") == "an IndexError"
    assert with_article("ValueError") == "a ValueError"


def test_a_name_says_nothing_of_a_long_list_but_that_it_is_long():
    assert name_of([0] * 1234) == "a list of many values"
