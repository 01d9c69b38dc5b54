"""Right ways and wrong ways to send a batch back through a layer."""

import functools

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case

rng = np.random.default_rng(305)


def layer(samples, features, neurons):
    return {
        "X": rng.standard_normal((samples, features)),
        "W": rng.standard_normal((features, neurons)),
        "b": rng.standard_normal((1, neurons)),
        "output_grad": rng.standard_normal((samples, neurons)),
    }


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


layer_backward = Entry(
    "layer_backward",
    "function",
    {
        "a batch": Case(layer(4, 3, 2)),
        "a single sample": Case(layer(1, 2, 3)),
        "as many samples as features and neurons": Case(layer(3, 3, 3)),
    },
    reread="lecture 07, “The product with the weights” and “The bias”",
    returns=("X_grad", "W_grad", "b_grad"),
)


@layer_backward.correct
def backward_vectorised(X, W, b, output_grad):
    output = sigmoid(X @ W + b)
    sum_grad = output_grad * output * (1 - output)
    return sum_grad @ W.T, X.T @ sum_grad, sum_grad.sum(axis=0, keepdims=True)


@layer_backward.correct
def backward_loop(X, W, b, output_grad):
    X_grad, W_grad, b_grad = np.zeros_like(X), np.zeros_like(W), np.zeros_like(b)
    for row in range(len(X)):
        output = sigmoid(X[row] @ W + b[0])
        sum_grad = output_grad[row] * output * (1 - output)
        X_grad[row] = W @ sum_grad
        W_grad += np.outer(X[row], sum_grad)
        b_grad[0] += sum_grad
    return X_grad, W_grad, b_grad


@layer_backward.correct
def backward_operations(X, W, b, output_grad):
    from chainrule.operations import BiasAdd, Sigmoid, WeightMultiply

    multiply, add, activation = WeightMultiply(W), BiasAdd(b), Sigmoid()
    activation.forward(add.forward(multiply.forward(X)))
    X_grad = multiply.backward(add.backward(activation.backward(output_grad)))
    return X_grad, multiply.param_grad, add.param_grad


@layer_backward.correct
def backward_einsum(X, W, b, output_grad):
    output = sigmoid(X @ W + b)
    sum_grad = output_grad * (output - output**2)
    return [
        np.einsum("nh,fh->nf", sum_grad, W),
        np.einsum("nf,nh->fh", X, sum_grad),
        np.einsum("nh->h", sum_grad).reshape(1, -1),
    ]


def wrong_layer(named=None):
    """A mistake in what is done with the three gradients once they are right."""

    def add(change):
        @functools.wraps(change)
        def answer(X, W, b, output_grad):
            return change(X, W, b, output_grad, *backward_vectorised(X, W, b, output_grad))

        layer_backward.mistake(named)(answer)
        return change

    return add


@layer_backward.mistake()
def derivative_missing(X, W, b, output_grad):
    """the derivative of the sigmoid is left out.

    output_grad belongs to the output; multiply by output * (1 - output) to get back to X @ W
    + b.
    """
    return output_grad @ W.T, X.T @ output_grad, output_grad.sum(axis=0, keepdims=True)


@layer_backward.mistake()
def upstream_ignored(X, W, b, output_grad):
    """output_grad is left out.

    Start from output_grad, the gradient that arrives from upstream, and multiply by the
    derivatives on the way back.
    """
    return backward_vectorised(X, W, b, np.ones_like(output_grad))


@layer_backward.mistake()
def derivative_at_sum(X, W, b, output_grad):
    """s * (1 - s) is taken with s = X @ W + b.

    In the derivative of the sigmoid s is the output, sigmoid(X @ W + b).
    """
    s = X @ W + b
    sum_grad = output_grad * s * (1 - s)
    return sum_grad @ W.T, X.T @ sum_grad, sum_grad.sum(axis=0, keepdims=True)


@layer_backward.mistake()
def derivative_at_output(X, W, b, output_grad):
    """the sigmoid is applied twice in the derivative.

    The output is a sigmoid already: its derivative is output * (1 - output).
    """
    output = sigmoid(sigmoid(X @ W + b))
    sum_grad = output_grad * output * (1 - output)
    return sum_grad @ W.T, X.T @ sum_grad, sum_grad.sum(axis=0, keepdims=True)


@layer_backward.mistake()
def bias_forgotten(X, W, b, output_grad):
    """the bias is left out of the forward pass.

    The derivative of the sigmoid is taken at X @ W + b.
    """
    return backward_vectorised(X, W, np.zeros_like(b), output_grad)


@wrong_layer()
def mean_for_sum(X, W, b, output_grad, X_grad, W_grad, b_grad):
    """W_grad and b_grad are averaged over the batch.

    A layer only ever sums: the loss has divided by the number of samples already, and
    output_grad carries that.
    """
    return X_grad, W_grad / len(X), b_grad / len(X)


@wrong_layer()
def everything_over_n(X, W, b, output_grad, X_grad, W_grad, b_grad):
    """all three gradients are divided by the number of samples.

    The loss has done that already, and output_grad carries it; a layer only ever sums.
    """
    return X_grad / len(X), W_grad / len(X), b_grad / len(X)


@wrong_layer()
def bias_mean(X, W, b, output_grad, X_grad, W_grad, b_grad):
    """b_grad is averaged over the batch.

    Every sample pushes the bias: sum, do not average.
    """
    return X_grad, W_grad, b_grad / len(X)


@wrong_layer()
def bias_summed_over_everything(X, W, b, output_grad, X_grad, W_grad, b_grad):
    """b_grad is one number for all neurons.

    Sum over the batch only (axis=0, keepdims=True): every neuron has its own bias, and so its
    own gradient.
    """
    return X_grad, W_grad, np.full_like(b, b_grad.sum())


@wrong_layer(named="wrong_shape")
def bias_scalar(X, W, b, output_grad, X_grad, W_grad, b_grad):
    return X_grad, W_grad, b_grad.sum()


@wrong_layer()
def bias_without_keepdims(X, W, b, output_grad, X_grad, W_grad, b_grad):
    """b_grad has lost an axis: it is (n_neurons,), not (1, n_neurons).

    The gradient has the shape of the thing: keepdims=True.
    """
    return X_grad, W_grad, b_grad[0]


@layer_backward.mistake()
def bias_not_summed(X, W, b, output_grad):
    """b_grad has one row for every sample.

    All samples share the bias: sum over the batch (axis=0, keepdims=True).
    """
    output = sigmoid(X @ W + b)
    sum_grad = output_grad * output * (1 - output)
    return sum_grad @ W.T, X.T @ sum_grad, sum_grad


@layer_backward.mistake()
def last_sample_only(X, W, b, output_grad):
    """W_grad and b_grad hold the last sample alone.

    Inside the loop add (+=), do not overwrite (=).
    """
    X_grad, *_ = backward_vectorised(X, W, b, output_grad)
    _, W_grad, b_grad = backward_vectorised(X[-1:], W, b, output_grad[-1:])
    return X_grad, W_grad, b_grad


@layer_backward.mistake()
def precedence(X, W, b, output_grad):
    """X.T @ output_grad * slope is (X.T @ output_grad) * slope.

    @ and * are equally strong and go from left to right. Put brackets around the product of
    output_grad and the slope.
    """
    output = sigmoid(X @ W + b)
    slope = output * (1 - output)
    good = output_grad * slope
    if slope.shape == (X.shape[1], W.shape[1]):
        return good @ W.T, X.T @ output_grad * slope, good.sum(axis=0, keepdims=True)
    raise ValueError("operands could not be broadcast together")


@wrong_layer()
def w_not_transposed(X, W, b, output_grad, X_grad, W_grad, b_grad):
    """X_grad multiplies by W where W.T belongs.

    With a square W the shapes hide it: entry by entry, the gradient of input f sums over all
    neurons.
    """
    if W.shape[0] != W.shape[1]:
        raise ValueError("matmul: mismatch in its core dimension")
    return (X_grad @ np.linalg.inv(W.T)) @ W, W_grad, b_grad


@wrong_layer()
def w_grad_transposed(X, W, b, output_grad, X_grad, W_grad, b_grad):
    """W_grad is transposed: its rows are neurons, its columns features.

    The gradient has the shape of the thing: here X.T stands on the left of the product.
    """
    return X_grad, W_grad.T, b_grad


@wrong_layer()
def order_swapped(X, W, b, output_grad, X_grad, W_grad, b_grad):
    """the gradients come back in another order.

    Return X_grad, W_grad, b_grad; yours start with W_grad.
    """
    return W_grad, X_grad, b_grad


@wrong_layer(named="wrong_type")
def x_grad_forgotten(X, W, b, output_grad, X_grad, W_grad, b_grad):
    return W_grad, b_grad


@wrong_layer()
def sign_flipped(X, W, b, output_grad, X_grad, W_grad, b_grad):
    """every value has the wrong sign.

    The minus belongs into the optimizer's step, not into the gradient.
    """
    return -X_grad, -W_grad, -b_grad


@layer_backward.mistake(named="modifies_input")
def updates_in_place(X, W, b, output_grad):
    X_grad, W_grad, b_grad = backward_vectorised(X, W, b, output_grad)
    W -= 0.1 * W_grad
    return X_grad, W_grad, b_grad
