import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.layers import Dense
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.numeric import gradient, relative_error
from chainrule.operations import Sigmoid


def rng(seed=3):
    return np.random.default_rng(seed)


def two_layers(generator=None):
    layers = [Dense(4, Sigmoid()), Dense(2)]
    return NeuralNetwork(layers, MeanSquaredError(), rng() if generator is None else generator)


def data(seed=0, n_samples=6):
    generator = rng(seed)
    return generator.standard_normal((n_samples, 3)), generator.standard_normal((n_samples, 2))


def test_forward_is_one_layer_after_the_other():
    network, (X, _) = two_layers(), data()
    output = network.forward(X)
    W1, b1, W2, b2 = network.params()
    hidden = (1 + np.tanh((X.dot(W1) + b1) / 2)) / 2
    np.testing.assert_allclose(output, hidden.dot(W2) + b2, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_every_parameter_gradient_of_the_loss_equals_the_measured_one(seed, n_samples):
    network, (X, y) = two_layers(rng(seed)), data(seed, n_samples)
    network.train_batch(X, y)
    grads = [grad.copy() for grad in network.param_grads()]
    assert len(grads) == 4
    for param, grad in zip(network.params(), grads, strict=True):
        measured = gradient(lambda _: network.loss.forward(network.forward(X), y), param)
        assert relative_error(grad, measured) < 1e-7


def test_train_batch_returns_the_loss_and_updates_nothing():
    network, (X, y) = two_layers(), data()
    network.forward(X)
    before = [param.copy() for param in network.params()]
    expected = np.mean(np.sum((network.forward(X) - y) ** 2, axis=1))
    assert network.train_batch(X, y) == pytest.approx(expected, rel=1e-12)
    for param, copy in zip(network.params(), before, strict=True):
        np.testing.assert_array_equal(param, copy)


def test_gradients_do_not_pile_up_from_batch_to_batch():
    network, (X, y) = two_layers(), data()
    network.train_batch(X, y)
    first = [grad.copy() for grad in network.param_grads()]
    network.train_batch(X, y)
    for grad, copy in zip(network.param_grads(), first, strict=True):
        np.testing.assert_array_equal(grad, copy)


def test_parameters_and_gradients_come_in_one_order_layer_by_layer():
    network, (X, y) = two_layers(), data()
    network.train_batch(X, y)
    shapes = [(3, 4), (1, 4), (4, 2), (1, 2)]
    assert [param.shape for param in network.params()] == shapes
    assert [grad.shape for grad in network.param_grads()] == shapes


def test_training_does_not_compute_the_gradient_of_the_data():
    network, (X, y) = two_layers(), data()
    network.forward(X)
    multiply = network.layers[0].operations[0]

    def refuse(output_grad):
        raise AssertionError("computed for nobody")

    multiply._input_grad = refuse
    network.train_batch(X, y)
    with pytest.raises(AssertionError):
        network.backward(network.loss.backward())


def test_float32_data_trains_in_float32_even_with_float64_targets():
    network, (X, y) = two_layers(), data()
    network.train_batch(X.astype(np.float32), y)
    assert {array.dtype for array in network.params() + network.param_grads()} == {
        np.dtype(np.float32)
    }


# Randomness


def test_layers_of_equal_shape_get_different_weights():
    network = NeuralNetwork([Dense(3), Dense(3)], MeanSquaredError(), rng())
    network.forward(np.zeros((1, 3)))
    W1, b1, W2, b2 = network.params()
    assert not np.isclose(W1, W2).any()
    assert not np.isclose(b1, b2).any()


def test_one_generator_draws_for_all_layers_in_order():
    network, same, (X, _) = two_layers(rng(5)), rng(5), data()
    network.forward(X)
    for param in network.params():
        np.testing.assert_array_equal(param, same.standard_normal(param.shape))


def test_a_layer_with_a_generator_of_its_own_keeps_it():
    own = rng(11)
    network = NeuralNetwork([Dense(3, rng=own), Dense(3)], MeanSquaredError(), rng(5))
    assert network.layers[0].rng is own
    network.forward(np.zeros((1, 3)))
    np.testing.assert_array_equal(network.params()[0], rng(11).standard_normal((3, 3)))


def test_the_legacy_generator_serves():
    network, same, (X, y) = two_layers(np.random.RandomState(9)), np.random.RandomState(9), data()
    network.train_batch(X, y)
    for param in network.params():
        np.testing.assert_array_equal(param, same.standard_normal(param.shape))


# What is refused


def test_a_network_needs_a_layer():
    with pytest.raises(ValueError, match="at least one layer, got none"):
        NeuralNetwork([], MeanSquaredError(), rng())


def test_one_layer_in_two_places_is_refused():
    shared = Dense(3)
    with pytest.raises(ValueError, match="layer 2 is the same object as layer 0"):
        NeuralNetwork([shared, Dense(3), shared], MeanSquaredError(), rng())


def test_one_activation_in_two_layers_is_refused():
    shared = Sigmoid()
    with pytest.raises(ValueError, match="activation 1 is the same object as activation 0"):
        NeuralNetwork([Dense(3, shared), Dense(3, shared)], MeanSquaredError(), rng())


def test_a_network_asked_to_go_backward_first_says_so():
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        two_layers().backward(np.zeros((1, 2)))
