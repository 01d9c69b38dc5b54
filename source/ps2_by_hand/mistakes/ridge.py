"""Right ways and wrong ways to derive a linear regression with an L2 penalty."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

from .given import draw, squared_error, sum_rows
from .steps import Steps

inputs = draw(201)
TINY = {
    "X": array([1, 2]),
    "y": array([2.5]),
    "params": {"W": array([3], [-1]), "B": array([0.5])},
}

ridge = Entry(
    "ridge_gradients",
    "function",
    {
        "the tiny example": Case({**TINY, "strength": 0.2}),
        "a batch": Case({**inputs(5, W=(3, 1), B=(1, 1)), "strength": 0.3}),
        "no penalty": Case({**inputs(4, W=(2, 1), B=(1, 1)), "strength": 0.0}),
        "as many samples as features": Case({**inputs(3, W=(3, 1), B=(1, 1)), "strength": 1.5}),
    },
    reread="lecture 04, “The way back”",
    returns=("loss", "gradients[]"),
)

steps = Steps(
    ridge,
    {
        "P": lambda v: v.X @ v.W + v.B,
        "error": lambda v: squared_error(v.P, v.y),
        "penalty": lambda v: v.strength / 2 * (v.W**2).sum(),
        "dP": lambda v: 2 * (v.P - v.y) / v.n,
        "dW": lambda v: v.X.T @ v.dP,
        "shrink": lambda v: v.strength * v.W,
        "dB": lambda v: sum_rows(v.dP),
    },
    lambda v: (v.error + v.penalty, {"W": v.dW + v.shrink, "B": v.dB}),
)
wrong = steps.wrong


@ridge.correct
def line_by_line(X, y, params, strength):
    W, B = params["W"], params["B"]
    P = X @ W + B
    L = ((P - y) ** 2).sum() / len(P) + 0.5 * strength * (W**2).sum()
    dL_dP = 2 * (P - y) / len(P)
    return L, {"W": X.T @ dL_dP + strength * W, "B": dL_dP.sum(axis=0, keepdims=True)}


@ridge.correct
def with_loops(X, y, params, strength):
    W, b = params["W"], params["B"].item()
    L, W_grad, b_grad = 0.0, np.zeros_like(W), 0.0
    for x, target in zip(X, y, strict=True):
        miss = (x @ W).item() + b - target.item()
        L += miss**2 / len(X)
        W_grad += 2 * miss * x[:, np.newaxis] / len(X)
        b_grad += 2 * miss / len(X)
    for j in range(len(W)):
        L += strength * W[j, 0] ** 2 / 2
        W_grad[j] += strength * W[j]
    return [L, {"B": np.array([[b_grad]]), "W": W_grad}]


@ridge.correct
def with_a_column_of_ones(X, y, params, strength):
    Z = np.hstack([X, np.ones((len(X), 1))])
    V = np.vstack([params["W"], params["B"]])
    each = np.vstack([np.full_like(params["W"], strength), np.zeros((1, 1))])
    miss = Z @ V - y
    grad = 2 / len(X) * Z.T @ miss + each * V
    return np.mean(miss**2) + np.sum(each * V**2) / 2, {"W": grad[:-1], "B": grad[-1:]}


@ridge.correct
def with_means(X, y, params, strength):
    miss = X @ params["W"] + params["B"] - y
    W_grad = 2 * (X * miss).mean(axis=0).reshape(-1, 1)
    W_grad += strength * params["W"]
    loss = np.square(miss).mean() + strength * np.vdot(params["W"], params["W"]) / 2
    return loss, {"W": W_grad, "B": np.full((1, 1), 2 * miss.mean())}


@wrong("dP")
def off_by_factor_n(v):
    """the gradients of the squared errors are too large by the number of samples.

    The loss takes a mean, so its gradient carries 1 / n. (The penalty has no n in it.)
    """
    return 2 * (v.P - v.y)


@wrong("dW")
def mean_twice(v):
    """the errors' part of the gradient for W is divided by the number of samples twice.

    The 1 / n of the mean is in the gradient for P already; the product with X.T only adds up.
    """
    return v.X.T @ v.dP / v.n


@wrong("dB")
def bias_mean(v):
    """the gradient for B is a mean of what should be a sum.

    The gradient for P carries the 1 / n already, and B is used once for every sample: add up.
    """
    return v.dP.mean(axis=0, keepdims=True)


@wrong("dP")
def factor_2_forgotten(v):
    """the gradients of the squared errors are half of what they should be.

    The derivative of a square brings a 2. (The ½ stands before the penalty only.)
    """
    return (v.P - v.y) / v.n


@wrong("dP")
def sign_flipped(v):
    """the gradients of the squared errors have the wrong sign.

    The slope is positive where the prediction is too high: P - y, not y - P.
    """
    return 2 * (v.y - v.P) / v.n


@wrong("dP")
def square_kept(v):
    """the square is still there after the derivative: -2 * (y - P)**2.

    The slope of u**2 is 2 * u. With the square kept, all slopes have the same sign.
    """
    return -2 * (v.y - v.P) ** 2 / v.n


@wrong("shrink")
def penalty_gradient_doubled(v):
    """the penalty's gradient is twice what it should be.

    The square brings a 2, and the ½ in the loss takes it away again.
    """
    return 2 * v.strength * v.W


@wrong("shrink")
def penalty_gradient_halved(v):
    """the penalty's gradient is half of what it should be.

    The ½ of the loss is there, and the 2 that the derivative of the square brings is not.
    """
    return v.strength / 2 * v.W


@wrong("penalty")
def penalty_without_half(v):
    """the penalty in the loss is twice as large as the statement's.

    Books differ here. The loss and its gradient must belong together: take the ½ of the statement.
    """
    return v.strength * (v.W**2).sum()


@wrong("penalty", "shrink")
def another_convention(v):
    """the loss and the gradient both belong to a penalty without the ½.

    They fit together, but the statement has strength / 2 in front of the squares.
    """
    return v.strength * (v.W**2).sum(), 2 * v.strength * v.W


@wrong("shrink")
def penalty_in_the_loss_only(v):
    """the penalty is missing in the gradient for W.

    What is added to the loss adds its own gradient.
    """
    return 0 * v.W


@wrong("penalty")
def penalty_in_the_gradient_only(v):
    """the penalty is missing in the loss.

    The gradient must be the gradient of the very loss that you return.
    """
    return 0.0


@wrong("penalty", "shrink")
def penalty_forgotten(v):
    """the penalty is missing, in the loss and in the gradient."""
    return 0.0, 0 * v.W


@wrong("shrink")
def penalty_gradient_divided_by_n(v):
    """the penalty's gradient is divided by the number of samples.

    The penalty is no mean over samples; it is added once, whatever n is.
    """
    return v.strength * v.W / v.n


@wrong("penalty", "shrink")
def penalty_divided_by_n(v):
    """the penalty is divided by the number of samples, in the loss and in the gradient.

    It belongs to the weights and is added once, whatever n is.
    """
    return v.strength / 2 * (v.W**2).sum() / v.n, v.strength * v.W / v.n


@wrong("shrink")
def penalty_times_n(v):
    """the penalty's gradient is added once for every sample.

    It belongs to the weights and is added once, whatever n is.
    """
    return v.strength * v.W * v.n


@wrong("shrink")
def penalty_sign(v):
    """the penalty's gradient has the wrong sign: it makes weights grow.

    A step goes against the gradient. For it to shrink W, the gradient must point along W.
    """
    return -v.strength * v.W


@wrong("dB")
def bias_gradient_penalised(v):
    """the penalty is in the gradient for the bias as well.

    Only W is to stay small. The bias holds the level of the targets, which may be any number.
    """
    return sum_rows(v.dP) + v.strength * v.B


@wrong("penalty", "dB")
def bias_penalised(v):
    """the bias is penalised too, in the loss and in the gradient.

    Only W is to stay small. The bias holds the level of the targets, which may be any number.
    """
    slopes = 2 * (v.P - v.y) / v.n
    squares = (v.W**2).sum() + (v.B**2).sum()
    return v.strength / 2 * squares, sum_rows(slopes) + v.strength * v.B


@wrong("shrink")
def absolute_values(v):
    """the penalty's gradient is that of absolute values.

    sign(W) belongs to the sum of |W| (the lasso). Here the squares are added.
    """
    return v.strength * np.sign(v.W)


@wrong("penalty", "shrink")
def square_of_the_sum(v):
    """the penalty squares the sum of the weights.

    Square each weight first, then add: (W**2).sum(), not W.sum()**2.
    """
    return v.strength / 2 * v.W.sum() ** 2, v.strength * v.W.sum() * np.ones_like(v.W)


@wrong("penalty", "shrink")
def norm_not_squared(v):
    """the penalty takes the root of the sum of squares.

    The statement adds up the squares themselves. np.linalg.norm takes a root.
    """
    norm = np.sqrt((v.W**2).sum())
    return v.strength / 2 * norm, v.strength / 2 * v.W / norm


@wrong("penalty", "shrink")
def mean_of_the_weights(v):
    """the penalty is a mean over the weights, where the statement has a sum."""
    return v.strength / 2 * (v.W**2).mean(), v.strength * v.W / len(v.W)


@wrong("shrink")
def penalty_gradient_summed(v):
    """the penalty's gradient is summed over the weights, and each gets the total.

    Each weight has a slope of its own. The sum in the loss is gone after the derivative.
    """
    return np.full_like(v.W, v.strength * v.W.sum())


@wrong("error")
def loss_is_a_sum(v):
    """the loss adds up the squared errors, the gradients are those of their mean.

    Divide the sum of the squared errors by the number of samples.
    """
    return ((v.P - v.y) ** 2).sum()


@wrong("error")
def broadcast_targets(v):
    """y has lost its second axis, and every prediction meets every target.

    (n, 1) minus (n,) is (n, n). Keep y as a column.
    """
    return ((v.P - v.y.ravel()) ** 2).sum() / v.n


@wrong("P")
def bias_left_out(v):
    """the prediction lacks the bias.

    P = X @ W + B: without B the loss and all slopes belong to another model.
    """
    return v.X @ v.W


@wrong("dP")
def prediction_for_error(v):
    """the gradients are built from P instead of P - y.

    What goes back is the error, not the prediction.
    """
    return 2 * v.P / v.n


@wrong("dW")
def last_sample_only(v):
    """the errors' part of the gradient for W is that of the last sample.

    In a loop over the samples add to the gradient (+=), do not replace it (=).
    """
    return v.X[-1:].T @ v.dP[-1:]


@wrong("dB", named="wrong_axis")
def bias_not_summed(v):
    return v.dP


@wrong("dB", named="wrong_shape")
def bias_lost_an_axis(v):
    return v.dP.sum(axis=0)


@wrong("dB", named="wrong_shape")
def bias_is_a_number(v):
    return v.dP.sum()


@wrong("dW", named="wrong_shape")
def weights_transposed(v):
    return v.dP.T @ v.X


@ridge.mistake(named="wrong_type")
def loss_forgotten(X, y, params, strength):
    return line_by_line(X, y, params, strength)[1]


@ridge.mistake(named="wrong_type")
def no_dictionary(X, y, params, strength):
    loss, gradients = line_by_line(X, y, params, strength)
    return loss, (gradients["W"], gradients["B"])


@ridge.mistake(named="wrong_type")
def lower_case_keys(X, y, params, strength):
    loss, gradients = line_by_line(X, y, params, strength)
    return loss, {"dW": gradients["W"], "dB": gradients["B"]}


@ridge.mistake(named="modifies_input")
def steps_at_once(X, y, params, strength):
    loss, gradients = line_by_line(X, y, params, strength)
    for name in params:
        params[name] -= 0.1 * gradients[name]
    return loss, gradients


@ridge.mistake(named="measured_not_derived")
def measured(X, y, params, strength):
    point = {name: one.copy() for name, one in params.items()}

    def loss():
        return float(line_by_line(X, y, point, strength)[0])

    slopes = {name: np.zeros_like(one) for name, one in point.items()}
    for name, one in point.items():
        for index in np.ndindex(one.shape):
            one[index] += 1e-4
            above = loss()
            one[index] -= 2e-4
            slopes[name][index] = (above - loss()) / 2e-4
            one[index] += 1e-4
    return loss(), slopes
