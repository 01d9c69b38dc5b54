"""Suspect e: a wrong sigmoid with its own right derivative."""

import numpy as np

from chainrule.checks.bank import Entry

from .given import draw, sigmoid
from .layers import (
    RETURNS,
    as_in_lecture_05,
    sample_by_sample,
    sigmoid_slope,
    two_layer_steps,
    two_layers,
    with_rows_of_ones,
)

inputs = draw(215)

hunt_e = Entry(
    "mended_e",
    "function",
    {
        "a batch": two_layers(inputs, 7, 3, 4, 1),
        "two outputs": two_layers(inputs, 4, 2, 3, 2),
        "a single sample": two_layers(inputs, 1, 2, 3, 1),
        "as many samples as neurons": two_layers(inputs, 3, 2, 3, 1),
    },
    reread="lecture 06, “Where people go wrong”; lecture 05, “Something bent in between”",
    returns=RETURNS,
)
hunt_e.correct(as_in_lecture_05)
hunt_e.correct(sample_by_sample)
hunt_e.correct(with_rows_of_ones)
wrong = two_layer_steps(hunt_e, sigmoid, sigmoid_slope).wrong


def minus(x):
    """The sigmoid as suspect_e has it."""
    return 1 / (1 - np.exp(-x))


@wrong("O1")
def not_mended(v):
    """this returns exactly what suspect_e returns: the mistake is still in it.

    That examine has no complaint does not mean there is none. What does it compare with what?
    """
    return minus(v.N1)


@wrong("O1", "slope")
def mended_in_the_backward_pass(v):
    """the slope is changed, and the forward pass is still the suspect's.

    Backward was right for the function that was written: change the function.
    """
    O1 = minus(v.N1)
    return O1, -O1 * (1 - O1)


@wrong("O1", "slope")
def other_slope_for_it(v):
    """the slope is that of the sigmoid now, and the forward pass is still the suspect's.

    Backward was right for the function that was written: change the function.
    """
    return minus(v.N1), sigmoid(v.N1) * (1 - sigmoid(v.N1))


@wrong("O1")
def turned_round(v):
    """the exponent has lost its minus sign: this function falls, and the sigmoid rises."""
    return 1 / (1 + np.exp(v.N1))


@wrong("O1", "slope")
def turned_round_with_its_slope(v):
    """this function falls, and the sigmoid rises. Its gradient fits, but it is not the sigmoid.

    The exponent is -N1.
    """
    O1 = 1 / (1 + np.exp(v.N1))
    return O1, -O1 * (1 - O1)


@wrong("O1")
def both_signs_wrong(v):
    """the exponent has lost its minus sign, and the other minus is still there."""
    return 1 / (1 - np.exp(v.N1))


@wrong("O1")
def brackets_forgotten(v):
    """1 / 1 + exp(-N1) divides 1 by 1 and then adds: put brackets around the sum."""
    return 1 / 1 + np.exp(-v.N1)


@wrong("O1")
def clipped(v):
    """only 0 and 1 come out, as from a step, or from the suspect's values cut off at 0 and 1.

    The sigmoid lies between 0 and 1 by itself, and goes from one to the other smoothly.
    """
    return np.clip(minus(v.N1), 0, 1)


@wrong("O1")
def of_the_size_only(v):
    """the exponent loses the sign of N1: the outputs never fall below one half."""
    return 1 / (1 + np.exp(-np.abs(v.N1)))


@wrong("O1", "slope")
def tanh_with_its_slope(v):
    """this is tanh, between -1 and 1. Its gradient fits, but the docstring says sigmoid."""
    O1 = np.tanh(v.N1)
    return O1, 1 - O1**2


@wrong("O1")
def tanh_with_the_slope_of_the_sigmoid(v):
    """forward is tanh, and backward has the slope of the sigmoid."""
    return np.tanh(v.N1)


@wrong("O1")
def half_forgotten(v):
    """the sigmoid by way of tanh lacks the ½ inside: it is (1 + tanh(N1 / 2)) / 2."""
    return (1 + np.tanh(v.N1)) / 2


@wrong("O1")
def exponential_only(v):
    """the denominator is gone: exp(-N1) is not the sigmoid."""
    return np.exp(-v.N1)


@wrong("O1")
def without_exponential(v):
    """the exponential is gone: the sigmoid is 1 / (1 + exp(-N1))."""
    return 1 / (1 + np.abs(v.N1))


@wrong("slope")
def slope_sign(v):
    """the forward pass is mended, and the slope has got a minus sign that it does not need.

    g * (1 - g) was the suspect's slope, and it is that of the sigmoid too.
    """
    return -v.O1 * (1 - v.O1)


@wrong("slope")
def slope_plus(v):
    """the forward pass is mended, and the slope is now O1 * (1 + O1).

    g * (1 - g) was the suspect's slope, and it is that of the sigmoid too.
    """
    return v.O1 * (1 + v.O1)


@wrong("slope")
def slope_of_tanh(v):
    """the forward pass is mended, and the slope is now 1 - O1**2, which is that of tanh."""
    return 1 - v.O1**2


@wrong("slope")
def slope_forgotten(v):
    """the forward pass is mended, and the slope of the sigmoid got lost."""
    return 1.0


@wrong("slope")
def slope_of_the_slope(v):
    """the sigmoid is applied a second time before the slope is taken: O1 is its output already."""
    return sigmoid(v.O1) * (1 - sigmoid(v.O1))


@wrong("P")
def sigmoid_at_the_output_too(v):
    """the prediction goes through a sigmoid as well; the last layer is linear."""
    return sigmoid(v.O1 @ v.W2 + v.B2)


@wrong("loss")
def loss_of_the_suspect(v):
    """the gradients are right, and the loss is still that of the suspect's forward pass."""
    P = minus(v.N1) @ v.W2 + v.B2
    return ((P - v.y) ** 2).sum() / v.n
