"""Initialisers: the first values of a dense layer's parameters.

An initialiser takes a random generator, the number of inputs and the number of neurons, and returns
the weights (n_in, n_out) and the bias (1, n_out) in float64. It needs nothing of the generator but
``standard_normal``, so NumPy's legacy ``RandomState`` serves.

``normal`` draws weights and bias alike, as the first lectures do. ``lecun``, ``xavier`` and ``he``
choose the spread of the weights by the width of the layer, so that signals neither fade nor explode
on their way through many layers (lecture 12); their bias starts at 0.
"""

import math

import numpy as np


def normal(rng, n_in: int, n_out: int, std: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw weights, then bias, with the same standard deviation whatever the width.

    Examples
    --------
    Another spread, for ``Dense(100, init=narrow)``:

    >>> from functools import partial
    >>> narrow = partial(normal, std=0.01)
    >>> weights, bias = narrow(np.random.default_rng(0), 3, 2)
    >>> weights.shape, bias.shape
    ((3, 2), (1, 2))
    """
    return std * rng.standard_normal((n_in, n_out)), std * rng.standard_normal((1, n_out))


def scaled(rng, n_in: int, n_out: int, variance: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw weights with this variance; the bias is 0. The three below choose the variance."""
    return math.sqrt(variance) * rng.standard_normal((n_in, n_out)), np.zeros((1, n_out))


def lecun(rng, n_in: int, n_out: int) -> tuple[np.ndarray, np.ndarray]:
    """Variance ``1 / n_in``: keeps the size of the signals forward (LeCun et al., 1998)."""
    return scaled(rng, n_in, n_out, variance=1 / n_in)


def xavier(rng, n_in: int, n_out: int) -> tuple[np.ndarray, np.ndarray]:
    """Variance ``2 / (n_in + n_out)``: forward and back, for tanh (Glorot and Bengio, 2010)."""
    return scaled(rng, n_in, n_out, variance=2 / (n_in + n_out))


def he(rng, n_in: int, n_out: int) -> tuple[np.ndarray, np.ndarray]:
    """Variance ``2 / n_in``: makes up for the half that a ReLU cuts off (He et al., 2015)."""
    return scaled(rng, n_in, n_out, variance=2 / n_in)
