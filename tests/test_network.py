from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.layers import BatchNorm, Dense, Dropout
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.numeric import gradient, relative_error
from chainrule.operations import Sigmoid
from chainrule.optimizers import SGD


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


@pytest.mark.parametrize("other", [np.float64, np.float16, np.int64, np.uint8, bool])
def test_a_float32_network_computes_in_float32_whatever_it_is_given(other):
    network, (X, y) = two_layers().build(3, np.float32), data()
    X = (X > 0).astype(other)
    assert network.dtype == np.float32
    expected = network.forward(X.astype(np.float32))
    output = network.forward(X)
    assert output.dtype == np.float32
    np.testing.assert_array_equal(output, expected)
    network.train_batch(X, y)
    assert {array.dtype for array in network.params() + network.param_grads()} == {
        np.dtype(np.float32)
    }


def test_batch_normalisation_at_the_front_keeps_float32_too():
    layers = [Dropout(0.2), BatchNorm(), Dense(2)]
    network = NeuralNetwork(layers, MeanSquaredError(), rng()).build(3, np.float32)
    X, y = data()
    network.train_batch(X, y)
    assert network.forward(X).dtype == np.float32
    arrays = network.params() + network.param_grads() + network.buffers()
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_data_of_the_own_dtype_are_not_copied_and_others_not_changed():
    network, (X, _) = two_layers().build(3, np.float32), data()
    before = X.copy()
    network.forward(X)
    np.testing.assert_array_equal(X, before)
    own = X.astype(np.float32)
    network.forward(own)
    assert network.layers[0].operations[0].input_ is own


def test_a_network_computes_in_the_dtype_of_its_first_data():
    network, (X, _) = two_layers(), data()
    assert network.dtype is None
    network.forward(X.astype(np.float32))
    assert network.dtype == np.float32
    assert NeuralNetwork([Dropout()], MeanSquaredError(), rng()).dtype is None


def test_complex_data_stay_complex_and_measure_slopes():
    network, (X, y) = two_layers(), data()
    network.train_batch(X, y)
    grad = network.backward(network.loss.backward())
    nudged = X.astype(complex)
    nudged[2, 1] += 1e-30j
    slope = network.loss.forward(network.forward(nudged), y).imag / 1e-30
    assert slope == pytest.approx(grad[2, 1], rel=1e-12)


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


# Modes


def test_train_and_eval_switch_every_layer_and_return_the_network():
    network = two_layers()
    assert network.training
    assert network.eval() is network
    assert not any([network.training, *(layer.training for layer in network.layers)])
    assert network.train() is network
    assert all([network.training, *(layer.training for layer in network.layers)])


def test_a_layer_that_comes_in_another_mode_is_switched_to_that_of_the_network():
    layer = Dense(2)
    layer.training = False
    NeuralNetwork([layer], MeanSquaredError(), rng())
    assert layer.training


def test_dropout_drops_in_training_only():
    network, X = NeuralNetwork([Dropout(0.5)], MeanSquaredError(), rng()), np.ones((50, 4))
    assert (network.forward(X) == 0).any()
    np.testing.assert_array_equal(network.eval().forward(X), X)


def test_buffers_are_the_running_averages_of_all_layers():
    network = NeuralNetwork([BatchNorm(), Dense(2), BatchNorm()], MeanSquaredError(), rng())
    assert network.buffers() == []
    network.forward(data()[0])
    assert [buffer.shape for buffer in network.buffers()] == [(1, 3)] * 2 + [(1, 2)] * 2


# Building


def test_building_draws_what_the_first_batch_would():
    built, lazy = two_layers().build(3), two_layers()
    lazy.forward(data()[0])
    for one, other in zip(built.params(), lazy.params(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "f4"])
def test_building_gives_parameters_of_the_dtype_asked_for(dtype):
    assert {param.dtype for param in two_layers().build(3, dtype).params()} == {np.dtype(dtype)}


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_building_keeps_the_mode_and_touches_no_running_average(mode):
    network = NeuralNetwork([BatchNorm(), Dropout(0.5), Dense(2)], MeanSquaredError(), rng())
    getattr(network, mode)()
    network.build(3)
    assert network.training == (mode == "train")
    for buffer, expected in zip(network.buffers(), (0, 1), strict=True):
        np.testing.assert_array_equal(buffer, np.full((1, 3), expected))


def test_a_network_knows_the_width_it_was_built_for():
    network = two_layers()
    assert network.n_features is None
    network.forward(data()[0])
    assert network.n_features == 3
    mixed = NeuralNetwork([Dropout(0.5), BatchNorm(), Dense(2)], MeanSquaredError(), rng())
    assert mixed.build(7).n_features == 7


def test_building_is_no_batch_to_go_backward_from():
    network = two_layers().build(3)
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        network.backward(np.zeros((1, 2)))


def test_a_network_is_built_once():
    network = two_layers().build(3)
    held = [param.copy() for param in network.params()]
    with pytest.raises(ValueError, match="built already: it has its parameters"):
        network.build(3)
    for param, copy in zip(network.params(), held, strict=True):
        np.testing.assert_array_equal(param, copy)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "n_features must be at least 1, got 0"),
        ((2.5,), TypeError, "n_features must be a whole number, got 2.5"),
        ((3, np.int64), TypeError, "dtype must be one of floats, got int64"),
    ],
)
def test_building_for_an_impossible_width_or_dtype_is_refused(arguments, error, message):
    network = two_layers()
    with pytest.raises(error, match=message):
        network.build(*arguments)
    assert network.params() == []
    assert network.training


# What is refused


@pytest.mark.parametrize(("spoilt", "value"), [("X", np.nan), ("y", np.nan), ("y", -np.inf)])
def test_a_loss_that_is_no_finite_number_is_refused_before_it_goes_backward(spoilt, value):
    network, (X, y) = two_layers(), data()
    network.train_batch(X, y)
    grads = [grad.copy() for grad in network.param_grads()]
    params = [param.copy() for param in network.params()]
    bad = {"X": X.copy(), "y": y.copy()}
    bad[spoilt][1, 0] = value
    message = "the loss is (nan|inf): the batch holds NaN or infinity"
    with pytest.raises(ValueError, match=message):
        network.train_batch(**bad)
    for array, copy in zip(network.params() + network.param_grads(), params + grads, strict=True):
        np.testing.assert_array_equal(array, copy)


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


@pytest.mark.parametrize("shared", ["layer", "activation"])
def test_a_layer_or_activation_of_another_network_is_refused(shared):
    activation = Sigmoid()
    layer = Dense(3, activation)
    first = NeuralNetwork([layer, Dense(2)], MeanSquaredError(), rng(5))
    taken = layer if shared == "layer" else Dense(3, activation)
    own = Dense(3)
    with pytest.raises(ValueError, match=f"{shared} 1 belongs to another network: give every netw"):
        NeuralNetwork([own, taken], MeanSquaredError(), other := rng(6))
    assert layer.rng is first.rng is not other
    NeuralNetwork([own], MeanSquaredError(), rng())  # nothing is taken by a network refused


def test_a_copied_network_trains_on_its_own():
    network, (X, y) = two_layers(), data()
    network.train_batch(X, y)
    twin = deepcopy(network)
    SGD(0.1).step(network.params(), network.param_grads())
    assert twin.train_batch(X, y) > network.train_batch(X, y)


def test_the_list_of_layers_may_change_afterwards_without_harm():
    layers = [Dense(2)]
    network = NeuralNetwork(layers, MeanSquaredError(), rng())
    layers.append(Dense(5))
    assert network.forward(np.zeros((1, 3))).shape == (1, 2)


@pytest.mark.parametrize(
    ("layers", "loss", "generator", "message"),
    [
        (Dense(3), MeanSquaredError(), rng(), "layers must be a list of layers, got <"),
        (
            [Dense],
            MeanSquaredError(),
            rng(),
            r"layers\[0\] must be a layer like .* the class Dense",
        ),
        (
            [Dense(1), Sigmoid()],
            MeanSquaredError(),
            rng(),
            r"layers\[1\] must be .*, got <.*Sigmoid",
        ),
        ([Dense(1)], MeanSquaredError, rng(), "loss must be .* got the class MeanSquaredError"),
        ([Dense(1)], "mse", rng(), r"loss must be a loss like MeanSquaredError\(\), got 'mse'"),
        ([Dense(1)], MeanSquaredError(), 42, r"rng must be .*default_rng\(0\), got 42"),
        ([Dense(1)], MeanSquaredError(), None, "rng must be a generator like .*, got None"),
        ([Dense(1)], MeanSquaredError(), np.random.Generator, "rng must be .* the class Generator"),
    ],
)
def test_a_part_that_is_something_else_is_refused_by_name(layers, loss, generator, message):
    with pytest.raises(TypeError, match=message):
        NeuralNetwork(layers, loss, generator)


def test_a_network_asked_to_go_backward_first_says_so():
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        two_layers().backward(np.zeros((1, 2)))
