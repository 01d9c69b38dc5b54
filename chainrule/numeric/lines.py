"""Lines through a point, along which a function of many numbers is one of a single number."""

from collections.abc import Callable

import numpy as np

from chainrule.numeric.kinks import Look
from chainrule.numeric.point import Point, number
from chainrule.numeric.sides import Sides, entry_sides, measure_sides


class Entries:
    """The lines along the entries of one array.

    Parameters
    ----------
    func : callable
    place : Point
    key
        Which of its arrays.
    expected : array
        The gradient to check.
    middle : float
        Value at the point.
    stack : int or None
        How many nudged copies to hand over at once.
    """

    unit = "entries"
    one_kink = True  # if not, then by coincidence

    def __init__(self, func: Callable, place: Point, key, expected, middle: float, stack):
        self.func, self.place, self.key, self.stack = func, place, key, stack
        self.expected, self.middle = expected, middle
        self.array = place.arrays[key]
        self.label = place.label(key)

    def measure(self, step: float) -> Look:
        """Look along all lines."""
        sides = measure_sides(self.func, self.place, self.key, step, self.stack)
        return self._look(sides, self.expected, step)

    def look(self, index: tuple, step: float) -> Look:
        """Look along one line."""
        sides = entry_sides(self.func, self.place, self.array, index, step)
        # A step lost in round-off gives NaN, which agrees with nothing.
        sides = Sides(*map(np.float64, sides))
        return self._look(sides, float(self.expected[index]), step)

    def _look(self, sides: Sides, expected, step: float) -> Look:
        with np.errstate(invalid="ignore", divide="ignore"):
            left = (self.middle - sides.lower) / sides.down
            right = (sides.upper - self.middle) / sides.up
        return Look(sides.slope(), left, right, expected, step)

    def extent(self, slopes: np.ndarray) -> float:
        """How large the terms are that a value is the sum of, as far as slopes tell."""
        return float(np.linalg.norm(slopes * np.maximum(1.0, np.abs(self.array))))

    def name(self, index: tuple) -> str:
        """An entry, as one would index it."""
        at = f"[{', '.join(map(str, index))}]" if index else ""
        return f"{self.label}{at}"


class Directions:
    """Lines along which all entries move at once, each at random.

    Parameters
    ----------
    func, place, middle
        As for ``Entries``.
    expected : dict of array
        The gradient to check.
    count : int
    rng : numpy.random.Generator
        Or anything with ``standard_normal``.
    """

    label = unit = "directions"
    one_kink = False  # at a sample of zeros, say, all units of a layer

    def __init__(self, func: Callable, place: Point, expected: dict, middle: float, count, rng):
        self.func, self.place, self.middle = func, place, middle
        self.origin = _flat(place.arrays)
        self.expected = _flat(expected)
        widths = np.maximum(1.0, np.abs(self.origin))  # longer along large entries, as for one
        drawn = (rng.standard_normal(self.origin.size) for _ in range(count))
        self.lines = [line * (widths / np.sqrt(line @ line)) for line in drawn]

    def measure(self, step: float) -> Look:
        """Look along all lines."""
        looks = [self.look((line,), step) for line in range(len(self.lines))]
        central, left, right, expected, _ = map(np.array, zip(*looks, strict=True))
        return Look(central, left, right, expected, step)

    def look(self, index: tuple, step: float) -> Look:
        """Look along one line."""
        way = step * self.lines[index[0]]
        upper, up = self._go(way)
        lower, down = self._go(-way)
        self._put(self.origin)
        return Look(
            central=(upper - lower) / (2 * step),
            left=(self.middle - lower) / step,
            right=(upper - self.middle) / step,
            expected=(up - down) / (2 * step),
            step=step,
        )

    def extent(self, slopes: np.ndarray) -> float:
        """As for ``Entries``: a random direction meets one part in ``sqrt(size)`` of it."""
        return float(np.sqrt(self.origin.size * np.mean(slopes**2)))

    def name(self, index: tuple) -> str:
        """Which direction."""
        return f"direction {index[0]}"

    def _go(self, way: np.ndarray) -> tuple[float, float]:
        """The value some way off, and how much the gradient says it rises to there."""
        # The way really gone: much of a small step is rounded off, or all of it.
        moved = self._put(self.origin + way) - self.origin
        value = number(self.func(self.place.argument)) if moved.any() else np.nan
        with np.errstate(all="ignore"):  # the gradient to check may hold anything
            return value, float(self.expected @ moved)

    def _put(self, values: np.ndarray) -> np.ndarray:
        """Write values into the arrays; returns them as the arrays hold them."""
        start = 0
        for array in self.place.arrays.values():
            part = values[start : start + array.size]
            array[...] = part.reshape(array.shape)
            if array.dtype != values.dtype:
                part[...] = array.reshape(-1)
            start += array.size
        return values


def _flat(arrays: dict) -> np.ndarray:
    return np.concatenate([array.reshape(-1).astype(float) for array in arrays.values()])
