"""Small grey pictures in rows: digits, and the weights of a first layer (lecture 11)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from chainrule.figures.style import COLOURS, subplots

_GAP = 0.18  # between pictures, as a part of their width
_LINE = 0.24  # for each line of a title


def image_grid(
    images: np.ndarray,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 10,
    limits: tuple[float, float] | None = None,
    scale: str | None = None,
) -> Figure:
    """Draw small pictures row by row; the larger a value, the darker its pixel.

    Parameters
    ----------
    images : array (n_images, height, width)
    titles : sequence of str, optional
        One above each picture; ``\\n`` starts a new line.
    columns : int
        Pictures in a row.
    limits : (float, float), optional
        The values of white and of black; by default the smallest and the largest there are. With
        ``(-a, a)`` the grey in the middle is 0.
    scale : str, optional
        What the values are. If given, a bar beside the pictures says which grey is which value.

    Returns
    -------
    Figure
        To be given to :func:`chainrule.figures.show`.

    Raises
    ------
    ValueError
        If ``images`` are not pictures, or there is not one title for each.

    Examples
    --------
    >>> figure = image_grid(np.arange(32.0).reshape(2, 4, 4), ["first", "second"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['first', 'second']
    """
    images = np.asarray(images)
    if images.ndim != 3 or not images.size:
        raise ValueError(f"images must have shape (n_images, height, width), got {images.shape}")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"there are {len(images)} images, but {len(titles)} titles")
    norm = Normalize(*(limits or (images.min(), images.max())))

    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    lines = 1 + max(title.count("\n") for title in titles) if titles else 0
    tall = images.shape[1] / images.shape[2]
    step = (1 + _GAP, tall + _GAP + lines * _LINE)
    inch = min(1.0, 9.4 / (columns * step[0]))
    side = 0.9 if scale else 0.0
    size = (max(columns * step[0] * inch, 2.0) + side + 0.2, rows * step[1] * inch + 0.2)
    figure, axes = subplots(size=size)
    for i, image in enumerate(images):
        left, top = step[0] * (i % columns), -step[1] * (i // columns)
        axes.imshow(image, cmap="gray_r", norm=norm, extent=(left, left + 1, top - tall, top))
        frame = ([left, left + 1, left + 1, left, left], [top, top, top - tall, top - tall, top])
        axes.plot(*frame, "-", color=COLOURS["grey"], linewidth=0.8)
        if titles:
            font = max(7.0, 11 * inch)
            axes.text(left + 0.5, top + 0.03, titles[i], ha="center", va="bottom", fontsize=font)
    axes.set(xlim=(-0.05, columns * step[0] - _GAP + 0.05), aspect="equal")
    axes.set_ylim(-(rows - 1) * step[1] - tall - 0.05, lines * _LINE + 0.1)
    axes.axis("off")
    if scale:
        bar = figure.colorbar(ScalarMappable(norm, "gray_r"), ax=axes, fraction=0.04, label=scale)
        bar.outline.set_color(COLOURS["grey"])
    return figure
