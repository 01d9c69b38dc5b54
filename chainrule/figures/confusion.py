"""How often a classifier takes one class for another, as a table with shades (lecture 10)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from chainrule.figures.style import COLOURS, subplots

_RIGHT = LinearSegmentedColormap.from_list("right", ["#ffffff", COLOURS["blue"]])
_WRONG = LinearSegmentedColormap.from_list("wrong", ["#ffffff", COLOURS["orange"]])
_MANY = 0.2  # the share of a class that, taken for another, is shaded as deep as it goes


def confusion_grid(
    counts: np.ndarray,
    names: Sequence[str],
    *,
    title: str | None = None,
    axes=None,
) -> Figure:
    """Draw a confusion matrix: a row for each true class, a column for each predicted one.

    Every cell holds its number. Shades go by the share of the row, so that a rare class counts as
    much as a frequent one. Right answers, on the diagonal, are framed and blue; mistakes are shaded
    orange, as deep as it goes from a fifth of the row up, so that few of them are seen.

    Parameters
    ----------
    counts : array (n_classes, n_classes) of whole numbers
    names : sequence of str
        Of the classes.
    title : str, optional
    axes : matplotlib Axes, optional
        One to draw into; a figure of its own if left out.

    Returns
    -------
    Figure
        To be given to :func:`chainrule.figures.show`.

    Raises
    ------
    ValueError
        If ``counts`` is not square, or there is not one name for each class.

    Examples
    --------
    >>> figure = confusion_grid(np.array([[50, 2], [3, 40]]), ["benign", "malignant"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['50', '2', '3', '40']
    """
    counts = np.asarray(counts)
    n_classes = len(names)
    if counts.shape != (n_classes, n_classes):
        raise ValueError(
            f"counts must have a row and a column for each of {n_classes} names, "
            f"got shape {counts.shape}"
        )
    if axes is None:
        side = 2.2 + max(0.5 * n_classes, 1.4)
        axes = subplots(size=(side + 0.6, side))[1]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(n_classes, dtype=bool)[..., np.newaxis]
    axes.imshow(np.where(right, _RIGHT(share), _WRONG(np.minimum(share / _MANY, 1))))
    for (row, column), count in np.ndenumerate(counts):
        dark = row == column and share[row, column] > 0.6
        colour = COLOURS["paper" if dark else "ink" if count else "grey"]
        weight = "bold" if row == column or count else "normal"
        place = {"ha": "center", "va": "center"}
        axes.text(column, row, f"{count}", color=colour, weight=weight, **place)
        edge = COLOURS["ink"] if row == column else "#dddddd"
        cell = (column - 0.5, row - 0.5)
        frame = Rectangle(cell, 1, 1, fill=False, edgecolor=edge, lw=1, zorder=2 + (row == column))
        axes.add_patch(frame)
    axes.set_xticks(range(n_classes), names)
    axes.set_yticks(range(n_classes), names)
    axes.set(xlabel="predicted", ylabel="true", title=title or "")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return axes.figure
