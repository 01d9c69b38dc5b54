"""Optimizers: from gradients to better parameters."""

import numpy as np


class Optimizer:
    """Changes parameters in place along their gradients (lecture 09).

    A subclass writes ``step``.

    Parameters
    ----------
    lr : float
        Learning rate, above 0.
    """

    def __init__(self, lr: float = 0.01):
        if not lr > 0:
            raise ValueError(f"lr must be above 0, got {lr!r}")
        self.lr = float(lr)  # a NumPy float64 would turn float32 updates into float64

    def step(self, params: list[np.ndarray], param_grads: list[np.ndarray]) -> None:
        """Update every parameter in place, given the gradients in the same order."""
        raise NotImplementedError(f"{type(self).__name__} does not define step")


class SGD(Optimizer):
    """Stochastic gradient descent: ``param -= lr * param_grad``."""

    def step(self, params: list[np.ndarray], param_grads: list[np.ndarray]) -> None:
        for param, param_grad in zip(params, param_grads, strict=True):
            param -= self.lr * param_grad
