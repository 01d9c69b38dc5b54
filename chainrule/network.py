"""The network: layers in a row and a loss at the end."""

import numpy as np

from chainrule.layers import Layer
from chainrule.losses import Loss


class NeuralNetwork:
    """Layers in a row, a loss, and one random generator for all of them (lecture 08).

    Parameters
    ----------
    layers : list of Layer
    loss : Loss
    rng : numpy.random.Generator
        Draws every layer's parameters, in order, and shuffles the batches. Anything with
        ``standard_normal`` and ``permutation`` serves, NumPy's legacy ``RandomState`` too.

    Raises
    ------
    ValueError
        If there is no layer, or one layer or activation object stands in two places: it could
        remember only one of its inputs, and gradients would go silently wrong.
    """

    def __init__(self, layers: list[Layer], loss: Loss, rng):
        if not layers:
            raise ValueError("a network needs at least one layer, got none")
        _check_distinct("layer", layers)
        _check_distinct("activation", [x.activation for x in layers if hasattr(x, "activation")])
        self.layers = layers
        self.loss = loss
        self.rng = rng
        for layer in layers:
            if layer.rng is None:
                layer.rng = rng

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Predict a batch: (n_samples, n_features) to (n_samples, n_outputs)."""
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, output_grad: np.ndarray, need_input_grad: bool = True) -> np.ndarray | None:
        """Send a gradient back through the layers, last to first."""
        first, *rest = self.layers
        for layer in reversed(rest):
            output_grad = layer.backward(output_grad)
        return first.backward(output_grad, need_input_grad)

    def train_batch(self, X: np.ndarray, y: np.ndarray) -> float:
        """Run one batch forward and backward, leaving the gradients ready for an optimizer.

        Returns
        -------
        float
            The loss, before any update.
        """
        loss = self.loss.forward(self.forward(X), y)
        self.backward(self.loss.backward(), need_input_grad=False)
        return loss

    def params(self) -> list[np.ndarray]:
        """All parameters, layer by layer."""
        return [param for layer in self.layers for param in layer.params()]

    def param_grads(self) -> list[np.ndarray]:
        """All gradients of the last ``backward``, in the order of ``params()``."""
        return [grad for layer in self.layers for grad in layer.param_grads()]


def _check_distinct(kind: str, objects: list) -> None:
    for position, one in enumerate(objects):
        for earlier in range(position):
            if one is objects[earlier]:
                raise ValueError(
                    f"{kind} {position} is the same object as {kind} {earlier}: "
                    "give every layer its own"
                )
