"""A histogram of points as numbers for an inline SVG, and as a table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.grading.report.statistics import Bar, distribution

WIDTH, HEIGHT = 440, 190  # of the drawing, in its own units: one is a pixel on a phone
LEFT, RIGHT, TOP, BOTTOM = 6, 6, 20, 38
GAP = 4


@dataclass(frozen=True)
class Column:
    """One bar of the drawing, in its units: place of the upper left corner, size, and labels."""

    bar: Bar
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Chart:
    """A histogram.

    Attributes
    ----------
    columns : list of Column
    summary : str
        What it shows, in a sentence, for those who do not see it.
    """

    columns: list[Column]
    summary: str
    width: int = WIDTH
    height: int = HEIGHT
    base: int = HEIGHT - BOTTOM


def bar_chart(points: Sequence[float], full: float) -> Chart:
    """The distribution of `points`, of which `full` can be had."""
    bars = distribution(points, full)
    most = max(bar.count for bar in bars)
    step = (WIDTH - LEFT - RIGHT) / len(bars)
    room = HEIGHT - TOP - BOTTOM
    columns = []
    for place, bar in enumerate(bars):
        height = round(room * bar.count / most, 1) if most else 0.0
        columns.append(
            Column(
                bar,
                x=round(LEFT + place * step + GAP / 2, 1),
                y=round(HEIGHT - BOTTOM - height, 1),
                width=round(step - GAP, 1),
                height=height,
                label="all" if bar.label == "all" else f"{10 * place}–",
            )
        )
    return Chart(columns, _in_words(bars))


def _in_words(bars: list[Bar]) -> str:
    total = sum(bar.count for bar in bars)
    if not total:
        return "Nobody has points yet."
    peak = max(bars, key=lambda bar: bar.count)
    low = sum(bar.count for bar in bars[:5])
    where = "all of the points" if peak.label == "all" else f"{peak.label} per cent of the points"
    return (
        f"Histogram of the points of {total:,} submissions: {low:,} have less than half of the "
        f"points, {bars[-1].count:,} have all. The highest bar is {where}, with {peak.count:,}."
    )
