"""Right ways and wrong ways to turn draws into first weights for ReLU."""

import math

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(501)
he = Entry(
    "he",
    "function",
    {
        "a wide layer": Case({"draws": rng.standard_normal((3, 5))}),
        "a narrow layer": Case({"draws": rng.standard_normal((6, 2))}),
        "the tiny example": Case({"draws": array([3], [-1], [2], [0], [-2], [1], [-3], [0.5])}),
    },
    reread="lecture 12, “A signal on its way through ten layers”",
    returns=("weights", "bias"),
)


def with_std(std):
    def answer(draws):
        return std(*draws.shape) * draws, np.zeros((1, draws.shape[1]))

    return answer


def scaled(std, says=None, name=None, named=None):
    """A mistake in the number that the draws are multiplied by."""
    answer = with_std(std)
    answer.__name__, answer.__doc__ = name, says
    he.mistake(named)(answer)


@he.correct
def with_math(draws):
    n_in, n_out = draws.shape
    return draws * math.sqrt(2 / n_in), np.zeros((1, n_out))


@he.correct
def with_a_power(draws):
    return (2 / len(draws)) ** 0.5 * draws, np.zeros_like(draws[:1])


@he.correct
def with_two_roots(draws):
    weights = draws.copy()
    weights *= np.sqrt(2)
    weights /= np.sqrt(draws.shape[0])
    return weights, np.zeros((1, draws.shape[1]))


@he.correct
def entry_by_entry(draws):
    n_in, n_out = draws.shape
    weights = np.empty((n_in, n_out))
    for i in range(n_in):
        for j in range(n_out):
            weights[i, j] = draws[i, j] / math.sqrt(n_in / 2)
    return weights, np.array([[0.0] * n_out])


scaled(
    lambda n, m: math.sqrt(1 / n),
    "this is LeCun's variance, 1 / n.\n\nIt is for layers without an activation. A ReLU cuts away "
    "half of the mean square, and a factor of 2 makes up for it.",
    "lecun",
)
scaled(
    lambda n, m: 2 / n,
    "the draws are multiplied by the variance.\n\nA factor f makes the variance f² times as "
    "large: take the root.",
    "variance_for_spread",
)
scaled(
    lambda n, m: math.sqrt(2 / m),
    "the weights go by the number of neurons, not by that of inputs.\n\nA score is a sum over the "
    "inputs, and the more there are the smaller its weights must be. Which axis of draws is it?",
    "by_the_neurons",
)
scaled(
    lambda n, m: math.sqrt(2 / (n + m)),
    "this is Xavier's variance.\n\nIt is for tanh. Under a ReLU only half of the mean square gets "
    "through, whatever the number of neurons.",
    "xavier_for_he",
)
scaled(
    lambda n, m: math.sqrt(2) / n,
    "the root is taken of the 2 only.\n\nIt goes over the whole fraction.",
    "root_of_the_two_only",
)
scaled(
    lambda n, m: 2 / math.sqrt(n),
    "the root is taken of n only.\n\nIt goes over the whole fraction, with the 2.",
    "root_of_n_only",
)
scaled(
    lambda n, m: math.sqrt(6 / n),
    "sqrt(6 / n) is the limit of a uniform draw.\n\nThese draws are normal with variance 1: "
    "multiply them by the standard deviation.",
    "uniform_limit",
)
scaled(
    lambda n, m: 1.0,
    "the draws come back as they are.\n\nTheir variance is 1 whatever the width of the layer; "
    "bring it to what a ReLU needs.",
    "as_drawn",
)
scaled(
    lambda n, m: 0.01,
    "the weights are 0.01 times the draws, whatever the width of the layer.\n\nTen layers make "
    "nothing of a signal with that. The variance has to follow from the number of inputs.",
    "a_hundredth",
)
scaled(
    lambda n, m: math.sqrt(1 / (2 * n)),
    "the variance is 1 / (2n), a quarter of what it should be.\n\nSolve the condition for v once "
    "more: the ½ stands on the other side.",
    "half_not_turned_over",
)
scaled(
    lambda n, m: math.sqrt(n / 2),
    "the factor is turned upside down.\n\nMore inputs make larger sums, so the weights must be "
    "smaller.",
    "upside_down",
)
scaled(
    lambda n, m: math.sqrt(2 / (n * m)),
    "the weights go by the number of all weights.\n\nA score is a sum over the inputs of one "
    "sample: divide by their number only.",
    "by_all_entries",
)
scaled(
    lambda n, m: -math.sqrt(2 / n),
    None,
    "minus_sign",
    named="sign_flipped",
)


@he.mistake()
def spread_of_these_draws(draws):
    """the draws are divided by their own standard deviation.

    Their variance is 1 on average, and a few draws may well differ from it by chance. Only
    multiply.
    """
    return draws / draws.std() * math.sqrt(2 / len(draws)), np.zeros((1, draws.shape[1]))


@he.mistake()
def mean_subtracted(draws):
    """the mean of these draws is subtracted.

    Their mean is 0 on average, and that is enough. Only multiply.
    """
    return (draws - draws.mean()) * math.sqrt(2 / len(draws)), np.zeros((1, draws.shape[1]))


@he.mistake()
def bias_from_the_draws(draws):
    """the bias is not 0.

    Taken from the draws it only adds noise to every score. Let it start at 0.
    """
    weights = draws * math.sqrt(2 / len(draws))
    return weights, weights[:1].copy()


@he.mistake()
def bias_of_ones(draws):
    """the bias is 1 everywhere: it starts at 0."""
    return draws * math.sqrt(2 / len(draws)), np.ones((1, draws.shape[1]))


@he.mistake(named="random")
def own_draws(draws):
    others = np.random.default_rng().standard_normal(draws.shape)
    return others * math.sqrt(2 / len(draws)), 0 * draws[:1]


@he.mistake()
def draws_ignored(draws):
    """all weights are the same.

    Then all neurons of a layer are one neuron, for ever. Each weight is its own draw, scaled.
    """
    return np.full(draws.shape, math.sqrt(2 / len(draws))), np.zeros((1, draws.shape[1]))


@he.mistake(named="wrong_shape")
def bias_flat(draws):
    return draws * math.sqrt(2 / len(draws)), np.zeros(draws.shape[1])


@he.mistake()
def bias_for_every_input(draws):
    """the bias has an entry for every input.

    Every neuron has one: its shape is (1, n_out).
    """
    return draws * math.sqrt(2 / len(draws)), np.zeros((1, len(draws)))


@he.mistake(named="wrong_shape")
def transposed(draws):
    return (draws * math.sqrt(2 / len(draws))).T, np.zeros((1, draws.shape[1]))


@he.mistake(named="wrong_type")
def weights_only(draws):
    return draws * math.sqrt(2 / len(draws))


@he.mistake(named="modifies_input")
def in_place(draws):
    draws *= math.sqrt(2 / len(draws))
    return draws, np.zeros((1, draws.shape[1]))


@he.mistake(named="not_implemented")
def unwritten(draws):
    raise NotImplementedError
