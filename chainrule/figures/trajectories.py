"""The ways that optimizers take across a loss of two parameters, seen from above."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.figure import Figure

from chainrule.figures.style import COLOURS, subplots

MARKERS = ("o", "s", "^", "D", "X")
N_LEVELS = 12


def trajectories(
    loss: Callable,
    paths: Mapping[str, np.ndarray],
    *,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    names: tuple[str, str] = ("first weight", "second weight"),
    title: str = "",
    axes=None,
) -> Figure:
    """Draw paths over the contour lines of a loss.

    Every path has a colour, a dash pattern and a marker of its own; a marker stands at every step.

    Parameters
    ----------
    loss : callable
        Takes the two parameters, as arrays of one shape, and returns the loss at every point. The
        contours are drawn at equal steps of its logarithm, so it must be above 0 nearly everywhere.
    paths : mapping of str to array (n_steps + 1, 2)
        A name, and the parameters before the first step and after every step; up to five paths.
    xlim, ylim : (float, float)
        The part of the plane to show.
    names : (str, str)
        What the two parameters are called.
    title : str
    axes : matplotlib Axes, optional
        Where to draw, for several pictures side by side; a new figure if left out.

    Returns
    -------
    Figure
        For :func:`chainrule.figures.show`.

    Raises
    ------
    ValueError
        If there is no path, there are too many, or a path is no table with two columns.

    Examples
    --------
    >>> steps = 0.9 ** np.arange(20)[:, np.newaxis]
    >>> paths = {"straight": steps * [1, 1], "curved": np.hstack([steps, steps**3])}
    >>> figure = trajectories(lambda x, y: x**2 + y**2, paths, xlim=(-1, 1), ylim=(-1, 1))
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['straight', 'curved']
    """
    if not 1 <= len(paths) <= len(MARKERS):
        raise ValueError(f"there must be one to {len(MARKERS)} paths, got {len(paths)}")
    for name, path in paths.items():
        if np.ndim(path) != 2 or np.shape(path)[1] != 2:
            raise ValueError(f"path {name!r} must have shape (n, 2), got {np.shape(path)}")
    if axes is None:
        _, axes = subplots(size=(7.2, 4.4))
    _draw_contours(axes, loss, xlim, ylim)
    for (name, path), marker in zip(paths.items(), MARKERS, strict=False):
        axes.plot(*np.transpose(path), marker=marker, markersize=4, linewidth=1.5, label=name)
    axes.set(xlim=xlim, ylim=ylim, xlabel=names[0], ylabel=names[1], title=title)
    axes.grid(False)
    axes.legend()
    return axes.figure


def _draw_contours(axes, loss, xlim, ylim) -> None:
    x, y = np.meshgrid(np.linspace(*xlim, 201), np.linspace(*ylim, 201))
    height = np.asarray(loss(x, y), dtype=float)
    low, high = np.percentile(height[height > 0], [0.5, 100])
    levels = np.geomspace(low, high, N_LEVELS)
    axes.contour(x, y, height, levels, colors=COLOURS["grey"], linewidths=0.6, alpha=0.7)
