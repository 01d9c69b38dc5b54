"""Generated data: what they are made of, and that a generator decides everything."""

import numpy as np
import pytest

from chainrule.data import make_circles, make_friedman1, make_moons, make_sin, make_spirals

EVERY = [make_sin, make_friedman1, make_moons, make_circles, make_spirals]
CLASSES = [make_moons, make_circles, make_spirals]
every = pytest.mark.parametrize("make", EVERY)
classes = pytest.mark.parametrize("make", CLASSES)


@every
def test_the_same_generator_draws_the_same_and_another_does_not(make):
    first, again, other = (make(30, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.X, again.X)
    np.testing.assert_array_equal(first.y, again.y)
    assert not np.array_equal(first.X, other.X)


@every
def test_every_column_has_a_name(make):
    data = make(30, np.random.default_rng(0))
    assert len(data.feature_names) == data.X.shape[1]
    assert len(data.target_names) == (data.n_classes if data.has_classes else data.y.shape[1])
    assert data.name
    assert data.description


@every
def test_there_are_as_many_samples_as_asked_for(make):
    assert len(make(7, np.random.default_rng(0))) == 7


@every
def test_numpy_s_legacy_generator_serves(make):
    assert len(make(5, np.random.RandomState(0))) == 5


@every
@pytest.mark.parametrize("n_samples", [0, -3, 2.5, "9"])
def test_the_number_of_samples_is_a_whole_number_from_1_up(make, n_samples):
    with pytest.raises((TypeError, ValueError), match="n_samples must be"):
        make(n_samples, np.random.default_rng(0))


# sin


def test_the_sin_data_are_those_of_problem_set_3():
    rng = np.random.default_rng(81)
    X = rng.uniform(-1, 1, (400, 4))
    mixing = np.array([[1.0, -2, 1], [2, 1, -1], [-1, 1, 2], [1, 2, 2]])
    data = make_sin(400, np.random.default_rng(81))
    np.testing.assert_array_equal(data.X, X)
    np.testing.assert_array_equal(data.y, np.sin(X @ mixing))


# Friedman


def test_friedman_s_formula_holds_without_noise():
    data = make_friedman1(200, np.random.default_rng(0), noise=0)
    x = data.X.T
    expected = 10 * np.sin(np.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4]
    np.testing.assert_allclose(data.y[:, 0], expected)
    assert data.X.min() >= 0
    assert data.X.max() <= 1


def test_friedman_s_noise_has_the_deviation_asked_for():
    clean, noisy = (
        make_friedman1(20_000, np.random.default_rng(0), noise).y for noise in (0.0, 2.0)
    )
    assert (noisy - clean).std() == pytest.approx(2, rel=0.02)


def test_friedman_needs_its_five_features():
    assert make_friedman1(3, np.random.default_rng(0), n_features=5).X.shape == (3, 5)
    with pytest.raises(ValueError, match="n_features must be at least 5, got 4"):
        make_friedman1(3, np.random.default_rng(0), n_features=4)


# classes in the plane


@classes
def test_every_class_gets_its_part(make):
    data = make(100, np.random.default_rng(0))
    counts = np.bincount(data.y[:, 0])
    assert counts.max() - counts.min() <= 1
    assert len(counts) == data.n_classes


@classes
def test_the_classes_come_in_random_order(make):
    ids = make(200, np.random.default_rng(0)).y[:, 0]
    for lag in (1, 2, 3):
        assert 0.15 < np.mean(ids[lag:] == ids[:-lag]) < 0.7


@classes
def test_noise_moves_every_coordinate_by_the_deviation_asked_for(make):
    clean, noisy = (make(20_000, np.random.default_rng(0), noise=noise).X for noise in (0.0, 0.3))
    np.testing.assert_allclose((noisy - clean).std(axis=0), 0.3, rtol=0.03)


@classes
@pytest.mark.parametrize("noise", [-0.1, np.nan, "much"])
def test_noise_is_a_number_from_0_up(make, noise):
    with pytest.raises((TypeError, ValueError), match="noise must be"):
        make(10, np.random.default_rng(0), noise=noise)


@classes
def test_fewer_samples_than_classes_are_refused(make):
    with pytest.raises(ValueError, match=r"n_samples must be at least [23], one for each class"):
        make(1, np.random.default_rng(0))


@classes
def test_one_sample_of_each_class_is_enough(make):
    n_classes = make(10, np.random.default_rng(0)).n_classes
    assert set(make(n_classes, np.random.default_rng(0)).y[:, 0]) == set(range(n_classes))


def test_moons_are_half_circles_that_reach_into_each_other():
    data = make_moons(500, np.random.default_rng(0), noise=0)
    upper, lower = (data.X[data.y[:, 0] == i] for i in (0, 1))
    np.testing.assert_allclose(np.linalg.norm(upper, axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(lower - [1, 0.5], axis=1), 1)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5
    assert upper[:, 0].max() > lower[:, 0].min() + 0.9
    assert upper[:, 0].std() > 0.5  # the whole arc is filled
    assert lower[:, 0].std() > 0.5


def test_circles_have_their_radii():
    data = make_circles(500, np.random.default_rng(0), noise=0, factor=0.3)
    radii = np.linalg.norm(data.X, axis=1)
    np.testing.assert_allclose(radii, np.where(data.y[:, 0] == 0, 1, 0.3))
    np.testing.assert_allclose(data.X.mean(axis=0), 0, atol=0.1)


@pytest.mark.parametrize("factor", [1.0, -0.5])
def test_the_inner_circle_is_the_smaller_one(factor):
    with pytest.raises(ValueError, match="factor must be"):
        make_circles(10, np.random.default_rng(0), factor=factor)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_the_arms_of_a_spiral_are_one_arm_turned_round(n_classes):
    rng = np.random.default_rng(0)
    data = make_spirals(400, rng, noise=0, n_classes=n_classes, turns=1.5)
    assert data.n_classes == n_classes
    radii = np.linalg.norm(data.X, axis=1)
    assert radii.min() >= 0.1
    assert radii.max() <= 1
    assert radii.std() > 0.2
    turned = np.arctan2(data.X[:, 1], data.X[:, 0]) / (2 * np.pi)
    expected = 1.5 * (radii - 0.1) / 0.9 + data.y[:, 0] / n_classes
    apart = (turned - expected) % 1
    np.testing.assert_allclose(np.minimum(apart, 1 - apart), 0, atol=1e-9)


def test_a_spiral_needs_two_classes_and_some_turning():
    with pytest.raises(ValueError, match="n_classes must be at least 2"):
        make_spirals(10, np.random.default_rng(0), n_classes=1)
    with pytest.raises(ValueError, match="turns must be above 0"):
        make_spirals(10, np.random.default_rng(0), turns=0)
