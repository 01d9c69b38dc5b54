"""What a function returns a step to either side of the point."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from chainrule.numeric.point import Point, number
from chainrule.numeric.stacks import check_alone, stacked_values


class Sides(NamedTuple):
    """Values of a function around some point, and how far away each was taken.

    Attributes
    ----------
    lower, upper : float or array
        Values a step down and a step up, one for each entry that was nudged.
    down, up : float or array
        The steps really taken, above 0; round-off makes them differ from the one asked for.
    """

    lower: np.ndarray
    upper: np.ndarray
    down: np.ndarray
    up: np.ndarray

    def slope(self):
        """The central difference."""
        with np.errstate(invalid="ignore", divide="ignore"):  # inf - inf is the NaN we want
            return (self.upper - self.lower) / (self.up + self.down)


def measure_sides(
    func: Callable, point: Point, key, step: float, stack: int | None = None
) -> Sides:
    """Nudge every entry of one array by ``step * max(1, |entry|)`` to either side.

    Parameters
    ----------
    func : callable
    point : Point
    key
        Which of its arrays.
    step : float
    stack : int, optional
        How many nudged copies to hand over at once; None: one, in place.

    Returns
    -------
    Sides of float64 arrays in the shape of the array
    """
    array = point.arrays[key]
    if stack is not None:
        return _stacked_sides(func, point, key, step, stack)
    each = [entry_sides(func, point, array, index, step) for index in np.ndindex(array.shape)]
    sides = Sides(*np.array(each).reshape(-1, 4).T.reshape(4, *array.shape))
    _check_steps(sides, step, array)
    return sides


def entry_sides(func: Callable, point: Point, array: np.ndarray, index: tuple, step: float):
    """The same for one entry, nudged in place; returns Sides of numbers."""
    original = array[index]
    middle = float(original)
    width = step * max(1.0, abs(middle))
    array[index] = middle + width
    up, upper = float(array[index]) - middle, number(func(point.argument))
    array[index] = middle - width
    down, lower = middle - float(array[index]), number(func(point.argument))
    array[index] = original
    return Sides(lower, upper, down, up)


def _stacked_sides(func: Callable, point: Point, key, step: float, stack: int) -> Sides:
    array = point.arrays[key]
    width = step * np.maximum(1.0, np.abs(array.astype(float)))
    above = (array + width).astype(array.dtype)
    below = (array - width).astype(array.dtype)
    sides = Sides(
        lower=stacked_values(func, point, key, below, stack).astype(float),
        upper=stacked_values(func, point, key, above, stack).astype(float),
        down=array.astype(float) - below,
        up=above - array.astype(float),
    )
    _check_steps(sides, step, array)
    noise = 100 * np.finfo(array.dtype).eps * np.max(np.abs(sides.upper), initial=0.0) / step
    check_alone(
        sides.slope(),
        lambda index: entry_sides(func, point, array, index, step).slope(),
        noise,
    )
    return sides


def _check_steps(sides: Sides, step: float, array: np.ndarray) -> None:
    if not (np.all(sides.down) and np.all(sides.up)):
        raise ValueError(
            f"step {step!r} is too small for {array.dtype}: an entry stays the same when it is "
            "added or taken away"
        )
