"""How far two gradients are apart."""

import numpy as np

NEARLY_ZERO = 1e-12


def relative_error(actual, expected) -> float:
    """Distance between two arrays, relative to their size: ``|a - b| / max(|a|, |b|)`` in norms.

    Two arrays that are both all but zero (norms below 1e-12) agree: their error is 0, where
    the quotient would compare round-off with round-off (lecture 06).

    Parameters
    ----------
    actual, expected : array_like of the same shape

    Returns
    -------
    float
        0 for equal arrays, 2 for opposite ones; NaN where either holds a NaN.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> relative_error([1.0, 2.0], [1.0, 2.0])
    0.0
    >>> relative_error([1.0, 2.0], [-1.0, -2.0])
    2.0
    """
    actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    if actual.shape != expected.shape:
        raise ValueError(f"shapes differ: actual {actual.shape}, expected {expected.shape}")
    size = np.maximum(np.linalg.norm(actual), np.linalg.norm(expected))  # keeps a NaN
    if size < NEARLY_ZERO:
        return 0.0
    return float(np.linalg.norm(actual - expected) / size)
