"""Something that evolves: a short animation, and stills of it for those who cannot see it move."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from chainrule.figures.display import display_html, image_tag, png
from chainrule.figures.style import RC, subplots

MOST = 25  # frames; a notebook stays small enough to be cloned and compared
DPI = 70


def animate(
    draw: Callable,
    frames: Iterable[tuple[str, object]],
    *,
    alt: str,
    caption: str | None = None,
    stills: Sequence[int] = (0, -1),
    size: tuple[float, float] = (6.4, 4.4),
    seconds: float = 0.25,
) -> None:
    """Show a plot that changes from frame to frame, and some of its frames side by side.

    The animation is one image, so it moves without a script, and it stands in a fold, so that
    whoever is bothered by it can close it. Where images do not move (on paper, for one) it shows
    its last frame.

    Parameters
    ----------
    draw : callable
        ``draw(axes, value)`` draws a frame on empty axes. It should set limits, so that the axes
        stand still.
    frames : sequence of (str, value)
        A heading, which becomes the title, and what ``draw`` is given, for each of up to 25 frames.
    alt : str
        What the animation shows, for a reader who cannot see it.
    caption : str, optional
    stills : sequence of int
        Numbers of the frames that are shown side by side below the animation; by default the first
        and the last.
    size : (float, float)
        Width and height of a frame in inches, of 70 pixels each.
    seconds : float
        How long a frame stays; the last stays six times as long.

    Raises
    ------
    ValueError
        If there is no frame or there are more than 25, a still is none of them, or nothing says
        what the animation shows.
    """
    frames = list(frames)
    if not 0 < len(frames) <= MOST:
        raise ValueError(f"an animation has from 1 to {MOST} frames, got {len(frames)}")
    if not alt.strip():
        raise ValueError("an animation needs alt='...': say what it shows to who cannot see it")
    for still in stills:
        if not -len(frames) <= still < len(frames):
            raise ValueError(f"still {still} is none of the {len(frames)} frames")
    moving = image_tag("png", _moving(draw, frames, size, seconds), alt, round(size[0] * DPI))
    chosen = [frames[still] for still in stills]
    beside = f"The same as stills: {'; '.join(heading for heading, _ in chosen)}."
    stills_ = _stills(draw, chosen)
    still_image = image_tag("png", png(stills_), beside, round(stills_.get_figwidth() * 100))
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    summary = f"Animation of {len(frames)} frames (click to hide or show it)"
    display_html(
        f"<figure><details open><summary>{summary}</summary>{moving}</details>"
        f"{still_image}{below}</figure>",
        "\n".join(filter(None, (alt, beside, caption))),
    )


def _moving(draw, frames, size, seconds) -> bytes:
    pictures = _one_palette(list(_drawn(draw, frames, size)))
    lasts = [round(1000 * seconds)] * len(pictures)
    lasts[-1] *= 6
    data = io.BytesIO()
    # Of an animated PNG, the image before the first frame is for those who know nothing of frames.
    pictures[-1].save(
        data,
        format="png",
        save_all=True,
        default_image=True,
        append_images=pictures,
        duration=[lasts[-1], *lasts],
        loop=0,
    )
    return data.getvalue()


def _drawn(draw, frames, size) -> Iterator[Image.Image]:
    """Draw frame after frame on the same axes; the first one's layout serves for all."""
    figure, axes = subplots(size=size)
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    with mpl.rc_context(RC):
        for heading, value in frames:
            axes.clear()
            draw(axes, value)
            axes.set_title(heading)
            canvas.draw()
            figure.set_layout_engine("none")
            yield Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _one_palette(pictures: list[Image.Image]) -> list[Image.Image]:
    """Reduce pictures of one size to 64 colours that they share."""
    width, height = pictures[0].size
    tall = Image.new("RGB", (width, height * len(pictures)))
    for i, picture in enumerate(pictures):
        tall.paste(picture, (0, height * i))
    tall = tall.quantize(64, dither=Image.Dither.NONE)
    return [tall.crop((0, height * i, width, height * (i + 1))) for i in range(len(pictures))]


def _stills(draw, chosen):
    columns = min(3, len(chosen))
    rows = -(-len(chosen) // columns)
    figure, panels = subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in panels.flat[len(chosen) :]:
        axes.axis("off")
    for axes, (heading, value) in zip(panels.flat, chosen, strict=False):
        draw(axes, value)
        axes.set_title(heading)
        axes.label_outer()
    return figure
