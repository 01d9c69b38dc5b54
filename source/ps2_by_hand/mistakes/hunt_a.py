"""Suspect a: one number for every hidden bias."""

import numpy as np

from chainrule.checks.bank import Entry

from .given import draw, sigmoid, sum_rows
from .layers import (
    REREAD,
    RETURNS,
    as_in_lecture_05,
    sample_by_sample,
    sigmoid_slope,
    two_layer_steps,
    two_layers,
    with_rows_of_ones,
)

inputs = draw(211)

hunt_a = Entry(
    "mended_a",
    "function",
    {
        "a batch": two_layers(inputs, 7, 3, 4, 1),
        "two outputs": two_layers(inputs, 4, 2, 3, 2),
        "a single sample": two_layers(inputs, 1, 3, 2, 1),
        "a single neuron": two_layers(inputs, 5, 2, 1, 1),
        "as many samples as neurons": two_layers(inputs, 3, 2, 3, 1),
    },
    reread=REREAD,
    returns=RETURNS,
)
hunt_a.correct(as_in_lecture_05)
hunt_a.correct(sample_by_sample)
hunt_a.correct(with_rows_of_ones)
wrong = two_layer_steps(hunt_a, sigmoid, sigmoid_slope).wrong


@wrong("dB1")
def not_mended(v):
    """this returns exactly what suspect_a returns: the mistake is still in it.

    Let examine show you which array is wrong, and compare its entries with one another.
    """
    return np.full_like(v.B1, v.dN1.sum(axis=0).sum())


@wrong("dB1")
def total_shared_out(v):
    """all hidden biases still get the same number, now the total divided by their number.

    Each neuron has a sum of its own.
    """
    return np.full_like(v.B1, v.dN1.sum() / v.B1.size)


@wrong("dB1")
def total_divided_by_n(v):
    """all hidden biases still get the same number, now the total divided by n.

    Each neuron has a sum of its own.
    """
    return np.full_like(v.B1, v.dN1.sum() / v.n)


@wrong("dB1")
def mean_over_everything(v):
    """all hidden biases still get the same number, now the mean over samples and neurons.

    Each neuron has a sum of its own, over the samples.
    """
    return np.full_like(v.B1, v.dN1.mean())


@wrong("dB1")
def mean_over_the_samples(v):
    """the gradient for B1 is a mean over the samples of what should be a sum.

    The 1 / n of the mean is in the gradient for P already.
    """
    return v.dN1.mean(axis=0, keepdims=True)


@wrong("dB1", "dB2")
def both_means(v):
    """the gradients for both biases are means over the samples of what should be sums.

    The 1 / n of the mean is in the gradient for P already.
    """
    return tuple(grad.mean(axis=0, keepdims=True) for grad in (v.dN1, v.dP))


@wrong("dB1")
def before_the_slope(v):
    """the gradient for B1 sums that for O1.

    B1 is added inside the sigmoid: sum the gradient for N1.
    """
    return sum_rows(v.dO1)


@wrong("dB1")
def slope_twice(v):
    """the gradient for B1 carries the slope of the sigmoid twice."""
    return sum_rows(v.dN1 * v.slope)


@wrong("dB1")
def first_sample_only(v):
    """the gradient for B1 is that of the first sample.

    A bias is used for every sample: add up.
    """
    return v.dN1[:1]


@wrong("dB1")
def last_sample_only(v):
    """the gradient for B1 is that of the last sample.

    A bias is used for every sample: add up.
    """
    return v.dN1[-1:]


@wrong("dB1")
def output_bias_for_all(v):
    """the hidden biases get the sum of the output layer's gradient.

    They sit behind W2 and the sigmoid: sum the gradient for N1.
    """
    return np.full_like(v.B1, v.dP.sum())


@wrong("dB1")
def times_the_bias(v):
    """the gradient for B1 is multiplied by B1.

    A bias is added, and the slope of a sum is 1.
    """
    return sum_rows(v.dN1) * v.B1


@wrong("dB1")
def left_at_zero(v):
    """the gradient for B1 is 0, so these biases would never learn."""
    return np.zeros_like(v.B1)


@wrong("dB1")
def sign_flipped(v):
    """the gradient for B1 has the wrong sign."""
    return -sum_rows(v.dN1)


@wrong("dB1")
def size_without_sign(v):
    """the gradient for B1 adds up sizes without their signs.

    What one sample pushes up and another one down must cancel.
    """
    return sum_rows(np.abs(v.dN1))


@wrong("dN1")
def summed_before_the_weights(v):
    """the gradient for N1 is summed over the samples before it reaches W1.

    For W1 each sample's gradient meets that sample's features. Only the bias takes the plain sum,
    in a line of its own.
    """
    return np.repeat(sum_rows(v.dO1 * v.slope), v.n, axis=0) / v.n


@wrong("dB1", "dB2")
def the_output_too(v):
    """now the output biases get one number for all of them as well.

    Each bias, hidden or not, has one sum over the samples.
    """
    return np.full_like(v.B1, v.dN1.sum()), np.full_like(v.B2, v.dP.sum())


@wrong("dB1", "dB2")
def mended_in_the_wrong_place(v):
    """the hidden biases are right now, and the output biases all get the same number.

    Each bias, hidden or not, has one sum over the samples.
    """
    return sum_rows(v.dN1), np.full_like(v.B2, v.dP.sum())


@wrong("slope")
def half_of_the_slope(v):
    """the slope of the sigmoid is taken as 1 - O1 in place of O1 * (1 - O1).

    Of the suspect's lines only one was wrong: take over the others as they are.
    """
    return 1 - v.O1


@wrong("slope")
def slope_of_tanh(v):
    """1 - O1**2 is the slope of tanh.

    Of the suspect's lines only one was wrong: take over the others as they are.
    """
    return 1 - v.O1**2


@wrong("dB1", named="wrong_shape")
def lost_an_axis(v):
    return v.dN1.sum(axis=0)


@wrong("dB1", named="wrong_shape")
def still_a_number(v):
    return v.dN1.sum()


@wrong("dB1", named="wrong_axis")
def along_the_wrong_axis(v):
    return v.dN1.sum(axis=1, keepdims=True)


@wrong("dB1", named="wrong_shape")
def not_summed(v):
    return v.dN1


@wrong("dB1", named="wrong_shape")
def one_number_with_axes(v):
    return v.dN1.sum(keepdims=True)
