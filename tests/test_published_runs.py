"""The training runs of the source documents, written out plainly, and the same with the framework.

The plain loops know nothing of the package. They do what the documents do: draw the weights, then
the bias, of each layer; shuffle the data that the epoch before has shuffled; go through the batches
in order; step downhill. Where the documents are wrong (a missing 1/n, gradients added up to one
number for all biases, a batch size that shrinks) the plain loops are right.
"""

from itertools import chain, pairwise

import numpy as np
import pytest

from chainrule.layers import Dense
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.operations import Sigmoid
from chainrule.optimizers import SGD
from chainrule.trainer import Trainer

GENERATORS = {"legacy": np.random.RandomState, "new": np.random.default_rng}
EPOCHS = 30

every_generator = pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
every_depth = pytest.mark.parametrize("hidden", [[], [13], [13, 13]], ids=["0", "1", "2 hidden"])
every_size = pytest.mark.parametrize("batch_size", [23, 32, 50, 1000])


@pytest.fixture(scope="module")
def data():
    """Thirteen standardised features and a price-like target, for training and held out."""
    rng = np.random.default_rng(80718)
    X = rng.standard_normal((300, 13))
    y = (X @ rng.uniform(-1, 1, (13, 1)) + np.sin(2 * X[:, :1])) + 0.1 * rng.standard_normal(
        (300, 1)
    )
    return X[:210], y[:210], X[210:], y[210:]


def assert_the_same(losses, expected):
    np.testing.assert_allclose(losses, expected, rtol=1e-12)


# The plain loops


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def draw(rng, widths):
    """Weights and bias of every layer, in the order of the layers."""
    drawn = []
    for n_in, n_out in pairwise(widths):
        weights = rng.standard_normal((n_in, n_out))
        drawn.append([weights, rng.standard_normal((1, n_out))])
    return drawn


def forward(layers, X):
    """What comes out of every layer, the data first; the last layer is linear."""
    outputs = [X]
    for i, (W, b) in enumerate(layers):
        N = np.dot(outputs[-1], W) + b
        outputs.append(N if i == len(layers) - 1 else sigmoid(N))
    return outputs


def loss_of(P, y):
    return np.mean(np.sum((P - y) ** 2, axis=1))


def descend(layers, X, y, lr):
    """One step downhill; returns the loss before it."""
    outputs = forward(layers, X)
    grad = 2 * (outputs[-1] - y) / len(X)
    steps = []
    for i in reversed(range(len(layers))):
        if i < len(layers) - 1:
            grad = grad * outputs[i + 1] * (1 - outputs[i + 1])
        steps.insert(0, (np.dot(outputs[i].T, grad), np.sum(grad, axis=0, keepdims=True)))
        grad = np.dot(grad, layers[i][0].T)
    for layer, (W_grad, b_grad) in zip(layers, steps, strict=True):
        layer[0] = layer[0] - lr * W_grad
        layer[1] = layer[1] - lr * b_grad
    return loss_of(outputs[-1], y)


def plain_run(data, hidden, rng, lr, batch_size, weights_first, draw=draw):
    """Train; returns the mean loss of every epoch, the held-out loss after it, and the layers."""
    X, y, X_test, y_test = data
    layers = draw(rng, [13, *hidden, 1]) if weights_first else None
    train_losses, test_losses = [], []
    for _ in range(EPOCHS):
        order = rng.permutation(len(X))
        X, y = X[order], y[order]
        if layers is None:  # when the first batch comes
            layers = draw(rng, [13, *hidden, 1])
        total = 0.0
        for start in range(0, len(X), batch_size):
            X_batch, y_batch = X[start : start + batch_size], y[start : start + batch_size]
            total += descend(layers, X_batch, y_batch, lr) * len(X_batch)
        train_losses.append(total / len(X))
        test_losses.append(loss_of(forward(layers, X_test)[-1], y_test))
    return train_losses, test_losses, layers


# The same with the framework


def network_of(hidden, rng):
    layers = [*(Dense(width, Sigmoid()) for width in hidden), Dense(1)]
    return NeuralNetwork(layers, MeanSquaredError(), rng)


@every_generator
@every_depth
@every_size
def test_a_run_in_the_style_of_the_framework_document(data, generator, hidden, batch_size):
    """The layers draw when the first batch, already shuffled, reaches them."""
    plain = plain_run(data, hidden, generator(20190501), 0.01, batch_size, weights_first=False)
    network = network_of(hidden, generator(20190501))
    history = Trainer(network, SGD(lr=0.01)).fit(*data, epochs=EPOCHS, batch_size=batch_size)
    assert_the_same(history.train_loss, plain[0])
    assert_the_same(history.val_loss, plain[1])
    for param, expected in zip(network.params(), chain(*plain[2]), strict=True):
        np.testing.assert_allclose(param, expected, rtol=1e-10, atol=1e-12)


@every_generator
@every_depth
@every_size
def test_a_run_in_the_style_of_the_documents_by_hand(data, generator, hidden, batch_size):
    """The weights are drawn first, then the data shuffled."""
    plain = plain_run(data, hidden, generator(180708), 0.01, batch_size, weights_first=True)
    network = network_of(hidden, generator(180708)).build(13)
    history = Trainer(network, SGD(lr=0.01)).fit(*data, epochs=EPOCHS, batch_size=batch_size)
    assert_the_same(history.train_loss, plain[0])
    assert_the_same(history.val_loss, plain[1])


class SeedForEveryLayer:
    """A legacy generator that starts over from its seed whenever a layer asks for its weights.

    So did the document's framework: every layer set the global seed. Layers of equal shape begin
    with equal weights (never do that), and the shuffling goes on from where the last layer left
    the generator.
    """

    def __init__(self, seed):
        self.seed = seed
        self.legacy = np.random.RandomState(seed)

    def standard_normal(self, shape):
        if shape[0] > 1:  # weights; a bias has one row
            self.legacy.seed(self.seed)
        return self.legacy.standard_normal(shape)

    def permutation(self, n):
        return self.legacy.permutation(n)


def draw_from_one_seed(legacy, widths):
    drawn = []
    for n_in, n_out in pairwise(widths):
        legacy.seed(20190501)
        weights = legacy.randn(n_in, n_out)
        drawn.append([weights, legacy.randn(1, n_out)])
    return drawn


@every_depth
def test_a_run_with_the_seeds_of_the_framework_document(data, hidden):
    plain = plain_run(
        data, hidden, np.random.RandomState(20190501), 0.01, 23, False, draw_from_one_seed
    )
    network = network_of(hidden, SeedForEveryLayer(20190501))
    history = Trainer(network, SGD(lr=0.01)).fit(*data, epochs=EPOCHS, batch_size=23, eval_every=10)
    assert_the_same(history.train_loss, plain[0])
    assert_the_same(history.val_loss, plain[1][9::10])


def test_equal_seeds_for_every_layer_give_equal_weights_and_one_generator_does_not():
    bad, good = (
        network_of([13, 13], rng).build(13).params()
        for rng in (SeedForEveryLayer(1), np.random.RandomState(1))
    )
    np.testing.assert_array_equal(bad[0], bad[2])
    assert not np.isclose(good[0], good[2]).any()


@pytest.mark.parametrize("offered", [np.random, np.random.RandomState(3)], ids=["module", "object"])
def test_the_global_generator_can_be_handed_in_as_any_other(data, offered):
    state = np.random.get_state()  # noqa: NPY002
    try:
        offered.seed(5)
        losses = Trainer(network_of([4], offered), SGD(lr=0.01)).fit(*data, epochs=3).train_loss
    finally:
        np.random.set_state(state)  # noqa: NPY002
    expected = plain_run(data, [4], np.random.RandomState(5), 0.01, 32, weights_first=False)
    assert_the_same(losses, expected[0][:3])


def test_the_plain_loop_goes_downhill_where_the_loss_says(data):
    """The loop that the framework is compared with, compared with differences of its own loss."""
    X, y, _, _ = data
    layers = draw(np.random.default_rng(0), [13, 5, 4, 1])
    before = [[array.copy() for array in layer] for layer in layers]
    descend(layers, X, y, lr=1.0)
    for i, layer in enumerate(before):
        for j, array in enumerate(layer):
            step, place = array - layers[i][j], (0, array.shape[1] - 1)
            losses = []
            for nudge in (1e-5, -1e-5):
                array[place] += nudge
                losses.append(loss_of(forward(before, X)[-1], y))
                array[place] -= nudge
            assert step[place] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-6)
