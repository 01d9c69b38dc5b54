"""Losses: from a batch of predictions and targets to one number, and back.

Every loss here is a sum over the outputs of a sample, divided by the number of samples. Layers only
sum over the batch, so the division happens once, here.
"""

import numpy as np

from chainrule import arguments
from chainrule.operations import Sigmoid, WeightMultiply, check_batch, check_same_shape


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
        TypeError
            If one of the two is no array of numbers.
        ValueError
            If there is no sample, or the shapes differ: broadcasting (n, 1) against (n,) would
            silently pair every prediction with every target.
        """
        check_batch("prediction", prediction)
        check_same_shape("target", target, "prediction", prediction)
        check_batch("target", target)
        self._check_values(prediction, target)
        if prediction.dtype.kind == "f":
            # A float64 target would turn the gradients of a float32 network into float64.
            target = target.astype(prediction.dtype, copy=False)
        self.prediction = prediction
        self.target = target
        output = np.asarray(self._output())
        if output.size != 1:
            raise ValueError(
                f"{type(self).__name__}._output must return one number, "
                f"got an array of shape {output.shape}"
            )
        return output.item()

    def backward(self) -> np.ndarray:
        """Gradient of the loss with respect to the predictions, (n_samples, n_outputs)."""
        if self.prediction is None:
            raise RuntimeError(f"{type(self).__name__}.backward was called before forward")
        input_grad = self._input_grad()
        check_same_shape("input_grad", input_grad, "prediction", self.prediction)
        return input_grad

    def _check_values(self, prediction: np.ndarray, target: np.ndarray) -> None:
        """Refuse what the formula has no meaning for; a subclass may have something to say here."""

    def _output(self) -> float:
        raise NotImplementedError(f"{type(self).__name__} does not define _output")

    def _input_grad(self) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not define _input_grad")


class MeanSquaredError(Loss):
    """``sum((prediction - target)**2) / n_samples``.

    Divides by the number of samples, not of entries: with several outputs their squares add up.
    """

    def _output(self) -> float:
        return ((self.prediction - self.target) ** 2).sum() / len(self.prediction)

    def _input_grad(self) -> np.ndarray:
        return (self.prediction - self.target) * (2.0 / len(self.prediction))


class MeanAbsoluteError(Loss):
    """``sum(abs(prediction - target)) / n_samples``; the slope at the kink is taken to be 0.

    Divides by the number of samples, not of entries: with several outputs their errors add up.
    """

    def _output(self) -> float:
        return np.sum(np.abs(self.prediction - self.target)) / len(self.prediction)

    def _input_grad(self) -> np.ndarray:
        return np.sign(self.prediction - self.target) / len(self.prediction)


class BinaryCrossEntropy(Loss):
    """``-sum(t * log(p) + (1 - t) * log(1 - p)) / n_samples`` for probabilities ``p``.

    Targets ``t`` lie between 0 and 1. Predictions are clipped to [1e-7, 1 - 1e-7], in the gradient
    too: a network that is certain and wrong is still pushed back. ``BinaryCrossEntropyWithLogits``
    needs no clipping.

    Raises
    ------
    ValueError
        In ``forward``, if a prediction or a target lies outside of [0, 1].
    """

    def _check_values(self, prediction: np.ndarray, target: np.ndarray) -> None:
        _check_probabilities("prediction", prediction)
        _check_probabilities("target", target)

    def _output(self) -> float:
        p, t = np.clip(self.prediction, 1e-7, 1 - 1e-7), self.target
        return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / len(p)

    def _input_grad(self) -> np.ndarray:
        p, t = np.clip(self.prediction, 1e-7, 1 - 1e-7), self.target
        return (p - t) / (p * (1 - p)) / len(p)


class BinaryCrossEntropyWithLogits(Loss):
    """The binary cross-entropy of ``p = sigmoid(z)``, computed from the scores ``z`` themselves.

    The network ends without an activation, and its predictions are the scores ("logits"). The loss
    of a sample is then ``log(1 + exp(z)) - t * z``, which no score is too large for, and the
    gradient is ``(p - t) / n_samples`` (lecture 10).

    Raises
    ------
    ValueError
        In ``forward``, if a target lies outside of [0, 1].
    """

    def _check_values(self, prediction: np.ndarray, target: np.ndarray) -> None:
        _check_probabilities("target", target)

    def _output(self) -> float:
        z, t = self.prediction, self.target
        return np.sum(np.logaddexp(0.0, z) - t * z) / len(z)

    def _input_grad(self) -> np.ndarray:
        return (Sigmoid().forward(self.prediction) - self.target) / len(self.prediction)


class SoftmaxCrossEntropy(Loss):
    """``-sum(t * log(softmax(z))) / n_samples`` of scores ``z`` for several classes.

    The network ends without an activation, and its predictions are the scores ("logits"),
    (n_samples, n_classes). Softmax and logarithm cancel to ``z - log(sum(exp(z)))``, which no score
    is too large for, and the gradient to ``(softmax(z) - t) / n_samples`` (lecture 11).

    NumPy is slow at the sums and maxima of many short rows: they are taken over the columns of the
    transpose.
    """

    def forward(self, prediction: np.ndarray, target: np.ndarray) -> float:
        """Compute the loss of a batch.

        Parameters
        ----------
        prediction : array (n_samples, n_classes)
            Scores, not probabilities.
        target : array (n_samples,) or (n_samples, 1) of class ids, or (n_samples, n_classes)
            Ids run from 0 to n_classes - 1. A row of the third form holds the probability of every
            class; that is 1 for one and 0 for the others ("one-hot") when the class is known.

        Raises
        ------
        ValueError
            If there is a single class, an id is none of the classes, a row does not add up to 1,
            or lengths differ.
        """
        check_batch("prediction", prediction)
        if np.ndim(target) == 1 or np.shape(target) == (len(prediction), 1):
            target = _one_hot(target, *prediction.shape)
        return super().forward(prediction, target)

    def _check_values(self, prediction: np.ndarray, target: np.ndarray) -> None:
        if prediction.shape[1] == 1:
            raise ValueError(
                "prediction has a single column, and the softmax of one score is always 1: "
                "for two classes use two columns, or BinaryCrossEntropyWithLogits"
            )
        errors = abs(target.T.copy().sum(axis=0) - 1.0)
        if not errors.max() < 1e-5:  # this way round a NaN is refused too
            row = int(errors.argmax())
            raise ValueError(
                f"every row of target must add up to 1, but row {row} adds up to "
                f"{target[row].sum():.4g}"
            )

    def _output(self) -> float:
        # A shift of a row changes nothing, and exp of what is at most 0 cannot overflow.
        highest = self.prediction.T.copy().max(axis=0)
        shifted = self.prediction - highest[:, np.newaxis]
        exponentials = np.exp(shifted)
        sums = exponentials.sum(axis=1, keepdims=True)
        self.probabilities = exponentials / sums
        return (self.target * (np.log(sums) - shifted)).sum() / len(shifted)

    def _input_grad(self) -> np.ndarray:
        return (self.probabilities - self.target) / len(self.target)


class L2:
    """A penalty on large weights, ``strength / 2 * sum(W**2)``, to be added to a loss.

    The sum runs over all weights of all layers. Biases, and the scales and shifts of ``BatchNorm``,
    are left alone: they do not make a function wilder. The gradient is the derivative of just that
    sum, ``strength * W``; PyTorch's SGD computes the same with ``weight_decay=strength``. The
    penalty is not divided by the number of samples (lecture 12).

    Parameters
    ----------
    strength : float
        At least 0.

    Examples
    --------
    How ``network.train_batch`` uses it, after the backward pass::

        loss += penalty.value(network.layers)
        penalty.add_grads(network.layers)
    """

    def __init__(self, strength: float):
        self.strength = arguments.at_least_zero("strength", strength)

    def value(self, layers) -> float:
        """Compute the penalty for the weights of some layers."""
        squares = sum(float(np.sum(op.param**2)) for op in _weights(layers))
        return self.strength / 2 * squares

    def add_grads(self, layers) -> None:
        """Add the gradient of the penalty to ``param_grad`` of every weight, in place.

        Raises
        ------
        RuntimeError
            If the layers have not been through ``backward``: there is nothing to add to.
        """
        weights = _weights(layers)
        if any(op.param_grad is None for op in weights):
            raise RuntimeError("L2.add_grads was called before the layers' backward")
        for op in weights:
            op.param_grad += self.strength * op.param


def _weights(layers) -> list[WeightMultiply]:
    return [op for layer in layers for op in layer.operations if isinstance(op, WeightMultiply)]


def _check_probabilities(name: str, array: np.ndarray) -> None:
    lowest, highest = array.min(), array.max()
    if not (lowest >= 0 and highest <= 1):  # this way round a NaN is refused too
        raise ValueError(f"{name} must lie between 0 and 1, got {lowest:.4g} to {highest:.4g}")


def _one_hot(class_ids: np.ndarray, n_samples: int, n_classes: int) -> np.ndarray:
    """Turn the ids of classes into rows (n_samples, n_classes) that are true at the id."""
    if isinstance(class_ids, np.ndarray):
        class_ids = class_ids.reshape(-1, 1)
    check_batch("target", class_ids)
    if len(class_ids) != n_samples:
        raise ValueError(
            f"target holds {len(class_ids)} class ids, but prediction has {n_samples} samples"
        )
    rows = class_ids == np.arange(n_classes)
    if np.count_nonzero(rows) < n_samples:
        strange = class_ids[~rows.any(axis=1)][0, 0]
        raise ValueError(
            f"target holds the class id {strange}, but the {n_classes} columns of prediction "
            f"have the ids 0 to {n_classes - 1}"
        )
    return rows
