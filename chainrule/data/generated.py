"""Data sets that are drawn: the same for the same generator, whatever else is installed."""

import numpy as np

from chainrule import arguments
from chainrule.data.dataset import Dataset


def make_sin(n_samples: int, rng) -> Dataset:
    """Four numbers, and the sine of three mixtures of them: too much for a single layer.

    The data of problem set 3.

    Parameters
    ----------
    n_samples : int
    rng : numpy.random.Generator
        Or anything with ``uniform``.

    Returns
    -------
    Dataset
        ``X`` (n_samples, 4), uniform between -1 and 1; ``y`` (n_samples, 3), no noise.
    """
    mixing = np.array([[1.0, -2, 1], [2, 1, -1], [-1, 1, 2], [1, 2, 2]])
    X = rng.uniform(-1, 1, (arguments.count("n_samples", n_samples), 4))
    return Dataset(
        X,
        np.sin(X @ mixing),
        feature_names=("x0", "x1", "x2", "x3"),
        target_names=("y0", "y1", "y2"),
        name="sin",
        description="Generated: sin(X @ M) for a fixed 4 x 3 matrix M, X uniform in [-1, 1].",
    )


def make_friedman1(n_samples: int, rng, noise: float = 1.0, n_features: int = 10) -> Dataset:
    """Friedman's first regression problem: a product, a square, two lines, and useless features.

    ``y = 10 sin(pi x0 x1) + 20 (x2 - 1/2)**2 + 10 x3 + 5 x4 + noise``; the features from ``x5`` on
    play no part (lecture 05).

    Parameters
    ----------
    n_samples : int
    rng : numpy.random.Generator
        Or anything with ``uniform`` and ``standard_normal``.
    noise : float
        Standard deviation of what is added to ``y``.
    n_features : int
        At least 5.

    Returns
    -------
    Dataset
        ``X`` (n_samples, n_features), uniform between 0 and 1; ``y`` (n_samples, 1).

    References
    ----------
    J. H. Friedman, "Multivariate adaptive regression splines", Annals of Statistics 19 (1991).
    """
    n_samples = arguments.count("n_samples", n_samples)
    noise = arguments.at_least_zero("noise", noise)
    if arguments.count("n_features", n_features) < 5:
        raise ValueError(f"n_features must be at least 5, got {n_features!r}")
    X = rng.uniform(0, 1, (n_samples, n_features))
    y = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2
    y += 10 * X[:, 3] + 5 * X[:, 4] + noise * rng.standard_normal(n_samples)
    return Dataset(
        X,
        y[:, np.newaxis],
        feature_names=tuple(f"x{column}" for column in range(n_features)),
        target_names=("y",),
        name="Friedman #1",
        description="Generated: Friedman's (1991) regression problem, X uniform in [0, 1].",
    )


def make_moons(n_samples: int, rng, noise: float = 0.1) -> Dataset:
    """Two half circles that reach into each other.

    Parameters
    ----------
    n_samples : int
        At least 2; both classes get the same number, or the first one more.
    rng : numpy.random.Generator
        Or anything with ``uniform``, ``standard_normal`` and ``permutation``.
    noise : float
        Standard deviation of what is added to every coordinate.

    Returns
    -------
    Dataset
        ``X`` (n_samples, 2); ``y`` (n_samples, 1), ids 0 (the upper moon) and 1.
    """
    ids = _ids(n_samples, 2)
    angle = rng.uniform(0, np.pi, len(ids))
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    X = np.where(ids == 0, upper, lower)
    return _plane("moons", X, ids, rng, noise, ("upper", "lower"))


def make_circles(n_samples: int, rng, noise: float = 0.05, factor: float = 0.5) -> Dataset:
    """A circle around a smaller one: no straight line parts them.

    Parameters
    ----------
    n_samples, rng, noise
        As for ``make_moons``.
    factor : float
        Radius of the inner circle, from 0 to below 1; that of the outer is 1.

    Returns
    -------
    Dataset
        ``X`` (n_samples, 2); ``y`` (n_samples, 1), ids 0 (the outer circle) and 1.
    """
    ids = _ids(n_samples, 2)
    factor = arguments.share("factor", factor)
    angle = rng.uniform(0, 2 * np.pi, len(ids))
    radius = np.where(ids == 0, 1.0, factor)
    X = radius * np.column_stack([np.cos(angle), np.sin(angle)])
    return _plane("circles", X, ids, rng, noise, ("outer", "inner"))


def make_spirals(
    n_samples: int, rng, noise: float = 0.03, n_classes: int = 3, turns: float = 0.75
) -> Dataset:
    """Arms that wind around the origin, one for each class.

    Parameters
    ----------
    n_samples, rng, noise
        As for ``make_moons``.
    n_classes : int
        At least 2.
    turns : float
        How often an arm goes round, on its way from radius 0.1 to radius 1.

    Returns
    -------
    Dataset
        ``X`` (n_samples, 2); ``y`` (n_samples, 1), ids from 0 to ``n_classes - 1``.
    """
    if arguments.count("n_classes", n_classes) < 2:
        raise ValueError(f"n_classes must be at least 2, got {n_classes!r}")
    ids = _ids(n_samples, n_classes)
    way = rng.uniform(0, 1, (len(ids), 1))
    angle = 2 * np.pi * (arguments.above_zero("turns", turns) * way + ids / n_classes)
    X = (0.1 + 0.9 * way) * np.hstack([np.cos(angle), np.sin(angle)])
    return _plane("spirals", X, ids, rng, noise, tuple(f"arm {arm}" for arm in range(n_classes)))


def _ids(n_samples: int, n_classes: int) -> np.ndarray:
    """Ids in turns, (n_samples, 1), so that every class gets its part."""
    if arguments.count("n_samples", n_samples) < n_classes:
        raise ValueError(
            f"n_samples must be at least {n_classes}, one for each class, got {n_samples!r}"
        )
    return (np.arange(n_samples, dtype=np.int64) % n_classes)[:, np.newaxis]


def _plane(name: str, X: np.ndarray, ids: np.ndarray, rng, noise: float, names) -> Dataset:
    """Points of classes in a plane, with noise added, in random order."""
    X = X + arguments.at_least_zero("noise", noise) * rng.standard_normal(X.shape)
    return Dataset(
        X,
        ids,
        feature_names=("x0", "x1"),
        target_names=names,
        name=name,
        description=f"Generated: {name} in the plane.",
    ).take(rng.permutation(len(X)))
