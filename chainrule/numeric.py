"""The independent number: derivatives measured instead of derived.

Every gradient of the course is compared with one of these. They call the function and look at what
comes out, so they know nothing of the formula they check.
"""

from collections.abc import Callable

import numpy as np


def deriv(func: Callable, input_, delta: float = 0.001):
    """Measure the derivative of a function at one point, or at every point of an array.

    Central difference, ``(f(x + h) - f(x - h)) / 2h``; its error shrinks with the square of ``h``
    until round-off takes over (lecture 01).

    Parameters
    ----------
    func : callable
        Takes and returns a number or, elementwise, an array.
    input_ : float or array
        Where to measure.
    delta : float
        The step ``h``.

    Returns
    -------
    float or array, shaped like ``func(input_)``

    Examples
    --------
    >>> deriv(lambda x: x**2, 2)
    3.9999999999995595
    """
    return (func(input_ + delta) - func(input_ - delta)) / (2 * delta)


def gradient(func: Callable, point, step: float = 1e-5) -> np.ndarray:
    """Measure the gradient of a scalar function of an array, entry by entry.

    Nudges one entry at a time by ``step * max(1, |entry|)`` to either side and takes the central
    difference. The array is nudged in place, because ``func`` may hold on to it (a layer holds its
    weights), and restored whatever happens.

    Parameters
    ----------
    func : callable
        Takes the array, returns a number.
    point : array of floats
        Where to measure; float64 for full precision.
    step : float
        Relative step. The default leaves an error of about 1e-10 (lecture 06).

    Returns
    -------
    array of float64, shape of ``point``

    Raises
    ------
    TypeError
        If ``point`` is not an array of floats: integers cannot be nudged.
    ValueError
        If ``func`` does not return a single number.

    Examples
    --------
    >>> gradient(lambda x: float((x**2).sum()), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    if not isinstance(point, np.ndarray) or not np.issubdtype(point.dtype, np.floating):
        raise TypeError(
            f"point must be an array of floats, got {_describe(point)}: "
            "convert it with np.asarray(point, dtype=float)"
        )
    slopes = np.empty(point.shape)
    for index in np.ndindex(point.shape):
        original = point[index]
        width = step * max(1.0, abs(float(original)))
        try:
            point[index] = original + width
            above, upper = point[index], _number(func(point))
            point[index] = original - width
            below, lower = point[index], _number(func(point))
        finally:
            point[index] = original
        # The step really taken, which round-off makes differ from the one asked for.
        slopes[index] = (upper - lower) / (float(above) - float(below))
    return slopes


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
    if size < 1e-12:
        return 0.0
    return float(np.linalg.norm(actual - expected) / size)


def _number(value) -> float:
    if np.size(value) != 1:
        raise ValueError(
            f"func must return a single number, got {_describe(value)}: "
            "a gradient needs a scalar at the end"
        )
    return float(np.asarray(value).reshape(()))


def _describe(value) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} with shape {value.shape}"
    return f"{type(value).__name__} {value!r}"
