"""Layers: operations in a row, built when the first batch shows how wide the input is."""

import numpy as np

from chainrule.operations import BiasAdd, Linear, Operation, ParamOperation, WeightMultiply


class Layer:
    """A row of operations with the two verbs of one (lecture 07).

    A subclass writes ``_setup(input_)``, which fills ``self.operations``.

    Parameters
    ----------
    neurons : int
        Width of the output.
    rng : numpy.random.Generator, optional
        Draws the parameters. A layer in a network uses the network's. Anything with a
        ``standard_normal`` method serves.
    """

    def __init__(self, neurons: int, rng=None):
        if not isinstance(neurons, int | np.integer) or neurons < 1:
            raise ValueError(f"neurons must be a whole number from 1 up, got {neurons!r}")
        self.neurons = neurons
        self.rng = rng
        self.operations: list[Operation] = []

    def forward(self, input_: np.ndarray) -> np.ndarray:
        """Send a batch (n_samples, n_features) through; returns (n_samples, neurons)."""
        if not self.operations:
            self._setup(input_)
        for operation in self.operations:
            input_ = operation.forward(input_)
        return input_

    def backward(self, output_grad: np.ndarray, need_input_grad: bool = True) -> np.ndarray | None:
        """Send a gradient back through the operations, last to first."""
        if not self.operations:
            raise RuntimeError(f"{type(self).__name__}.backward was called before forward")
        first, *rest = self.operations
        for operation in reversed(rest):
            output_grad = operation.backward(output_grad)
        return first.backward(output_grad, need_input_grad)

    def params(self) -> list[np.ndarray]:
        """The parameters, in the order of the operations."""
        return [op.param for op in self.operations if isinstance(op, ParamOperation)]

    def param_grads(self) -> list[np.ndarray]:
        """The gradients of the last ``backward``, in the order of ``params()``."""
        return [op.param_grad for op in self.operations if isinstance(op, ParamOperation)]

    def _setup(self, input_: np.ndarray) -> None:
        raise NotImplementedError(f"{type(self).__name__} does not define _setup")


class Dense(Layer):
    """A fully connected layer: ``activation(X @ W + b)``.

    Weights (n_features, neurons) and bias (1, neurons) are drawn from the standard normal
    distribution at the first ``forward``, in the dtype of the data (float64 for whole numbers).

    Parameters
    ----------
    neurons : int
    activation : Operation, optional
        An instance of its own for every layer, since it remembers its input; ``Linear()`` if left
        out.
    rng : numpy.random.Generator, optional

    Raises
    ------
    TypeError
        If ``activation`` is a class, ``Sigmoid`` for ``Sigmoid()``.
    """

    def __init__(self, neurons: int, activation: Operation | None = None, rng=None):
        super().__init__(neurons, rng)
        if isinstance(activation, type):
            name = activation.__name__
            raise TypeError(f"activation must be an instance, got the class {name}: write {name}()")
        self.activation = Linear() if activation is None else activation

    def _setup(self, input_: np.ndarray) -> None:
        if self.rng is None:
            raise RuntimeError(
                "a layer needs a random generator to draw its weights: "
                "pass rng=np.random.default_rng(seed) to it or to its network"
            )
        if input_.ndim != 2:
            raise ValueError(f"a batch has shape (n_samples, n_features), got {input_.shape}")
        dtype = np.result_type(input_, 1.0)  # whole numbers as data still need real weights
        weights = self.rng.standard_normal((input_.shape[1], self.neurons))
        bias = self.rng.standard_normal((1, self.neurons))
        self.operations = [
            WeightMultiply(weights.astype(dtype)),
            BiasAdd(bias.astype(dtype)),
            self.activation,
        ]
