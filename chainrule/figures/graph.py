"""Computation graphs as drawings: values forward above the arrows, gradients backward below."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chainrule.figures.display import Drawing
from chainrule.figures.layout import APART, LEGEND, MARGIN, Layout, written
from chainrule.figures.svg import LINE, Sheet, text_width


@dataclass(frozen=True, eq=False)  # a value used twice has two edges that say the same
class Edge:
    """What flows from one node to the next, and the gradient that flows back.

    Attributes
    ----------
    source, target : str
        Names of nodes.
    forward, backward : str, number, shape, array or None
        Labels. Numbers are written with four digits, an array by its shape; ``\\n`` starts a
        new line.
    """

    source: str
    target: str
    forward: Any = None
    backward: Any = None


def chain(
    functions: Sequence,
    forward: Sequence | None = None,
    backward: Sequence | None = None,
    *,
    start: str = "x",
    end: str = "y",
    names: tuple[str, str] = ("values", "slopes"),
) -> Drawing:
    """Draw functions applied one after the other.

    Parameters
    ----------
    functions : sequence of callables or str
        In the order they are applied.
    forward, backward : sequence of labels, one more than there are functions
        On the arrow into each function, and on the arrow out of the last.
    start, end : str
        What goes in and what comes out.
    names : (str, str)
        What the legend calls the two directions.

    Raises
    ------
    ValueError
        If there are not as many labels as arrows.

    Examples
    --------
    >>> picture = chain(["square", "sigmoid"], [2, 4, 0.982], [0.0707, 0.0177, 1])
    >>> picture.alt
    'Graph of x → square → sigmoid → y. Forward (values): x → square 2; square → sigmoid 4;
    sigmoid → y 0.982. Backward (slopes): square → x 0.0707; sigmoid → square 0.0177;
    y → sigmoid 1.'
    """
    arrows = len(functions) + 1
    for name, labels in (("forward", forward), ("backward", backward)):
        if labels is not None and len(labels) != arrows:
            raise ValueError(f"{name} needs {arrows} labels, one per arrow, got {len(labels)}")
    labels = {"start": start, "end": end}
    labels |= {f"box {i}": getattr(f, "__name__", f) for i, f in enumerate(functions)}
    nodes = ["start", *(f"box {i}" for i in range(len(functions))), "end"]
    rows = zip(forward or [None] * arrows, backward or [None] * arrows, strict=True)
    edges = [Edge(*ends, *row) for ends, row in zip(pairwise(nodes), rows, strict=True)]
    return graph(edges, labels=labels, names=names)


def graph(
    edges: Iterable[Edge],
    *,
    parameters: Collection[str] = (),
    labels: Mapping[str, str] | None = None,
    names: tuple[str, str] = ("values", "gradients"),
) -> Drawing:
    """Draw a computation graph, from left to right in layers.

    Nodes that nothing enters or nothing leaves are drawn as values (rounded ends), parameters
    below the operation they feed (green, heavy outline), all others as operations. Meant for up
    to about fifteen nodes.

    Parameters
    ----------
    edges : iterable of Edge
    parameters : collection of str
        The nodes that are learned; each feeds exactly one operation.
    labels : mapping, optional
        What to write in a node, where it is not the node's name.
    names : (str, str)
        What the legend calls the two directions.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If there is no edge, the edges form a circle, or a parameter feeds anything but one
        operation.

    Examples
    --------
    >>> picture = graph([Edge("X", "multiply", (8, 3)), Edge("W", "multiply", (3, 2)),
    ...                  Edge("multiply", "N", (8, 2))], parameters=["W"])
    >>> picture.svg[:4], picture.alt
    ('<svg', 'Graph of X → multiply; W → multiply; multiply → N. Forward (values):
    X → multiply (8, 3); W → multiply (3, 2); multiply → N (8, 2).')
    """
    edges = list(edges)
    if not edges:
        raise ValueError("a graph needs at least one edge")
    layout = Layout(edges, parameters, labels or {})
    alt = _describe(edges, layout.labels, names)
    sheet = Sheet()
    for edge in edges:
        _draw_edge(sheet, edge, layout.route(edge))
    for node in layout.labels:
        _draw_node(sheet, layout, node)
    width, height = layout.width, layout.height
    if any(edge.backward is not None for edge in edges):
        width = max(width, _draw_legend(sheet, height + 4, names))
        height += LEGEND
    return Drawing(sheet.svg(width, height, alt), alt)


def _draw_node(sheet, layout, node):
    (x, y), (width, height) = layout.at[node], layout.size[node]
    if node in layout.parameters:
        sheet.box(
            x,
            y,
            text_width(layout.labels[node]) + 28,
            height,
            radius=20,
            fill="#e3f4ee",
            stroke="green",
            weight=2.5,
        )
    elif node in layout.ends:
        sheet.box(x, y, width, height, radius=20, stroke="grey")
    else:
        sheet.box(x, y, width, height, fill="#e6f1f8", stroke="blue")
    operation = node not in layout.ends and node not in layout.parameters
    sheet.text(x, y, layout.labels[node], bold=operation)


def _draw_edge(sheet, edge, points):
    (x0, y0), (x1, y1) = max(pairwise(points), key=_room)
    # To the left of the way a value takes: above an arrow that runs right, left of one that
    # runs up.
    side = (0, -1) if x1 > x0 else (-1, 0)
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    if edge.backward is None:
        sheet.arrow(points)
        _draw_label(sheet, edge.forward, middle, side, "ink")
        return
    other = (-side[0], -side[1])
    sheet.arrow(_shift(points, side), stroke="blue")
    _draw_label(sheet, edge.forward, middle, side, "blue")
    sheet.arrow(_shift(points, other)[::-1], stroke="red", dashed=True)
    _draw_label(sheet, edge.backward, middle, other, "red")


def _draw_label(sheet, label, middle, side, colour):
    if label is None:
        return
    text = written(label)
    height = LINE * (text.count("\n") + 1)
    far = APART + 5 + abs(side[0]) * text_width(text) / 2 + abs(side[1]) * height / 2
    sheet.text(middle[0] + far * side[0], middle[1] + far * side[1], text, fill=colour)


def _draw_legend(sheet, y, names):
    sheet.arrow([(MARGIN, y), (MARGIN + 36, y)], stroke="blue")
    text = f"forward: {names[0]}"
    sheet.text(MARGIN + 44, y, text, fill="blue", anchor="start")
    x = MARGIN + 44 + text_width(text) + 20
    sheet.arrow([(x + 36, y), (x, y)], stroke="red", dashed=True)
    text = f"backward: {names[1]}"
    sheet.text(x + 44, y, text, fill="red", anchor="start")
    return x + 44 + text_width(text)


def _describe(edges, labels, names):
    ways = [(labels[edge.source], labels[edge.target], edge) for edge in edges]
    straight = all(a.target == b.source for a, b in pairwise(edges))
    if straight:
        text = " → ".join([ways[0][0], *(target for _, target, _ in ways)])
    else:
        text = "; ".join(f"{source} → {target}" for source, target, _ in ways)
    text = f"Graph of {text}."
    ahead = [f"{s} → {t} {written(e.forward)}" for s, t, e in ways if e.forward is not None]
    back = [f"{t} → {s} {written(e.backward)}" for s, t, e in ways if e.backward is not None]
    for name, labels in ((f"Forward ({names[0]})", ahead), (f"Backward ({names[1]})", back)):
        if labels:
            text += f" {name}: {'; '.join(labels)}."
    return text.replace("\n", " ")


def _room(piece):
    """How much room a piece of an arrow has for labels: the longest level one has most."""
    across, down = (abs(end - start) for start, end in zip(*piece, strict=True))
    return across - down


def _shift(points, side):
    return [(x + APART * side[0], y + APART * side[1]) for x, y in points]
