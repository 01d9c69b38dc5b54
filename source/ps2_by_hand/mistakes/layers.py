"""Networks of the bug hunt in named steps, and what is right to write for them."""

from collections.abc import Callable

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case

from .given import sigmoid, squared_error, sum_rows
from .steps import Steps

RETURNS = ("loss", "gradients[]")
REREAD = "lecture 06, “Reading a failing check”"


def two_layers(inputs: Callable, samples: int, features: int, neurons: int, outputs: int) -> Case:
    """A case for a network with one hidden layer."""
    shapes = {"W1": (features, neurons), "B1": (1, neurons)}
    return Case(inputs(samples, **shapes, W2=(neurons, outputs), B2=(1, outputs)))


def two_layer_steps(entry: Entry, activation: Callable, slope: Callable) -> Steps:
    """Forward and back; ``slope`` is a function of all that is known, as every step."""
    return Steps(
        entry,
        {
            "N1": lambda v: v.X @ v.W1 + v.B1,
            "O1": lambda v: activation(v.N1),
            "P": lambda v: v.O1 @ v.W2 + v.B2,
            "loss": lambda v: squared_error(v.P, v.y),
            "dP": lambda v: 2 * (v.P - v.y) / v.n,
            "dO1": lambda v: v.dP @ v.W2.T,
            "slope": slope,
            "dN1": lambda v: v.dO1 * v.slope,
            "dW1": lambda v: v.X.T @ v.dN1,
            "dB1": lambda v: sum_rows(v.dN1),
            "dW2": lambda v: v.O1.T @ v.dP,
            "dB2": lambda v: sum_rows(v.dP),
        },
        lambda v: (v.loss, {"W1": v.dW1, "B1": v.dB1, "W2": v.dW2, "B2": v.dB2}),
    )


def sigmoid_slope(v):
    return v.O1 * (1 - v.O1)


def as_in_lecture_05(X, y, params):
    """The two-layer network with the sigmoid, line by line."""
    O1 = 1 / (1 + np.exp(-(X @ params["W1"] + params["B1"])))
    P = O1 @ params["W2"] + params["B2"]
    dL_dP = 2 * (P - y) / len(P)
    dL_dN1 = dL_dP @ params["W2"].T * O1 * (1 - O1)
    return ((P - y) ** 2).sum() / len(P), {
        "W1": X.T @ dL_dN1,
        "B1": dL_dN1.sum(axis=0)[np.newaxis],
        "W2": O1.T @ dL_dP,
        "B2": dL_dP.sum(axis=0)[np.newaxis],
    }


def sample_by_sample(X, y, params):
    """The same with a loop over the samples, and the sigmoid by way of tanh."""
    loss, grads = 0.0, {name: np.zeros_like(one) for name, one in params.items()}
    for x, target in zip(X, y, strict=True):
        O1 = 0.5 * (1 + np.tanh((x @ params["W1"] + params["B1"][0]) / 2))
        miss = O1 @ params["W2"] + params["B2"][0] - target
        loss += (miss**2).sum() / len(X)
        dP = 2 * miss / len(X)
        dN1 = (params["W2"] @ dP) * O1 * (1 - O1)
        grads["W2"] += O1[:, np.newaxis] * dP
        grads["B2"][0] += dP
        grads["W1"] += x[:, np.newaxis] * dN1
        grads["B1"][0] += dN1
    return loss, grads


def with_rows_of_ones(X, y, params):
    """The same with sums as matrix products."""
    ones = np.ones((1, len(X)))
    O1 = sigmoid(X @ params["W1"] + ones.T @ params["B1"])
    miss = O1 @ params["W2"] + ones.T @ params["B2"] - y
    dP = miss * (2 / len(X))
    dN1 = np.multiply(dP @ params["W2"].T, O1 - O1**2)
    grads = {"B2": ones @ dP, "W2": O1.T @ dP, "B1": ones @ dN1, "W1": X.T @ dN1}
    return np.einsum("ik,ik->", miss, miss) / len(X), grads
