import re

import numpy as np
import pytest

from chainrule.initialisers import he, normal
from chainrule.layers import BatchNorm, Dense, Dropout, Layer
from chainrule.operations import BiasAdd, Linear, Operation, Sigmoid, WeightMultiply


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


def test_dense_draws_as_its_initialiser_says():
    layer, same = Dense(3, init=he, rng=rng()), rng()
    layer.forward(np.ones((5, 2)))
    W, b = layer.params()
    np.testing.assert_array_equal(W, same.standard_normal((2, 3)))  # sqrt(2 / 2) is 1
    np.testing.assert_array_equal(b, np.zeros((1, 3)))


def test_dense_hands_the_initialiser_its_generator_and_both_widths():
    seen = []

    def remembering(*arguments):
        seen.extend(arguments)
        return normal(*arguments)

    layer = Dense(3, rng=rng(), init=remembering)
    layer.forward(np.ones((5, 2)))
    assert seen == [layer.rng, 2, 3]


def test_the_parameters_are_of_the_dtype_of_the_first_batch_whatever_the_initialiser_returns():
    layer = Dense(3, rng=rng(), init=he)
    assert layer.forward(np.ones((5, 2), np.float32)).dtype == np.float32
    assert {param.dtype for param in layer.params()} == {np.dtype(np.float32)}


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


@pytest.mark.parametrize("activation", ["relu", np.tanh, 1])
def test_an_activation_that_is_no_operation_is_refused(activation):
    with pytest.raises(TypeError, match=re.escape(f"like Sigmoid(), got {activation!r}")):
        Dense(3, activation)


@pytest.mark.parametrize("shapes", [((4, 3), (1, 3)), ((2, 3), (3,)), ((2, 3), (1, 4)), ((6,), ())])
def test_an_initialiser_of_wrong_shapes_is_refused_at_once(shapes):
    layer = Dense(3, rng=rng(), init=lambda rng, n_in, n_out: [np.ones(shape) for shape in shapes])
    expected = "weights and bias of shapes ((2, 3), (1, 3)), got " + str(shapes)
    with pytest.raises(ValueError, match=re.escape(expected)):
        layer.forward(np.ones((5, 2)))
    assert layer.params() == []


@pytest.mark.parametrize("drawn", [None, np.ones((2, 3)), "weights"])
def test_an_initialiser_that_returns_no_pair_is_refused_with_what_it_returns(drawn):
    layer = Dense(3, rng=rng(), init=lambda rng, n_in, n_out: drawn)
    with pytest.raises(ValueError, match=f"init must return .*, got .*{type(drawn).__name__}"):
        layer.forward(np.ones((5, 2)))
    assert layer.params() == []


def test_an_initialiser_may_return_lists():
    layer = Dense(1, rng=rng(), init=lambda rng, n_in, n_out: ([[1], [2]], [[3]]))
    np.testing.assert_array_equal(layer.forward(np.ones((1, 2), np.float32)), [[6]])
    assert layer.params()[0].dtype == np.float32


def test_what_an_initialiser_returns_is_copied():
    weights, bias = np.zeros((2, 1)), np.zeros((1, 1))
    layer = Dense(1, rng=rng(), init=lambda rng, n_in, n_out: (weights, bias))
    layer.forward(np.ones((1, 2)))
    layer.params()[0][...] = 7
    assert not weights.any()


@pytest.mark.parametrize("init", ["he", 0.1, None])
def test_an_initialiser_that_is_no_function_is_refused(init):
    with pytest.raises(TypeError, match=rf"function like initialisers\.he, got {init!r}"):
        Dense(3, init=init)


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


@pytest.mark.parametrize("batch", [np.zeros((0, 2)), np.zeros((5, 0)), np.array([["a", "b"]])])
def test_a_first_batch_that_is_refused_builds_nothing_and_draws_nothing(batch):
    layer, same = Dense(3, rng=rng()), rng()
    with pytest.raises((ValueError, TypeError), match=r"input_ must (have shape|hold numbers)"):
        layer.forward(batch)
    assert layer.params() == []
    layer.forward(np.zeros((5, 2)))
    np.testing.assert_array_equal(layer.params()[0], same.standard_normal((2, 3)))


@pytest.mark.parametrize("layer", [Dense(3, rng=rng()), Dropout(rng=rng()), BatchNorm()])
@pytest.mark.parametrize(
    ("strange", "error", "message"),
    [
        ([[1.0, 2.0]], TypeError, "input_ must be an array, got list"),
        (np.array([["a", "b"]]), TypeError, "input_ must hold numbers, got an array of <U1"),
        (np.array([[1.0, None]]), TypeError, "input_ must hold numbers, got an array of object"),
        (np.zeros((0, 2)), ValueError, "input_ must have shape"),
        (np.zeros(2), ValueError, "input_ must have shape"),
        (np.zeros((2, 5, 2)), ValueError, "input_ must have shape"),
    ],
)
def test_a_later_batch_that_is_none_is_refused_and_changes_nothing(layer, strange, error, message):
    layer.forward(rng().standard_normal((5, 2)))
    first, last = layer.operations[0], layer.operations[-1]
    before = first.input_, last.output, [array.copy() for array in layer.params()]
    with pytest.raises(error, match=message):
        layer.forward(strange)
    assert first.input_ is before[0]
    assert last.output is before[1]
    for array, copy in zip(layer.params(), before[2], strict=True):
        np.testing.assert_array_equal(array, copy)


def test_a_layer_without_a_setup_is_told_so():
    class Empty(Layer):
        pass

    with pytest.raises(NotImplementedError, match="Empty does not define _setup"):
        Empty().forward(np.zeros((5, 2)))


def test_a_layer_tells_its_operations_whether_it_is_trained_or_used():
    class Reporting(Operation):
        def _output(self):
            return np.full_like(self.input_, self.training)

    layer = Dense(1, Reporting(), rng())
    assert layer.forward(np.ones((1, 1))) == 1
    layer.training = False
    assert layer.forward(np.ones((1, 1))) == 0


# Dropout


def test_dropout_drops_while_training_and_does_nothing_when_used():
    layer, X = Dropout(0.5, rng()), 1 + rng().random((20, 10))
    output = layer.forward(X)
    dropped = output == 0
    assert 0.3 < dropped.mean() < 0.7
    np.testing.assert_array_equal(output[~dropped], 2 * X[~dropped])
    layer.training = False
    np.testing.assert_array_equal(layer.forward(X), X)
    np.testing.assert_array_equal(layer.backward(3 * X), 3 * X)


def test_dropout_keeps_the_expected_value():
    layer, X = Dropout(0.25, rng()), np.array([[1.0, -2.0]])
    mean = np.mean([layer.forward(X) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(mean, X, rtol=0.05)


def test_a_rate_of_zero_drops_nothing():
    X = rng().standard_normal((4, 3))
    np.testing.assert_array_equal(Dropout(0, rng()).forward(X), X)


@pytest.mark.parametrize("generator", [np.random.default_rng, np.random.RandomState])
def test_the_same_generator_drops_the_same_entries(generator):
    one, other, X = Dropout(0.5, generator(3)), Dropout(0.5, generator(3)), np.ones((20, 10))
    for _ in range(2):
        np.testing.assert_array_equal(one.forward(X), other.forward(X))


def test_dropout_has_no_parameters():
    layer = Dropout(0.5, rng())
    layer.forward(np.ones((4, 3)))
    assert layer.params() == layer.param_grads() == []


def test_dropout_without_a_generator_says_how_to_give_it_one():
    with pytest.raises(RuntimeError, match=r"dropout needs .*rng=np\.random\.default_rng\(seed\)"):
        Dropout(0.5).forward(np.ones((4, 3)))


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan")])
def test_a_rate_that_is_no_share_is_refused(rate):
    with pytest.raises(ValueError, match=f"rate must be .*got {rate}"):
        Dropout(rate)


def test_a_rate_is_a_number():
    with pytest.raises(TypeError, match="rate must be a number, got None"):
        Dropout(None)


# Batch normalisation


def batch(seed=5, n_samples=8):
    generator = np.random.default_rng(seed)
    return [3.0, -1.0, 0.0] + [2.0, 0.1, 1.0] * generator.standard_normal((n_samples, 3))


def test_batch_norm_starts_with_columns_of_mean_zero_and_variance_one():
    output = BatchNorm(eps=1e-12).forward(batch())
    np.testing.assert_allclose(output.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(output.var(axis=0), 1, rtol=1e-9)


def test_batch_norm_learns_a_scale_and_a_shift():
    layer = BatchNorm()
    normalised = layer.forward(batch())
    scale, shift = layer.params()
    np.testing.assert_array_equal(scale, np.ones((1, 3)))
    np.testing.assert_array_equal(shift, np.zeros((1, 3)))
    scale[...], shift[...] = [[1, 2, 3]], [[10, 20, 30]]
    np.testing.assert_allclose(layer.forward(batch()), normalised * [1, 2, 3] + [10, 20, 30])


def test_the_gradients_of_scale_and_shift_are_sums_over_the_batch():
    layer, upstream = BatchNorm(), rng().standard_normal((8, 3))
    normalised = layer.forward(batch())
    layer.backward(upstream)
    scale_grad, shift_grad = layer.param_grads()
    np.testing.assert_allclose(scale_grad, np.einsum("sf,sf->f", upstream, normalised)[None])
    np.testing.assert_allclose(shift_grad, np.einsum("sf->f", upstream)[None])


def test_batch_norm_used_goes_by_the_running_averages():
    layer = BatchNorm(momentum=1.0)  # the averages are those of the last batch
    X = batch()
    layer.forward(X)
    layer.training = False
    expected = (batch(6) - X.mean(axis=0)) / np.sqrt(X.var(axis=0, ddof=1) + 1e-5)
    np.testing.assert_allclose(layer.forward(batch(6)), expected, rtol=1e-10)


def test_batch_norm_used_treats_every_sample_by_itself():
    layer = BatchNorm()
    layer.forward(batch())
    layer.training = False
    whole = layer.forward(batch(6))
    rows = [layer.forward(row[None]) for row in batch(6)]
    np.testing.assert_array_equal(whole, np.concatenate(rows))


def test_batch_norm_training_lets_every_sample_depend_on_the_others():
    layer = BatchNorm()
    assert not np.allclose(layer.forward(batch())[:4], layer.forward(batch()[:4]))


def test_the_running_averages_come_closer_to_the_data_with_every_batch():
    layer = BatchNorm()
    for seed in range(200):
        layer.forward(batch(seed))
    mean, var = layer.buffers
    np.testing.assert_allclose(mean, [[3, -1, 0]], atol=0.5)
    np.testing.assert_allclose(var, [[4, 0.01, 1]], rtol=0.4)


def test_the_buffers_are_the_arrays_that_batch_norm_goes_by():
    layer = BatchNorm(eps=1.0)
    assert layer.buffers == ()
    layer.forward(batch())
    layer.training = False
    mean, var = layer.buffers
    mean[...], var[...] = 1.0, 3.0
    np.testing.assert_array_equal(layer.forward(np.full((1, 3), 5.0)), [[2, 2, 2]])


def test_batch_norm_used_changes_no_buffer():
    layer = BatchNorm()
    layer.forward(batch())
    layer.training = False
    before = [buffer.copy() for buffer in layer.buffers]
    layer.forward(batch(6))
    np.testing.assert_array_equal(layer.buffers, before)


def test_the_buffers_of_a_float32_network_are_float32():
    layer = BatchNorm()
    layer.forward(batch().astype(np.float32))
    assert {buffer.dtype for buffer in layer.buffers} == {np.dtype(np.float32)}


def test_a_column_that_does_not_vary_becomes_zero():
    layer, X = BatchNorm(), np.full((4, 2), 7.0)
    np.testing.assert_array_equal(layer.forward(X), np.zeros((4, 2)))
    assert np.isfinite(layer.backward(rng().standard_normal((4, 2)))).all()


def test_batch_norm_of_whole_numbers_is_of_real_ones():
    assert BatchNorm().forward(np.array([[1, 2], [3, 5]])).dtype == np.float64


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_batch_with_nan_or_infinity_never_reaches_the_running_averages(value):
    layer, X = BatchNorm(), batch()
    layer.forward(X)
    before = [buffer.copy() for buffer in layer.buffers]
    bad = X.copy()
    bad[1, 0] = value
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="input_ holds NaN or inf"):
        layer.forward(bad)
    np.testing.assert_array_equal(layer.buffers, before)
    np.testing.assert_array_equal(layer.operations[0].input_, X)


def test_a_single_sample_while_training_is_refused_and_changes_nothing():
    layer = BatchNorm()
    layer.forward(batch())
    before = [buffer.copy() for buffer in layer.buffers]
    with pytest.raises(ValueError, match="at least 2 samples while training, got 1"):
        layer.forward(batch()[:1])
    np.testing.assert_array_equal(layer.buffers, before)


def test_a_batch_of_another_width_is_refused_with_both_shapes():
    layer = BatchNorm()
    layer.forward(batch())
    with pytest.raises(ValueError, match=r"\(8, 2\).*\(1, 3\)"):
        layer.forward(batch()[:, :2])


@pytest.mark.parametrize("momentum", [0, -0.1, 1.1, float("nan")])
def test_a_momentum_that_is_no_weight_is_refused(momentum):
    with pytest.raises(ValueError, match=f"momentum must be .*got {momentum}"):
        BatchNorm(momentum=momentum)


@pytest.mark.parametrize("eps", [0, -1e-5, float("inf")])
def test_an_eps_that_cannot_keep_a_root_from_zero_is_refused(eps):
    with pytest.raises(ValueError, match=f"eps must be .*got {eps}"):
        BatchNorm(eps=eps)
