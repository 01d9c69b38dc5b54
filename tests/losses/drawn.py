"""Predictions and targets, drawn at random, that suit the losses."""

import numpy as np
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 6)


def numbers(seed, n_samples, n_outputs):
    """Any numbers, for both."""
    return np.random.default_rng(seed).standard_normal((2, n_samples, n_outputs))


def chances(seed, n_samples, n_outputs):
    """Probabilities, and targets of no and yes."""
    rng = np.random.default_rng(seed)
    shape = n_samples, n_outputs
    return rng.uniform(0.01, 0.99, shape), rng.integers(0, 2, shape).astype(float)


def logits(seed, n_samples, n_outputs):
    """Scores of any size, and targets of no and yes."""
    rng = np.random.default_rng(seed)
    shape = n_samples, n_outputs
    return 3 * rng.standard_normal(shape), rng.integers(0, 2, shape).astype(float)


def scores(seed, n_samples, n_classes):
    """Scores for at least two classes, and the right ones as one-hot rows."""
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((n_samples, n_classes + 1))
    return scores, np.eye(n_classes + 1)[rng.integers(0, n_classes + 1, n_samples)]
