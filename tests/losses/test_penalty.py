"""The penalty on large weights, which a trainer adds to a loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.initialisers import he
from chainrule.layers import BatchNorm, Dense
from chainrule.losses import L2
from chainrule.numeric import gradient
from chainrule.operations import Sigmoid

SEEDS = st.integers(0, 2**32 - 1)


def _layers(seed, kinds=3):
    rng = np.random.default_rng(seed)
    layers = [Dense(4, Sigmoid(), rng), BatchNorm(), Dense(2, rng=rng)][:kinds]
    X = rng.standard_normal((5, 3))
    for layer in layers:
        X = layer.forward(X)
    return layers, rng.standard_normal(X.shape)


def _back(layers, upstream):
    for layer in reversed(layers):
        upstream = layer.backward(upstream)


def test_l2_is_half_the_strength_times_the_squared_weights():
    layers, _ = _layers(0)
    (W1, _), _, (W2, _) = (layer.params() for layer in layers)
    squares = sum(w * w for W in (W1, W2) for w in W.ravel())
    assert L2(0.3).value(layers) == pytest.approx(0.15 * squares, rel=1e-13)


@given(SEEDS, st.floats(0, 10))
def test_the_gradient_of_l2_is_the_derivative_of_its_value(seed, strength):
    layers, upstream = _layers(seed)
    _back(layers, upstream)
    params = [param for layer in layers for param in layer.params()]
    before = [grad.copy() for layer in layers for grad in layer.param_grads()]
    penalty = L2(strength)
    penalty.add_grads(layers)
    after = [grad for layer in layers for grad in layer.param_grads()]
    for param, old, new in zip(params, before, after, strict=True):
        measured = gradient(lambda _: penalty.value(layers), param)
        np.testing.assert_allclose(new - old, measured, rtol=1e-6, atol=1e-8)


def test_l2_leaves_biases_scales_and_shifts_alone():
    layers, upstream = _layers(0)
    _back(layers, upstream)
    before = [grad.copy() for layer in layers for grad in layer.param_grads()]
    L2(1.0).add_grads(layers)
    after = [grad for layer in layers for grad in layer.param_grads()]
    changed = [(old != new).any() for old, new in zip(before, after, strict=True)]
    assert changed == [True, False, False, False, True, False]


def test_l2_of_a_weight_matrix_with_one_row_is_not_taken_for_a_bias():
    rng = np.random.default_rng(0)
    layer = Dense(3, rng=rng, init=he)
    layer.forward(np.ones((2, 1)))
    W, b = layer.params()
    assert W.shape == b.shape
    b[...] = 100.0
    assert L2(2.0).value([layer]) == pytest.approx((W**2).sum())


def test_the_value_is_a_plain_number_and_float32_stays_float32():
    rng = np.random.default_rng(0)
    layer = Dense(3, rng=rng)
    layer.backward(np.ones_like(layer.forward(np.ones((2, 4), np.float32))))
    penalty = L2(np.float64(0.1))
    penalty.add_grads([layer])
    assert type(penalty.value([layer])) is float
    assert {grad.dtype for grad in layer.param_grads()} == {np.dtype(np.float32)}


def test_layers_without_weights_cost_nothing():
    assert L2(1.0).value([]) == 0.0
    assert L2(1.0).value([BatchNorm(), Dense(3)]) == 0.0


def test_l2_before_the_backward_pass_says_so_and_changes_nothing():
    layers, upstream = _layers(0)
    layers[2].backward(upstream)
    before = [grad.copy() for grad in layers[2].param_grads()]
    with pytest.raises(RuntimeError, match=r"L2\.add_grads was called before .*backward"):
        L2(1.0).add_grads(layers)
    for grad, copy in zip(layers[2].param_grads(), before, strict=True):
        np.testing.assert_array_equal(grad, copy)


@pytest.mark.parametrize("strength", [-0.1, float("nan"), float("inf")])
def test_a_strength_below_zero_is_refused(strength):
    with pytest.raises(ValueError, match=f"strength must be .*got {strength}"):
        L2(strength)
