"""House style: one palette and one way to make a plot."""

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by colour-blind readers; blue and red darkened for text.
COLOURS = {
    "ink": "#1a1a1a",
    "grey": "#6b6b6b",
    "paper": "#ffffff",
    "blue": "#0072b2",
    "red": "#b84a00",
    "green": "#007a59",
    "orange": "#e69f00",
    "purple": "#a0508a",
}

_LINES = (
    cycler(color=[COLOURS[name] for name in ("blue", "red", "green", "purple", "ink")])
    + cycler(linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))])
) * cycler(linewidth=[2])

RC = {
    "figure.facecolor": COLOURS["paper"],  # opaque: reads the same on a light and a dark page
    "figure.dpi": 100,
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.12,
    "savefig.dpi": 150,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine has it
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.prop_cycle": _LINES,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
}


def subplots(rows: int = 1, columns: int = 1, *, size=None, **options):
    """Make a figure in the house style, like ``plt.subplots`` but without global state.

    Lines differ in colour and in dash pattern, so no plot needs colour to be read.

    Parameters
    ----------
    rows, columns : int
    size : (float, float), optional
        Width and height in inches; 6.4 by 4 for one plot, and no wider than a page.
    **options
        Passed on to ``Figure.subplots`` (``sharex``, ``squeeze``, ...).

    Returns
    -------
    figure, axes
        As ``plt.subplots`` returns them; give the figure to :func:`chainrule.figures.show`.

    Examples
    --------
    >>> figure, axes = subplots()
    >>> lines = axes.plot([0, 1], [0, 1])
    """
    size = size or (min(10.0, 3.6 + 2.8 * columns), 0.8 + 3.2 * rows)
    with mpl.rc_context(RC):
        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.subplots(rows, columns, **options)
