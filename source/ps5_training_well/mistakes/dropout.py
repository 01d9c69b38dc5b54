"""Right ways and wrong ways to drop entries, forward and back."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(506)


def arrays(*shape):
    return {
        "X": rng.standard_normal(shape),
        "output_grad": rng.standard_normal(shape),
        "draws": rng.random(shape),
    }


drop = Entry(
    "dropout",
    "function",
    {
        "a batch": Case({**arrays(4, 5), "rate": 0.3}),
        "the tiny example": Case(
            {
                "X": array([2, 4]),
                "output_grad": array([10, 20]),
                "draws": array([0.8, 0.3]),
                "rate": 0.6,
            }
        ),
        "a high rate": Case({**arrays(5, 6), "rate": 0.8}),
        "a rate of 0": Case({**arrays(2, 3), "rate": 0.0}),
        "a draw at the limit": Case(
            {**arrays(1, 3), "draws": array([0.25, 0.5, 0.75]), "rate": 0.5}
        ),
    },
    reread="lecture 13, “Dropout”",
    returns=("output", "X_grad"),
)


@drop.correct
def with_a_mask(X, output_grad, draws, rate):
    mask = (draws >= rate) * (1 / (1 - rate))
    return X * mask, output_grad * mask


@drop.correct
def with_where(X, output_grad, draws, rate):
    kept = draws >= rate
    return np.where(kept, X / (1 - rate), 0.0), np.where(kept, output_grad / (1 - rate), 0.0)


@drop.correct
def in_place_on_copies(X, output_grad, draws, rate):
    results = []
    for given in (X, output_grad):
        result = given.copy()
        result[draws < rate] = 0
        result /= 1 - rate
        results.append(result)
    return tuple(results)


@drop.correct
def entry_by_entry(X, output_grad, draws, rate):
    output, X_grad = np.zeros_like(X), np.zeros_like(X)
    for i in range(len(X)):
        for j in range(X.shape[1]):
            if draws[i, j] >= rate:
                output[i, j] = X[i, j] / (1 - rate)
                X_grad[i, j] = output_grad[i, j] / (1 - rate)
    return output, X_grad


def wrong(name, says, forward, back):
    """A mistake in what multiplies X, or output_grad: functions of draws and rate."""

    def answer(X, output_grad, draws, rate):
        with np.errstate(all="ignore"):
            return X * forward(draws, rate), output_grad * back(draws, rate)

    answer.__name__, answer.__doc__ = name, says
    drop.mistake()(answer)


def right(u, r):
    return (u >= r) / (1 - r)


def both(name, says, mask):
    wrong(name, says, mask, mask)


both(
    "unscaled",
    "what is kept is not scaled.\n\nThen the expected value is too small by 1 − rate: divide by "
    "that.",
    lambda u, r: (u >= r) * 1.0,
)
both(
    "scaled_by_the_rate",
    "what is kept is multiplied by 1 / (1 + rate).\n\nA share of 1 − rate is kept: divide by that.",
    lambda u, r: (u >= r) / (1 + r),
)
both(
    "multiplied_by_the_share",
    "what is kept is multiplied by 1 − rate.\n\nThe rest has to make up for what is gone: divide.",
    lambda u, r: (u >= r) * (1 - r),
)
both(
    "rate_for_the_share",
    "rate is taken for the probability to keep an entry.\n\nHere it is the probability to drop it.",
    lambda u, r: (u < r) / (r if r else 1.0),
)
both(
    "kept_and_dropped_exchanged",
    "what should be kept is dropped, and the other way round.\n\nKeep where the draw is at least "
    "rate.",
    lambda u, r: (u < r) / (1 - r),
)
both(
    "draws_as_the_mask",
    "X is multiplied by the draws themselves.\n\nCompare them with rate: an entry is kept or "
    "dropped, nothing between.",
    lambda u, r: u / (1 - r),
)
both(
    "one_row_for_all",
    "one row of draws is used for all samples.\n\nEvery entry has a draw of its own.",
    lambda u, r: right(u[:1], r),
)
both(
    "one_column_for_all",
    "one column of draws is used for all features: whole samples are dropped.\n\nEvery entry has a "
    "draw of its own.",
    lambda u, r: right(u[:, :1], r),
)
both(
    "nothing_dropped",
    "nothing is dropped: that is dropout in use, not in training.",
    lambda u, r: 1.0,
)
both(
    "scaled_only",
    "everything is scaled and nothing dropped.",
    lambda u, r: 1 / (1 - r),
)
wrong(
    "gradient_unscaled",
    "X_grad: it is not scaled.\n\nX was multiplied by 1 / (1 − rate) on its way forward, so its "
    "gradient is too.",
    right,
    lambda u, r: (u >= r) * 1.0,
)
wrong(
    "gradient_undropped",
    "X_grad: nothing is dropped.\n\nAn entry that was set to 0 has no influence on the output: its "
    "gradient is 0.",
    right,
    lambda u, r: 1 / (1 - r),
)
wrong(
    "gradient_unchanged",
    "X_grad: output_grad comes back as it is.\n\nIt goes through the mask and the scale, like X.",
    right,
    lambda u, r: 1.0,
)
wrong(
    "gradient_through_the_others",
    "X_grad: the gradient passes where entries were dropped.\n\nUse the mask of the way forward.",
    right,
    lambda u, r: (u < r) / (1 - r),
)
wrong(
    "gradient_scaled_back",
    "X_grad: it is multiplied by 1 − rate.\n\nWhat multiplies X on its way forward multiplies the "
    "gradient on its way back: the same factor.",
    right,
    lambda u, r: (u >= r) * (1 - r),
)
wrong(
    "gradient_scaled_twice",
    "X_grad: it is scaled twice.",
    right,
    lambda u, r: (u >= r) / (1 - r) ** 2,
)


@drop.mistake()
def upstream_ignored(X, output_grad, draws, rate):
    """X_grad: output_grad is left out.

    The mask with its scale is the slope; multiply it by the gradient that arrives.
    """
    return X * right(draws, rate), right(draws, rate)


@drop.mistake()
def forward_returned(X, output_grad, draws, rate):
    """X_grad: it is the output once more.

    The gradient is made from output_grad, not from X.
    """
    return X * right(draws, rate), X * right(draws, rate)


@drop.mistake()
def mask_from_the_output(X, output_grad, draws, rate):
    """X_grad: output_grad is multiplied by the output.

    The output holds X. The slope is the mask with its scale, without X.
    """
    return X * right(draws, rate), output_grad * X * right(draws, rate)


@drop.mistake()
def order_swapped(X, output_grad, draws, rate):
    """gradient and output are returned in the other order."""
    return output_grad * right(draws, rate), X * right(draws, rate)


@drop.mistake(named="random")
def own_draws(X, output_grad, draws, rate):
    mask = right(np.random.default_rng().random(X.shape), rate)
    return X * mask, output_grad * mask


@drop.mistake(named="modifies_input")
def in_place(X, output_grad, draws, rate):
    X[draws < rate] = 0
    return X / (1 - rate), output_grad * right(draws, rate)


@drop.mistake(named="wrong_type")
def output_alone(X, output_grad, draws, rate):
    return X * right(draws, rate)


@drop.mistake()
def kept_above_the_limit_only(X, output_grad, draws, rate):
    """an entry whose draw is exactly rate is dropped.

    Draws begin at 0, and with a rate of 0 nothing may be dropped: keep where the draw is at least
    rate, >= and not >.
    """
    mask = (draws > rate) / (1 - rate)
    return X * mask, output_grad * mask


@drop.mistake(named="not_implemented")
def unwritten(X, output_grad, draws, rate):
    raise NotImplementedError
