"""Right ways and wrong ways to measure the gradients of two weight matrices."""

import functools

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case
from chainrule.numeric import gradient

rng = np.random.default_rng(306)


numerical = Entry(
    "numerical_gradients",
    "function",
    {
        "two neurons": Case(
            {
                "loss": "two_layer_loss",
                "W1": rng.standard_normal((3, 2)),
                "W2": rng.standard_normal((2, 1)),
            },
            tolerance=1e-7,
        ),
        "one neuron": Case(
            {
                "loss": "two_layer_loss",
                "W1": rng.standard_normal((3, 1)),
                "W2": rng.standard_normal((1, 1)),
            },
            tolerance=1e-7,
        ),
        "many neurons": Case(
            {
                "loss": "two_layer_loss",
                "W1": rng.standard_normal((3, 5)),
                "W2": rng.standard_normal((5, 1)),
            },
            tolerance=1e-7,
        ),
    },
    reread="lecture 01, “Why the central difference beats the forward difference”",
    returns=("W1_grad", "W2_grad"),
)


@numerical.correct
def numerical_copies(loss, W1, W2, step=1e-5):
    weights, grads = [W1, W2], []
    for position, W in enumerate(weights):
        grad = np.zeros_like(W)
        for index in np.ndindex(W.shape):
            values = []
            for sign in (1, -1):
                nudged = W.copy()
                nudged[index] += sign * step
                values.append(loss(*weights[:position], nudged, *weights[position + 1 :]))
            grad[index] = (values[0] - values[1]) / (2 * step)
        grads.append(grad)
    return tuple(grads)


@numerical.correct
def numerical_in_place(loss, W1, W2, step=1e-5):
    grads = []
    for W in (W1, W2):
        grad = np.zeros_like(W)
        for row in range(W.shape[0]):
            for column in range(W.shape[1]):
                W[row, column] += step
                above = loss(W1, W2)
                W[row, column] -= 2 * step
                below = loss(W1, W2)
                W[row, column] += step
                grad[row, column] = (above - below) / (2 * step)
        grads.append(grad)
    return grads


@numerical.correct
def numerical_library(loss, W1, W2, step=1e-5):
    return (
        gradient(lambda W: loss(W, W2), W1.copy(), step),
        gradient(lambda W: loss(W1, W), W2.copy(), step),
    )


def quotient(slope):
    """Numerical gradients by another quotient: ``slope(at, step)``, ``at`` being the loss along one
    entry.
    """

    @functools.wraps(slope)
    def answer(loss, W1, W2, step=1e-5):
        def along(f, W):
            grad = np.zeros_like(W)
            for index in np.ndindex(W.shape):

                def at(shift, index=index):
                    nudged = W.copy()
                    nudged[index] += shift
                    return f(nudged)

                grad[index] = slope(at, step)
            return grad

        return along(lambda W: loss(W, W2), W1), along(lambda W: loss(W1, W), W2)

    return answer


@numerical.mistake()
@quotient
def forward_difference(at, step):
    """this is the forward difference.

    Its error is of the order of the step; step to both sides and divide by 2 * step, and it
    falls with the square of the step.
    """
    return (at(step) - at(0)) / step


@numerical.mistake()
@quotient
def backward_difference(at, step):
    """this is the backward difference.

    Step to both sides and divide by 2 * step.
    """
    return (at(0) - at(-step)) / step


@numerical.mistake()
@quotient
def step_not_doubled(at, step):
    """every value is twice too large.

    From minus step to plus step the weight has moved by 2 * step: divide by that.
    """
    return (at(step) - at(-step)) / step


def halved(loss, weights, step, back_up):
    """Numerical gradients with losses one step apart; `back_up` steps up again at the end."""
    grads = []
    for W in weights:
        grad = np.zeros_like(W)
        for index in np.ndindex(W.shape):
            W[index] += step
            above = loss(*weights)
            W[index] -= step
            below = loss(*weights)
            if back_up:
                W[index] += step
            grad[index] = (above - below) / (2 * step)
        grads.append(grad)
    return grads


@numerical.mistake()
def one_step_back(loss, W1, W2, step=1e-5):
    """every slope is half: the two losses are one step apart, and are divided by two steps.

    Where W[i, j] += step came first, -= step only leads back to the start. It takes -= 2 * step to
    get one step below it; then += step puts the weight back.
    """
    return halved(loss, (W1, W2), step, back_up=False)


@numerical.mistake(named="modifies_input")
def one_step_back_and_up_again(loss, W1, W2, step=1e-5):
    return halved(loss, (W1, W2), step, back_up=True)


@numerical.mistake()
@quotient
def not_divided(at, step):
    """the difference is not divided by 2 * step.

    A slope is a difference over a distance.
    """
    return at(step) - at(-step)


@numerical.mistake()
@quotient
def sign_flipped(at, step):
    """every value has the wrong sign.

    It is the loss above minus the loss below.
    """
    return (at(-step) - at(step)) / (2 * step)


@numerical.mistake()
@quotient
def precedence(at, step):
    """/ 2 * step divides by 2 and multiplies by step.

    Put brackets around (2 * step).
    """
    return (at(step) - at(-step)) / 2 * step


@numerical.mistake()
@quotient
def nudge_forgotten(at, step):
    """every value is 0: the loss is asked twice at the same place.

    above = W does not copy: both names are the same array. Use W.copy().
    """
    return (at(0) - at(0)) / (2 * step)


@numerical.mistake(named="")
@quotient
def step_too_small(at, step):
    """the step is too small: round-off drowns the difference.

    With a step near 1e-15 the two losses agree in nearly all digits (the left side of lecture
    01's U). Use the step you are given.
    """
    return (at(1e-15) - at(-1e-15)) / 2e-15


@numerical.mistake()
def order_swapped(loss, W1, W2, step=1e-05):
    """the gradients come back in another order.

    Return that of W1 first, then that of W2.
    """
    return numerical_copies(loss, W1, W2, step)[::-1]


@numerical.mistake()
def second_is_zero(loss, W1, W2, step=1e-05):
    """the gradient of W2 is 0 everywhere.

    Nudge the entries of W2 as well.
    """
    return numerical_copies(loss, W1, W2, step)[0], np.zeros_like(W2)


@numerical.mistake(named="wrong_type")
def second_is_missing(loss, W1, W2, step=1e-05):
    return numerical_copies(loss, W1, W2, step)[0]


@numerical.mistake()
def whole_matrix(loss, W1, W2, step=1e-05):
    """all entries are nudged at once.

    That measures the sum of all slopes. Nudge one entry, measure, put it back, then the next.
    """
    first = (loss(W1 + step, W2) - loss(W1 - step, W2)) / (2 * step)
    second = (loss(W1, W2 + step) - loss(W1, W2 - step)) / (2 * step)
    return np.full_like(W1, first), np.full_like(W2, second)


@numerical.mistake(named="modifies_input")
def not_restored(loss, W1, W2, step=1e-05):
    grads = []
    for W in (W1, W2):
        grad = np.zeros_like(W)
        for index in np.ndindex(W.shape):
            W[index] += step
            above = loss(W1, W2)
            W[index] -= 2 * step
            grad[index] = (above - loss(W1, W2)) / (2 * step)
        grads.append(grad)
    return grads


@numerical.mistake()
@quotient
def step_not_passed(at, step):
    """the step is fixed in your code, and far too large.

    The argument step says how far to nudge.
    """
    return (at(0.1) - at(-0.1)) / 0.2


@numerical.mistake()
@quotient
def added(at, step):
    """the two losses are added, and should be subtracted."""
    return (at(step) + at(-step)) / (2 * step)


@numerical.mistake()
@quotient
def steepness_without_sign(at, step):
    """every slope comes out as one that goes up: leave out abs."""
    return abs(at(step) - at(-step)) / (2 * step)
