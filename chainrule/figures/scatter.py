"""Predictions beside the truth: a point for every sample, and the line on which all should be."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chainrule.figures.style import COLOURS, subplots

MARGIN = 0.05  # free space around the points, as a share of their range


def predicted_against_actual(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]], *, unit: str = ""
) -> Figure:
    """Plot predicted against actual targets, a square panel for each set of samples.

    A perfect prediction lies on the diagonal; how far a point is above or below it is how far the
    prediction is too high or too low. All panels have the same limits, so that they can be
    compared (lectures 04 and 05).

    Parameters
    ----------
    panels : mapping of str to (actual, predicted)
        The title of a panel, and two arrays of one shape, (n_samples, 1) or (n_samples,).
    unit : str
        What the targets are measured in, for the labels of the axes.

    Returns
    -------
    Figure
        For :func:`chainrule.figures.show`, with a text that says what it shows.

    Raises
    ------
    ValueError
        If there is no panel, a panel has no sample or a value that is not finite, or the two
        arrays of a panel differ in shape: (n, 1) beside (n,) would pair every sample with every
        other.

    Examples
    --------
    >>> actual = np.array([[1.0], [2.0], [4.0]])
    >>> figure = predicted_against_actual({"a guess": (actual, actual + 0.5)}, unit="m")
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['actual, in m']
    """
    if not panels:
        raise ValueError("panels must hold at least one title with its (actual, predicted)")
    pairs = {title: _checked(title, *pair) for title, pair in panels.items()}
    values = np.concatenate([array.ravel() for pair in pairs.values() for array in pair])
    low, high = float(values.min()), float(values.max())
    room = MARGIN * ((high - low) or 1.0)
    limits = (low - room, high + room)
    size = (min(10.0, 0.8 + 4.1 * len(pairs)), 4.4)
    figure, row = subplots(1, len(pairs), size=size, squeeze=False, sharex=True, sharey=True)
    suffix = f", in {unit}" if unit else ""
    for axes, (title, (actual, predicted)) in zip(row[0], pairs.items(), strict=True):
        axes.axline(
            (0, 0), slope=1, color=COLOURS["ink"], linestyle="--", label="predicted = actual"
        )
        axes.plot(
            actual.ravel(),
            predicted.ravel(),
            "o",
            color=COLOURS["blue"],
            markersize=4,
            alpha=0.5,
            markeredgewidth=0,
        )
        axes.set(title=title, xlabel=f"actual{suffix}", xlim=limits, ylim=limits, aspect="equal")
    for axis in (row[0, 0].xaxis, row[0, 0].yaxis):
        axis.set_major_locator(MaxNLocator(6))  # the same numbers in both directions
    row[0, 0].set_ylabel(f"predicted{suffix}")
    row[0, 0].legend(loc="upper left")
    return figure


def _checked(title: str, actual, predicted) -> tuple[np.ndarray, np.ndarray]:
    actual, predicted = np.asarray(actual, dtype=float), np.asarray(predicted, dtype=float)
    if actual.shape != predicted.shape:
        raise ValueError(
            f"{title}: actual has shape {actual.shape}, but predicted has shape "
            f"{predicted.shape}: they must be the same"
        )
    if actual.size == 0:
        raise ValueError(f"{title}: there is no sample to draw")
    if not (np.isfinite(actual).all() and np.isfinite(predicted).all()):
        raise ValueError(f"{title}: every value must be finite")
    return actual, predicted
