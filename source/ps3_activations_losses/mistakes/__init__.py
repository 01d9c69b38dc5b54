"""Mistake bank of problem set 3: right ways and wrong ways, never released.

Each wrong way has been seen in courses, papers or published notebooks. An answer's name is its id;
its docstring is what a student reads who goes wrong in this way. Cases are small; random where the
gradient is measured, and awkward (kinks, large values, float32) where the truth is a table.
"""

import numpy as np

from chainrule.checks.bank import Bank, array

from .binary_cross_entropy import bce
from .layer_backward import layer_backward
from .mean_absolute_error import mae
from .numerical_gradients import numerical
from .relu import relu
from .tanh import tanh
from .training import training
from .two_layer_gradients import two_layer

X_TINY = array([1, -1, 2], [0, 1, -1], [-2, 1, 1], [1, 0, 1])
Y_TINY = array([1], [0], [2], [-1])


def two_layer_loss(W1, W2):
    """The loss that the notebook hands to numerical_gradients."""
    hidden = 1 / (1 + np.exp(-(X_TINY @ W1)))
    return float(np.mean((hidden @ W2 - Y_TINY) ** 2))


bank = Bank(
    [relu, tanh, mae, bce, layer_backward, numerical, two_layer, training],
    two_layer_loss=two_layer_loss,
)
