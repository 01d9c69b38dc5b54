"""Put pictures into a notebook so that they survive everywhere and say what they show.

Every picture becomes an HTML ``<img>`` with its data inside. An ``image/png`` output would be
shorter, but JupyterLab drops its alternative text, and an SVG output is not shown at all in a
notebook that is not trusted, as every fresh clone is. nbval compares HTML outputs; the PNG data,
which differ between versions of matplotlib, are masked in ``tests/nbval_sanitize.cfg``.
"""

import base64
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import matplotlib as mpl
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from chainrule.figures.style import RC


@dataclass(frozen=True)
class Drawing:
    """A finished diagram: an SVG document and the text that says what it shows."""

    svg: str
    alt: str


def show(picture: Figure | Drawing, alt: str | None = None, caption: str | None = None) -> None:
    """Show a plot or a diagram below the cell.

    Parameters
    ----------
    picture : Figure or Drawing
    alt : str
        What the picture shows, for a reader who cannot see it. A diagram brings its own.
    caption : str, optional
        A line of plain text below the picture.

    Raises
    ------
    TypeError
        If ``picture`` is neither a matplotlib figure nor a drawing.
    ValueError
        If nothing says what the picture shows.
    """
    if not isinstance(picture, Figure | Drawing):
        raise TypeError(f"picture must be a Figure or a Drawing, got {type(picture).__name__}")
    alt = alt or getattr(picture, "alt", "")
    if not alt.strip():
        raise ValueError("a plot needs alt='...': say what it shows to a reader who cannot see it")
    image = _image(picture, alt)
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    display_html(
        f"<figure>{image}{below}</figure>", alt if caption is None else f"{alt}\n{caption}"
    )


def stepper(frames: Sequence[tuple[str, Drawing]], start: int = 0) -> None:
    """Show a sequence of diagrams that the reader steps through.

    Where scripts run, the frames become one picture with a slider; where they do not (a notebook
    that is not trusted yet), each frame is a line that opens on a click.

    Parameters
    ----------
    frames : sequence of (str, Drawing)
        A heading and a picture for every step; all pictures of one size.
    start : int
        The frame shown first.

    Raises
    ------
    ValueError
        If there are no frames, or ``start`` is not one of them.
    """
    if not 0 <= start < len(frames):
        raise ValueError(f"start must be one of the {len(frames)} frames, got {start}")
    folds = "".join(
        f"<details{' open' if i == start else ''}><summary>{escape(heading)}</summary>"
        f"{_image(drawing, drawing.alt)}</details>"
        for i, (heading, drawing) in enumerate(frames)
    )
    # The same frames give the same id: the stored output does not change when it runs again.
    identity = "stepper-" + hashlib.sha256(folds.encode("utf-8")).hexdigest()[:12]
    script = _SCRIPT.replace("IDENTITY", identity).replace("START", str(start))
    display_html(
        f'<figure id="{identity}">{folds}</figure><script>{script}</script>',
        "\n".join(f"{heading}: {drawing.alt}" for heading, drawing in frames),
    )


# Outputs can be shown twice (a second view of the notebook), so every element with the id is
# turned, once. The slider's label is the frame's heading, read out as it changes.
_SCRIPT = """
for (const root of document.querySelectorAll('[id="IDENTITY"]:not([data-live])')) {
  root.dataset.live = "yes";
  const frames = [...root.querySelectorAll("details")];
  const slider = Object.assign(document.createElement("input"),
    {type: "range", min: 0, max: frames.length - 1, value: START});
  slider.setAttribute("aria-label", "step");
  slider.style.cssText = "width: 20em; max-width: 60%; vertical-align: middle";
  const button = (text, name, step) => {
    const made = Object.assign(document.createElement("button"), {textContent: text});
    made.setAttribute("aria-label", name);
    made.onclick = () => { slider.valueAsNumber += step; turn(); };
    return made;
  };
  const heading = document.createElement("div");
  heading.setAttribute("aria-live", "polite");
  const turn = () => {
    frames.forEach((frame, i) => {
      frame.open = true;
      frame.style.display = i === slider.valueAsNumber ? "block" : "none";
      frame.querySelector("summary").style.display = "none";
    });
    heading.textContent = frames[slider.valueAsNumber].querySelector("summary").textContent;
  };
  slider.oninput = turn;
  const bar = document.createElement("div");
  bar.append(button("\\u25c0", "previous", -1), " ", slider, " ", button("\\u25b6", "next", 1));
  root.prepend(bar, heading);
  turn();
}
"""


def _image(picture: Figure | Drawing, alt: str) -> str:
    if isinstance(picture, Drawing):
        return image_tag("svg+xml", picture.svg.encode("utf-8"), alt)
    width = round(picture.get_figwidth() * 100)  # stored finer, shown at 100 dpi
    return image_tag("png", png(picture), alt, width)


def image_tag(kind: str, data: bytes, alt: str, width: int | None = None) -> str:
    """Write an HTML image that holds its own data.

    Parameters
    ----------
    kind : str
        The second half of its media type: "png", "svg+xml".
    data : bytes
    alt : str
        What the image shows.
    width : int, optional
        In pixels of the page; the image's own, if left out.
    """
    text = base64.b64encode(data).decode("ascii")
    size = f' width="{width}"' if width else ""
    return f'<img src="data:image/{kind};base64,{text}" alt="{escape(alt)}"{size}>'


def png(figure: Figure) -> bytes:
    """Store a plot, at 150 dpi, in few colours."""
    buffer = io.BytesIO()
    with mpl.rc_context(RC):
        figure.savefig(buffer, format="png")
    # A plot has few colours; a palette of them makes the notebook three times smaller.
    small = io.BytesIO()
    image = Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    image.save(small, format="png", optimize=True)
    return small.getvalue()


def display_html(html: str, text: str) -> None:
    """Show HTML below the cell, and a text where HTML is not shown."""
    display({"text/html": html, "text/plain": text}, raw=True)
