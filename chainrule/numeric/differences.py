"""Central differences: the function a step to either side, divided by the way between."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from chainrule.numeric.point import Point, check_step
from chainrule.numeric.sides import measure_sides
from chainrule.numeric.stacks import check_stack


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


def gradient(func: Callable, point, step: float = 1e-5, *, stack: int | None = None):
    """Measure the gradient of a scalar function of arrays, entry by entry.

    Nudges one entry at a time by ``step * max(1, |entry|)`` to either side and takes the central
    difference. Arrays are nudged in place, because ``func`` may hold on to them (a layer holds its
    weights), and restored whatever happens; of a read-only array a copy is nudged instead, and
    ``func`` must use the argument.

    Parameters
    ----------
    func : callable
        Takes what ``point`` is, returns a number. With ``stack`` it also takes stacks, see there.
    point : array of floats, or a dict or list of such arrays
        Where to measure; float64 for full precision.
    step : float
        Relative step. The default leaves an error of about 1e-10 (lecture 06). In float32 the best
        is about 5e-3, which leaves 1e-4.
    stack : int, optional
        Hand over this many nudged copies at a time, for speed: one of the arrays then comes with
        the copies along a leading axis, ``(k, *shape)``, the others as they are, and ``func``
        returns ``k`` values. That is how functions behave that are made of ``@``, elementwise
        operations and sums over the last axes. 64 is a good number.

    Returns
    -------
    array of float64 in the shape of ``point``, or a dict or list of them

    Raises
    ------
    TypeError
        If ``point`` is not an array of floats: integers cannot be nudged.
    ValueError
        If ``func`` does not return a single number (or one for each copy in a stack), or changes
        the point.

    Examples
    --------
    >>> gradient(lambda x: float((x**2).sum()), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    >>> params = {"W": np.array([[1.0, 2.0]]), "b": np.array([3.0])}
    >>> slopes = gradient(lambda p: (p["b"] * p["W"]).sum(), params)
    >>> slopes["W"].round(6), slopes["b"].round(6)
    (array([[3., 3.]]), array([3.]))
    """
    place = Point(point)
    with place.kept():
        slopes = _slopes(func, place, step, stack)
    return place.like(slopes)


def richardson(
    func: Callable, point, step: float = 1e-2, levels: int = 3, *, stack: int | None = None
):
    """Measure a gradient with ever smaller steps and extrapolate to step 0.

    The error of the central difference is a series in ``h**2``. With the results of ``h`` and
    ``h / 2``, ``(4 * D(h / 2) - D(h)) / 3`` is free of its first term; every level removes one more
    (Richardson 1911). For smooth functions only: a large step runs over the kink of a ReLU.

    Parameters
    ----------
    func, point, stack
        As for ``gradient``.
    step : float
        The largest step, relative.
    levels : int
        How many steps, each half of the one before. The work grows with it.

    Returns
    -------
    array of float64 in the shape of ``point``, or a dict or list of them

    Examples
    --------
    >>> point = np.array([1.0])
    >>> bool(abs(richardson(lambda x: np.exp(x[0]), point)[0] - np.e) < 1e-12)
    True
    """
    if not isinstance(levels, int | np.integer) or levels < 1:
        raise ValueError(f"levels must be a whole number from 1 up, got {levels!r}")
    place = Point(point)
    with place.kept():
        table = [_slopes(func, place, step / 2**level, stack) for level in range(levels)]
    for order in range(1, levels):
        weight = 4**order
        table = [
            {
                key: np.asarray((weight * fine[key] - coarse[key]) / (weight - 1))
                for key in place.arrays
            }
            for coarse, fine in pairwise(table)
        ]
    return place.like(table[0])


def _slopes(func: Callable, place: Point, step: float, stack: int | None) -> dict:
    check_step(step)
    check_stack(stack)
    slopes = {
        key: np.asarray(measure_sides(func, place, key, step, stack).slope())
        for key in place.arrays
    }
    place.check_seen(slopes)
    return slopes
