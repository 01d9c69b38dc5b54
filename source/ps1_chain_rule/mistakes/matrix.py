"""Right ways and wrong ways to send a gradient back through sigmoid(X @ W)."""

import functools

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case

from .given import sigmoid

rng = np.random.default_rng(106)


def arrays(samples, features, outputs):
    return {
        "X": rng.standard_normal((samples, features)),
        "W": rng.standard_normal((features, outputs)),
        "G": rng.standard_normal((samples, outputs)),
    }


matrix = Entry(
    "matrix_gradients",
    "function",
    {
        "a batch": Case(arrays(4, 3, 2)),
        "a single sample": Case(arrays(1, 3, 2)),
        "as many samples as features and outputs": Case(arrays(3, 3, 3)),
    },
    reread="lecture 03, “A matrix product, entry by entry” and “The same in code”",
    returns=("X_grad", "W_grad"),
)


@matrix.correct
def with_products(X, W, G):
    S = sigmoid(X @ W)
    N_grad = G * S * (1 - S)
    return N_grad @ W.T, X.T @ N_grad


@matrix.correct
def with_exponentials(X, W, G):
    e = np.exp(-(X @ W))
    slope = e / (1 + e) ** 2
    return (G * slope) @ W.T, X.T @ (G * slope)


@matrix.correct
def sample_by_sample(X, W, G):
    X_grad, W_grad = np.zeros_like(X), np.zeros_like(W)
    for i, (x, g) in enumerate(zip(X, G, strict=True)):
        s = sigmoid(x @ W)
        X_grad[i] = W @ (g * s * (1 - s))
        W_grad += np.outer(x, g * s * (1 - s))
    return X_grad, W_grad


@matrix.correct
def with_einsum(X, W, G):
    S = sigmoid(np.einsum("nf,fm->nm", X, W))
    N_grad = np.multiply(G, S - S**2)
    return [np.einsum("nm,fm->nf", N_grad, W), np.einsum("nf,nm->fm", X, N_grad)]


def wrong(named=None):
    """A mistake made once N_grad, the gradient for X @ W, is right."""

    def add(change):
        @functools.wraps(change)
        def answer(X, W, G):
            S = sigmoid(X @ W)
            return change(X, W, G, S, G * S * (1 - S))

        matrix.mistake(named)(answer)
        return change

    return add


def back(X, W, N_grad):
    return N_grad @ W.T, X.T @ N_grad


@wrong()
def upstream_ignored(X, W, G, S, N_grad):
    """G is left out.

    L is a sum weighted by G, so the gradient that arrives at S is G: multiply by it.
    """
    return back(X, W, S * (1 - S))


@wrong()
def slope_missing(X, W, G, S, N_grad):
    """the slope of the sigmoid is left out.

    G belongs to S. Multiply by S * (1 - S) to get back to N = X @ W.
    """
    return back(X, W, G)


@wrong()
def slope_at_the_sum(X, W, G, S, N_grad):
    """s * (1 - s) is taken with s = X @ W.

    In the slope of the sigmoid s is its output, S.
    """
    N = X @ W
    return back(X, W, G * N * (1 - N))


@wrong()
def sigmoid_twice(X, W, G, S, N_grad):
    """the sigmoid is applied twice in the slope.

    S is the output of a sigmoid already: the slope is S * (1 - S).
    """
    T = sigmoid(S)
    return back(X, W, G * T * (1 - T))


@wrong()
def value_for_slope(X, W, G, S, N_grad):
    """G is multiplied by the value of the sigmoid, not by its slope.

    The slope is S * (1 - S).
    """
    return back(X, W, G * S)


@wrong()
def slope_of_tanh(X, W, G, S, N_grad):
    """1 - S**2 is the slope of tanh; that of the sigmoid is S * (1 - S)."""
    return back(X, W, G * (1 - S**2))


@wrong()
def precedence(X, W, G, S, N_grad):
    """X.T @ G * slope is (X.T @ G) * slope.

    @ and * are equally strong and go from left to right. Put brackets around the product of G
    and the slope.
    """
    slope = S * (1 - S)
    if slope.shape[0] not in (1, X.shape[1]):
        raise ValueError("operands could not be broadcast together")
    return N_grad @ W.T, X.T @ G * slope


@wrong()
def w_not_transposed(X, W, G, S, N_grad):
    """X_grad multiplies by W where W.T belongs.

    That fits for a square W only, and is wrong even then.
    """
    if W.shape[0] != W.shape[1]:
        raise ValueError("matmul: shapes do not fit")
    return N_grad @ W, X.T @ N_grad


@wrong()
def x_not_transposed(X, W, G, S, N_grad):
    """W_grad multiplies by X where X.T belongs.

    That fits for a square X only, and is wrong even then.
    """
    if X.shape[0] != X.shape[1]:
        raise ValueError("matmul: shapes do not fit")
    return N_grad @ W.T, X @ N_grad


@wrong()
def mean_for_sum(X, W, G, S, N_grad):
    """W_grad is averaged over the samples.

    All samples share W, and each adds its part: sum, do not average.
    """
    X_grad, W_grad = back(X, W, N_grad)
    return X_grad, W_grad / len(X)


@wrong()
def upstream_missing_for_w(X, W, G, S, N_grad):
    """W_grad leaves G out."""
    return N_grad @ W.T, X.T @ (S * (1 - S))


@wrong()
def upstream_missing_for_x(X, W, G, S, N_grad):
    """X_grad leaves G out."""
    return (S * (1 - S)) @ W.T, X.T @ N_grad


@wrong()
def slope_missing_for_x(X, W, G, S, N_grad):
    """X_grad leaves the slope of the sigmoid out."""
    return G @ W.T, X.T @ N_grad


@wrong()
def slope_missing_for_w(X, W, G, S, N_grad):
    """W_grad leaves the slope of the sigmoid out."""
    return N_grad @ W.T, X.T @ G


@wrong()
def last_sample_only(X, W, G, S, N_grad):
    """W_grad holds the last sample alone.

    Inside the loop add (+=), do not overwrite (=).
    """
    return N_grad @ W.T, X[-1:].T @ N_grad[-1:]


@wrong()
def upstream_summed_first(X, W, G, S, N_grad):
    """the gradients of the samples are added up before they go back through W.

    Each sample keeps its own row of X_grad.
    """
    total = np.repeat(N_grad.sum(axis=0, keepdims=True), len(X), axis=0)
    return total @ W.T, X.T @ N_grad


@wrong(named="order_swapped")
def order_swapped(X, W, G, S, N_grad):
    return X.T @ N_grad, N_grad @ W.T


@wrong(named="sign_flipped")
def wrong_sign(X, W, G, S, N_grad):
    return back(X, W, -N_grad)


@wrong(named="wrong_shape")
def w_grad_transposed(X, W, G, S, N_grad):
    return N_grad @ W.T, N_grad.T @ X


@wrong()
def one_minus_missing(X, W, G, S, N_grad):
    """the slope is taken as S * S; it is S * (1 - S)."""
    return back(X, W, G * S * S)


@matrix.mistake(named="modifies_input")
def upstream_overwritten(X, W, G):
    S = sigmoid(X @ W)
    G *= S * (1 - S)
    return back(X, W, G)
