"""Where the nodes and arrows of a computation graph go: a column per layer, rows within it."""

from itertools import pairwise

import numpy as np

from chainrule.figures.svg import LINE, text_width

NODE_HEIGHT = 40
MARGIN = 16
LEGEND = 30
APART = 5  # how far the forward and the backward arrow lie from the middle of an edge
BEND = 36  # how far from a node an arrow turns into its row


class Layout:
    """The positions of one graph, in pixels.

    Attributes
    ----------
    labels : dict
        Node name to text; its keys are all nodes, in the order the edges name them.
    parameters : dict
        Name of a parameter to the operation it feeds.
    ends : set of str
        Nodes that nothing enters or nothing leaves.
    at, size : dict
        Node name to centre ``(x, y)`` and to ``(width, height)``.
    width, height : float
        Of the whole drawing.
    """

    def __init__(self, edges, parameters, labels):
        names = dict.fromkeys(name for edge in edges for name in (edge.source, edge.target))
        self.labels = {name: str(labels.get(name, name)) for name in names}
        self.parameters = _attach(edges, parameters)
        self._feeding = [edge for edge in edges if edge.source in self.parameters]
        self._edges = [edge for edge in edges if edge.source not in self.parameters]
        self._layer = _layers([n for n in names if n not in self.parameters], self._edges)
        sources, targets = ({getattr(e, k) for e in self._edges} for k in ("source", "target"))
        self.ends = set(self._layer) - (sources & targets)
        self._slots = {edge.source: self._slot(edge) for edge in self._feeding}
        self.size = {name: self._size(name) for name in names}
        self._rows, self._bends = _rows(self._layer, self._edges)
        self._place()

    def route(self, edge):
        """The points an edge runs through, from border to border."""
        (x0, y0), (x1, y1) = self.at[edge.source], self.at[edge.target]
        if edge.source in self.parameters:
            up = self.size[edge.target][1] / 2 + 3
            return [(x0, y0 - NODE_HEIGHT / 2 - 3), (x0, y1 + up)]
        start = (x0 + self.size[edge.source][0] / 2 + 3, y0 + self._port(edge, "source"))
        end = (x1 - self.size[edge.target][0] / 2 - 3, y1 + self._port(edge, "target"))
        passed = [(self._columns[key[1]], self._down(key)) for key in self._bends[edge]]
        # Without a layer in between, an arrow runs in the row of whichever node has no other.
        lane = y0 if len(self._beside(edge, "target")) > 1 else y1
        first, last = (passed[0][1], passed[-1][1]) if passed else (lane, lane)
        way = [start, (start[0] + BEND, first), *passed, (end[0] - BEND, last), end]
        return [p for i, p in enumerate(way) if i in (0, len(way) - 1) or not _straight(way, i)]

    def _place(self):
        self._columns = self._column_middles()
        above = max(_label_height(edge.forward) for edge in self._edges)
        below = max(_label_height(edge.backward) for edge in self._edges)
        self._drop = max((_drop(edge) for edge in self._feeding), default=0)
        tallest = max(height for _, height in self.size.values())
        self._pitch = tallest + max(24, above + below - 8) + self._drop
        self._top = MARGIN + max(tallest / 2, above + APART + 3)
        self.at = {n: (self._columns[i], self._down((n, i))) for n, i in self._layer.items()}
        lowest = max(self._down(key) for key in self._rows) + max(tallest / 2, below + APART + 3)
        for operation in set(self.parameters.values()):
            held = [name for name, target in self.parameters.items() if target == operation]
            x, y = self.at[operation]
            left = x - sum(self._slots[name] for name in held) / 2
            for name in held:
                self.at[name] = (left + self._slots[name] / 2, y + self._drop)
                left += self._slots[name]
            lowest = max(lowest, y + self._drop + NODE_HEIGHT / 2)
        last = [self.size[n][0] for n, i in self._layer.items() if i == len(self._columns) - 1]
        self.width = self._columns[-1] + max(last) / 2 + MARGIN
        self.height = lowest + MARGIN

    def _column_middles(self):
        """The middle of every column, far enough apart for the labels in between."""
        count = max(self._layer.values()) + 1
        width = [0.0] * count  # and stays so for a layer that is there for arrows only
        for name, i in self._layer.items():
            width[i] = max(width[i], self.size[name][0])
        middles = [MARGIN + width[0] / 2]
        for i in range(count - 1):
            room = max(self._room(e) for e in self._edges if self._crosses(e, i))
            middles.append(middles[i] + width[i] / 2 + room + width[i + 1] / 2)
        return middles

    def _crosses(self, edge, layer):
        return self._layer[edge.source] <= layer < self._layer[edge.target]

    def _room(self, edge):
        label = max(_label_width(edge.forward), _label_width(edge.backward))
        ends = sum(len(self._beside(edge, end)) > 1 for end in ("source", "target"))
        return max(56, label + 28) + ends * BEND

    def _beside(self, edge, end):
        """All edges at the same side of a node as this one."""
        return [e for e in self._edges if getattr(e, end) == getattr(edge, end)]

    def _port(self, edge, end):
        """How far below the middle of a node's side an edge is tied, when several are."""
        other = "target" if end == "source" else "source"
        # Sorted by the row they lead to, so that they do not cross.
        beside = sorted(self._beside(edge, end), key=lambda e: self._leads_to(e, other))
        return 20 * (beside.index(edge) - (len(beside) - 1) / 2)

    def _leads_to(self, edge, other):
        passed = self._bends[edge]
        name = getattr(edge, other)
        key = passed[0 if other == "target" else -1] if passed else (name, self._layer[name])
        return self._rows[key]

    def _down(self, key):
        return self._top + self._rows[key] * self._pitch

    def _slot(self, edge):
        """How wide a parameter and the labels of its arrow are."""
        labels = _label_width(edge.forward) + _label_width(edge.backward) + 4 * APART + 12
        return max(text_width(self.labels[edge.source]) + 28, labels)

    def _size(self, name):
        held = [self._slots[p] for p, target in self.parameters.items() if target == name]
        text = text_width(self.labels[name]) + 24
        tied = max(
            sum(getattr(e, end) == name for e in self._edges) for end in ("source", "target")
        )
        return max(NODE_HEIGHT + 4, text, sum(held)), max(NODE_HEIGHT, 20 * tied + 6)


def written(label) -> str:
    """Write a label: a number with four digits, an array by its shape, text as it is.

    Examples
    --------
    >>> written(-0.07233643), written(np.zeros((8, 3))), written("X\\n(8, 3)")
    ('−0.07234', '(8, 3)', 'X\\n(8, 3)')
    """
    if isinstance(label, np.ndarray) and label.ndim:
        return str(label.shape)
    if isinstance(label, str | tuple):
        return str(label)
    return f"{float(label):.4g}".replace("-", "−")


def _label_width(label):
    return 0 if label is None else text_width(written(label))


def _label_height(label):
    return 0 if label is None else LINE * (written(label).count("\n") + 1)


def _drop(edge):
    """How far below its operation a parameter lies."""
    return NODE_HEIGHT + max(
        34, _label_height(edge.forward) + 12, _label_height(edge.backward) + 12
    )


def _straight(points, i):
    return points[i - 1][1] == points[i][1] == points[i + 1][1]


def _attach(edges, parameters):
    fed = {}
    for name in parameters:
        targets = [edge.target for edge in edges if edge.source == name]
        if len(targets) != 1 or any(edge.target == name for edge in edges):
            raise ValueError(f"parameter {name!r} must feed exactly one operation, feeds {targets}")
        fed[name] = targets[0]
    return fed


def _layers(nodes, edges):
    """Put every node one layer right of everything that feeds it.

    Two layers if one node feeds it twice, so that each of the arrows has a row in between.
    """
    ends = [(edge.source, edge.target) for edge in edges]
    layer = dict.fromkeys(nodes, 0)
    for _ in nodes:
        before = dict(layer)
        for edge in edges:
            step = 1 if ends.count((edge.source, edge.target)) == 1 else 2
            layer[edge.target] = max(layer[edge.target], layer[edge.source] + step)
        if layer == before:
            return layer
    raise ValueError("the edges form a circle: a computation graph runs one way")


def _rows(layer, edges):
    """Give each node, and each layer an edge passes over, a row near what feeds it.

    Returns the rows, keyed by (node or edge, layer), and the keys each edge passes.
    """
    feeding = {(node, i): [] for node, i in layer.items()}
    bends = {}
    for edge in edges:
        passed = [(edge, i) for i in range(layer[edge.source] + 1, layer[edge.target])]
        path = [(edge.source, layer[edge.source]), *passed, (edge.target, layer[edge.target])]
        for before, after in pairwise(path):
            feeding.setdefault(after, []).append(before)
        bends[edge] = passed
    rows = {}
    for i in range(max(layer.values()) + 1):
        here = [key for key in feeding if key[1] == i]
        wish = {k: np.mean([rows[f] for f in feeding[k]]) if feeding[k] else 0.0 for k in here}
        here.sort(key=wish.get)  # stable: ties keep the order in which the edges came
        middle = np.mean(list(wish.values()))
        for place, key in enumerate(here):
            rows[key] = float(middle + place - (len(here) - 1) / 2)
    first = min(rows.values())
    return {key: row - first for key, row in rows.items()}, bends
