"""A curve with its tangent, drawn as a diagram so that the same bytes come out everywhere."""

from collections.abc import Callable

import numpy as np

from chainrule.figures.display import Drawing
from chainrule.figures.svg import Sheet

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 20, 48


def tangent(
    func: Callable,
    at: float,
    slope: float,
    *,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    label: str = "f(x)",
) -> Drawing:
    """Draw a function and the straight line through one of its points.

    Parameters
    ----------
    func : callable
        Takes and returns an array, elementwise.
    at : float
        Where the line touches.
    slope : float
        How steep the line is: measured or derived, it is the caller's claim that the picture tests.
    xlim, ylim : (float, float)
        The part of the plane to show.
    label : str
        The name of the vertical axis.

    Returns
    -------
    Drawing

    Examples
    --------
    >>> tangent(np.square, 2.0, 4.0, xlim=(-3, 3), ylim=(-2, 9)).alt
    'The curve f(x) and the line that touches it at x = 2, where f(x) = 4: its slope is 4.'
    """
    height = float(func(at))
    sheet = Sheet()
    plane = _Plane(xlim, ylim)
    plane.draw_axes(sheet, label)
    x = np.linspace(*xlim, 121)
    sheet.path(plane.clip(x, func(x)), stroke="blue", weight=2.5)
    sheet.path(plane.line(at, height, slope), stroke="red", weight=2, dashed=True)
    sheet.dot(*plane.pixel(at, height))
    note = f"at x = {_short(at)}: height {_short(height)}, slope {_short(slope)}"
    sheet.text((LEFT + WIDTH - RIGHT) / 2, TOP + 4, note, bold=True)
    alt = (
        f"The curve {label} and the line that touches it at x = {_short(at)}, "
        f"where {label} = {_short(height)}: its slope is {_short(slope)}."
    )
    return Drawing(sheet.svg(WIDTH, HEIGHT, alt), alt)


class _Plane:
    """Turns numbers into pixels."""

    def __init__(self, xlim, ylim):
        self.xlim, self.ylim = xlim, ylim

    def pixel(self, x, y):
        (x0, x1), (y0, y1) = self.xlim, self.ylim
        across = LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
        down = HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - TOP - 16 - BOTTOM)
        return across, down

    def clip(self, x, y):
        """The part of a curve inside the frame (it must be one piece), as pixels."""
        inside = (y >= self.ylim[0]) & (y <= self.ylim[1])
        return [self.pixel(*point) for point in zip(x[inside], y[inside], strict=True)]

    def line(self, x, y, slope):
        """The two ends, inside the frame, of the straight line through a point of it."""
        reach = [limit - x for limit in self.xlim]
        if slope:
            rise = sorted((limit - y) / slope for limit in self.ylim)
            reach = [max(reach[0], rise[0]), min(reach[1], rise[1])]
        return [self.pixel(x + run, y + slope * run) for run in reach]

    def draw_axes(self, sheet, label):
        for x in _ticks(*self.xlim):
            across, bottom = self.pixel(x, self.ylim[0])
            sheet.path([(across, bottom), self.pixel(x, self.ylim[1])], stroke="#e4e4e4", weight=1)
            sheet.text(across, bottom + 14, _short(x), size=12)
        for y in _ticks(*self.ylim):
            left, down = self.pixel(self.xlim[0], y)
            sheet.path([(left, down), self.pixel(self.xlim[1], y)], stroke="#e4e4e4", weight=1)
            sheet.text(left - 8, down, _short(y), anchor="end", size=12)
        corner = self.pixel(self.xlim[0], self.ylim[0])
        sheet.path([self.pixel(self.xlim[0], self.ylim[1]), corner], stroke="grey", weight=1)
        sheet.path([corner, self.pixel(self.xlim[1], self.ylim[0])], stroke="grey", weight=1)
        sheet.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "x")
        sheet.text(8, TOP + 4, label, anchor="start")


def _ticks(low, high):
    """Round numbers across a range, at most eight of them."""
    step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if (high - low) / s <= 8)
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step


def _short(value) -> str:
    return f"{round(float(value), 2) + 0.0:g}".replace("-", "−")
