"""Kinks: where the slope to the left and the slope to the right differ, as in a ReLU at 0.

A central difference whose step runs over a kink is a mean of both slopes, and off by up to half the
jump between them, however right the gradient is. Smaller steps tell a kink from a mistake: if the
kink is beside the point, they no longer reach it; if it is at the point, the jump stays, and any
slope between the two is as good as another. In a smooth function the two slopes come together.
"""

from collections.abc import Callable
from typing import NamedTuple

SHRINK = 4  # from one step to the next
SHRINKS = 6
FAINT = 1e-3  # a jump so much smaller than the difference does not explain it


class Look(NamedTuple):
    """Slopes along a line, looked at with one step.

    Attributes
    ----------
    central, left, right : float or array
        Measured.
    expected : float or array
        What the analytic gradient says.
    step : float
    """

    central: float
    left: float
    right: float
    expected: float
    step: float

    @property
    def gap(self):
        """How far the measured slope is from the expected one."""
        return abs(self.central - self.expected)

    @property
    def jump(self):
        """How far the slopes to the left and to the right are apart."""
        return abs(self.right - self.left)


def resolve(
    look: Callable[[float], Look], first: Look, allowed: float, noise: float, one_kink: bool
) -> tuple[str, Look]:
    """Find out why a measured slope is not the expected one.

    Parameters
    ----------
    look : callable
        From a step to slopes along the same line.
    first : Look
        The one that disagrees.
    allowed : float
        How far a slope may be off.
    noise : float
        Round-off of a value of the function; that of a slope is ``noise / step``.
    one_kink : bool
        Whether a line meets one kink at a time. Where several meet, the right slope need not lie
        between those to the left and to the right.

    Returns
    -------
    verdict : str
        "beside" a kink, or on a strong curve: a smaller step agrees. "at" a kink: the jump stays,
        and the expected slope is one that a kink allows. "outside": the jump stays, and it is not.
        "wrong": there is no kink.
    Look
        The last one taken.
    """
    last = first
    if not first.jump >= FAINT * first.gap:
        return "wrong", first
    for _ in range(SHRINKS):
        step = last.step / SHRINK
        if noise / step > first.gap / 4:
            break  # round-off would hide what is to be seen
        last = look(step)
        if last.gap <= max(allowed, noise / step):
            return "beside", last
    blur = noise / last.step
    # A kink moves the mean of both slopes by half the jump at most.
    explained = last.gap <= 0.5 * last.jump + blur
    # The jump of a smooth function shrinks as fast as the step, one of round-off grows as fast,
    # and the gap stays what it is.
    shrunk = last.step / first.step
    stays = max(2 * shrunk * first.jump, 4 * blur) < last.jump < max(2.0, 0.5 / shrunk) * first.jump
    if explained and (stays or last is first or last.gap < 0.5 * first.gap):
        return "at", last
    if stays:
        return ("outside" if one_kink else "at"), last
    return "wrong", last
