import numpy as np
import pytest

from chainrule.layers import Dense, Layer
from chainrule.operations import BiasAdd, Linear, Sigmoid, WeightMultiply


def rng():
    return np.random.default_rng(7)


def test_dense_is_the_activation_of_weights_and_bias():
    layer = Dense(3, Sigmoid(), rng())
    X = rng().standard_normal((5, 2))
    output = layer.forward(X)
    W, b = layer.params()
    expected = (1 + np.tanh((np.einsum("sf,fn->sn", X, W) + b) / 2)) / 2
    np.testing.assert_allclose(output, expected, rtol=1e-12)


def test_dense_without_an_activation_is_affine():
    layer = Dense(3, rng=rng())
    X = rng().standard_normal((5, 2))
    output = layer.forward(X)
    W, b = layer.params()
    np.testing.assert_allclose(output, np.einsum("sf,fn->sn", X, W) + b, rtol=1e-12)


def test_a_layer_has_no_parameters_before_the_first_batch_shows_its_width():
    layer = Dense(3, rng=rng())
    assert layer.params() == []
    layer.forward(np.zeros((5, 2)))
    assert [param.shape for param in layer.params()] == [(2, 3), (1, 3)]


def test_the_first_batch_builds_the_layer_and_the_second_uses_the_same_arrays():
    layer = Dense(3, rng=rng())
    layer.forward(np.zeros((5, 2)))
    first = layer.params()
    layer.forward(np.zeros((4, 2)))
    assert all(a is b for a, b in zip(first, layer.params(), strict=True))


def test_dense_draws_its_weights_then_its_bias_from_the_standard_normal():
    layer, same = Dense(300, rng=rng()), rng()
    layer.forward(np.zeros((1, 200)))
    W, b = layer.params()
    np.testing.assert_array_equal(W, same.standard_normal((200, 300)))
    np.testing.assert_array_equal(b, same.standard_normal((1, 300)))


def test_dense_multiplies_then_adds_then_activates():
    activation = Sigmoid()
    layer = Dense(3, activation, rng())
    layer.forward(np.zeros((5, 2)))
    assert [type(op) for op in layer.operations] == [WeightMultiply, BiasAdd, Sigmoid]
    assert layer.operations[-1] is activation


def test_gradients_come_in_the_order_of_the_parameters():
    layer = Dense(3, rng=rng())
    X, upstream = rng().standard_normal((5, 2)), rng().standard_normal((5, 3))
    layer.forward(X)
    layer.backward(upstream)
    weight_grad, bias_grad = layer.param_grads()
    np.testing.assert_allclose(weight_grad, np.einsum("sf,sn->fn", X, upstream), rtol=1e-12)
    np.testing.assert_allclose(bias_grad, np.einsum("sn->n", upstream)[None], rtol=1e-12)


def test_two_layers_without_an_activation_do_not_share_one():
    one, other = Dense(3), Dense(3)
    assert isinstance(one.activation, Linear)
    assert one.activation is not other.activation


def test_a_batch_of_whole_numbers_still_gets_real_weights():
    layer = Dense(3, rng=rng())
    output = layer.forward(np.array([[0, 1], [1, 0], [1, 1]]))
    assert output.dtype == np.float64
    W, b = layer.params()
    np.testing.assert_allclose(output, [W[1] + b[0], W[0] + b[0], W[0] + W[1] + b[0]])


def test_a_layer_without_a_generator_says_how_to_give_it_one():
    with pytest.raises(RuntimeError, match=r"rng=np\.random\.default_rng\(seed\)"):
        Dense(3).forward(np.zeros((5, 2)))


@pytest.mark.parametrize("neurons", [0, -1, 2.5, "3", None])
def test_the_number_of_neurons_is_a_positive_whole_number(neurons):
    with pytest.raises(ValueError, match="whole number from 1 up") as caught:
        Dense(neurons)
    assert repr(neurons) in str(caught.value)


def test_a_numpy_integer_is_a_number_of_neurons():
    assert Dense(np.int64(3), rng=rng()).forward(np.zeros((5, 2))).shape == (5, 3)


def test_the_class_of_an_activation_is_refused_where_an_instance_is_meant():
    with pytest.raises(TypeError, match=r"operation like Sigmoid\(\), got <class .*Sigmoid"):
        Dense(3, Sigmoid)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4)])
def test_a_first_batch_that_is_not_a_table_is_refused_with_its_shape(shape):
    with pytest.raises(ValueError, match=r"\(n_samples, n_features\), at least one") as caught:
        Dense(3, rng=rng()).forward(np.zeros(shape))
    assert str(shape) in str(caught.value)


def test_a_later_batch_of_another_width_is_refused_with_both_shapes():
    layer = Dense(3, rng=rng())
    layer.forward(np.zeros((5, 2)))
    with pytest.raises(ValueError, match=r"\(5, 4\).*\(2, 3\)"):
        layer.forward(np.zeros((5, 4)))


def test_a_layer_without_a_setup_is_told_so():
    class Empty(Layer):
        pass

    with pytest.raises(NotImplementedError, match="Empty does not define _setup"):
        Empty(3).forward(np.zeros((5, 2)))
