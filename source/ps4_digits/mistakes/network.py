"""Right ways and wrong ways to go back through a list of layers."""

import itertools

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case
from chainrule.numeric import gradient

from .dense import Dense
from .gradient import with_one_hot as loss_grad
from .loss import shifted as loss_of
from .loss import softmax
from .relu import ReLU

rng = np.random.default_rng(405)


def of_widths(samples, *widths):
    params = {}
    for k, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
        params[f"W{k}"] = rng.standard_normal((inputs, outputs))
        params[f"b{k}"] = rng.standard_normal((1, outputs))
    return Case(
        {
            "params": params,
            "X": rng.standard_normal((samples, widths[0])),
            "ids": rng.integers(0, widths[-1], samples),
        }
    )


network = Entry(
    "network_gradients",
    "function",
    {
        "three layers": of_widths(5, 4, 6, 5, 3),
        "the tiny example": Case(
            {
                "params": {
                    "W1": array([1]),
                    "b1": array([0]),
                    "W2": array([1, -1]),
                    "b2": array([-2, 2]),
                },
                "X": array([2]),
                "ids": np.array([0]),
            }
        ),
        "a single layer": of_widths(3, 3, 3),
        "all of one width": of_widths(4, 4, 4, 4, 4),
    },
    reread="lecture 07, “The network of lecture 05, taken apart”; lecture 08, “The network”; "
    "lecture 11, “Where people go wrong”",
    returns=("loss", "gradients[]"),
)


def make_layers(params):
    layers = []
    for k in range(1, len(params) // 2 + 1):
        layers += [Dense(params[f"W{k}"], params[f"b{k}"]), ReLU()]
    return layers[:-1]


def forward(layers, X):
    values = [X]
    for layer in layers:
        values.append(layer.forward(values[-1]))
    return values


def collected(layers):
    gradients = {}
    for k, layer in enumerate(layers[::2], start=1):
        gradients[f"W{k}"], gradients[f"b{k}"] = layer.W_grad, layer.b_grad
    return gradients


def back(layers, values, grad):
    for layer, value in zip(reversed(layers), reversed(values[:-1]), strict=True):
        grad = layer.backward(value, grad)


@network.correct
def with_lists(params, X, ids):
    layers = make_layers(params)
    values = forward(layers, X)
    back(layers, values, loss_grad(values[-1], ids))
    return loss_of(values[-1], ids), collected(layers)


@network.correct
def by_index(params, X, ids):
    layers, inputs = make_layers(params), []
    for layer in layers:
        inputs.append(X)
        X = layer.forward(X)
    grad, gradients = loss_grad(X, ids), {}
    for i in range(len(layers) - 1, -1, -1):
        grad = layers[i].backward(inputs[i], grad)
        if i % 2 == 0:
            gradients[f"W{i // 2 + 1}"] = layers[i].W_grad
            gradients[f"b{i // 2 + 1}"] = layers[i].b_grad
    return loss_of(X, ids), gradients


@network.correct
def by_recursion(params, X, ids):
    layers = make_layers(params)

    def down(i, value):
        if i == len(layers):
            return loss_of(value, ids), loss_grad(value, ids)
        loss, grad = down(i + 1, layers[i].forward(value))
        return loss, layers[i].backward(value, grad)

    loss, _ = down(0, X)
    return loss, collected(layers)


@network.correct
def without_layers(params, X, ids):
    depth = len(params) // 2
    inputs = {1: X}
    for k in range(1, depth):
        inputs[k + 1] = np.maximum(inputs[k] @ params[f"W{k}"] + params[f"b{k}"], 0)
    logits = inputs[depth] @ params[f"W{depth}"] + params[f"b{depth}"]
    G, gradients = loss_grad(logits, ids), {}
    for k in range(depth, 0, -1):
        gradients |= {f"W{k}": inputs[k].T @ G, f"b{k}": G.sum(axis=0, keepdims=True)}
        G = G @ params[f"W{k}"].T * (inputs[k] > 0)
    return loss_of(logits, ids), gradients


@network.mistake()
def first_to_last(params, X, ids):
    """the way back runs from the first layer to the last.

    With layers of different widths that stops with an error, with equal widths it gives wrong
    numbers. Start at the loss: the last layer comes first.
    """
    layers = make_layers(params)
    values = forward(layers, X)
    grad = loss_grad(values[-1], ids)
    for layer, value in zip(layers, values, strict=False):
        grad = layer.backward(value, grad)
    return loss_of(values[-1], ids), collected(layers)


@network.mistake()
def values_not_reversed(params, X, ids):
    """the layers are reversed on the way back, and their inputs are not.

    Each layer needs the input that it had: reverse both.
    """
    layers = make_layers(params)
    values = forward(layers, X)
    grad = loss_grad(values[-1], ids)
    for layer, value in zip(reversed(layers), values, strict=False):
        grad = layer.backward(value, grad)
    return loss_of(values[-1], ids), collected(layers)


@network.mistake()
def output_for_input(params, X, ids):
    """each layer is given its own output on the way back.

    backward needs what forward was given: values[i] for layers[i], not values[i + 1].
    """
    layers = make_layers(params)
    values = forward(layers, X)
    back(layers, [*values[1:], None], loss_grad(values[-1], ids))
    return loss_of(values[-1], ids), collected(layers)


@network.mistake()
def same_input_for_all(params, X, ids):
    """every layer is given X on the way back.

    Only the first layer had X as its input. Keep all values on the way forward, and give each
    layer its own.
    """
    layers = make_layers(params)
    values = forward(layers, X)
    back(layers, [X] * len(values), loss_grad(values[-1], ids))
    return loss_of(values[-1], ids), collected(layers)


@network.mistake()
def last_input_for_all(params, X, ids):
    """every layer is given the input of the last one on the way back.

    A single variable that is overwritten in the loop remembers its last value only. Keep all
    values in a list.
    """
    layers = make_layers(params)
    values = forward(layers, X)
    back(layers, [values[-2]] * len(values), loss_grad(values[-1], ids))
    return loss_of(values[-1], ids), collected(layers)


@network.mistake()
def gradient_not_passed_on(params, X, ids):
    """every layer gets the gradient of the loss for the scores.

    That is upstream of the last layer only. What a layer's backward returns is upstream of the
    layer before it: pass it on.
    """
    layers = make_layers(params)
    values = forward(layers, X)
    for layer, value in zip(layers, values, strict=False):
        layer.backward(value, loss_grad(values[-1], ids))
    return loss_of(values[-1], ids), collected(layers)


@network.mistake()
def relu_skipped(params, X, ids):
    """the way back goes through the Dense layers alone.

    A ReLU has no parameters, but it changes the gradient: units that were off let nothing pass.
    """
    layers = make_layers(params)
    values = forward(layers, X)
    grad = loss_grad(values[-1], ids)
    for layer, value in zip(reversed(layers), reversed(values[:-1]), strict=True):
        if isinstance(layer, Dense):
            grad = layer.backward(value, grad)
    return loss_of(values[-1], ids), collected(layers)


@network.mistake()
def relu_at_the_output(params, X, ids):
    """the scores go through a ReLU.

    Then no score can be negative, and those that would be learn nothing. The list that make_layers
    returns is all there is.
    """
    layers = [*make_layers(params), ReLU()]
    values = forward(layers, X)
    back(layers, values, loss_grad(values[-1], ids))
    return loss_of(values[-1], ids), collected(layers)


@network.mistake()
def softmax_twice(params, X, ids):
    """the softmax is taken twice.

    softmax_crossentropy wants scores and takes the softmax itself: do not hand it probabilities.
    """
    layers = make_layers(params)
    values = forward(layers, X)
    p = softmax(values[-1])
    back(layers, values, loss_grad(p, ids))
    return loss_of(p, ids), collected(layers)


@network.mistake()
def divided_again(params, X, ids):
    """the gradients are divided by the number of samples once more.

    softmax_crossentropy_grad has the 1 / n of the mean in it already.
    """
    loss, gradients = with_lists(params, X, ids)
    return loss, {name: grad / len(X) for name, grad in gradients.items()}


@network.mistake()
def summed_not_averaged(params, X, ids):
    """the gradients are too large by the number of samples.

    The loss is a mean, and its 1 / n comes in with softmax_crossentropy_grad, once.
    """
    loss, gradients = with_lists(params, X, ids)
    return loss, {name: grad * len(X) for name, grad in gradients.items()}


@network.mistake()
def averaged_too_early(params, X, ids):
    """the gradient of the scores is averaged over the batch before it goes back.

    Each sample's gradient must meet its own inputs on its way. The matrix product in Dense sums
    over the batch, at the end.
    """
    layers = make_layers(params)
    values = forward(layers, X)
    grad = loss_grad(values[-1], ids)
    back(layers, values, np.zeros_like(grad) + grad.mean(axis=0))
    return loss_of(values[-1], ids), collected(layers)


@network.mistake()
def last_sample_only(params, X, ids):
    """the loss and the gradients are those of the last sample alone.

    Hand the whole batch to the layers, or add up over the samples in your loop.
    """
    return with_lists(params, X[-1:], ids[-1:])


@network.mistake()
def uphill_already(params, X, ids):
    """every gradient has the wrong sign.

    This function returns gradients; the minus comes in with the step.
    """
    loss, gradients = with_lists(params, X, ids)
    return loss, {name: -grad for name, grad in gradients.items()}


@network.mistake()
def steps_returned(params, X, ids):
    """these are the parameters after a step, not their gradients.

    Return the gradients; the training loop does the step, with a learning rate.
    """
    loss, gradients = with_lists(params, X, ids)
    return loss, {name: params[name] - 0.1 * grad for name, grad in gradients.items()}


@network.mistake()
def biases_left_zero(params, X, ids):
    """the gradients of the biases are 0.

    Each layer leaves one in b_grad as well.
    """
    loss, gradients = with_lists(params, X, ids)
    return loss, {
        name: grad if name[0] == "W" else np.zeros_like(grad) for name, grad in gradients.items()
    }


@network.mistake(named="raises")
def last_layer_skipped(params, X, ids):
    layers = make_layers(params)
    values = forward(layers, X)
    grad = loss_grad(values[-1], ids)
    for layer, value in zip(layers[-2::-1], values[-3::-1], strict=True):
        grad = layer.backward(value, grad)
    return loss_of(values[-1], ids), collected(layers)


@network.mistake(named="returns_nothing")
def first_layer_skipped(params, X, ids):
    layers = make_layers(params)
    values = forward(layers, X)
    grad = loss_grad(values[-1], ids)
    for i in range(len(layers) - 1, 0, -1):
        grad = layers[i].backward(values[i], grad)
    return loss_of(values[-1], ids), collected(layers)


@network.mistake(named="modifies_input")
def updates_on_the_way(params, X, ids):
    layers = make_layers(params)
    values = forward(layers, X)
    grad = loss_grad(values[-1], ids)
    for layer, value in zip(reversed(layers), reversed(values[:-1]), strict=True):
        grad = layer.backward(value, grad)
        if isinstance(layer, Dense):
            layer.W -= 0.1 * layer.W_grad
            layer.b -= 0.1 * layer.b_grad
    return loss_of(values[-1], ids), collected(layers)


@network.mistake(named="wrong_type")
def order_of_results(params, X, ids):
    return with_lists(params, X, ids)[::-1]


@network.mistake(named="wrong_type")
def loss_forgotten(params, X, ids):
    return with_lists(params, X, ids)[1]


@network.mistake(named="wrong_type")
def biases_forgotten(params, X, ids):
    loss, gradients = with_lists(params, X, ids)
    return loss, {name: grad for name, grad in gradients.items() if name[0] == "W"}


@network.mistake(named="wrong_type")
def list_of_gradients(params, X, ids):
    loss, gradients = with_lists(params, X, ids)
    return loss, list(gradients.values())


@network.mistake(named="wrong_type")
def two_layers_only(params, X, ids):
    layers = make_layers(params)
    loss, gradients = with_lists(params, X, ids)
    return loss, {name: gradients[name] for name in ("W1", "b1", "W2", "b2")[: 2 * len(layers)]
                  if name in gradients}  # fmt: skip


@network.mistake(named="measured_not_derived")
def measured(params, X, ids):
    loss, gradients = with_lists(params, X, ids)
    for name, value in params.items():
        gradients[name] = gradient(
            lambda W, name=name: with_lists({**params, name: W}, X, ids)[0], value
        )
    return loss, gradients
