"""The network: layers in a row and a loss at the end."""

import numpy as np

from chainrule import arguments
from chainrule.layers import Layer
from chainrule.losses import Loss


class NeuralNetwork:
    """Layers in a row, a loss, and one random generator for all of them (lecture 08).

    Parameters
    ----------
    layers : list of Layer
        They belong to this network from now on.
    loss : Loss
    rng : numpy.random.Generator
        Draws every layer's parameters, in order, and shuffles the batches. Anything with
        ``standard_normal`` and ``permutation`` serves, NumPy's legacy ``RandomState`` too.

    Attributes
    ----------
    training : bool
        True at first. Some layers do one thing while they are trained and another while they are
        used (lecture 13); ``train()`` and ``eval()`` switch all of them.

    Raises
    ------
    TypeError
        If a part is something else than it should be, or a class instead of an instance.
    ValueError
        If there is no layer, or a layer or activation stands in two places, here or in another
        network: it could remember only one of its inputs, and gradients would go silently wrong.
    """

    def __init__(self, layers: list[Layer], loss: Loss, rng):
        _check_parts(layers, loss, rng)
        self.layers = list(layers)
        self.loss = loss
        self.rng = rng
        for layer in layers:
            if layer.rng is None:
                layer.rng = rng
        for part in (*layers, *_activations(layers)):
            part.in_network = True
        self.train()

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Predict a batch: (n_samples, n_features) to (n_samples, n_outputs).

        Data of another dtype than the parameters' are converted to it, so that a network of float32
        computes in float32 whatever it is given.
        """
        X = self._in_own_dtype(X)
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

        Raises
        ------
        ValueError
            If the loss is NaN or infinite; its gradient would spoil every parameter.
        """
        loss = self.loss.forward(self.forward(X), y)
        if not abs(loss) < np.inf:  # this way round a NaN is refused too
            raise ValueError(
                f"the loss is {loss}: the batch holds NaN or infinity, "
                "or training has diverged and needs a smaller learning rate"
            )
        self.backward(self.loss.backward(), need_input_grad=False)
        return loss

    def params(self) -> list[np.ndarray]:
        """All parameters, layer by layer; none before the first batch or ``build``."""
        return [param for layer in self.layers for param in layer.params()]

    def param_grads(self) -> list[np.ndarray]:
        """All gradients of the last ``backward``, in the order of ``params()``."""
        return [grad for layer in self.layers for grad in layer.param_grads()]

    def buffers(self) -> list[np.ndarray]:
        """What layers remember beside their parameters, as the running averages of BatchNorm."""
        return [buffer for layer in self.layers for buffer in layer.buffers]

    @property
    def n_features(self) -> int | None:
        """Width of the data that the parameters were made for; None before there are any."""
        for layer in self.layers:
            if layer.params():
                shape = layer.params()[0].shape
                # Weights are (n_features, neurons); the row of a layer without neurons is as wide
                # as its input.
                return shape[0] if hasattr(layer, "neurons") else shape[-1]
        return None

    @property
    def dtype(self) -> np.dtype | None:
        """Of the parameters, and so of all it computes; None before there are any."""
        for layer in self.layers:
            for param in layer.params():
                return param.dtype
        return None

    def _in_own_dtype(self, X: np.ndarray) -> np.ndarray:
        dtype = self.dtype
        # Complex numbers stay what they are: they measure slopes. What is no array of numbers is
        # for the layers to refuse.
        if dtype is None or not isinstance(X, np.ndarray) or X.dtype.kind not in "buif":
            return X
        return X if X.dtype == dtype else X.astype(dtype)

    def train(self) -> "NeuralNetwork":
        """Let every layer behave as in training; returns the network."""
        return self._set_training(True)

    def eval(self) -> "NeuralNetwork":
        """Let every layer behave as in use; returns the network."""
        return self._set_training(False)

    def _set_training(self, training: bool) -> "NeuralNetwork":
        self.training = training
        for layer in self.layers:
            layer.training = training
        return self

    def build(self, n_features: int, dtype=np.float64) -> "NeuralNetwork":
        """Draw the parameters now instead of at the first batch; returns the network.

        Parameters
        ----------
        n_features : int
            Width of the data to come.
        dtype : dtype of floats
            Of the data to come, and so of the parameters.

        Raises
        ------
        ValueError
            If the network is built already.
        """
        if self.params():
            raise ValueError("the network is built already: it has its parameters")
        if not np.issubdtype(dtype, np.floating):
            raise TypeError(f"dtype must be one of floats, got {np.dtype(dtype)}")
        nothing = np.zeros((1, arguments.count("n_features", n_features)), dtype)
        training = self.training
        self.eval().forward(nothing)
        for operation in (operation for layer in self.layers for operation in layer.operations):
            operation.input_ = operation.output = None  # that was no batch to go backward from
        return self._set_training(training)


def _check_parts(layers: list[Layer], loss: Loss, rng) -> None:
    if not isinstance(layers, list | tuple):
        raise TypeError(f"layers must be a list of layers, got {layers!r}")
    if not layers:
        raise ValueError("a network needs at least one layer, got none")
    for position, layer in enumerate(layers):
        arguments.instance(f"layers[{position}]", layer, "a layer like Dense(3)", "param_grads")
    arguments.instance("loss", loss, "a loss like MeanSquaredError()", "forward", "backward")
    generator = "a generator like np.random.default_rng(0)"
    arguments.instance("rng", rng, generator, "standard_normal", "permutation")
    _check_free("layer", layers)
    _check_free("activation", _activations(layers))


def _check_free(kind: str, parts: list) -> None:
    for position, part in enumerate(parts):
        if getattr(part, "in_network", False):
            raise ValueError(
                f"{kind} {position} belongs to another network: give every network its own"
            )
        for earlier in range(position):
            if part is parts[earlier]:
                raise ValueError(
                    f"{kind} {position} is the same object as {kind} {earlier}: "
                    "give every layer its own"
                )


def _activations(layers: list[Layer]) -> list:
    return [layer.activation for layer in layers if hasattr(layer, "activation")]
