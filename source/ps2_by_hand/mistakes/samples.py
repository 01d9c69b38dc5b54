"""Right ways and wrong ways to keep the gradients of single samples apart."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

from .given import draw
from .steps import Steps

inputs = draw(203)
TINY = {
    "X": array([1, 2], [3, 0]),
    "y": array([1], [5]),
    "params": {"W": array([1], [1]), "B": array([0])},
}

samples = Entry(
    "sample_gradients",
    "function",
    {
        "the tiny example": Case(TINY),
        "a batch": Case(inputs(5, W=(3, 1), B=(1, 1))),
        "a single sample": Case(inputs(1, W=(2, 1), B=(1, 1))),
        "as many samples as features": Case(inputs(3, W=(3, 1), B=(1, 1))),
    },
    reread="lecture 04, “The way back” and “Training”",
    returns=("gradients[]",),
)

steps = Steps(
    samples,
    {
        "P": lambda v: v.X @ v.W + v.B,
        "slopes": lambda v: 2 * (v.P - v.y),
        "W_rows": lambda v: v.X * v.slopes,
        "B_rows": lambda v: v.slopes,
    },
    lambda v: {"W": v.W_rows, "B": v.B_rows},
)
wrong = steps.wrong


@samples.correct
def by_broadcasting(X, y, params):
    P = X @ params["W"] + params["B"]
    dL_dP = 2 * (P - y)
    return {"W": dL_dP * X, "B": dL_dP}


@samples.correct
def row_by_row(X, y, params):
    W_rows = np.zeros((len(X), X.shape[1]))
    B_rows = np.zeros((len(X), 1))
    for i, x in enumerate(X):
        slope = 2 * (x @ params["W"] + params["B"][0] - y[i])
        W_rows[i] = slope * x
        B_rows[i] = slope
    return {"W": W_rows, "B": B_rows}


@samples.correct
def batches_of_one(X, y, params):
    def gradients(X, y):
        slope = 2 * (X @ params["W"] + params["B"] - y) / len(X)
        return X.T @ slope, slope.sum(axis=0, keepdims=True)

    pairs = [gradients(X[[i]], y[[i]]) for i in range(len(X))]
    W_rows, B_rows = zip(*pairs, strict=True)
    return {"W": np.hstack(W_rows).T, "B": np.vstack(B_rows)}


@samples.correct
def with_einsum(X, y, params):
    slopes = 2 * (np.einsum("ij,jk->ik", X, params["W"]) + params["B"] - y)
    return {"B": slopes, "W": np.einsum("ij,ik->ij", X, slopes)}


@samples.correct
def with_a_diagonal_matrix(X, y, params):
    slopes = np.ravel(2 * (X @ params["W"] + params["B"] - y))
    return {"W": np.diag(slopes) @ X, "B": slopes[:, np.newaxis].copy()}


@wrong("slopes")
def mean_inside(v):
    """every row is divided by the number of samples.

    Row i is the gradient of the loss of sample i alone. The mean comes later, over the rows.
    """
    return 2 * (v.P - v.y) / v.n


@wrong("slopes")
def factor_2_forgotten(v):
    """every value is half of what it should be.

    The derivative of a square brings a 2.
    """
    return v.P - v.y


@wrong("slopes")
def sign_flipped(v):
    """every value has the wrong sign.

    The slope is positive where the prediction is too high: P - y, not y - P.
    """
    return 2 * (v.y - v.P)


@wrong("slopes")
def square_kept(v):
    """the square is still there after the derivative.

    The slope of u**2 is 2 * u.
    """
    return 2 * (v.P - v.y) ** 2


@wrong("slopes")
def losses_for_slopes(v):
    """the losses of the samples stand where their slopes should.

    (P - y)**2 is the loss. What goes back is its derivative.
    """
    return (v.P - v.y) ** 2


@wrong("slopes")
def prediction_for_error(v):
    """P stands where P - y should.

    The target has a part in the slope of the loss.
    """
    return 2 * v.P


@wrong("slopes")
def error_averaged(v):
    """all samples get the mean error of the batch.

    Each sample has an error of its own.
    """
    return np.full_like(v.P, 2 * (v.P - v.y).mean())


@wrong("slopes")
def error_summed(v):
    """all samples get the sum of the errors of the batch.

    Each sample has an error of its own.
    """
    return np.full_like(v.P, 2 * (v.P - v.y).sum())


@wrong("slopes")
def without_sign(v):
    """the sign of the errors is lost.

    The slope of a square is negative where the prediction is too low.
    """
    return 2 * np.abs(v.P - v.y)


@wrong("slopes")
def slope_of_absolute_error(v):
    """only the sign of each error counts.

    That is the slope of the absolute error. The loss here is the square.
    """
    return np.sign(v.P - v.y)


@wrong("P")
def bias_left_out(v):
    """the prediction lacks the bias.

    P = X @ W + B.
    """
    return v.X @ v.W


@wrong("W_rows")
def not_multiplied_by_x(v):
    """the rows for W hold the slope of the prediction only.

    A weight moves the prediction by the size of its feature: multiply by X.
    """
    return v.slopes * np.ones_like(v.X)


@wrong("W_rows")
def multiplied_by_the_weights(v):
    """the rows for W are multiplied by W, which gives the gradient for X.

    In the product of a feature and a weight, the weight's slope is the feature.
    """
    return v.slopes @ v.W.T


@wrong("W_rows")
def mean_of_the_features(v):
    """the rows for W use the mean of each feature.

    Each sample has features of its own.
    """
    return v.slopes * v.X.mean(axis=0, keepdims=True)


@wrong("W_rows")
def the_same_gradient_in_every_row(v):
    """every row for W is the sum over all samples.

    That is what the product with X.T returns. Here each row is the part of one sample.
    """
    return np.repeat((v.X.T @ v.slopes).T, v.n, axis=0)


@wrong("W_rows")
def the_mean_in_every_row(v):
    """every row for W is the mean over all samples.

    Here each row is the part of one sample.
    """
    return np.repeat((v.X.T @ v.slopes).T / v.n, v.n, axis=0)


@wrong("W_rows")
def last_sample_only(v):
    """only the last row for W is filled.

    Inside the loop write into row i of an array that was made before it.
    """
    rows = np.zeros_like(v.X)
    rows[-1] = (v.X * v.slopes)[-1]
    return rows


@wrong("W_rows")
def added_up_on_the_way(v):
    """the rows for W hold running sums.

    A row is the gradient of its own sample: =, not +=, and nothing is carried over.
    """
    return np.cumsum(v.X * v.slopes, axis=0)


@wrong("B_rows")
def bias_of_ones(v):
    """the values for B are all 1.

    1 is how fast the prediction moves with the bias. Times the slope of the loss, that is the
    gradient.
    """
    return np.ones_like(v.slopes)


@wrong("B_rows")
def bias_summed_everywhere(v):
    """every sample gets the summed gradient for B.

    Here nothing is summed: each sample keeps its own.
    """
    return np.full_like(v.slopes, v.slopes.sum())


@wrong("B_rows")
def bias_times_itself(v):
    """the values for B are multiplied by B.

    B is added to the prediction: the slope of that is 1.
    """
    return v.slopes * v.B


@wrong("W_rows", named="wrong_shape")
def summed_over_the_samples(v):
    return v.X.T @ v.slopes


@wrong("W_rows", named="wrong_shape")
def rows_and_columns_swapped(v):
    return (v.X * v.slopes).T


@wrong("W_rows", named="wrong_shape")
def a_stack_of_columns(v):
    return (v.X * v.slopes)[:, :, np.newaxis]


@wrong("B_rows", named="wrong_shape")
def bias_summed(v):
    return v.slopes.sum(axis=0, keepdims=True)


@wrong("B_rows", named="wrong_shape")
def bias_lost_an_axis(v):
    return v.slopes.ravel()


@samples.mistake(named="wrong_type")
def a_list_of_dictionaries(X, y, params):
    rows = by_broadcasting(X, y, params)
    return [{name: rows[name][i] for name in rows} for i in range(len(X))]


@samples.mistake(named="only_what_is_shown")
def rows_of_whole_numbers(X, y, params):
    W_rows = np.zeros_like(X)
    rows = by_broadcasting(X, y, params)
    W_rows[...] = rows["W"]
    return {"W": W_rows, "B": rows["B"]}
