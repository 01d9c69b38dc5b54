"""The operations behind batch normalisation: columns of mean 0 and variance 1, and their scale.

S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by reducing internal
covariate shift", ICML 2015 (lecture 13).
"""

import numpy as np

from chainrule.operations import Operation, ParamOperation


class Normalise(Operation):
    """Gives every column mean 0 and variance 1: ``(x - mean) / sqrt(var + eps)``.

    What the layer ``BatchNorm`` begins with. When ``training``, mean and variance are those of the
    batch, so that every output depends on every sample of it. Running averages of both are kept,
    and when ``training`` is False they are used, as fixed numbers (lecture 13).

    Parameters
    ----------
    running_mean, running_var : arrays (1, n_features)
        Updated in place, ``running += momentum * (batch - running)``. The variance that enters
        here divides by n_samples - 1, the one that normalises by n_samples, as in PyTorch.
    momentum, eps : float
        The weight of the newest batch; what keeps the root away from 0.
    """

    def __init__(self, running_mean, running_var, momentum: float, eps: float):
        self.running_mean = running_mean
        self.running_var = running_var
        self.momentum = momentum
        self.eps = eps
        self.over_batch = None  # whether the last forward took the statistics from its batch
        self.std = None

    def _output(self) -> np.ndarray:
        _check_columns(self.input_, "statistics", self.running_mean)
        mean, var = self._statistics() if self.training else (self.running_mean, self.running_var)
        self.over_batch = self.training
        self.std = np.sqrt(var + self.eps)
        return (self.input_ - mean) / self.std

    def _statistics(self) -> tuple[np.ndarray, np.ndarray]:
        n = len(self.input_)
        if n < 2:
            raise ValueError(
                f"batch normalisation needs at least 2 samples while training, got {n}: "
                "choose a batch size that leaves no single sample over"
            )
        mean = self.input_.mean(axis=0, keepdims=True)
        var = self.input_.var(axis=0, keepdims=True)
        if not np.isfinite(var).all():
            raise ValueError("input_ holds NaN or infinity, which the running averages would keep")
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (var * (n / (n - 1)) - self.running_var)
        return mean, var

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        if self.over_batch:
            # Every sample moves the mean and the variance, and through them all the others.
            through_mean = output_grad.mean(axis=0)
            through_var = self.output * (output_grad * self.output).mean(axis=0)
            output_grad = output_grad - through_mean - through_var
        return output_grad / self.std


class Scale(ParamOperation):
    """Multiplies every column by a number of its own, ``X * w``.

    Shapes: ``X`` (n_samples, n_features), ``w`` (1, n_features).
    """

    def _output(self) -> np.ndarray:
        _check_columns(self.input_, "factors", self.param)
        return self.input_ * self.param

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad * self.param

    def _param_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return (output_grad * self.input_).sum(axis=0, keepdims=True)


def _check_columns(input_: np.ndarray, name: str, row: np.ndarray) -> None:
    if input_.ndim != 2 or input_.shape[1] != row.shape[1]:
        raise ValueError(
            f"input_ has shape {input_.shape}, but {name} of shape {row.shape} "
            f"need (n_samples, {row.shape[1]})"
        )
