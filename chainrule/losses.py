"""Losses: from a batch of predictions and targets to one number, and back."""

import numpy as np

from chainrule.operations import check_same_shape


class Loss:
    """A scalar function of predictions and targets, with its gradient for the predictions.

    A subclass writes ``_output()`` and ``_input_grad()`` from ``self.prediction`` and
    ``self.target`` (lecture 08).
    """

    prediction = None
    target = None

    def forward(self, prediction: np.ndarray, target: np.ndarray) -> float:
        """Compute the loss of a batch; both arrays are (n_samples, n_outputs).

        Raises
        ------
        ValueError
            If the shapes differ: broadcasting (n, 1) against (n,) would silently pair every
            prediction with every target.
        """
        check_same_shape("target", target, "prediction", prediction)
        if np.issubdtype(prediction.dtype, np.floating):
            # A float64 target would turn the gradients of a float32 network into float64.
            target = target.astype(prediction.dtype, copy=False)
        self.prediction = prediction
        self.target = target
        return float(self._output())

    def backward(self) -> np.ndarray:
        """Gradient of the loss with respect to the predictions, (n_samples, n_outputs)."""
        if self.prediction is None:
            raise RuntimeError(f"{type(self).__name__}.backward was called before forward")
        input_grad = self._input_grad()
        check_same_shape("input_grad", input_grad, "prediction", self.prediction)
        return input_grad

    def _output(self) -> float:
        raise NotImplementedError(f"{type(self).__name__} does not define _output")

    def _input_grad(self) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not define _input_grad")


class MeanSquaredError(Loss):
    """``sum((prediction - target)**2) / n_samples``.

    Divides by the number of samples, not of entries: with several outputs their squares add up.
    """

    def _output(self) -> float:
        return np.sum((self.prediction - self.target) ** 2) / len(self.prediction)

    def _input_grad(self) -> np.ndarray:
        return 2.0 * (self.prediction - self.target) / len(self.prediction)
