import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.initialisers import he, lecun, normal, xavier
from chainrule.layers import Dense
from chainrule.operations import ReLU, Tanh

every_one = pytest.mark.parametrize("init", [normal, lecun, xavier, he])
scaled_ones = pytest.mark.parametrize("init", [lecun, xavier, he])
N_IN, N_OUT = 400, 250
STD = {normal: 1.0, lecun: 1 / 20, xavier: math.sqrt(2 / 650), he: math.sqrt(2) / 20}


def rng(seed=2):
    return np.random.default_rng(seed)


@every_one
def test_weights_have_a_row_for_every_input_and_a_bias_stands_in_one_row(init):
    weights, bias = init(rng(), 3, 2)
    assert (weights.shape, bias.shape) == ((3, 2), (1, 2))
    assert weights.dtype == bias.dtype == np.float64


@every_one
def test_the_weights_have_mean_zero_and_the_spread_of_the_formula(init):
    weights, _ = init(rng(), N_IN, N_OUT)
    assert weights.mean() / STD[init] == pytest.approx(0, abs=0.01)
    assert weights.std() == pytest.approx(STD[init], rel=0.01)


@every_one
@given(st.integers(1, 30), st.integers(1, 30))
def test_the_weights_are_draws_from_the_standard_normal_times_the_spread(init, n_in, n_out):
    weights, _ = init(rng(), n_in, n_out)
    draws = rng().standard_normal((n_in, n_out))
    spread = {normal: 1, lecun: n_in**-0.5, xavier: ((n_in + n_out) / 2) ** -0.5}
    expected = draws * spread.get(init, (n_in / 2) ** -0.5)
    np.testing.assert_allclose(weights, expected, rtol=1e-14)


def test_normal_draws_the_bias_after_the_weights():
    weights, bias = normal(rng(), 3, 2)
    same = rng()
    np.testing.assert_array_equal(weights, same.standard_normal((3, 2)))
    np.testing.assert_array_equal(bias, same.standard_normal((1, 2)))


def test_normal_spreads_weights_and_bias_as_it_is_told():
    wide, narrow = normal(rng(), 3, 2), partial(normal, std=0.5)(rng(), 3, 2)
    for one, other in zip(wide, narrow, strict=True):
        np.testing.assert_array_equal(0.5 * one, other)


@scaled_ones
def test_the_bias_of_the_others_is_zero_and_costs_no_draw(init):
    generator, same = rng(), rng()
    _, bias = init(generator, 3, 2)
    np.testing.assert_array_equal(bias, np.zeros((1, 2)))
    same.standard_normal((3, 2))
    assert generator.standard_normal() == same.standard_normal()


@every_one
def test_nothing_but_standard_normal_is_asked_of_the_generator(init):
    class Legacy:
        """What the legacy RandomState has, and nothing else."""

        def standard_normal(self, shape):
            return np.random.RandomState(5).standard_normal(shape)

    weights, _ = init(Legacy(), 3, 2)
    np.testing.assert_array_equal(weights, init(np.random.RandomState(5), 3, 2)[0])


def _signal(init, activation, n_layers=20):
    """Mean square of a signal before and after many layers of one width."""
    generator = rng()
    X = generator.standard_normal((200, 100))
    layers = [Dense(100, activation(), generator, init) for _ in range(n_layers)]
    output = X
    for layer in layers:
        output = layer.forward(output)
    return (output**2).mean() / (X**2).mean()


def test_he_carries_a_signal_through_twenty_layers_of_relu():
    assert 0.2 < _signal(he, ReLU) < 5
    assert _signal(lecun, ReLU) < 1e-4
    assert _signal(normal, ReLU) > 1e20


def test_xavier_carries_a_signal_through_twenty_layers_of_tanh():
    assert 0.01 < _signal(xavier, Tanh) < 1
    assert _signal(partial(normal, std=0.01), Tanh) < 1e-3
