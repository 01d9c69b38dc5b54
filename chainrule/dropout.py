"""The operation behind dropout: entries that are left out at random (lecture 13).

N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a simple way to
prevent neural networks from overfitting", JMLR 15 (2014).
"""

import numpy as np

from chainrule.operations import Operation


class Drop(Operation):
    """Sets entries to 0 at random, and multiplies the others by ``1 / (1 - rate)``.

    What the layer ``Dropout`` is made of. The factor keeps the expected value of every entry, so
    the operation can be the identity when ``training`` is False.

    Parameters
    ----------
    rate : float
        The probability of an entry to be set to 0; at least 0, below 1.
    rng : numpy.random.Generator
        Draws anew in every ``forward``. Anything with a ``random`` method serves.
    """

    def __init__(self, rate: float, rng):
        self.rate = rate
        self.rng = rng
        self.kept = None  # which entries the last forward kept; None: all

    def _output(self) -> np.ndarray:
        self.kept = self.rng.random(self.input_.shape) >= self.rate if self.training else None
        return self._let_through(self.input_)

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return self._let_through(output_grad)

    def _let_through(self, array: np.ndarray) -> np.ndarray:
        return array if self.kept is None else array * self.kept * (1.0 / (1.0 - self.rate))
