"""What comparing a gradient with the measured one has shown."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Slope(NamedTuple):
    """One entry of a gradient, or the slope in one direction.

    Attributes
    ----------
    name : str
        As one would index it, ``W[2, 0]``, or ``direction 3``.
    numeric, analytic : float
        Measured, and to be checked.
    """

    name: str
    numeric: float
    analytic: float

    @property
    def relative_error(self) -> float:
        """``|numeric - analytic| / max(|numeric|, |analytic|)``; 0 if both are 0."""
        size = np.maximum(abs(self.numeric), abs(self.analytic))
        return float(abs(self.numeric - self.analytic) / size) if size != 0 else 0.0


class Tally(NamedTuple):
    """How one array of several has fared.

    Attributes
    ----------
    name : str
    compared, wrong : int
        How many of its entries were compared, and how many of them disagree.
    """

    name: str
    compared: int
    wrong: int


@dataclass(frozen=True)
class GradientReport:
    """A gradient beside the measured one.

    ``print`` it to read it. It counts as true if the gradient is right.

    Attributes
    ----------
    passed : bool
    error : float
        Relative error in norms of the array that agrees least.
    allowed : float
        What ``error`` may be: the tolerance, and where slopes are small beside the values of the
        function, the round-off in them.
    worst : Slope or None
        The entry, or direction, that is furthest off.
    compared, wrong : int
        How many entries, or directions, were compared, and how many of them disagree.
    kinks : tuple of Slope
        Left out, because the function has a kink there: the slopes to the left and to the right
        differ, and the gradient lies between them. ``numeric`` is the mean of the two.
    outside : int
        How many of the wrong ones are at a kink, but not between the two slopes.
    unmeasured : tuple of str
        Arrays left out, because round-off is larger than their slopes.
    ratio : float or None
        Analytic divided by numeric, if it is the same wherever they disagree.
    numeric : array, or dict or list of arrays
        The measured gradient; for random directions, the slopes.
    unit : str
        What was compared: "entries" or "directions".
    tallies : tuple of Tally
        Array by array, in the order of the point: where the first mistake is, seen from the loss,
        is told by which arrays are right. One only for a single array and for directions.
    """

    passed: bool
    error: float
    allowed: float
    worst: Slope | None
    compared: int
    wrong: int
    kinks: tuple[Slope, ...]
    outside: int
    unmeasured: tuple[str, ...]
    ratio: float | None
    numeric: object
    unit: str
    tallies: tuple[Tally, ...] = ()

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        lines = [self._headline()]
        if self.wrong:
            lines += self._by_array() if len(self.tallies) > 1 else []
            numeric, analytic = apart(self.worst.numeric, self.worst.analytic)
            lines += [
                f"  furthest off    {self.worst.name}",
                f"  numeric         {numeric}",
                f"  analytic        {analytic}",
                f"  relative error  {self.worst.relative_error:.3g}",
            ]
        if self.ratio is not None:
            lines.append(f"  analytic / numeric is {self.ratio:.4g} wherever they disagree")
        if self.outside:
            lines += [
                f"  at a kink, but outside of what it allows: {self.outside}",
                "  (where several kinks meet, as for a sample of zeros, move the point)",
            ]
        if self.kinks:
            names = ", ".join(kink.name for kink in self.kinks[:3])
            more = ", ..." if len(self.kinks) > 3 else ""
            lines.append(f"  at a kink, left out: {len(self.kinks)} ({names}{more})")
        if self.compared and not self.wrong and _all_zero(self.numeric):
            lines.append("  every slope is 0: does func depend on the point?")
        if self.unmeasured:
            lines.append(f"  too small to measure, left out: {', '.join(self.unmeasured)}")
        return "\n".join(lines)

    def _by_array(self) -> list[str]:
        wrong = [f"{name} ({n} of {compared})" for name, compared, n in self.tallies if n]
        right = [name for name, compared, n in self.tallies if compared and not n]
        lines = [f"  disagree        {', '.join(wrong)}"]
        return lines + [f"  agree           {', '.join(right)}"] * bool(right)

    def _headline(self) -> str:
        if not self.compared:
            return (
                "nothing could be compared: every slope is at a kink or drowns in round-off, so "
                "move the point"
            )
        allowed = f"allowed {self.allowed:.2g}"
        if self.wrong:
            return (
                f"the gradients disagree in {self.wrong} of {self.compared} {self.unit}: "
                f"relative error {self.error:.2g}, {allowed}"
            )
        return (
            f"the gradients agree in {self.compared} {self.unit}: "
            f"relative error {_at_most(self.error)}, {allowed}"
        )


class GradientError(AssertionError):
    """A gradient is not the measured one; ``report`` has the evidence."""

    def __init__(self, report: GradientReport):
        super().__init__(str(report))
        self.report = report


def apart(one: float, other: float) -> tuple[str, str]:
    """Both numbers, with as many digits as it takes to tell them apart."""
    for digits in (6, 9, 12, 17):
        texts = f"{one + 0.0:.{digits}g}", f"{other + 0.0:.{digits}g}"  # 0.0 makes -0 a 0
        if texts[0] != texts[1]:
            break
    return texts


def _at_most(error: float) -> str:
    """The next power of ten: the digits of an error of agreement are round-off, and no news."""
    if not 0 < error < np.inf:
        return f"{error:g}"
    return f"below {10.0 ** (math.floor(math.log10(error)) + 1):.0e}"


def _all_zero(arrays) -> bool:
    if isinstance(arrays, dict):
        arrays = list(arrays.values())
    return not any(map(np.any, arrays)) if isinstance(arrays, list) else not np.any(arrays)
