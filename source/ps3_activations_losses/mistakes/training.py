"""Right ways and wrong ways to train a network on the sin data.

No fingerprints: training is judged by the loss that it reaches, and advice follows from the
predictions.
"""

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.layers import Dense
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.operations import Operation, Sigmoid
from chainrule.optimizers import SGD
from chainrule.trainer import Trainer

training = Entry("train_network", "training", {}, "")


class Tanh(Operation):
    def _output(self):
        return np.tanh(self.input_)

    def _input_grad(self, output_grad):
        return output_grad * (1 - self.output**2)


def train(layers, X, y, rng, lr=0.05, epochs=200):
    network = NeuralNetwork(layers, MeanSquaredError(), rng)
    Trainer(network, SGD(lr)).fit(X, y, epochs=epochs)
    return network


@training.correct
def with_sigmoid(X, y, rng):
    return train([Dense(32, Sigmoid()), Dense(3)], X, y, rng)


@training.correct
def with_tanh(X, y, rng):
    return train([Dense(16, Tanh()), Dense(3)], X, y, rng)


@training.correct
def two_hidden_layers(X, y, rng):
    return train([Dense(24, Tanh()), Dense(24, Tanh()), Dense(3)], X, y, rng)


@training.correct
def by_hand(X, y, rng):
    network = NeuralNetwork([Dense(24, Tanh()), Dense(3)], MeanSquaredError(), rng)
    for _ in range(150):
        order = rng.permutation(len(X))
        for start in range(0, len(X), 20):
            rows = order[start : start + 20]
            network.train_batch(X[rows], y[rows])
            SGD(0.05).step(network.params(), network.param_grads())
    return network


@training.mistake(named="sigmoid_output")
def sigmoid_output(X, y, rng):
    return train([Dense(32, Tanh()), Dense(3, Sigmoid())], X, y, rng)


@training.mistake(named="returns_nothing")
def return_forgotten(X, y, rng):
    train([Dense(16, Tanh()), Dense(3)], X, y, rng)


@training.mistake(named="wrong_type")
def history_returned(X, y, rng):
    network = NeuralNetwork([Dense(16, Tanh()), Dense(3)], MeanSquaredError(), rng)
    return Trainer(network, SGD(0.05)).fit(X, y, epochs=20)


@training.mistake(named="diverged")
def diverged(X, y, rng):
    return train([Dense(32, Sigmoid()), Dense(3)], X, y, rng, lr=5, epochs=50)


@training.mistake(named="untrained")
def never_trained(X, y, rng):
    network = NeuralNetwork([Dense(32, Tanh()), Dense(3)], MeanSquaredError(), rng)
    network.forward(X)
    return network


@training.mistake(named="undertrained")
def single_layer(X, y, rng):
    return train([Dense(3)], X, y, rng)


@training.mistake(named="undertrained")
def no_activation(X, y, rng):
    return train([Dense(32), Dense(3)], X, y, rng, lr=0.01)


@training.mistake(named="wrong_shape")
def one_output(X, y, rng):
    return train([Dense(16, Tanh()), Dense(1)], X, y[:, :1], rng)


@training.mistake(named="not_implemented")
def unwritten(X, y, rng):
    raise NotImplementedError
