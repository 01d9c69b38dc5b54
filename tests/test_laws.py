"""What holds for everything with the two verbs: operations, layers and networks alike."""

import numpy as np
import pytest
from gradient_checks import assert_gradients_are_measured, param_grads_of, params_of, run
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.initialisers import he
from chainrule.layers import BatchNorm, Dense, Dropout
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.normalisation import Scale
from chainrule.operations import (
    BiasAdd,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    WeightMultiply,
)

N_FEATURES = 4


class Repeating:
    """A generator that draws the same numbers every time, so that slopes can be measured."""

    def random(self, shape):
        return np.random.default_rng(3).random(shape)


def _weight_multiply(rng, dtype=float):
    return WeightMultiply(rng.standard_normal((N_FEATURES, 3)).astype(dtype))


def _bias_add(rng, dtype=float):
    return BiasAdd(rng.standard_normal((1, N_FEATURES)).astype(dtype))


def _scale(rng, dtype=float):
    return Scale(rng.standard_normal((1, N_FEATURES)).astype(dtype))


def _linear(rng, dtype=float):
    return Linear()


def _sigmoid(rng, dtype=float):
    return Sigmoid()


def _tanh(rng, dtype=float):
    return Tanh()


def _relu(rng, dtype=float):
    return ReLU()


def _leaky_relu(rng, dtype=float):
    return LeakyReLU()


def _softmax(rng, dtype=float):
    return Softmax()


def _dense(rng, dtype=float):
    return Dense(3, Sigmoid(), rng)


def _dense_with_he_and_relu(rng, dtype=float):
    return Dense(3, ReLU(), rng, he)


def _dropout_training(rng, dtype=float):
    return Dropout(0.4, Repeating())


def _dropout_used(rng, dtype=float):
    layer = Dropout(0.4, rng)
    layer.training = False
    return layer


def _batch_norm_training(rng, dtype=float):
    layer = BatchNorm()
    layer.forward((3 + 2 * rng.standard_normal((9, N_FEATURES))).astype(dtype))
    for param in layer.params():
        param[...] = rng.standard_normal(param.shape)
    return layer


def _batch_norm_used(rng, dtype=float):
    layer = _batch_norm_training(rng, dtype)
    layer.training = False
    return layer


def _network(rng, dtype=float):
    layers = [Dense(5, Sigmoid()), Dense(3, Sigmoid()), Dense(2)]
    return NeuralNetwork(layers, MeanSquaredError(), rng)


OPERATIONS = [
    _weight_multiply,
    _bias_add,
    _scale,
    _linear,
    _sigmoid,
    _tanh,
    _relu,
    _leaky_relu,
    _softmax,
]
LAYERS = [
    _dense,
    _dense_with_he_and_relu,
    _dropout_training,
    _dropout_used,
    _batch_norm_training,
    _batch_norm_used,
]
PARTS = [*OPERATIONS, *LAYERS, _network]
# One sample could meet nothing but dead ends, and has no variance.
NEEDS_FIVE_SAMPLES = [_relu, _dense_with_he_and_relu, _dropout_training, _batch_norm_training]


def _all_but(*exceptions):
    return pytest.mark.parametrize("build", [part for part in PARTS if part not in exceptions])


every_part = _all_but()
law = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 6)


def _problem(build, seed, n_samples, dtype=float):
    """A part, a batch for it and a random upstream gradient."""
    rng = np.random.default_rng(seed)
    part = build(rng, dtype)
    n_samples += 4 if build in NEEDS_FIVE_SAMPLES else 0
    X = rng.standard_normal((n_samples, N_FEATURES)).astype(dtype)
    upstream = rng.standard_normal(part.forward(X).shape).astype(dtype)
    return part, X, upstream, rng


def _assert_all_close(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@every_part
@law
@given(seeds, sizes)
def test_every_gradient_equals_the_measured_one(build, seed, n_samples):
    part, X, _, rng = _problem(build, seed, n_samples)
    assert_gradients_are_measured(part, X, rng, tolerance=1e-7)


@pytest.mark.parametrize("build", [*OPERATIONS, _dense])
@law
@given(seeds, sizes)
def test_the_input_gradient_equals_the_complex_step(build, seed, n_samples):
    """No difference is taken, so nothing cancels: the slope is right to the last digits."""
    part, X, upstream, rng = _problem(build, seed, n_samples)
    direction = rng.standard_normal(X.shape)
    _, input_grad, _ = run(part, X, upstream)
    slope = (part.forward(X + 1e-30j * direction) * upstream).imag.sum() / 1e-30
    assert (input_grad * direction).sum() == pytest.approx(slope, rel=1e-12, abs=1e-13)


@_all_but(_dropout_training)  # what it drops depends on the place in the batch
@law
@given(seeds, sizes)
def test_permuting_the_batch_permutes_output_and_input_gradient_only(build, seed, n_samples):
    part, X, upstream, rng = _problem(build, seed, n_samples)
    order = rng.permutation(len(X))
    output, input_grad, param_grads = run(part, X, upstream)
    permuted = run(part, X[order], upstream[order])
    _assert_all_close(permuted[:2], [output[order], input_grad[order]])
    _assert_all_close(permuted[2], param_grads)


@every_part
@law
@given(seeds, sizes, st.floats(-3, 3))
def test_gradients_are_linear_in_the_upstream(build, seed, n_samples, factor):
    part, X, first, rng = _problem(build, seed, n_samples)
    second = rng.standard_normal(first.shape)
    _, one, ones = run(part, X, first)
    _, two, twos = run(part, X, second)
    _, both, boths = run(part, X, factor * first + second)
    _assert_all_close([both], [factor * one + two])
    _assert_all_close(boths, [factor * a + b for a, b in zip(ones, twos, strict=True)])


# With batch normalisation a sample's output depends on the samples it is normalised with, so that
# the whole batch is another function than its two parts. Dropout drops anew for every batch.
@_all_but(_dropout_training, _batch_norm_training)
@law
@given(seeds, sizes, sizes)
def test_joining_two_batches_adds_their_parameter_gradients(build, seed, n_first, n_second):
    part, X, upstream, _ = _problem(build, seed, n_first + n_second)
    _, whole, wholes = run(part, X, upstream)
    _, one, ones = run(part, X[:n_first], upstream[:n_first])
    _, two, twos = run(part, X[n_first:], upstream[n_first:])
    _assert_all_close([whole], [np.concatenate([one, two])])
    _assert_all_close(wholes, [a + b for a, b in zip(ones, twos, strict=True)])


@every_part
def test_gradients_have_the_shapes_of_what_they_belong_to(build):
    part, X, upstream, _ = _problem(build, 0, 5)
    _, input_grad, param_grads = run(part, X, upstream)
    assert input_grad.shape == X.shape
    assert [grad.shape for grad in param_grads] == [param.shape for param in params_of(part)]


@every_part
def test_input_upstream_and_parameters_are_not_changed(build):
    part, X, upstream, _ = _problem(build, 0, 5)
    arrays = [X, upstream, *params_of(part)]
    before = [array.copy() for array in arrays]
    run(part, X, upstream)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@every_part
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_data_is_kept(build, dtype):
    part, X, upstream, _ = _problem(build, 0, 5, dtype)
    output, input_grad, param_grads = run(part, X, upstream)
    for array in [output, input_grad, *param_grads, *params_of(part)]:
        assert array.dtype == dtype


@every_part
def test_a_pass_knows_nothing_of_the_one_before(build):
    part, X, upstream, rng = _problem(build, 0, 5)
    expected = run(part, X, upstream)
    run(part, rng.standard_normal((7, N_FEATURES)), rng.standard_normal((7, upstream.shape[1])))
    actual = run(part, X, upstream)
    _assert_all_close([*actual[:2], *actual[2]], [*expected[:2], *expected[2]])


@every_part
def test_going_backward_twice_gives_the_same_gradients(build):
    part, X, upstream, _ = _problem(build, 0, 5)
    _, first, firsts = run(part, X, upstream)
    second = part.backward(upstream)
    _assert_all_close([second, *param_grads_of(part)], [first, *firsts])


@every_part
def test_the_input_gradient_can_be_left_out(build):
    part, X, upstream, _ = _problem(build, 0, 5)
    _, _, expected = run(part, X, upstream)
    part.forward(X)
    assert part.backward(upstream, need_input_grad=False) is None
    _assert_all_close(param_grads_of(part), expected)


@pytest.mark.parametrize("build", [*OPERATIONS, _dense, _dropout_training, lambda rng: BatchNorm()])
def test_backward_before_forward_is_an_error_that_says_so(build):
    part = build(np.random.default_rng(0))
    with pytest.raises(
        RuntimeError, match=rf"{type(part).__name__}\.backward was called before forward"
    ):
        part.backward(np.zeros((5, 3)))


@every_part
def test_an_upstream_of_the_wrong_shape_is_refused_with_both_shapes(build):
    part, X, upstream, _ = _problem(build, 0, 5)
    n, width = upstream.shape
    part.forward(X)
    with pytest.raises(ValueError, match=rf"output_grad has shape \(5, 9\).*\({n}, {width}\)"):
        part.backward(np.zeros((5, 9)))


@every_part
@pytest.mark.parametrize("upstream", [[[1.0]], 1.0, None])
def test_an_upstream_that_is_no_array_is_refused(build, upstream):
    part, X, _, _ = _problem(build, 0, 5)
    part.forward(X)
    with pytest.raises(TypeError, match="output_grad must be an array, got"):
        part.backward(upstream)


@every_part
@pytest.mark.parametrize("batch", [[[1.0, 2.0, 3.0, 4.0]], 3.0, None])
def test_an_input_that_is_no_array_is_refused(build, batch):
    part = _problem(build, 0, 5)[0]
    with pytest.raises(TypeError, match=f"must be an array, got {type(batch).__name__}"):
        part.forward(batch)


@_all_but(_linear, _sigmoid, _tanh, _relu, _leaky_relu, _dropout_training, _dropout_used)
def test_a_pass_that_is_refused_leaves_no_trace(build):
    part, X, upstream, _ = _problem(build, 0, 5)
    expected = run(part, X, upstream)
    with pytest.raises(ValueError, match="shape"):
        part.forward(np.zeros(9))
    with pytest.raises(ValueError, match="output_grad has shape"):
        part.backward(np.zeros((5, 9)))
    input_grad = part.backward(upstream)
    _assert_all_close([input_grad, *param_grads_of(part)], [expected[1], *expected[2]])
