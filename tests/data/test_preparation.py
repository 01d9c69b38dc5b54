"""Splitting, standardising, one-hot rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import Dataset, Standardiser, one_hot, split, standardise


def numbered(n_samples):
    """Data in which every sample can be recognised, in X and in y."""
    X = np.column_stack([np.arange(float(n_samples)), np.ones(n_samples)])
    return Dataset(X, 10 * X[:, :1], name="numbered")


# split


@given(st.integers(5, 200), st.integers(0, 2**32 - 1))
def test_every_sample_is_in_exactly_one_part(n_samples, seed):
    parts = split(numbered(n_samples), np.random.default_rng(seed))
    together = np.concatenate([part.X[:, 0] for part in parts])
    np.testing.assert_array_equal(np.sort(together), np.arange(n_samples))
    for part in parts:
        np.testing.assert_array_equal(part.y[:, 0], 10 * part.X[:, 0])


@given(st.integers(10, 200))
def test_parts_are_as_large_as_asked_for_to_one_sample(n_samples):
    parts = split(numbered(n_samples), np.random.default_rng(0), (0.5, 0.3, 0.2))
    for part, fraction in zip(parts, (0.5, 0.3, 0.2), strict=True):
        assert abs(len(part) - fraction * n_samples) <= 1


def test_by_default_there_are_training_validation_and_test_parts():
    assert [len(part) for part in split(numbered(10), np.random.default_rng(0))] == [6, 2, 2]


def test_the_same_generator_deals_the_same_and_another_does_not():
    first, again, other = (
        split(numbered(50), np.random.default_rng(seed))[0].X for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_numpy_s_legacy_generator_serves():
    train, test = split(numbered(10), np.random.RandomState(0), (0.5, 0.5))
    assert (len(train), len(test)) == (5, 5)


@pytest.mark.parametrize("fractions", [(0.5, 0.4), (1.5, -0.5), (1.0, 0.0), (np.nan, 1.0), 0.5])
def test_fractions_must_be_positive_and_add_up_to_one(fractions):
    with pytest.raises(ValueError, match="above 0 and add up to 1"):
        split(numbered(10), np.random.default_rng(0), fractions)


def test_a_part_without_samples_is_refused():
    with pytest.raises(ValueError, match="3 samples are too few"):
        split(numbered(3), np.random.default_rng(0), (0.9, 0.1))


# standardise


def test_the_training_part_gets_mean_0_and_deviation_1():
    X = np.random.default_rng(0).normal(5, 3, (40, 3))
    (train,) = standardise(Dataset(X, X[:, :1]))
    np.testing.assert_allclose(train.X.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(train.X.std(axis=0), 1, rtol=1e-12)


def test_other_parts_are_standardised_by_the_statistics_of_the_training_part():
    train = Dataset(np.array([[0.0], [2.0]]), np.zeros((2, 1)))
    test = Dataset(np.array([[100.0], [3.0]]), np.zeros((2, 1)))
    ours, theirs = standardise(train, test)
    np.testing.assert_array_equal(ours.X, [[-1.0], [1.0]])
    np.testing.assert_array_equal(theirs.X, [[99.0], [2.0]])


def test_targets_names_and_the_given_arrays_stay_as_they_are():
    data = numbered(5)
    before = data.X.copy()
    (ours,) = standardise(data)
    np.testing.assert_array_equal(ours.y, data.y)
    np.testing.assert_array_equal(data.X, before)
    assert ours.name == "numbered"


@pytest.mark.parametrize("value", [0.0, 7.0, 0.1, 1e10 / 3])
def test_a_constant_column_becomes_0(value):
    X = np.full((37, 1), value)
    standardiser = Standardiser(X)
    np.testing.assert_allclose(standardiser.apply(X), 0, atol=1e-5)
    np.testing.assert_array_equal(standardiser.std, [[1.0]])


def test_a_column_that_varies_little_is_no_constant():
    X = 1.0 + 1e-9 * np.array([[0.0], [1.0]])
    np.testing.assert_allclose(Standardiser(X).apply(X), [[-1.0], [1.0]], rtol=1e-6)


def test_undo_is_the_way_back():
    X = np.random.default_rng(0).normal(5, 3, (10, 2))
    standardiser = Standardiser(X)
    np.testing.assert_allclose(standardiser.undo(standardiser.apply(X)), X, rtol=1e-12)


@pytest.mark.parametrize("verb", ["apply", "undo"])
@pytest.mark.parametrize("shape", [(4, 3), (2,), (4, 1)])
def test_another_number_of_columns_is_refused(verb, shape):
    standardiser = Standardiser(np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"\(n_samples, 2\), got"):
        getattr(standardiser, verb)(np.ones(shape))


@pytest.mark.parametrize("shape", [(0, 2), (4,)])
def test_statistics_need_a_table_with_samples(shape):
    with pytest.raises(ValueError, match="at least one sample, got shape"):
        Standardiser(np.ones(shape))


# one_hot


@given(st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_a_row_is_1_at_its_id_and_0_elsewhere(ids):
    rows = one_hot(np.array(ids), 7)
    assert rows.shape == (len(ids), 7)
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows.sum(axis=1), 1)
    np.testing.assert_array_equal(rows.argmax(axis=1), ids)


def test_a_column_of_ids_serves_as_well_as_a_row():
    np.testing.assert_array_equal(one_hot(np.array([[1], [0]]), 2), one_hot([1, 0], 2))


@pytest.mark.parametrize("ids", [[0, 3], [-1, 0], [[3], [0]]])
def test_an_id_of_no_class_is_refused(ids):
    with pytest.raises(ValueError, match=r"ids must lie from 0 to 2, got (3|-1)"):
        one_hot(ids, 3)


def test_ids_that_are_no_integers_are_refused():
    with pytest.raises(TypeError, match="ids must be integers, got float64"):
        one_hot(np.array([0.0, 1.0]), 2)


@pytest.mark.parametrize("ids", [3, [[0, 1]], [[[0]]]])
def test_ids_of_another_shape_are_refused(ids):
    with pytest.raises(ValueError, match="ids must have shape"):
        one_hot(ids, 4)


@pytest.mark.parametrize("n_classes", [0, -1, 2.0])
def test_the_number_of_classes_is_a_whole_number_from_1_up(n_classes):
    with pytest.raises((TypeError, ValueError), match="n_classes must be"):
        one_hot([0], n_classes)
