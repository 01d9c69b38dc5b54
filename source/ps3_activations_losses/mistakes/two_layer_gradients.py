"""Right ways and wrong ways to derive the gradients of two weight matrices."""

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case
from chainrule.numeric import gradient

rng = np.random.default_rng(307)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def two_layers(samples, features, neurons):
    return {
        "X": rng.standard_normal((samples, features)),
        "y": rng.standard_normal((samples, 1)),
        "W1": rng.standard_normal((features, neurons)),
        "W2": rng.standard_normal((neurons, 1)),
    }


two_layer = Entry(
    "two_layer_gradients",
    "function",
    {
        "a batch": Case(two_layers(5, 3, 2)),
        "a single sample": Case(two_layers(1, 2, 4)),
        "as many samples as features and neurons": Case(two_layers(3, 3, 3)),
    },
    reread="lecture 07, “The network of lecture 05, taken apart”",
    returns=("W1_grad", "W2_grad"),
)


@two_layer.correct
def two_layer_vectorised(X, y, W1, W2):
    hidden = sigmoid(X @ W1)
    prediction_grad = 2 * (hidden @ W2 - y) / len(X)
    hidden_grad = prediction_grad @ W2.T
    return X.T @ (hidden_grad * hidden * (1 - hidden)), hidden.T @ prediction_grad


@two_layer.correct
def two_layer_loop(X, y, W1, W2):
    W1_grad, W2_grad = np.zeros_like(W1), np.zeros_like(W2)
    for x, target in zip(X, y, strict=True):
        hidden = sigmoid(x @ W1)
        prediction_grad = 2 * (hidden @ W2 - target) / len(X)
        W2_grad += np.outer(hidden, prediction_grad)
        W1_grad += np.outer(x, (W2 @ prediction_grad) * hidden * (1 - hidden))
    return W1_grad, W2_grad


@two_layer.correct
def two_layer_operations(X, y, W1, W2):
    from chainrule.losses import MeanSquaredError
    from chainrule.operations import Sigmoid, WeightMultiply

    operations = [WeightMultiply(W1), Sigmoid(), WeightMultiply(W2)]
    value = X
    for operation in operations:
        value = operation.forward(value)
    loss = MeanSquaredError()
    loss.forward(value, y)
    grad = loss.backward()
    for operation in operations[::-1]:
        grad = operation.backward(grad)
    return operations[0].param_grad, operations[2].param_grad


def two_layer_parts(X, y, W1, W2):
    hidden = sigmoid(X @ W1)
    prediction_grad = 2 * (hidden @ W2 - y) / len(X)
    return hidden, prediction_grad, hidden.T @ prediction_grad


@two_layer.mistake()
def off_by_factor_n(X, y, W1, W2):
    """every value is too large by the number of samples.

    The loss is a mean, so its gradient carries 1 / n_samples.
    """
    first, second = two_layer_vectorised(X, y, W1, W2)
    return first * len(X), second * len(X)


@two_layer.mistake()
def factor_2_forgotten(X, y, W1, W2):
    """every value is half of what it should be.

    The derivative of a square brings a 2.
    """
    first, second = two_layer_vectorised(X, y, W1, W2)
    return first / 2, second / 2


@two_layer.mistake()
def sign_flipped(X, y, W1, W2):
    """every value has the wrong sign.

    The gradient is for the prediction: 2 * (prediction - y), not 2 * (y - prediction).
    """
    first, second = two_layer_vectorised(X, y, W1, W2)
    return -first, -second


@two_layer.mistake()
def derivative_missing(X, y, W1, W2):
    """W1_grad lacks the derivative of the sigmoid.

    On the way from the hidden output back to X @ W1 multiply by hidden * (1 - hidden).
    """
    _, prediction_grad, second = two_layer_parts(X, y, W1, W2)
    return X.T @ (prediction_grad @ W2.T), second


@two_layer.mistake()
def w2_skipped(X, y, W1, W2):
    """W1_grad does not pass through W2.

    The hidden layer reaches the prediction through W2: multiply prediction_grad by W2.T on
    the way back.
    """
    hidden, prediction_grad, second = two_layer_parts(X, y, W1, W2)
    return X.T @ (prediction_grad * hidden * (1 - hidden)), second


@two_layer.mistake()
def derivative_at_sum(X, y, W1, W2):
    """s * (1 - s) is taken with s = X @ W1.

    In the derivative of the sigmoid s is the hidden output, sigmoid(X @ W1).
    """
    _, prediction_grad, second = two_layer_parts(X, y, W1, W2)
    s = X @ W1
    return X.T @ (prediction_grad @ W2.T * s * (1 - s)), second


@two_layer.mistake()
def sum_for_hidden(X, y, W1, W2):
    """W2_grad uses X @ W1 where the hidden output belongs.

    W2 multiplies sigmoid(X @ W1); its gradient is that, transposed, times prediction_grad.
    """
    _, prediction_grad, _ = two_layer_parts(X, y, W1, W2)
    return two_layer_vectorised(X, y, W1, W2)[0], (X @ W1).T @ prediction_grad


@two_layer.mistake()
def precedence(X, y, W1, W2):
    """X.T @ hidden_grad * slope is (X.T @ hidden_grad) * slope.

    @ and * are equally strong and go from left to right: put brackets around hidden_grad *
    slope.
    """
    hidden, prediction_grad, second = two_layer_parts(X, y, W1, W2)
    return X.T @ (prediction_grad @ W2.T) * hidden * (1 - hidden), second


@two_layer.mistake()
def averaged_early(X, y, W1, W2):
    """the error is averaged over the batch before it goes back.

    Each sample has its own error and its own hidden values: multiply sample by sample, the
    matrix product sums in the end.
    """
    hidden = sigmoid(X @ W1)
    error = np.full_like(y, 2 * np.mean(hidden @ W2 - y)) / len(X)
    hidden_grad = error @ W2.T * hidden * (1 - hidden)
    return X.T @ hidden_grad, hidden.T @ error


@two_layer.mistake()
def order_swapped(X, y, W1, W2):
    """the gradients come back in another order.

    Return that of W1 first, then that of W2.
    """
    return two_layer_vectorised(X, y, W1, W2)[::-1]


@two_layer.mistake()
def transposed(X, y, W1, W2):
    """W1_grad is transposed: its rows are neurons, its columns features.

    The gradient has the shape of the thing: here X.T stands on the left of the product.
    """
    first, second = two_layer_vectorised(X, y, W1, W2)
    return first.T, second


@two_layer.mistake()
def after_update(X, y, W1, W2):
    """W1_grad was computed with W2 already updated.

    Compute all gradients first, with the weights of the forward pass; then let an optimizer
    step.
    """
    hidden, prediction_grad, second = two_layer_parts(X, y, W1, W2)
    hidden_grad = prediction_grad @ (W2 - 0.1 * second).T
    return X.T @ (hidden_grad * hidden * (1 - hidden)), second


@two_layer.mistake(named="measured_not_derived")
def measured(X, y, W1, W2):
    def loss(first, second):
        return float(np.mean((sigmoid(X @ first) @ second - y) ** 2))

    return gradient(lambda W: loss(W, W2), W1), gradient(lambda W: loss(W1, W), W2)


@two_layer.mistake()
def hidden_gradient_only(X, y, W1, W2):
    """W1_grad does not go back through W2: it starts from the derivative of the sigmoid.

    What arrives at the hidden values is prediction_grad @ W2.T; multiply by it.
    """
    hidden, _, second = two_layer_parts(X, y, W1, W2)
    return X.T @ (hidden * (1 - hidden)), second


@two_layer.mistake()
def error_without_target(X, y, W1, W2):
    """the target is left out: the gradient of the prediction is 2 * (prediction - y) / n."""
    return two_layer_vectorised(X, np.zeros_like(y), W1, W2)


@two_layer.mistake()
def last_sample_only(X, y, W1, W2):
    """both gradients hold the last sample alone.

    Inside the loop add (+=), do not overwrite (=).
    """
    first, second = two_layer_vectorised(X[-1:], y[-1:], W1, W2)
    return first / len(X), second / len(X)


@two_layer.mistake()
def slope_of_tanh(X, y, W1, W2):
    """1 - hidden**2 is the slope of tanh; that of the sigmoid is hidden * (1 - hidden)."""
    hidden, prediction_grad, second = two_layer_parts(X, y, W1, W2)
    return X.T @ (prediction_grad @ W2.T * (1 - hidden**2)), second
