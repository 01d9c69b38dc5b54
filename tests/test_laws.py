"""What holds for everything with the two verbs: operations, layers and networks alike."""

import numpy as np
import pytest
from gradient_checks import assert_gradients_are_measured, param_grads_of, params_of, run
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.layers import Dense
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.operations import BiasAdd, Linear, Sigmoid, WeightMultiply

N_FEATURES = 4


def _weight_multiply(rng, dtype=float):
    return WeightMultiply(rng.standard_normal((N_FEATURES, 3)).astype(dtype))


def _bias_add(rng, dtype=float):
    return BiasAdd(rng.standard_normal((1, N_FEATURES)).astype(dtype))


def _sigmoid(rng, dtype=float):
    return Sigmoid()


def _linear(rng, dtype=float):
    return Linear()


def _dense(rng, dtype=float):
    return Dense(3, Sigmoid(), rng)


def _network(rng, dtype=float):
    layers = [Dense(5, Sigmoid()), Dense(3, Sigmoid()), Dense(2)]
    return NeuralNetwork(layers, MeanSquaredError(), rng)


every_part = pytest.mark.parametrize(
    "build", [_weight_multiply, _bias_add, _sigmoid, _linear, _dense, _network]
)
law = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 6)


def _problem(build, seed, n_samples, dtype=float):
    """A part, a batch for it and a random upstream gradient."""
    rng = np.random.default_rng(seed)
    part = build(rng, dtype)
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


@every_part
@law
@given(seeds, sizes)
def test_permuting_the_batch_permutes_output_and_input_gradient_only(build, seed, n_samples):
    part, X, upstream, rng = _problem(build, seed, n_samples)
    order = rng.permutation(n_samples)
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


@every_part
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
    run(part, rng.standard_normal((7, N_FEATURES)), np.ones((7, upstream.shape[1])))
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


@pytest.mark.parametrize("build", [_weight_multiply, _bias_add, _sigmoid, _linear, _dense])
def test_backward_before_forward_is_an_error_that_says_so(build):
    part = build(np.random.default_rng(0))
    with pytest.raises(
        RuntimeError, match=rf"{type(part).__name__}\.backward was called before forward"
    ):
        part.backward(np.zeros((5, 3)))


@every_part
def test_an_upstream_of_the_wrong_shape_is_refused_with_both_shapes(build):
    part, X, upstream, _ = _problem(build, 0, 5)
    width = upstream.shape[1]
    part.forward(X)
    with pytest.raises(ValueError, match=rf"output_grad has shape \(5, 9\).*\(5, {width}\)"):
        part.backward(np.zeros((5, 9)))
