"""Right ways and wrong ways to send a gradient back through X @ w."""

import functools

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(105)


def arrays(samples, features):
    return {
        "X": rng.standard_normal((samples, features)),
        "w": rng.standard_normal((features, 1)),
        "output_grad": rng.standard_normal((samples, 1)),
    }


dot = Entry(
    "dot_gradients",
    "function",
    {
        "a batch": Case(arrays(4, 3)),
        "the tiny example": Case(
            {
                "X": array([1, 2], [3, 4]),
                "w": array([5], [6]),
                "output_grad": array([10], [100]),
            }
        ),
        "a single sample": Case(arrays(1, 3)),
    },
    reread="lecture 03, “Many inputs: the dot product” and “When something follows”",
    returns=("X_grad", "w_grad"),
)


@dot.correct
def with_products(X, w, output_grad):
    return output_grad @ w.T, X.T @ output_grad


@dot.correct
def sample_by_sample(X, w, output_grad):
    X_grad, w_grad = np.zeros_like(X), np.zeros_like(w)
    for i in range(len(X)):
        X_grad[i] = output_grad[i, 0] * w[:, 0]
        w_grad[:, 0] += output_grad[i, 0] * X[i]
    return X_grad, w_grad


@dot.correct
def with_broadcasting(X, w, output_grad):
    return output_grad * w[:, 0], (output_grad * X).sum(axis=0).reshape(-1, 1)


@dot.correct
def with_einsum(X, w, output_grad):
    return np.einsum("no,fo->nf", output_grad, w), np.einsum("nf,no->fo", X, output_grad)


def wrong(named=None):
    """A mistake in what is done with two gradients that are right."""

    def add(change):
        @functools.wraps(change)
        def answer(X, w, output_grad):
            return change(X, w, output_grad, *with_products(X, w, output_grad))

        dot.mistake(named)(answer)
        return change

    return add


@dot.mistake()
def upstream_ignored(X, w, output_grad):
    """output_grad is left out.

    The slopes are w for X and X for w; each is multiplied by the gradient that arrives.
    """
    return with_products(X, w, np.ones_like(output_grad))


@wrong()
def upstream_missing_for_w(X, w, output_grad, X_grad, w_grad):
    """w_grad leaves output_grad out: "the gradient with respect to w is X" is only half of it.

    Multiply: X.T @ output_grad.
    """
    return X_grad, X.sum(axis=0).reshape(-1, 1)


@wrong()
def upstream_missing_for_X(X, w, output_grad, X_grad, w_grad):
    """X_grad leaves output_grad out: w alone is the slope, not the gradient.

    Multiply every row by its own output_grad.
    """
    return np.repeat(w.T, len(X), axis=0), w_grad


@wrong()
def mean_for_sum(X, w, output_grad, X_grad, w_grad):
    """w_grad is averaged over the samples.

    All samples share w, and each adds its part: sum, do not average.
    """
    return X_grad, w_grad / len(X)


@wrong()
def everything_averaged(X, w, output_grad, X_grad, w_grad):
    """both gradients are divided by the number of samples.

    Nothing here asks for a mean: L is whatever output_grad comes from.
    """
    return X_grad / len(X), w_grad / len(X)


@wrong()
def last_sample_only(X, w, output_grad, X_grad, w_grad):
    """w_grad holds the last sample alone.

    Inside the loop add (+=), do not overwrite (=).
    """
    return X_grad, X[-1:].T @ output_grad[-1:]


@wrong()
def first_sample_only(X, w, output_grad, X_grad, w_grad):
    """w_grad holds the first sample alone: add up all samples."""
    return X_grad, X[:1].T @ output_grad[:1]


@wrong(named="wrong_shape")
def w_grad_flat(X, w, output_grad, X_grad, w_grad):
    return X_grad, w_grad[:, 0]


@wrong(named="wrong_shape")
def w_grad_lying(X, w, output_grad, X_grad, w_grad):
    return X_grad, w_grad.T


@wrong()
def samples_not_summed(X, w, output_grad, X_grad, w_grad):
    """w_grad has a row for every sample.

    All samples share w: add the rows up, and the shape of w comes out.
    """
    return X_grad, X * output_grad


@wrong(named="wrong_shape")
def summed_to_one_number(X, w, output_grad, X_grad, w_grad):
    return X_grad, w_grad.sum()


@wrong()
def total_for_every_feature(X, w, output_grad, X_grad, w_grad):
    """w_grad is the same for all features: it is summed over them.

    Sum over the samples only; every feature keeps its own entry.
    """
    return X_grad, np.full_like(w, w_grad.sum())


@wrong()
def same_row_for_all(X, w, output_grad, X_grad, w_grad):
    """all rows of X_grad are alike: the upstream gradients of the samples are added up first.

    Each sample keeps its own output_grad and its own row.
    """
    return np.repeat(X_grad.sum(axis=0, keepdims=True), len(X), axis=0), w_grad


@wrong()
def upstream_averaged(X, w, output_grad, X_grad, w_grad):
    """output_grad is averaged over the samples before it goes back.

    Each sample keeps its own upstream gradient.
    """
    mean = np.full_like(output_grad, output_grad.mean())
    return mean @ w.T, X.T @ mean


@wrong()
def names_swapped(X, w, output_grad, X_grad, w_grad):
    """X_grad holds X times output_grad.

    The slope of X @ w with respect to an entry of X is the entry of w it meets.
    """
    return output_grad * X, w_grad


@wrong(named="order_swapped")
def order_swapped(X, w, output_grad, X_grad, w_grad):
    return w_grad, X_grad


@wrong(named="sign_flipped")
def wrong_sign(X, w, output_grad, X_grad, w_grad):
    return -X_grad, -w_grad


@wrong()
def upstream_reversed(X, w, output_grad, X_grad, w_grad):
    """the samples meet each other's output_grad: its order is reversed."""
    return with_products(X, w, output_grad[::-1])


@wrong()
def forward_value_used(X, w, output_grad, X_grad, w_grad):
    """the output X @ w is multiplied in.

    A product is linear: its slopes do not depend on its output.
    """
    return with_products(X, w, output_grad * (X @ w))
