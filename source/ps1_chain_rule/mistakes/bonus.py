"""Right ways and wrong ways to go back through two matrices and two sigmoids."""

import functools

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case

from .given import sigmoid
from .matrix import with_products as matrix_gradients

rng = np.random.default_rng(107)


def arrays(samples, features, hidden, outputs):
    return {
        "X": rng.standard_normal((samples, features)),
        "W1": rng.standard_normal((features, hidden)),
        "W2": rng.standard_normal((hidden, outputs)),
        "G": rng.standard_normal((samples, outputs)),
    }


bonus = Entry(
    "two_matrices",
    "function",
    {
        "a batch": Case(arrays(4, 3, 2, 5)),
        "a single sample": Case(arrays(1, 3, 4, 2)),
        "all square": Case(arrays(3, 3, 3, 3)),
    },
    reread="lecture 03, “A matrix product, entry by entry” and “The same in code”",
    returns=("W1_grad", "W2_grad"),
)


@bonus.correct
def written_out(X, W1, W2, G):
    S1 = sigmoid(X @ W1)
    S2 = sigmoid(S1 @ W2)
    N2_grad = G * S2 * (1 - S2)
    N1_grad = N2_grad @ W2.T * S1 * (1 - S1)
    return X.T @ N1_grad, S1.T @ N2_grad


@bonus.correct
def from_the_exercise_before(X, W1, W2, G):
    S1 = sigmoid(X @ W1)
    S1_grad, W2_grad = matrix_gradients(S1, W2, G)
    return matrix_gradients(X, W1, S1_grad)[1], W2_grad


@bonus.correct
def sample_by_sample(X, W1, W2, G):
    W1_grad, W2_grad = np.zeros_like(W1), np.zeros_like(W2)
    for x, g in zip(X, G, strict=True):
        a = sigmoid(x @ W1)
        b = sigmoid(a @ W2)
        down = g * b * (1 - b)
        W2_grad += np.outer(a, down)
        W1_grad += np.outer(x, (W2 @ down) * a * (1 - a))
    return W1_grad, W2_grad


def wrong(named=None):
    """A mistake in terms of both outputs and the gradient at the second product."""

    def add(change):
        @functools.wraps(change)
        def answer(X, W1, W2, G):
            S1 = sigmoid(X @ W1)
            S2 = sigmoid(S1 @ W2)
            return change(X, W1, W2, G, S1, S2, G * S2 * (1 - S2))

        bonus.mistake(named)(answer)
        return change

    return add


def first(X, W2, S1, N2_grad):
    return X.T @ (N2_grad @ W2.T * S1 * (1 - S1))


@wrong()
def upstream_ignored(X, W1, W2, G, S1, S2, N2_grad):
    """G is left out: multiply the slopes of the last sigmoid by it."""
    slope = S2 * (1 - S2)
    return first(X, W2, S1, slope), S1.T @ slope


@wrong()
def last_slope_missing(X, W1, W2, G, S1, S2, N2_grad):
    """the slope of the last sigmoid is left out."""
    return first(X, W2, S1, G), S1.T @ G


@wrong()
def first_slope_missing(X, W1, W2, G, S1, S2, N2_grad):
    """W1_grad leaves the slope of the first sigmoid out."""
    return X.T @ (N2_grad @ W2.T), S1.T @ N2_grad


@wrong()
def second_matrix_skipped(X, W1, W2, G, S1, S2, N2_grad):
    """W1_grad does not go back through the last sigmoid: it starts from G at S1.

    What arrives at S1 is the gradient for the second product's input.
    """
    return X.T @ (G @ W2.T * S1 * (1 - S1)), S1.T @ N2_grad


@wrong()
def input_for_hidden(X, W1, W2, G, S1, S2, N2_grad):
    """W2_grad uses the sums X @ W1 where their sigmoids, S1, went into the second product."""
    return first(X, W2, S1, N2_grad), (X @ W1).T @ N2_grad


@wrong()
def hidden_without_sigmoid(X, W1, W2, G, S1, S2, N2_grad):
    """the first sigmoid is left out of the forward pass."""
    N1 = X @ W1
    T = sigmoid(N1 @ W2)
    N_grad = G * T * (1 - T)
    return X.T @ (N_grad @ W2.T), N1.T @ N_grad


@wrong()
def slopes_mixed_up(X, W1, W2, G, S1, S2, N2_grad):
    """the slope of the first sigmoid is taken at its sum: in s * (1 - s), s is the output."""
    N1 = X @ W1
    return first(X, W2, N1, N2_grad), S1.T @ N2_grad


@wrong()
def w2_not_transposed(X, W1, W2, G, S1, S2, N2_grad):
    """W1_grad goes back through W2 where W2.T belongs.

    That fits for a square W2 only, and is wrong even then.
    """
    if W2.shape[0] != W2.shape[1]:
        raise ValueError("matmul: shapes do not fit")
    return first(X, W2.T, S1, N2_grad), S1.T @ N2_grad


@wrong()
def mean_for_sum(X, W1, W2, G, S1, S2, N2_grad):
    """both gradients are averaged over the samples: each sample adds its part, so sum."""
    return first(X, W2, S1, N2_grad) / len(X), S1.T @ N2_grad / len(X)


@wrong()
def last_sample_only(X, W1, W2, G, S1, S2, N2_grad):
    """both gradients hold the last sample alone: inside the loop add (+=)."""
    return first(X[-1:], W2, S1[-1:], N2_grad[-1:]), S1[-1:].T @ N2_grad[-1:]


@wrong()
def same_upstream(X, W1, W2, G, S1, S2, N2_grad):
    """the gradients of the samples are added up before they go back to the first matrix."""
    total = np.repeat(N2_grad.sum(axis=0, keepdims=True), len(X), axis=0)
    return first(X, W2, S1, total), S1.T @ N2_grad


@wrong()
def tanh_slopes(X, W1, W2, G, S1, S2, N2_grad):
    """1 - S**2 is the slope of tanh; that of the sigmoid is S * (1 - S)."""
    N_grad = G * (1 - S2**2)
    return X.T @ (N_grad @ W2.T * (1 - S1**2)), S1.T @ N_grad


@wrong(named="sign_flipped")
def wrong_sign(X, W1, W2, G, S1, S2, N2_grad):
    return -first(X, W2, S1, N2_grad), -(S1.T @ N2_grad)


@wrong(named="order_swapped")
def order_swapped(X, W1, W2, G, S1, S2, N2_grad):
    return S1.T @ N2_grad, first(X, W2, S1, N2_grad)


@wrong(named="wrong_shape")
def w1_transposed(X, W1, W2, G, S1, S2, N2_grad):
    return first(X, W2, S1, N2_grad).T, S1.T @ N2_grad
