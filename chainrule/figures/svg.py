"""A sheet of SVG: the few shapes the diagrams need, written the same on every machine."""

from html import escape

from chainrule.figures.style import COLOURS

FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
SIZE = 14
LINE = 18  # from one line of text to the next


class Sheet:
    """Collects shapes and writes them as one SVG document on an opaque sheet.

    Coordinates are pixels, y pointing down. They are rounded to a tenth, so that the last digits
    of a computation, which differ between machines, do not reach the text.
    """

    def __init__(self):
        self._shapes: list[str] = []

    def box(self, x, y, width, height, *, radius=6, fill="paper", stroke="ink", weight=1.5):
        """Draw a rectangle whose centre is ``(x, y)``."""
        self._shapes.append(
            f'<rect x="{number(x - width / 2)}" y="{number(y - height / 2)}"'
            f' width="{number(width)}" height="{number(height)}" rx="{number(radius)}"'
            f' fill="{_colour(fill)}" stroke="{_colour(stroke)}" stroke-width="{weight}"/>'
        )

    def path(self, points, *, stroke="ink", weight=1.5, dashed=False):
        """Draw a line through points."""
        line = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self._shapes.append(
            f'<polyline points="{line}" fill="none" stroke="{_colour(stroke)}"'
            f' stroke-width="{weight}" stroke-linejoin="round"{dash}/>'
        )

    def arrow(self, points, *, stroke="ink", weight=1.5, dashed=False):
        """Draw a line through points with a head at the last."""
        (x0, y0), (x1, y1) = points[-2:]
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        base = (x1 - 9 * dx, y1 - 9 * dy)
        self.path([*points[:-1], base], stroke=stroke, weight=weight, dashed=dashed)
        corners = [(x1, y1)] + [(base[0] - 4 * s * dy, base[1] + 4 * s * dx) for s in (-1, 1)]
        head = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
        self._shapes.append(f'<polygon points="{head}" fill="{_colour(stroke)}"/>')

    def dot(self, x, y, *, radius=5, fill="ink"):
        """Draw a filled circle."""
        self._shapes.append(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{radius}" fill="{_colour(fill)}"/>'
        )

    def text(self, x, y, text, *, fill="ink", anchor="middle", bold=False, size=SIZE):
        """Write one or more lines, centred on ``y``."""
        weight = ' font-weight="bold"' if bold else ""
        lines = str(text).split("\n")
        for i, line in enumerate(lines):
            baseline = y + LINE * (i - (len(lines) - 1) / 2) + 0.35 * size
            self._shapes.append(
                f'<text x="{number(x)}" y="{number(baseline)}" font-size="{size}"'
                f' text-anchor="{anchor}" fill="{_colour(fill)}"{weight}>{escape(line)}</text>'
            )

    def svg(self, width, height, alt) -> str:
        """Return the document, ``width`` by ``height`` pixels, with ``alt`` as its title."""
        width, height = number(width), number(height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" role="img" font-family="{FONT}">'
            f"<title>{escape(alt)}</title>"
            f'<rect width="{width}" height="{height}" fill="{COLOURS["paper"]}"/>'
            f"{''.join(self._shapes)}</svg>"
        )


def number(value: float) -> str:
    """Write a coordinate to a tenth of a pixel, without a trailing or a negative zero.

    Examples
    --------
    >>> number(2.04), number(-0.01), number(12.26)
    ('2', '0', '12.3')
    """
    return f"{round(float(value), 1) + 0.0:.10g}"  # adding 0.0 turns -0.0 into 0.0


def text_width(text: str, size: int = SIZE) -> float:
    """Estimate how wide the longest line is, generously: the reader's font is not known."""
    return max(len(line) for line in str(text).split("\n")) * 0.6 * size


def _colour(name: str) -> str:
    return COLOURS.get(name, name)
