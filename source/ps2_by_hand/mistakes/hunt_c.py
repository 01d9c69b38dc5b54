"""Suspect c: the error is averaged over the batch before it goes back."""

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case

from .given import draw, sigmoid, squared_error, sum_rows
from .layers import REREAD, RETURNS
from .steps import Steps

inputs = draw(213)
LAYERS = ("1", "2", "3")


def network(samples, features, first, second, outputs):
    shapes = {"W1": (features, first), "B1": (1, first), "W2": (first, second), "B2": (1, second)}
    return Case(inputs(samples, **shapes, W3=(second, outputs), B3=(1, outputs)))


hunt_c = Entry(
    "mended_c",
    "function",
    {
        "a batch": network(6, 3, 4, 5, 2),
        "one output": network(4, 2, 3, 2, 1),
        "a single sample": network(1, 3, 2, 4, 2),
        "all sizes equal": network(3, 3, 3, 3, 3),
    },
    reread=REREAD,
    returns=RETURNS,
)

steps = Steps(
    hunt_c,
    {
        "O1": lambda v: sigmoid(v.X @ v.W1 + v.B1),
        "O2": lambda v: sigmoid(v.O1 @ v.W2 + v.B2),
        "P": lambda v: v.O2 @ v.W3 + v.B3,
        "loss": lambda v: squared_error(v.P, v.y),
        "dP": lambda v: 2 * (v.P - v.y) / v.n,
        "dN2": lambda v: v.dP @ v.W3.T * v.O2 * (1 - v.O2),
        "dN1": lambda v: v.dN2 @ v.W2.T * v.O1 * (1 - v.O1),
        "weights": lambda v: {"W1": v.X.T @ v.dN1, "W2": v.O1.T @ v.dN2, "W3": v.O2.T @ v.dP},
        "biases": lambda v: {
            "B1": sum_rows(v.dN1),
            "B2": sum_rows(v.dN2),
            "B3": sum_rows(v.dP),
        },
    },
    lambda v: (v.loss, v.weights | v.biases),
)
wrong = steps.wrong


def in_every_row(row, n):
    """The same row for every sample."""
    return np.repeat(row, n, axis=0)


def averaged(v):
    """The gradient for P as suspect_c has it."""
    return in_every_row(2 * (v.P - v.y).mean(axis=0, keepdims=True) / v.n, v.n)


@hunt_c.correct
def line_by_line(X, y, params):
    O1 = sigmoid(X @ params["W1"] + params["B1"])
    O2 = sigmoid(O1 @ params["W2"] + params["B2"])
    P = O2 @ params["W3"] + params["B3"]
    dL_dP = 2 * (P - y) / len(P)
    dL_dN2 = dL_dP @ params["W3"].T * O2 * (1 - O2)
    dL_dN1 = dL_dN2 @ params["W2"].T * O1 * (1 - O1)
    weights = {"W1": X.T @ dL_dN1, "W2": O1.T @ dL_dN2, "W3": O2.T @ dL_dP}
    arriving = {"B1": dL_dN1, "B2": dL_dN2, "B3": dL_dP}
    biases = {name: grad.sum(axis=0, keepdims=True) for name, grad in arriving.items()}
    return ((P - y) ** 2).sum() / len(P), weights | biases


@hunt_c.correct
def loop_over_layers(X, y, params):
    entering, value = {}, X
    for layer in LAYERS:
        entering[layer] = value
        value = value @ params["W" + layer] + params["B" + layer]
        if layer != LAYERS[-1]:
            value = 0.5 + 0.5 * np.tanh(value / 2)
    loss = np.square(value - y).sum(axis=1).mean()
    grad, grads = (2 / len(X)) * (value - y), {}
    for layer in LAYERS[::-1]:
        grads["W" + layer] = entering[layer].T @ grad
        grads["B" + layer] = np.ones((1, len(X))) @ grad
        grad = grad @ params["W" + layer].T
        grad = grad * entering[layer] * (1 - entering[layer])
    return loss, grads


@hunt_c.correct
def sum_of_single_samples(X, y, params):
    parts = [line_by_line(X[[i]], y[[i]], params) for i in range(len(X))]
    grads = {name: sum(grad[name] for _, grad in parts) / len(X) for name in params}
    return sum(loss for loss, _ in parts) / len(X), grads


@wrong("dP")
def not_mended(v):
    """this returns exactly what suspect_c returns: the mistake is still in it.

    Let examine show you which arrays are wrong. What do they have in common with the one that is
    right?
    """
    return averaged(v)


@wrong("dP")
def averaged_without_the_share(v):
    """every sample still gets the mean error of the batch, now without the 1 / n.

    Each sample sends its own error back.
    """
    return averaged(v) * v.n


@wrong("dP")
def averaged_over_everything(v):
    """every sample and every output get the mean of all errors.

    Each sample sends back its own errors, one for each output.
    """
    return np.full_like(v.P, 2 * (v.P - v.y).mean() / v.n)


@wrong("dP")
def averaged_over_the_outputs(v):
    """each sample gets the mean error of its outputs.

    Nothing is averaged on the way back: each output sends back its own error.
    """
    return np.repeat(2 * (v.P - v.y).mean(axis=1, keepdims=True) / v.n, v.P.shape[1], axis=1)


@wrong("dP")
def first_error_for_all(v):
    """every sample gets the error of the first one.

    Each sample sends its own error back.
    """
    return in_every_row(2 * (v.P - v.y)[:1] / v.n, v.n)


@wrong("dN2")
def averaged_a_layer_later(v):
    """the gradient is averaged over the batch after the last layer, before it enters the second.

    It must stay apart for each sample down to the first layer. The products with X.T, O1.T and O2.T
    add up the samples.
    """
    back = v.dP @ v.W3.T * v.O2 * (1 - v.O2)
    return in_every_row(back.mean(axis=0, keepdims=True), v.n)


@wrong("dN1")
def averaged_in_the_first_layer(v):
    """the gradient is averaged over the batch before it reaches the first layer's weights.

    It must stay apart for each sample: in the product with X.T each meets its own row of X.
    """
    back = v.dN2 @ v.W2.T * v.O1 * (1 - v.O1)
    return in_every_row(back.mean(axis=0, keepdims=True), v.n)


@wrong("weights")
def last_layer_only(v):
    """W3 is mended, and what goes further back is still the mean error.

    All layers need the errors of the single samples.
    """
    dN2 = averaged(v) @ v.W3.T * v.O2 * (1 - v.O2)
    dN1 = dN2 @ v.W2.T * v.O1 * (1 - v.O1)
    v.dN2, v.dN1 = dN2, dN1
    return {"W1": v.X.T @ dN1, "W2": v.O1.T @ dN2, "W3": v.O2.T @ v.dP}


@wrong("weights")
def all_but_the_last_layer(v):
    """the gradient for W3 still has the mean error; the other layers are mended."""
    return {"W1": v.X.T @ v.dN1, "W2": v.O1.T @ v.dN2, "W3": v.O2.T @ averaged(v)}


@wrong("weights")
def hidden_values_averaged(v):
    """the hidden values are averaged over the batch before they meet the gradients.

    Each sample's gradient meets that sample's values.
    """

    def mean(one):
        return in_every_row(one.mean(axis=0, keepdims=True), v.n)

    return {"W1": v.X.T @ v.dN1, "W2": mean(v.O1).T @ v.dN2, "W3": mean(v.O2).T @ v.dP}


@wrong("dN2", "dN1")
def slopes_averaged(v):
    """the slopes of the sigmoid are averaged over the batch.

    Each sample has slopes of its own.
    """
    slope2, slope1 = ((one * (1 - one)).mean(axis=0, keepdims=True) for one in (v.O2, v.O1))
    dN2 = v.dP @ v.W3.T * slope2
    return dN2, dN2 @ v.W2.T * slope1


@wrong("dP")
def mean_gone(v):
    """all gradients are too large by the number of samples.

    The averaging of the errors was wrong. The 1 / n of the mean was not.
    """
    return 2 * (v.P - v.y)


@wrong("dP")
def mean_twice(v):
    """all gradients are too small by the number of samples.

    The averaging of the errors is to go, and with it one of the two divisions by n.
    """
    return 2 * (v.P - v.y) / v.n**2


@wrong("dP")
def factor_2_forgotten(v):
    """all gradients are half of what they should be: the 2 of the square got lost."""
    return (v.P - v.y) / v.n


@wrong("dP")
def sign_flipped(v):
    """all gradients have the wrong sign: it is P - y, not y - P."""
    return 2 * (v.y - v.P) / v.n


@wrong("dP")
def losses_go_back(v):
    """the squared errors go back, where their derivatives should."""
    return (v.P - v.y) ** 2 / v.n


@wrong("biases")
def biases_averaged(v):
    """the gradients for the biases are means over the samples of what should be sums.

    The 1 / n of the mean is in the gradient for P already.
    """
    arriving = {"B1": v.dN1, "B2": v.dN2, "B3": v.dP}
    return {name: grad.mean(axis=0, keepdims=True) for name, grad in arriving.items()}


@wrong("dN1")
def slope_forgotten(v):
    """the slope of the first sigmoid got lost.

    Of the suspect's lines only one was wrong: take over the others as they are.
    """
    return v.dN2 @ v.W2.T


@wrong("dN2", "dN1")
def slopes_of_tanh(v):
    """1 - O**2 is the slope of tanh; the suspect has sigmoids."""
    dN2 = v.dP @ v.W3.T * (1 - v.O2**2)
    return dN2, dN2 @ v.W2.T * (1 - v.O1**2)


@wrong("dP", named="raises")
def one_row_of_errors(v):
    return 2 * (v.P - v.y).mean(axis=0, keepdims=True)


@wrong("loss")
def loss_of_the_mean_error(v):
    """the loss is that of the mean error, where errors above and below cancel.

    The loss was right: the mean of the squares, not the square of the mean.
    """
    return ((v.P - v.y).mean(axis=0) ** 2).sum()
