"""A summary: what the layers of a network are and how much there is to learn."""

from dataclasses import dataclass
from html import escape

from chainrule.network import NeuralNetwork

HEADINGS = ("layer", "activation", "output", "parameters", "count")


@dataclass(frozen=True)
class Summary:
    """A table: text in a terminal, HTML in a notebook.

    Attributes
    ----------
    rows : tuple of tuples of str
        For the input and every layer: its type, its activation, the shape of its output for ``n``
        samples, the shapes of its parameters, how many numbers they hold.
    n_params : int or None
        Numbers to learn in all; None while layers wait for the first batch to show its width.
    loss : str
    """

    rows: tuple[tuple[str, ...], ...]
    n_params: int | None
    loss: str

    def __repr__(self) -> str:
        table = [HEADINGS, *self.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = []
        for *texts, count in table:
            cells = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
            lines.append("  ".join([*cells, count.rjust(widths[-1])]).rstrip())
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:], rule, self._total()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{heading}</th>" for heading in HEADINGS)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return (
            f"<table><caption>{escape(self._total())}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _total(self) -> str:
        count = "yet unknown" if self.n_params is None else f"{self.n_params:,}"
        return f"parameters: {count}; loss: {self.loss}"


def summary(network: NeuralNetwork) -> Summary:
    """Sum up a network.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.layers import Dense
    >>> from chainrule.losses import MeanSquaredError
    >>> from chainrule.operations import Tanh
    >>> layers = [Dense(8, Tanh()), Dense(3)]
    >>> network = NeuralNetwork(layers, MeanSquaredError(), np.random.default_rng(0))
    >>> summary(network.build(n_features=4))
    layer  activation  output  parameters      count
    ------------------------------------------------
    input              (n, 4)
    Dense  Tanh        (n, 8)  (4, 8), (1, 8)     40
    Dense  Linear      (n, 3)  (8, 3), (1, 3)     27
    ------------------------------------------------
    parameters: 67; loss: MeanSquaredError
    """
    width = network.n_features
    built = width is not None
    rows = [("input", "", _shape(width), "", "")]
    for layer in network.layers:
        width = getattr(layer, "neurons", width)  # a layer without neurons keeps the width
        params = layer.params()
        rows.append(
            (
                type(layer).__name__,
                type(layer.activation).__name__ if hasattr(layer, "activation") else "",
                _shape(width),
                ", ".join(str(param.shape) for param in params)
                if built
                else "from the first batch",
                f"{sum(param.size for param in params):,}" if built else "?",
            )
        )
    n_params = sum(param.size for param in network.params()) if built else None
    return Summary(tuple(rows), n_params, type(network.loss).__name__)


def _shape(width: int | None) -> str:
    return f"(n, {'?' if width is None else width})"
