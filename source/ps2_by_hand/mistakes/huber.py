"""Right ways and wrong ways to derive a linear regression with the Huber loss."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

from .given import sum_rows
from .steps import Steps

rng = np.random.default_rng(206)
TINY = {
    "X": array([1], [2]),
    "y": array([0.5], [-3]),
    "params": {"W": array([0]), "B": array([0])},
}


def line(samples, features, delta, spread):
    params = {"W": rng.standard_normal((features, 1)), "B": rng.standard_normal((1, 1))}
    X = rng.standard_normal((samples, features))
    y = X @ params["W"] + params["B"] + rng.uniform(-spread, spread, (samples, 1))
    return Case({"X": X, "y": y, "params": params, "delta": delta})


huber = Entry(
    "huber_gradients",
    "function",
    {
        "the tiny example": Case({**TINY, "delta": 1.0}),
        "some errors small, some large": line(8, 3, 0.75, 2.0),
        "all errors small": line(4, 2, 3.0, 2.0),
        "another delta": line(6, 2, 2.5, 6.0),
        "a single sample": line(1, 2, 0.05, 2.0),
    },
    reread="lecture 04, “The way back”",
    returns=("loss", "gradients[]"),
)

steps = Steps(
    huber,
    {
        "P": lambda v: v.X @ v.W + v.B,
        "u": lambda v: v.P - v.y,
        "small": lambda v: np.abs(v.u) <= v.delta,
        "parabola": lambda v: v.u**2 / 2,
        "straight": lambda v: v.delta * (np.abs(v.u) - v.delta / 2),
        "loss": lambda v: np.where(v.small, v.parabola, v.straight).sum() / v.n,
        "inner": lambda v: v.u,
        "outer": lambda v: v.delta * np.sign(v.u),
        "dP": lambda v: np.where(v.small, v.inner, v.outer) / v.n,
        "dW": lambda v: v.X.T @ v.dP,
        "dB": lambda v: sum_rows(v.dP),
    },
    lambda v: (v.loss, {"W": v.dW, "B": v.dB}),
)
wrong = steps.wrong


@huber.correct
def with_where(X, y, params, delta):
    u = X @ params["W"] + params["B"] - y
    small = np.abs(u) <= delta
    loss = np.where(small, 0.5 * u**2, delta * (np.abs(u) - 0.5 * delta)).sum() / len(u)
    dL_dP = np.where(small, u, delta * np.sign(u)) / len(u)
    return loss, {"W": X.T @ dL_dP, "B": dL_dP.sum(axis=0, keepdims=True)}


@huber.correct
def with_clip(X, y, params, delta):
    u = X @ params["W"] + params["B"] - y
    c = u.clip(-delta, delta)
    dL_dP = c / len(X)
    grads = {"W": X.T @ dL_dP, "B": np.ones((1, len(X))) @ dL_dP}
    return np.mean(c * u - c * c / 2), grads


@huber.correct
def with_a_loop(X, y, params, delta):
    loss, W_grad, b_grad = 0.0, np.zeros_like(params["W"]), 0.0
    for x, target in zip(X, y.ravel(), strict=True):
        u = (x @ params["W"]).item() + params["B"].item() - target
        if -delta <= u <= delta:
            loss, slope = loss + u * u / 2, u
        elif u > 0:
            loss, slope = loss + delta * u - delta**2 / 2, delta
        else:
            loss, slope = loss - delta * u - delta**2 / 2, -delta
        W_grad += slope * x.reshape(-1, 1) / len(X)
        b_grad += slope / len(X)
    return loss / len(X), {"W": W_grad, "B": np.array([[b_grad]])}


@wrong("outer")
def sign_of_the_error_lost(v):
    """beyond delta the slope is always +delta; where the prediction is too low it is -delta."""
    return np.full_like(v.u, v.delta)


@wrong("outer")
def outer_slope_without_delta(v):
    """beyond delta the slope is 1 or -1; the line there has the slope delta or -delta."""
    return np.sign(v.u)


@wrong("outer")
def outer_slope_is_zero(v):
    """beyond delta the slope is 0, as if those samples did not count.

    The loss goes on as a straight line there, and a line has a slope.
    """
    return np.zeros_like(v.u)


@wrong("outer")
def outer_slope_is_the_loss(v):
    """beyond delta the loss stands where its slope should."""
    return v.straight


@wrong("outer")
def outer_slope_grows(v):
    """beyond delta the slope still grows with the error.

    The derivative of delta * |u| has no u in it.
    """
    return v.delta * v.u


@wrong("dP")
def slope_of_the_square_everywhere(v):
    """the gradient is that of the square, for large errors too."""
    return v.u / v.n


@wrong("dP")
def slope_of_the_line_everywhere(v):
    """the gradient is that of the straight line, for small errors too."""
    return v.delta * np.sign(v.u) / v.n


@wrong("inner")
def inner_slope_doubled(v):
    """for small errors the slope is 2 * u; the ½ before the square takes the 2 away."""
    return 2 * v.u


@wrong("inner")
def inner_slope_halved(v):
    """for small errors the slope is u / 2; the derivative of the square brings a 2."""
    return v.u / 2


@wrong("inner")
def inner_slope_is_the_loss(v):
    """for small errors the loss stands where its slope should."""
    return v.parabola


@wrong("parabola")
def square_without_half(v):
    """for small errors the loss lacks the ½ before the square."""
    return v.u**2


@huber.mistake()
def twice_the_parabola(X, y, params, delta):
    """loss and slope for small errors are those of u**2; the statement has a ½ before it."""
    changed = {"parabola": lambda v: v.u**2, "inner": lambda v: 2 * v.u}
    return steps.run(X, y, params, delta, changed=changed)


@wrong("straight")
def line_not_lowered(v):
    """beyond delta the loss is delta * |u|: at the border it jumps.

    Half of delta is subtracted from |u| first.
    """
    return v.delta * np.abs(v.u)


@wrong("straight")
def line_lowered_by_delta(v):
    """beyond delta the loss is delta * (|u| - delta); it is half of delta that is subtracted."""
    return v.delta * (np.abs(v.u) - v.delta)


@wrong("straight")
def brackets_forgotten(v):
    """beyond delta, ½ delta is subtracted outside of the brackets; delta multiplies it as well."""
    return v.delta * np.abs(v.u) - v.delta / 2


@wrong("straight")
def absolute_value_forgotten(v):
    """beyond delta the loss lacks the absolute value, and is negative for errors below 0."""
    return v.delta * (v.u - v.delta / 2)


@wrong("small")
def border_turned_round(v):
    """square and line are exchanged: small errors get the line and large ones the square."""
    return np.abs(v.u) > v.delta


@wrong("small")
def negative_errors_are_small(v):
    """every negative error counts as small, however large it is.

    Compare the absolute value with delta.
    """
    return v.u <= v.delta


@wrong("small")
def border_at_one(v):
    """the border is always at 1; it is at delta."""
    return np.abs(v.u) <= 1


@wrong("small")
def border_of_the_square(v):
    """u**2 is compared with delta; compare |u|."""
    return v.u**2 <= v.delta


@wrong("loss", "dP")
def one_verdict_for_all(v):
    """all samples are treated alike, by whether the largest error is beyond delta.

    Each sample has its own branch: np.where decides entry by entry.
    """
    if np.all(v.small):
        return v.parabola.sum() / v.n, v.u / v.n
    return v.straight.sum() / v.n, v.delta * np.sign(v.u) / v.n


@wrong("dP")
def off_by_factor_n(v):
    """the gradients are too large by the number of samples: the loss is a mean."""
    return np.where(v.small, v.inner, v.outer)


@wrong("dW")
def mean_twice(v):
    """the gradient for W is divided by the number of samples twice."""
    return v.X.T @ v.dP / v.n


@wrong("dB")
def bias_mean(v):
    """the gradient for B is a mean of what should be a sum: the 1 / n is in the slopes already."""
    return v.dP.mean(axis=0, keepdims=True)


@wrong("dP")
def sign_flipped(v):
    """the gradients have the wrong sign: u is P - y, not y - P."""
    return -np.where(v.small, v.inner, v.outer) / v.n


@wrong("loss")
def loss_is_a_sum(v):
    """the loss is a sum over the samples, the gradients are those of the mean."""
    return np.where(v.small, v.parabola, v.straight).sum()


@wrong("P")
def bias_left_out(v):
    """the prediction lacks the bias."""
    return v.X @ v.W


@wrong("dB", named="wrong_shape")
def bias_lost_an_axis(v):
    return v.dP.sum(axis=0)


@wrong("dB", named="wrong_axis")
def bias_not_summed(v):
    return v.dP
