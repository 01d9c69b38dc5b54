"""Right ways and wrong ways to turn draws into first weights for tanh."""

import math

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(502)
xavier = Entry(
    "xavier",
    "function",
    {
        "a wide layer": Case({"draws": rng.standard_normal((3, 5))}),
        "a narrow layer": Case({"draws": rng.standard_normal((7, 4))}),
        "the tiny example": Case(
            {"draws": array([3, -1], [2, 0], [-2, 1], [0.5, 4], [1, -3], [0, 2])}
        ),
    },
    reread="lecture 12, “A gradient on its way back”",
    returns=("weights", "bias"),
)


def scaled(std, says, name):
    """A mistake in the number that the draws are multiplied by."""

    def answer(draws):
        return std(*draws.shape) * draws, np.zeros((1, draws.shape[1]))

    answer.__name__, answer.__doc__ = name, says
    xavier.mistake()(answer)


@xavier.correct
def with_math(draws):
    n_in, n_out = draws.shape
    return draws * math.sqrt(2 / (n_in + n_out)), np.zeros((1, n_out))


@xavier.correct
def with_the_mean_width(draws):
    return draws / np.sqrt(sum(draws.shape) / 2), np.zeros_like(draws[:1])


@xavier.correct
def in_two_steps(draws):
    weights = draws.copy()
    weights *= 2**0.5
    weights *= (len(draws) + len(draws.T)) ** -0.5
    return weights, np.zeros((1, draws.shape[1]))


@xavier.correct
def row_by_row(draws):
    n_in, n_out = draws.shape
    variance = 1 / (0.5 * (n_in + n_out))
    weights = [[math.sqrt(variance) * draw for draw in row] for row in draws]
    return np.array(weights), np.zeros((1, n_out))


scaled(
    lambda n, m: math.sqrt(2 / n),
    "this is He's variance, 2 / n.\n\nIt is for ReLU, and looks at the way forward only. Here the "
    "way back counts too: both n and m take part.",
    "he_for_xavier",
)
scaled(
    lambda n, m: math.sqrt(1 / n),
    "this is LeCun's variance, 1 / n.\n\nIt is right forward and leaves out the way back. Both n "
    "and m take part.",
    "forward_only",
)
scaled(
    lambda n, m: math.sqrt(1 / m),
    "the variance is 1 / m: right on the way back, but the way forward is left out.\n\nBoth n and "
    "m take part.",
    "back_only",
)
scaled(
    lambda n, m: math.sqrt(1 / (n + m)),
    "the variance is 1 / (n + m), half of what it should be.\n\nThe mean of the two factors shall "
    "be 1, not their sum.",
    "sum_for_mean",
)
scaled(
    lambda n, m: 2 / (n + m),
    "the draws are multiplied by the variance.\n\nA factor f makes the variance f² times as "
    "large: take the root.",
    "variance_for_spread",
)
scaled(
    lambda n, m: math.sqrt(6 / (n + m)),
    "sqrt(6 / (n + m)) is the limit of a uniform draw.\n\nThese draws are normal with variance 1: "
    "multiply them by the standard deviation.",
    "uniform_limit",
)
scaled(
    lambda n, m: math.sqrt(2 / n + m),
    "parentheses are missing: 2 / n + m is (2 / n) + m.\n\nThe division comes before the sum.",
    "parentheses_missing",
)
scaled(
    lambda n, m: math.sqrt(2) / (n + m),
    "the root is taken of the 2 only.\n\nIt goes over the whole fraction.",
    "root_of_the_two_only",
)
scaled(
    lambda n, m: 2 / math.sqrt(n + m),
    "the root is taken of n + m only.\n\nIt goes over the whole fraction, with the 2.",
    "root_of_the_sum_only",
)
scaled(
    lambda n, m: math.sqrt(1 / math.sqrt(n * m)),
    "the two widths are multiplied, not added.\n\nThe mean of n and m is asked for, and that is "
    "half of their sum.",
    "product_of_the_widths",
)
scaled(
    lambda n, m: math.sqrt((1 / n + 1 / m) / 2),
    "this is the mean of 1 / n and 1 / m.\n\nThe mean of the factors n v and m v is asked for: "
    "add n and m first, then divide.",
    "mean_of_the_variances",
)
scaled(
    lambda n, m: math.sqrt((n + m) / 2),
    "the factor is turned upside down.\n\nMore inputs make larger sums, so the weights must be "
    "smaller.",
    "upside_down",
)
scaled(
    lambda n, m: 1.0,
    "the draws come back as they are.\n\nTheir variance is 1 whatever the width of the layer.",
    "as_drawn",
)


@xavier.mistake()
def bias_of_ones(draws):
    """the bias is 1 everywhere: it starts at 0."""
    return with_math(draws)[0], np.ones((1, draws.shape[1]))


@xavier.mistake()
def bias_from_the_draws(draws):
    """the bias is not 0.

    Taken from the draws it only adds noise to every score. Let it start at 0.
    """
    return with_math(draws)[0], with_math(draws)[0][:1]


@xavier.mistake(named="wrong_shape")
def bias_flat(draws):
    return with_math(draws)[0], np.zeros(draws.shape[1])


@xavier.mistake()
def bias_for_every_input(draws):
    """the bias has an entry for every input.

    Every neuron has one: its shape is (1, n_out).
    """
    return with_math(draws)[0], np.zeros((1, len(draws)))


@xavier.mistake(named="wrong_type")
def weights_only(draws):
    return with_math(draws)[0]


@xavier.mistake(named="modifies_input")
def in_place(draws):
    draws *= math.sqrt(2 / sum(draws.shape))
    return draws, np.zeros((1, draws.shape[1]))


@xavier.mistake(named="not_implemented")
def unwritten(draws):
    raise NotImplementedError
