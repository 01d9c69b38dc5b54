"""Where a classifier of points in a plane changes its mind (lecture 10)."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D

from chainrule.figures.style import COLOURS

# From the first class, over white, to the second: light enough for points and lines on top.
_SHADES = LinearSegmentedColormap.from_list("chance", ["#f3c48f", "#ffffff", "#9ccbea"])
_POINTS = [("o", "red"), ("^", "blue")]
_LINES = {0.1: (":", 1.2), 0.5: ("-", 2.4), 0.9: ("--", 1.2)}


def decision_boundary(
    axes,
    probability: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    ids: np.ndarray,
    *,
    names: Sequence[str] = ("class 0", "class 1"),
    legend: bool = True,
    steps: int = 80,
) -> None:
    """Draw what a classifier with two features thinks of every place, and the samples on top.

    The probability of the second class is told by shade and by lines: 0.5, the boundary, heavy;
    0.1 dotted and 0.9 dashed, where they are in the picture. Classes differ in colour and marker.

    Parameters
    ----------
    axes : matplotlib Axes
    probability : callable
        Takes points (n, 2), returns the probability of the second class, (n,) or (n, 1).
    X : array (n_samples, 2)
    ids : array (n_samples,) or (n_samples, 1)
        0 or 1 for each sample.
    names : (str, str)
        Of the two classes.
    legend : bool
        Whether to say what markers and lines mean; small multiples need it once.
    steps : int
        Places along each axis at which the classifier is asked.

    Raises
    ------
    ValueError
        If there are not two features, there is not one id for each sample, an id is neither 0
        nor 1, or the answer is no probability for each place.

    Examples
    --------
    >>> from chainrule.figures import subplots
    >>> figure, axes = subplots()
    >>> decision_boundary(axes, lambda points: points[:, 0] > 0, np.eye(2), np.array([1, 0]))
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['class 0', 'class 1', 'probability 0.1', 'probability 0.5', 'probability 0.9']
    """
    X, ids = np.asarray(X), np.asarray(ids).reshape(-1)
    _check_samples(X, ids)
    margin = 0.08 * np.ptp(X, axis=0) + 0.1
    across, up = np.linspace(X.min(axis=0) - margin, X.max(axis=0) + margin, steps).T
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    chance = _ask(probability, grid.reshape(-1, 2)).reshape(steps, steps)

    axes.contourf(across, up, chance, np.linspace(0, 1, 21), cmap=_SHADES, vmin=0, vmax=1)
    # matplotlib warns about a level that is nowhere.
    levels = [level for level in _LINES if chance.min() < level < chance.max()]
    for level in levels:
        dash, width = _LINES[level]
        axes.contour(
            across, up, chance, [level], colors=COLOURS["ink"], linestyles=dash, linewidths=width
        )
    handles = []
    for class_id, (marker, colour) in enumerate(_POINTS):
        look = {"color": COLOURS[colour], "markeredgecolor": "white", "markeredgewidth": 0.6}
        chosen = X[ids == class_id]
        (points,) = axes.plot(*chosen.T, marker, markersize=6, label=names[class_id], **look)
        handles.append(points)
    for level in levels:
        dash, width = _LINES[level]
        label = f"probability {level}"
        handles.append(Line2D([], [], color=COLOURS["ink"], ls=dash, lw=width, label=label))
    axes.grid(False)
    if legend:
        axes.legend(handles=handles, fontsize=9, loc="best")


def _check_samples(X, ids) -> None:
    if X.ndim != 2 or X.shape[1] != 2 or not len(X):
        raise ValueError(f"X must have shape (n_samples, 2), got {X.shape}")
    if len(ids) != len(X):
        raise ValueError(f"ids must have one entry for each of the {len(X)} samples: {len(ids)}")
    strange = ids[(ids != 0) & (ids != 1)]
    if strange.size:
        raise ValueError(f"ids must be 0 or 1, got {strange[0]}")


def _ask(probability, points):
    chance = np.asarray(probability(points), dtype=float).reshape(-1)
    if len(chance) != len(points):
        raise ValueError(
            f"probability must return one number for each of {len(points)} points, "
            f"got {len(chance)}"
        )
    if not (chance.min() >= 0 and chance.max() <= 1):  # this way round a NaN is refused too
        raise ValueError(
            f"probability must return numbers from 0 to 1, got {chance.min():.4g} to "
            f"{chance.max():.4g}"
        )
    return chance
