"""What a class's points come to: the middle, the spread, how they are distributed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median, quantiles

TENTHS = 10


@dataclass(frozen=True)
class Summary:
    """Points of several people, in figures.

    Attributes
    ----------
    count : int
        How many people.
    mean, median, lower, upper, least, most : float
        Points; `lower` and `upper` are the quartiles, interpolated between neighbours as
        :func:`statistics.quantiles` does with the inclusive method.
    full : int
        How many have all points (or more, by extra credit).
    """

    count: int
    mean: float
    median: float
    lower: float
    upper: float
    least: float
    most: float
    full: int


def summarise(points: Iterable[float], full: float) -> Summary | None:
    """The figures of some points, of which `full` can be had; None of nobody's.

    Examples
    --------
    >>> summarise([1.0, 2.0, 3.0, 6.0], 6.0)
    Summary(count=4, mean=3.0, median=2.5, lower=1.75, upper=3.75, least=1.0, most=6.0, full=1)
    """
    points = sorted(points)
    if not points:
        return None
    lower, _, upper = quantiles(points, n=4, method="inclusive") if points[1:] else points * 3
    return Summary(
        len(points),
        mean(points),
        median(points),
        lower,
        upper,
        points[0],
        points[-1],
        sum(is_full(each, full) for each in points),
    )


def is_full(points: float, full: float) -> bool:
    """Whether these are all points, up to round-off."""
    return points >= full or math.isclose(points, full)


@dataclass(frozen=True)
class Bar:
    """How many people are in one range of a distribution; `label` says which, in per cent."""

    label: str
    count: int


def distribution(points: Sequence[float], full: float) -> list[Bar]:
    """How many have less than a tenth of the points, less than two tenths, ..., and all.

    What lies below nothing (a penalty can be larger than the points) counts as nothing.

    Examples
    --------
    >>> [bar.count for bar in distribution([0, 5, 5.5, 10], 10)]
    [1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]
    """
    counts = [0] * (TENTHS + 1)
    for each in points:
        if full <= 0 or is_full(each, full):
            counts[-1] += 1
        else:
            # A quotient that falls short of a tenth by round-off counts as the tenth.
            counts[min(TENTHS - 1, max(0, math.floor(TENTHS * each / full + 1e-9)))] += 1
    labels = [f"{10 * tenth} to {10 * tenth + 10}" for tenth in range(TENTHS)]
    return [Bar(label, count) for label, count in zip([*labels, "all"], counts, strict=True)]
