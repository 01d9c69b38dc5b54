"""Right ways and wrong ways to train a network on digits.

No fingerprints: training is judged by what the network gets wrong, and advice follows from the
predictions.
"""

import itertools

import numpy as np

from chainrule.checks.bank import Entry

from .dense import Dense
from .gradient import with_one_hot as loss_grad
from .network import back, forward, make_layers, with_lists
from .relu import ReLU

training = Entry("train_digits", "training", {}, "")


def first_params(rng, widths, spread=None):
    params = {}
    for k, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
        std = np.sqrt(2 / inputs) if spread is None else spread
        params[f"W{k}"] = std * rng.standard_normal((inputs, outputs))
        params[f"b{k}"] = np.zeros((1, outputs))
    return params


def train(X, ids, rng, params, lr, epochs, batch_size=32):
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            _, gradients = with_lists(params, X[rows], ids[rows])
            for name, grad in gradients.items():
                params[name] -= lr * grad
    return make_layers(params)


@training.correct
def with_a_dictionary(X, ids, rng):
    return train(X, ids, rng, first_params(rng, (64, 100, 50, 10), 0.1), 0.3, 20)


@training.correct
def wide_layer_and_smaller_steps(X, ids, rng):
    params = first_params(rng, (64, 128, 10))
    for epoch in range(15):
        order = rng.permutation(len(X))
        for rows in np.array_split(order, len(X) // 32):
            _, gradients = with_lists(params, X[rows], ids[rows])
            for name in params:
                params[name] = params[name] - 0.5 * 0.9**epoch * gradients[name]
    return make_layers(params)


@training.correct
def layer_by_layer_in_float32(X, ids, rng):
    X, ids = X.astype(np.float32), ids.astype(np.int32)
    sizes = [(64, 100), (100, 100), (100, 10)]
    layers = []
    for inputs, outputs in sizes:
        W = rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32)
        layers += [Dense(W, np.zeros((1, outputs), dtype=np.float32)), ReLU()]
    del layers[-1]
    for _ in range(20):
        order = rng.permutation(len(X))
        X, ids = X[order], ids[order]
        for start in range(0, len(X), 40):
            values = forward(layers, X[start : start + 40])
            grad = loss_grad(values[-1], ids[start : start + 40]).astype(np.float32)
            back(layers, values, grad)
            for layer in layers[::2]:
                layer.W -= 0.2 * layer.W_grad
                layer.b -= 0.2 * layer.b_grad
    return layers


@training.mistake(named="undertrained")
def no_hidden_layer(X, ids, rng):
    return train(X, ids, rng, first_params(rng, (64, 10)), 0.3, 5)


@training.mistake(named="undertrained")
def too_few_epochs(X, ids, rng):
    return train(X, ids, rng, first_params(rng, (64, 32, 10), 0.1), 0.05, 1)


@training.mistake(named="untrained")
def divided_twice(X, ids, rng):
    return train(X, ids, rng, first_params(rng, (64, 50, 10), 0.1), 0.1 / 32, 1)


@training.mistake(named="untrained")
def never_trained(X, ids, rng):
    return make_layers(first_params(rng, (64, 50, 10)))


@training.mistake(named="untrained")
def ids_not_shuffled_along(X, ids, rng):
    return train(rng.permutation(X), ids, rng, first_params(rng, (64, 30, 10)), 0.1, 1)


@training.mistake(named="constant_output")
def all_weights_zero(X, ids, rng):
    return train(X, ids, rng, first_params(rng, (64, 50, 10), 0.0), 0.1, 1)


@training.mistake(named="diverged")
def uphill(X, ids, rng):
    return train(X, ids, rng, first_params(rng, (64, 50, 10)), -2.0, 2)


@training.mistake(named="wrong_shape")
def nine_classes(X, ids, rng):
    few = ids < 9
    return train(X[few], ids[few], rng, first_params(rng, (64, 30, 9)), 0.1, 1)


@training.mistake(named="returns_nothing")
def return_forgotten(X, ids, rng):
    train(X, ids, rng, first_params(rng, (64, 10)), 0.1, 1)


@training.mistake(named="wrong_type")
def parameters_returned(X, ids, rng):
    return first_params(rng, (64, 30, 10))


@training.mistake(named="not_implemented")
def unwritten(X, ids, rng):
    raise NotImplementedError
