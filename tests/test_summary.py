import html.parser

import numpy as np

from chainrule.layers import BatchNorm, Dense, Dropout
from chainrule.losses import SoftmaxCrossEntropy
from chainrule.network import NeuralNetwork
from chainrule.operations import ReLU
from chainrule.summary import HEADINGS, summary


def network():
    layers = [Dense(100, ReLU()), BatchNorm(), Dropout(0.2), Dense(1000)]
    return NeuralNetwork(layers, SoftmaxCrossEntropy(), np.random.default_rng(0))


BUILT = """\
layer      activation  output     parameters                count
-----------------------------------------------------------------
input                  (n, 64)
Dense      ReLU        (n, 100)   (64, 100), (1, 100)       6,500
BatchNorm              (n, 100)   (1, 100), (1, 100)          200
Dropout                (n, 100)                                 0
Dense      Linear      (n, 1000)  (100, 1000), (1, 1000)  101,000
-----------------------------------------------------------------
parameters: 107,700; loss: SoftmaxCrossEntropy"""

WAITING = """\
layer      activation  output     parameters            count
-------------------------------------------------------------
input                  (n, ?)
Dense      ReLU        (n, 100)   from the first batch      ?
BatchNorm              (n, 100)   from the first batch      ?
Dropout                (n, 100)   from the first batch      ?
Dense      Linear      (n, 1000)  from the first batch      ?
-------------------------------------------------------------
parameters: yet unknown; loss: SoftmaxCrossEntropy"""


def test_a_summary_shows_shapes_and_counts():
    table = summary(network().build(64))
    assert str(table) == repr(table) == BUILT


def test_a_summary_counts_what_there_is():
    built = network().build(64)
    assert summary(built).n_params == sum(param.size for param in built.params()) == 107_700


def test_a_summary_of_a_network_that_waits_for_its_first_batch_says_so():
    waiting = network()
    assert str(summary(waiting)) == WAITING
    assert summary(waiting).n_params is None
    assert waiting.params() == []


def test_the_shapes_of_the_summary_are_those_of_a_batch():
    built = network().build(64)
    X, shapes = np.zeros((7, 64)), []
    for layer in built.layers:
        X = layer.forward(X)
        shapes.append(str(X.shape).replace("7", "n"))
    assert [row[2] for row in summary(built).rows[1:]] == shapes


def test_a_network_that_begins_with_a_layer_without_neurons_knows_its_width():
    layers = [Dropout(0.5), BatchNorm(), Dense(1)]
    built = NeuralNetwork(layers, SoftmaxCrossEntropy(), np.random.default_rng(0)).build(6)
    assert [row[2] for row in summary(built).rows] == ["(n, 6)", "(n, 6)", "(n, 6)", "(n, 1)"]


class Cells(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.cells = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in ("th", "td", "caption"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.cells[-1] += data


def test_the_table_in_a_notebook_holds_the_same_as_the_text():
    table = summary(network().build(64))
    parser = Cells()
    parser.feed(table._repr_html_())
    parser.close()
    assert parser.open == []
    caption, *cells = parser.cells
    assert caption == "parameters: 107,700; loss: SoftmaxCrossEntropy"
    assert cells == [*HEADINGS, *(cell for row in table.rows for cell in row)]


def test_names_cannot_break_the_table():
    odd = type("<b>", (Dense,), {})
    built = NeuralNetwork([odd(2)], SoftmaxCrossEntropy(), np.random.default_rng(0)).build(1)
    assert "<td>&lt;b&gt;</td>" in summary(built)._repr_html_()
