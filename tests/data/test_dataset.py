"""The one type that every loader returns, and what it refuses to hold."""

import numpy as np
import pytest

from chainrule.data import Dataset

X = np.arange(6.0).reshape(3, 2)
NUMBERS = np.array([[1.0], [2.0], [3.0]])
IDS = np.array([[0], [2], [1]], dtype=np.int64)


def test_numbers_to_predict_and_classes_are_told_apart_by_dtype():
    assert not Dataset(X, NUMBERS).has_classes
    assert Dataset(X, IDS).has_classes


def test_the_number_of_classes_is_that_of_their_names_or_of_the_ids():
    assert Dataset(X, IDS).n_classes == 3
    assert Dataset(X, IDS, target_names=tuple("abcd")).n_classes == 4
    with pytest.raises(TypeError, match="has no classes"):
        _ = Dataset(X, NUMBERS).n_classes


def test_take_chooses_the_same_rows_of_both_and_keeps_the_rest():
    data = Dataset(X, IDS, ("a", "b"), ("r", "g", "b"), name="colours")
    part = data.take([2, 0])
    np.testing.assert_array_equal(part.X, X[[2, 0]])
    np.testing.assert_array_equal(part.y, IDS[[2, 0]])
    assert (part.name, part.feature_names, part.n_classes) == ("colours", ("a", "b"), 3)
    assert len(data) == 3


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (Dataset(X, NUMBERS, name="d"), "<Dataset d: 3 samples, 2 features, 1 output>"),
        (Dataset(X[:, :1], X, name="d"), "<Dataset d: 3 samples, 1 feature, 2 outputs>"),
        (Dataset(X, IDS, name="d"), "<Dataset d: 3 samples, 2 features, 3 classes>"),
        (
            Dataset(X, NUMBERS, name="d", substitute_for="e"),
            "<Dataset d (in place of e): 3 samples, 2 features, 1 output>",
        ),
    ],
)
def test_it_is_shown_in_one_line(data, text):
    assert repr(data) == text


@pytest.mark.parametrize(
    ("wrong_X", "wrong_y", "message"),
    [
        ([[1.0]], NUMBERS, r"X must be an array of float64, got list"),
        (X.astype(np.float32), NUMBERS, "X must be an array of float64, got float32"),
        (X, NUMBERS.astype(np.int32), "y must be an array of float64 or int64, got int32"),
        (X, NUMBERS > 1, "y must be an array of float64 or int64, got bool"),
    ],
)
def test_another_dtype_is_refused(wrong_X, wrong_y, message):
    with pytest.raises(TypeError, match=message):
        Dataset(wrong_X, wrong_y)


@pytest.mark.parametrize(
    ("wrong_X", "wrong_y", "message"),
    [
        (X[:, 0], NUMBERS, r"got shape \(3,\): use X\[:, np.newaxis\]"),
        (X, NUMBERS[:, 0], r"got shape \(3,\): use y\[:, np.newaxis\]"),
        (X[:0], NUMBERS[:0], r"at least one of each, got shape \(0, 2\)"),
        (X, NUMBERS[:2], "X has 3 samples, but y has 2"),
        (X, np.hstack([IDS, IDS]), r"ids of classes need a single column.*\(3, 2\)"),
        (X, IDS - 1, "ids of classes begin with 0, got -1"),
        (np.where(X == 3, np.nan, X), NUMBERS, r"X\[1, 1\] is nan"),
        (X, np.where(NUMBERS == 2, np.inf, NUMBERS), r"y\[1, 0\] is inf"),
    ],
)
def test_what_does_not_fit_is_refused(wrong_X, wrong_y, message):
    with pytest.raises(ValueError, match=message):
        Dataset(wrong_X, wrong_y)


@pytest.mark.parametrize(
    ("y", "names", "message"),
    [
        (NUMBERS, {"feature_names": ("a",)}, "one name for each column of X, 2, got 1"),
        (NUMBERS, {"target_names": ("a", "b")}, "one name for each column of y, 1, got 2"),
        (IDS, {"target_names": ("a", "b")}, "2 names, but y holds the id 2"),
    ],
)
def test_names_must_be_as_many_as_what_they_name(y, names, message):
    with pytest.raises(ValueError, match=message):
        Dataset(X, y, **names)
