"""Suspect b: the mean over the samples is taken twice in the weights."""

import numpy as np

from chainrule.checks.bank import Entry

from .given import draw, sum_rows
from .layers import REREAD, RETURNS, two_layer_steps, two_layers

inputs = draw(212)


def at_the_kink():
    """Two sums in the second row are exactly 0."""
    case = two_layers(inputs, 4, 2, 3, 1)
    case.inputs["X"][1] = 0
    case.inputs["params"]["B1"][0, :2] = 0
    return case


hunt_b = Entry(
    "mended_b",
    "function",
    {
        "a batch": two_layers(inputs, 6, 4, 3, 2),
        "one output": two_layers(inputs, 5, 3, 4, 1),
        "a single sample": two_layers(inputs, 1, 2, 4, 2),
        "as many samples as features and neurons": two_layers(inputs, 3, 3, 3, 2),
        "sums that are exactly 0": at_the_kink(),
    },
    reread=REREAD,
    returns=RETURNS,
)
steps = two_layer_steps(hunt_b, lambda x: np.maximum(x, 0), lambda v: (v.N1 > 0) * 1.0)
wrong = steps.wrong


@hunt_b.correct
def products_only(X, y, params):
    N1 = X @ params["W1"] + params["B1"]
    O1 = np.maximum(N1, 0)
    P = O1 @ params["W2"] + params["B2"]
    dL_dP = 2 * (P - y) / len(P)
    dL_dN1 = dL_dP @ params["W2"].T * (N1 > 0)
    weights = {"W1": X.T @ dL_dN1, "W2": O1.T @ dL_dP}
    biases = {"B1": dL_dN1.sum(axis=0, keepdims=True), "B2": dL_dP.sum(axis=0, keepdims=True)}
    return ((P - y) ** 2).sum() / len(P), weights | biases


@hunt_b.correct
def mean_at_the_end(X, y, params):
    N1 = X @ params["W1"] + params["B1"]
    O1 = N1 * (N1 > 0)
    miss = O1 @ params["W2"] + params["B2"] - y
    back = np.where(N1 > 0, 2 * miss @ params["W2"].T, 0)
    grads = {"W1": X.T @ back, "B1": back.sum(axis=0).reshape(1, -1)}
    grads |= {"W2": O1.T @ (2 * miss), "B2": (2 * miss).sum(axis=0).reshape(1, -1)}
    return np.sum(miss * miss) / len(X), {name: grad / len(X) for name, grad in grads.items()}


@hunt_b.correct
def sample_by_sample(X, y, params):
    loss, grads = 0.0, {name: np.zeros_like(one) for name, one in params.items()}
    for i in range(len(X)):
        N1 = X[[i]] @ params["W1"] + params["B1"]
        O1 = N1.clip(0)
        miss = O1 @ params["W2"] + params["B2"] - y[[i]]
        loss += (miss**2).sum() / len(X)
        dP = 2 * miss / len(X)
        dN1 = dP @ params["W2"].T
        dN1[N1 <= 0] = 0
        for name, grad in (("W1", X[[i]].T @ dN1), ("B1", dN1), ("W2", O1.T @ dP), ("B2", dP)):
            grads[name] += grad
    return loss, grads


@wrong("dW1", "dW2")
def not_mended(v):
    """this returns exactly what suspect_b returns: the mistake is still in it.

    Let examine show you which arrays are wrong, and by what factor.
    """
    return v.X.T @ v.dN1 / v.n, v.O1.T @ v.dP / v.n


@wrong("dW2")
def first_layer_only(v):
    """the mistake is mended for W1, and the one for W2 is still there."""
    return v.O1.T @ v.dP / v.n


@wrong("dW1")
def second_layer_only(v):
    """the mistake is mended for W2, and the one for W1 is still there."""
    return v.X.T @ v.dN1 / v.n


@wrong("dW1", "dB1", "dW2", "dB2")
def biases_divided_as_well(v):
    """now the biases are divided by n twice as well, so all four gradients are wrong.

    The biases were right. Why, of all four, do they need no division?
    """
    parts = v.X.T @ v.dN1, sum_rows(v.dN1), v.O1.T @ v.dP, sum_rows(v.dP)
    return tuple(part / v.n for part in parts)


@wrong("dB1", "dB2")
def biases_divided_instead(v):
    """the weights are mended, and now the biases are divided by n twice.

    They were right as they stood.
    """
    return sum_rows(v.dN1) / v.n, sum_rows(v.dP) / v.n


@wrong("dB1", "dB2")
def biases_multiplied(v):
    """the biases are too large by the number of samples.

    If you took the 1 / n out of the gradient for P, every line that used it misses it now.
    """
    return sum_rows(v.dN1) * v.n, sum_rows(v.dP) * v.n


@wrong("dP")
def mean_gone_everywhere(v):
    """all gradients are too large by the number of samples.

    The 1 / n of the mean belongs in once. It was taken out twice.
    """
    return 2 * (v.P - v.y)


@wrong("dN1")
def divided_on_the_way(v):
    """the first layer's gradients are divided by n on the way back from the second.

    The 1 / n is in the gradient for P already, and every later line inherits it.
    """
    return v.dO1 * v.slope / v.n


@wrong("dW1", "dW2")
def divided_by_the_columns(v):
    """the weights are divided by the number of features, or of neurons, in place of n.

    They are not to be divided at all: the 1 / n is in the gradient for P already.
    """
    return v.X.T @ v.dN1 / v.X.shape[1], v.O1.T @ v.dP / v.O1.shape[1]


@wrong("dW1", "dW2")
def divided_by_the_root(v):
    """the weights are divided by the square root of n.

    They are not to be divided at all: the 1 / n is in the gradient for P already.
    """
    return v.X.T @ v.dN1 / np.sqrt(v.n), v.O1.T @ v.dP / np.sqrt(v.n)


@wrong("dW1", "dW2")
def multiplied_for_it(v):
    """the weights are too large by the number of samples.

    One division was too many. Leave it out; there is nothing to multiply by.
    """
    return v.X.T @ v.dN1 * v.n, v.O1.T @ v.dP * v.n


@wrong("dP")
def mean_over_the_outputs_too(v):
    """the gradient for P is divided by the number of its entries.

    The loss is averaged over the samples and summed over the outputs: divide by n alone.
    """
    return 2 * (v.P - v.y) / v.P.size


@wrong("loss")
def loss_averaged_over_the_outputs(v):
    """the loss is averaged over the outputs as well.

    It is summed over the outputs. The suspect's loss was right.
    """
    return ((v.P - v.y) ** 2).mean()


@wrong("loss")
def loss_changed_to_fit(v):
    """the loss is divided by n twice.

    The loss is what was meant. It is the gradient that must follow it.
    """
    return ((v.P - v.y) ** 2).sum() / v.n**2


@wrong("loss")
def loss_is_a_sum(v):
    """the loss is no longer divided by n.

    The loss is what was meant. It is the gradient that must follow it.
    """
    return ((v.P - v.y) ** 2).sum()


@wrong("dP")
def factor_2_forgotten(v):
    """every gradient is half of what it should be: the 2 of the square got lost."""
    return (v.P - v.y) / v.n


@wrong("slope")
def slope_forgotten(v):
    """the slope of the ReLU got lost on the way to the first layer."""
    return 1.0


@wrong("slope")
def output_for_slope(v):
    """the output of the ReLU stands where its slope should, which is 0 or 1."""
    return v.O1


@wrong("slope")
def slope_turned_round(v):
    """the slope of the ReLU is 1 where its input is negative; it is the other way round."""
    return (v.N1 < 0) * 1.0


@wrong("slope")
def slope_at_zero(v):
    """all is right except where a sum is exactly 0: the slope of the ReLU is 0 there.

    The suspect's N1 > 0 had it right.
    """
    return (v.N1 >= 0) * 1.0


@wrong("O1")
def relu_forgotten(v):
    """the forward pass lacks the ReLU."""
    return v.N1


@wrong("dW1", named="wrong_shape")
def transposed(v):
    return v.dN1.T @ v.X


@wrong("dB1", named="wrong_shape")
def bias_lost_an_axis(v):
    return v.dN1.sum(axis=0)
