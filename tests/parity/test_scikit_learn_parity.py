"""Where a model of scikit-learn is one of ours, both compute the same."""

from functools import partial

import numpy as np
import pytest

from chainrule.initialisers import normal
from chainrule.layers import Dense
from chainrule.losses import (
    L2,
    BinaryCrossEntropy,
    BinaryCrossEntropyWithLogits,
    MeanAbsoluteError,
    MeanSquaredError,
    SoftmaxCrossEntropy,
)
from chainrule.network import NeuralNetwork
from chainrule.operations import Linear, ReLU, Sigmoid, Softmax, Tanh

linear_model = pytest.importorskip("sklearn.linear_model")
metrics = pytest.importorskip("sklearn.metrics")
neural_network = pytest.importorskip("sklearn.neural_network")

N_SAMPLES, N_FEATURES = 40, 5
CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def data(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N_SAMPLES, N_FEATURES))
    return X, X @ rng.standard_normal((N_FEATURES, 1)) + rng.standard_normal((N_SAMPLES, 1)), rng


# Linear models: our gradient vanishes where theirs is at its best


def one_layer(loss, weights, bias):
    network = NeuralNetwork([Dense(1)], loss, np.random.default_rng(0))
    network.forward(np.zeros((1, N_FEATURES)))
    W, b = network.params()
    W[...], b[...] = weights.reshape(W.shape), bias
    return network


def test_linear_regression_leaves_the_squared_error_without_a_slope():
    X, y, _ = data()
    model = linear_model.LinearRegression().fit(X, y)
    network = one_layer(MeanSquaredError(), model.coef_, model.intercept_)
    np.testing.assert_allclose(network.forward(X), model.predict(X), **CLOSE)
    assert network.train_batch(X, y) == pytest.approx(
        metrics.mean_squared_error(y, model.predict(X)), rel=1e-12
    )
    for grad in network.param_grads():
        np.testing.assert_allclose(grad, 0, atol=1e-12)


def test_ridge_leaves_the_penalised_error_without_a_slope():
    X, y, _ = data()
    model = linear_model.Ridge(alpha=7.0).fit(X, y)  # squared error, summed, plus 7 * sum(W**2)
    network = one_layer(MeanSquaredError(), model.coef_, model.intercept_)
    network.train_batch(X, y)
    assert max(np.abs(grad).max() for grad in network.param_grads()) > 0.01
    L2(2 * 7.0 / N_SAMPLES).add_grads(network.layers)
    for grad in network.param_grads():
        np.testing.assert_allclose(grad, 0, atol=1e-12)


# Losses


def test_absolute_error_is_theirs():
    _, y, rng = data()
    prediction = rng.standard_normal(y.shape)
    ours = MeanAbsoluteError().forward(prediction, y)
    assert ours == pytest.approx(metrics.mean_absolute_error(y, prediction), rel=1e-13)


def test_cross_entropy_is_their_log_loss():
    rng = np.random.default_rng(0)
    scores, ids = rng.standard_normal((N_SAMPLES, 4)), rng.integers(0, 4, N_SAMPLES)
    theirs = metrics.log_loss(ids, Softmax().forward(scores), labels=range(4))
    assert SoftmaxCrossEntropy().forward(scores, ids) == pytest.approx(theirs, rel=1e-12)


def test_binary_cross_entropy_is_their_log_loss():
    rng = np.random.default_rng(0)
    chances = rng.uniform(0.01, 0.99, (N_SAMPLES, 1))
    answers = rng.integers(0, 2, (N_SAMPLES, 1))
    theirs = metrics.log_loss(answers, chances)
    assert BinaryCrossEntropy().forward(chances, answers) == pytest.approx(theirs, rel=1e-12)


# Multi-layer perceptrons: same weights, same predictions, loss and gradients


ACTIVATIONS = {"logistic": Sigmoid, "tanh": Tanh, "relu": ReLU, "identity": Linear}
ALPHA = 0.3


def twins(kind, activation, loss, X, y, n_outputs, **classes):
    """Their model and our network with the same random weights, and gradients of both.

    Theirs are read from one step of plain gradient descent on the whole data with rate 1.
    """
    model = kind(
        hidden_layer_sizes=(6, 4),
        activation=activation,
        solver="sgd",
        alpha=ALPHA,
        batch_size=len(X),
        learning_rate_init=1.0,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
        random_state=0,
    )
    model.partial_fit(X, y.ravel(), **classes)
    act = ACTIVATIONS[activation]
    # Small weights, since they clip what is all but certain before taking the logarithm.
    small = partial(normal, std=0.5)
    widths = [(6, act()), (4, act()), (n_outputs, None)]
    layers = [Dense(neurons, activation, init=small) for neurons, activation in widths]
    network = NeuralNetwork(layers, loss, np.random.default_rng(1))
    predicted = network.forward(X)
    theirs = [array for pair in zip(model.coefs_, model.intercepts_, strict=True) for array in pair]
    start = [param.copy() for param in network.params()]
    for param, array in zip(start, theirs, strict=True):
        array[...] = param.reshape(array.shape)
    forward = (model.predict_proba if classes else model.predict)(X)
    model.partial_fit(X, y.ravel())
    grads = [old - new.reshape(old.shape) for old, new in zip(start, theirs, strict=True)]
    return predicted, forward, model.loss_, grads, network


def our_step(network, X, y, strength):
    penalty = L2(strength)
    loss = network.train_batch(X, y) + penalty.value(network.layers)
    penalty.add_grads(network.layers)
    return loss, network.param_grads()


def assert_same(ours, theirs, factor=1.0):
    loss, grads = ours
    their_loss, their_grads = theirs
    assert loss == pytest.approx(factor * their_loss, rel=1e-12)
    for grad, their_grad in zip(grads, their_grads, strict=True):
        assert np.abs(grad).max() > 0
        np.testing.assert_allclose(grad, factor * their_grad, **CLOSE)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_their_regressor(activation):
    X, y, _ = data()
    predicted, forward, loss, grads, network = twins(
        neural_network.MLPRegressor, activation, MeanSquaredError(), X, y, 1
    )
    np.testing.assert_allclose(predicted.ravel(), forward, **CLOSE)
    # Their loss is half the squared error, and their penalty is divided by the number of samples.
    ours = our_step(network, X, y, 2 * ALPHA / N_SAMPLES)
    assert_same(ours, (loss, grads), factor=2)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_their_classifier_of_three_classes(activation):
    X, _, rng = data()
    ids = rng.integers(0, 3, N_SAMPLES)
    predicted, forward, loss, grads, network = twins(
        neural_network.MLPClassifier, activation, SoftmaxCrossEntropy(), X, ids, 3, classes=range(3)
    )
    np.testing.assert_allclose(Softmax().forward(predicted), forward, **CLOSE)
    assert_same(our_step(network, X, ids, ALPHA / N_SAMPLES), (loss, grads))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_their_classifier_of_two_answers(activation):
    X, _, rng = data()
    answers = rng.integers(0, 2, (N_SAMPLES, 1))
    loss_of_ours = BinaryCrossEntropyWithLogits()
    predicted, forward, loss, grads, network = twins(
        neural_network.MLPClassifier, activation, loss_of_ours, X, answers, 1, classes=[0, 1]
    )
    np.testing.assert_allclose(Sigmoid().forward(predicted).ravel(), forward[:, 1], **CLOSE)
    assert_same(our_step(network, X, answers, ALPHA / N_SAMPLES), (loss, grads))
