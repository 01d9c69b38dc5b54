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
        self.shape = self.array.shape
        self.label = place.label(key)

    def measure(self, step: float) -> Look:
        """Look along all lines."""
        sides = measure_sides(self.func, self.place, self.key, step, self.stack)
        return self._look(sides, self.expected, step)

    def look(self, index: tuple, step: float) -> Look:
        """Look along one line."""
        sides = entry_sides(self.func, self.place, self.array, index, step)
        return self._look(sides, float(self.expected[index]), step)

    def _look(self, sides: Sides, expected, step: float) -> Look:
        with np.errstate(invalid="ignore"):
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
        self.func, self.place, self.expected, self.middle = func, place, expected, middle
        self.origin = {key: array.copy() for key, array in place.arrays.items()}
        self.lines = [self._draw(rng) for _ in range(count)]
        self.shape = (count,)

    def measure(self, step: float) -> Look:
        """Look along all lines."""
        looks = [self.look((line,), step) for line in range(len(self.lines))]
        central, left, right, expected, _ = map(np.array, zip(*looks, strict=True))
        return Look(central, left, right, expected, step)

    def look(self, index: tuple, step: float) -> Look:
        """Look along one line."""
        upper, up = self._go(index, step)
        lower, down = self._go(index, -step)
        for key, array in self.place.arrays.items():
            array[...] = self.origin[key]
        return Look(
            central=(upper - lower) / (2 * step),
            left=(self.middle - lower) / step,
            right=(upper - self.middle) / step,
            expected=(up - down) / (2 * step),
            step=step,
        )

    def extent(self, slopes: np.ndarray) -> float:
        """As for ``Entries``: a random direction meets one part in ``sqrt(size)`` of it."""
        size = sum(array.size for array in self.origin.values())
        return float(np.sqrt(size * np.mean(slopes**2)))

    def name(self, index: tuple) -> str:
        """Which direction."""
        return f"direction {index[0]}"

    def _draw(self, rng) -> dict:
        """A direction of length 1, but longer along large entries, like the steps of an entry."""
        drawn = {key: rng.standard_normal(array.shape) for key, array in self.origin.items()}
        length = np.sqrt(sum(float(np.vdot(part, part)) for part in drawn.values()))
        return {
            key: part * (np.maximum(1.0, np.abs(self.origin[key])) / length)
            for key, part in drawn.items()
        }

    def _go(self, index: tuple, distance: float) -> tuple[float, float]:
        """The value some way along a line, and how much the gradient says it rises to there."""
        rise = 0.0
        for key, array in self.place.arrays.items():
            array[...] = self.origin[key] + distance * self.lines[index[0]][key]
            # Along the way really gone: much of a small step is rounded off.
            rise += float(np.vdot(self.expected[key], array - self.origin[key]))
        return number(self.func(self.place.argument)), rise
