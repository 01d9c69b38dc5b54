"""Right ways and wrong ways to train ten hidden layers.

No fingerprints: training is judged by the share of samples that the network gets wrong, and advice
follows from its predictions.
"""

from functools import partial

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.initialisers import he, normal
from chainrule.layers import Dense
from chainrule.losses import SoftmaxCrossEntropy
from chainrule.network import NeuralNetwork
from chainrule.operations import ReLU
from chainrule.optimizers import SGD, Adam
from chainrule.trainer import Trainer

training = Entry("train_deep", "training", {}, "")


def deep_network(rng, init=he, hidden=10):
    layers = [Dense(32, ReLU(), init=init) for _ in range(hidden)]
    return NeuralNetwork([*layers, Dense(2, init=init)], SoftmaxCrossEntropy(), rng)


def batches(X, rng, epochs):
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for first in range(0, len(X), 64):
            yield order[first : first + 64]


@training.correct
def adam_by_hand(X, y, rng):
    network = deep_network(rng)
    network.forward(X[:1])
    m = [0 * param for param in network.params()]
    s = [0 * param for param in network.params()]
    for step, rows in enumerate(batches(X, rng, 25), 1):
        network.train_batch(X[rows], y[rows])
        for i, grad in enumerate(network.param_grads()):
            m[i] = 0.9 * m[i] + 0.1 * grad
            s[i] = 0.999 * s[i] + 0.001 * grad**2
            root = np.sqrt(s[i] / (1 - 0.999**step)) + 1e-8
            network.params()[i][...] -= 0.002 * m[i] / (1 - 0.9**step) / root
    return network


@training.correct
def momentum_by_hand(X, y, rng):
    network = deep_network(rng)
    velocities = {}
    for rows in batches(X, rng, 30):
        network.train_batch(X[rows], y[rows])
        pairs = zip(network.params(), network.param_grads(), strict=True)
        for i, (param, grad) in enumerate(pairs):
            velocities[i] = 0.9 * velocities.get(i, 0.0) + grad
            param -= 0.01 * velocities[i]
    return network


@training.correct
def with_the_trainer(X, y, rng):
    network = deep_network(rng)
    Trainer(network, Adam(lr=0.003)).fit(X, y, epochs=30, batch_size=64)
    return network


@training.mistake(named="untrained")
def new_values_not_put_back(X, y, rng):
    network = deep_network(rng)
    for rows in batches(X, rng, 3):
        network.train_batch(X[rows], y[rows])
        for param, grad in zip(network.params(), network.param_grads(), strict=True):
            param = (
                param - 0.01 * grad
            )  # gives a name to a new array, and the network keeps its own
    return network


@training.mistake(named="constant_output")
def first_weights_too_small(X, y, rng):
    network = deep_network(rng, partial(normal, std=0.01))
    Trainer(network, SGD(lr=0.1)).fit(X, y, epochs=10, batch_size=64)
    return network


@training.mistake(named="diverged")
def rate_too_high(X, y, rng):
    network = deep_network(rng)
    for rows in batches(X, rng, 4):
        network.train_batch(X[rows], y[rows])
        for param, grad in zip(network.params(), network.param_grads(), strict=True):
            param -= 1e6 * grad
    return network


@training.mistake(named="undertrained")
def one_epoch(X, y, rng):
    network = deep_network(rng)
    Trainer(network, Adam(lr=0.0005)).fit(X, y, epochs=1, batch_size=64)
    return network


@training.mistake(named="too_shallow")
def one_hidden_layer(X, y, rng):
    network = deep_network(rng, hidden=1)
    Trainer(network, Adam(lr=0.003)).fit(X, y, epochs=30, batch_size=64)
    return network


@training.mistake(named="returns_nothing")
def return_forgotten(X, y, rng):
    network = deep_network(rng)
    Trainer(network, Adam(lr=0.003)).fit(X, y, epochs=2, batch_size=64)


@training.mistake(named="wrong_type")
def history_returned(X, y, rng):
    network = deep_network(rng)
    return Trainer(network, Adam(lr=0.003)).fit(X, y, epochs=2, batch_size=64)


@training.mistake(named="not_implemented")
def unwritten(X, y, rng):
    raise NotImplementedError
