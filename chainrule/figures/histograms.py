"""Histograms in small panels: what happens to many numbers from layer to layer."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from chainrule.figures.style import COLOURS, subplots


def histograms(
    rows: Mapping[str, Sequence],
    columns: Sequence[str],
    *,
    limit: float,
    xlabel: str,
    bins: int = 31,
) -> Figure:
    """Draw a panel with a histogram for every array, all with one horizontal axis.

    In every panel the fullest bin is as high as the panel. What lies beyond the axis is counted at
    its ends, in hatched bars, and the spread of all entries is written into the panel: a signal
    that has faded or exploded is told by the number, where the picture only shows a spike.

    Parameters
    ----------
    rows : mapping of str to sequence of arrays
        A name, and one array of any shape for each column.
    columns : sequence of str
        The heads of the columns: layers, for example.
    limit : float
        The axis runs from ``-limit`` to ``limit``.
    xlabel : str
        What the numbers are.
    bins : int
        How many bars a panel has; an odd number has one in the middle, at 0.

    Returns
    -------
    Figure
        For :func:`chainrule.figures.show`.

    Raises
    ------
    ValueError
        If there is nothing to draw, a row has not one array for each column, or an array is empty
        or holds NaN or infinity.

    Examples
    --------
    >>> draws = np.random.default_rng(0).standard_normal((2, 1000))
    >>> figure = histograms({"normal": [draws[0], 5 * draws[1]]}, ["once", "times 5"], limit=3,
    ...                     xlabel="draw")
    >>> [axes.get_title() for axes in figure.axes]
    ['once', 'times 5']
    """
    panels = _checked(rows, columns)
    size = (min(10.0, 1.4 + 2.1 * len(columns)), 0.9 + 1.25 * len(panels))
    figure, grid = subplots(
        len(panels), len(columns), size=size, sharex=True, sharey=True, squeeze=False
    )
    edges = np.linspace(-limit, limit, bins + 1)
    for line, (name, arrays) in zip(grid, panels.items(), strict=True):
        for axes, array in zip(line, arrays, strict=True):
            _draw(axes, array, edges)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for axes, head in zip(grid[0], columns, strict=True):
        axes.set_title(head)
    for axes in grid[-1]:
        axes.set_xlabel(xlabel)
    grid[0, 0].set(xlim=(-limit, limit), ylim=(0, 1.45), yticks=[])
    return figure


def _checked(rows, columns) -> dict[str, list[np.ndarray]]:
    if not rows or not columns:
        raise ValueError("there must be at least one row and one column")
    panels = {name: [np.asarray(array) for array in arrays] for name, arrays in rows.items()}
    for name, arrays in panels.items():
        if len(arrays) != len(columns):
            raise ValueError(
                f"row {name!r} has {len(arrays)} arrays, but there are {len(columns)} columns"
            )
        for head, array in zip(columns, arrays, strict=True):
            if array.size == 0 or not np.isfinite(array).all():
                raise ValueError(f"row {name!r}, column {head!r}: the array must hold numbers")
    return panels


def _draw(axes, array, edges) -> None:
    counts, _ = np.histogram(array, edges)
    beyond = [int((array < edges[0]).sum()), int((array > edges[-1]).sum())]
    ends = counts[[0, -1]]
    top = max(counts.max(), *(ends + beyond))
    axes.stairs(counts / top, edges, fill=True, color=COLOURS["blue"])
    width = edges[1] - edges[0]
    for start, height, bottom in zip((edges[0], edges[-2]), beyond, ends, strict=True):
        if height:
            axes.bar(
                start,
                height / top,
                width,
                bottom / top,
                align="edge",
                hatch="////",
                color=COLOURS["paper"],
                edgecolor=COLOURS["red"],
            )
    note = f"spread {_short(array.std())}"
    axes.text(0.5, 0.97, note, transform=axes.transAxes, ha="center", va="top")
    axes.grid(False)


def _short(value: float) -> str:
    """Two digits; a power of ten where there would be many zeros."""
    if value == 0 or 0.01 <= value < 100:
        return f"{value:.2g}"
    digits, exponent = f"{value:.1e}".split("e")
    return rf"${digits} \cdot 10^{{{int(exponent)}}}$"
