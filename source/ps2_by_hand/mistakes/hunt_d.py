"""Suspect d: @ and * go from left to right."""

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case

from .given import draw, sigmoid, squared_error, sum_rows
from .layers import RETURNS
from .steps import Steps

inputs = draw(214)


def layer(samples, features, outputs):
    return Case(inputs(samples, W=(features, outputs), B=(1, outputs)))


hunt_d = Entry(
    "mended_d",
    "function",
    {
        "as many samples as features": layer(4, 4, 2),
        "a batch": layer(5, 3, 2),
        "a single sample": layer(1, 3, 2),
        "all sizes equal": layer(3, 3, 3),
        "one output": layer(4, 2, 1),
    },
    reread="lecture 06, “Reading a failing check”; lecture 03, “The same in code”",
    returns=RETURNS,
)

steps = Steps(
    hunt_d,
    {
        "P": lambda v: sigmoid(v.X @ v.W + v.B),
        "loss": lambda v: squared_error(v.P, v.y),
        "dP": lambda v: 2 * (v.P - v.y) / v.n,
        "slope": lambda v: v.P * (1 - v.P),
        "dN": lambda v: v.dP * v.slope,
        "dW": lambda v: v.X.T @ v.dN,
        "dB": lambda v: sum_rows(v.dN),
    },
    lambda v: (v.loss, {"W": v.dW, "B": v.dB}),
)
wrong = steps.wrong


@hunt_d.correct
def with_brackets(X, y, params):
    P = sigmoid(X @ params["W"] + params["B"])
    dL_dP = 2 * (P - y) / len(P)
    slope = P * (1 - P)
    dL_dB = (dL_dP * slope).sum(axis=0, keepdims=True)
    dL_dW = X.T @ (dL_dP * slope)
    return ((P - y) ** 2).sum() / len(P), {"W": dL_dW, "B": dL_dB}


@hunt_d.correct
def with_functions(X, y, params):
    P = 1 / (1 + np.exp(-(np.dot(X, params["W"]) + params["B"])))
    miss = np.subtract(P, y)
    back = np.multiply(2 / len(X) * miss, P - P**2)
    grads = {"W": np.matmul(X.T, back), "B": np.add.reduce(back, axis=0)[np.newaxis]}
    return np.mean(np.sum(miss**2, axis=1)), grads


@hunt_d.correct
def sample_by_sample(X, y, params):
    loss, W_grad, B_grad = 0.0, np.zeros_like(params["W"]), np.zeros_like(params["B"])
    for x, target in zip(X, y, strict=True):
        p = 0.5 * (1 + np.tanh((x @ params["W"] + params["B"][0]) / 2))
        loss += ((p - target) ** 2).sum() / len(X)
        back = 2 * (p - target) / len(X) * p * (1 - p)
        W_grad += np.outer(x, back)
        B_grad += back
    return loss, {"W": W_grad, "B": B_grad}


@wrong("dW")
def not_mended(v):
    """this is what suspect_d does: the mistake is still in it.

    Let examine show you which array is wrong. Then try a number of samples that is not that of the
    features.
    """
    return v.X.T @ v.dP * v.slope


@wrong("dW")
def mean_slope(v):
    """the slopes are averaged over the samples, and multiplied in after the product.

    Now every shape runs, and it is still wrong: each sample has slopes of its own, and they come in
    before the product adds up the samples.
    """
    return v.X.T @ v.dP * v.slope.mean(axis=0, keepdims=True)


@wrong("dW")
def summed_slope(v):
    """the slopes are summed over the samples, and multiplied in after the product.

    Now every shape runs, and it is still wrong: each sample has slopes of its own, and they come in
    before the product adds up the samples.
    """
    return v.X.T @ v.dP * v.slope.sum(axis=0, keepdims=True)


@wrong("dW")
def first_slope(v):
    """all samples get the slopes of the first one."""
    return v.X.T @ (v.dP * v.slope[:1])


@wrong("dW")
def brackets_in_the_wrong_place(v):
    """X.T @ slope * dL_dP, or brackets around X.T @ slope, is the same trap the other way round.

    The product over the samples comes last.
    """
    return (v.X.T @ v.slope) * v.dP


@wrong("dW")
def slope_left_out(v):
    """the slope of the sigmoid is gone from the gradient for W.

    It has to be multiplied in, and before the product with X.T.
    """
    return v.X.T @ v.dP


@wrong("dN")
def slope_left_out_of_both(v):
    """the slope of the sigmoid is gone from both gradients.

    It has to be multiplied in, and before the product with X.T.
    """
    return v.dP


@wrong("dW")
def error_left_out(v):
    """the gradient for W has the slope of the sigmoid, and not the error.

    dL_dP times slope, entry by entry, meets X.T.
    """
    return v.X.T @ v.slope


@wrong("dW")
def value_for_slope(v):
    """the gradient for W multiplies by P where the slope of the sigmoid should be."""
    return v.X.T @ (v.dP * v.P)


@wrong("slope")
def half_of_the_slope(v):
    """the slope of the sigmoid is taken as 1 - P in place of P * (1 - P)."""
    return 1 - v.P


@wrong("slope")
def slope_of_tanh(v):
    """1 - P**2 is the slope of tanh; the suspect has a sigmoid."""
    return 1 - v.P**2


@wrong("slope")
def slope_at_the_sum(v):
    """the slope P * (1 - P) is taken with the sum X @ W + B in place of P, its sigmoid."""
    N = v.X @ v.W + v.B
    return N * (1 - N)


@wrong("slope")
def sigmoid_twice(v):
    """the sigmoid is applied twice before its slope is taken: P is an output of it already."""
    return sigmoid(v.P) * (1 - sigmoid(v.P))


@wrong("dW")
def slope_twice(v):
    """the gradient for W carries the slope of the sigmoid twice."""
    return v.X.T @ (v.dN * v.slope)


@wrong("dW")
def mean_twice(v):
    """the gradient for W is divided by the number of samples twice.

    The 1 / n of the mean is in dL_dP already.
    """
    return v.X.T @ v.dN / v.n


@wrong("dP")
def mean_gone(v):
    """both gradients are too large by the number of samples: the 1 / n of the mean got lost."""
    return 2 * (v.P - v.y)


@wrong("dP")
def factor_2_forgotten(v):
    """both gradients are half of what they should be: the 2 of the square got lost."""
    return (v.P - v.y) / v.n


@wrong("dB")
def bias_before_the_slope(v):
    """the gradient for B is taken before the slope of the sigmoid. It was right in the suspect."""
    return sum_rows(v.dP)


@wrong("dB")
def bias_as_a_product_of_sums(v):
    """the gradient for B multiplies the sums, where the products should be summed.

    It was right in the suspect.
    """
    return sum_rows(v.dP) * sum_rows(v.slope)


@wrong("dW")
def last_sample_only(v):
    """the gradient for W is that of the last sample: inside the loop add (+=)."""
    return v.X[-1:].T @ v.dN[-1:]


@wrong("dN", named="sign_flipped")
def sign_flipped(v):
    return -v.dP * v.slope


@wrong("dW", named="wrong_shape")
def transposed(v):
    return v.dN.T @ v.X


@wrong("dW", named="raises")
def features_times_slopes(v):
    return (v.X * v.slope).T @ v.dP


@wrong("dW", named="wrong_shape")
def two_products(v):
    return v.X.T @ (v.dP @ v.slope.T)


@wrong("dB", named="wrong_shape")
def bias_not_summed(v):
    return v.dN
