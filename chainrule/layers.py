"""Layers: operations in a row, built when the first batch shows how wide the input is."""

import numpy as np

from chainrule import arguments
from chainrule.dropout import Drop
from chainrule.initialisers import normal
from chainrule.normalisation import Normalise, Scale
from chainrule.operations import (
    BiasAdd,
    Linear,
    Operation,
    ParamOperation,
    WeightMultiply,
    check_batch,
)


class Layer:
    """A row of operations with the two verbs of one (lecture 07).

    A subclass writes ``_setup(input_)``, which fills ``self.operations``.

    Parameters
    ----------
    rng : numpy.random.Generator, optional
        Draws the parameters. A layer in a network uses the network's. Anything with a
        ``standard_normal`` method serves.

    Attributes
    ----------
    training : bool
        Whether the layer is being trained or used; ``network.train()`` and ``network.eval()`` set
        it. Dense layers do the same in both.
    buffers : sequence of arrays
        What the layer remembers besides its parameters and an optimizer does not touch: the running
        statistics of ``BatchNorm``. They belong into a saved file and to the best weights.
    """

    training = True
    buffers = ()

    def __init__(self, rng=None):
        self.rng = rng
        self.operations: list[Operation] = []

    def forward(self, input_: np.ndarray) -> np.ndarray:
        """Send a batch (n_samples, n_features) through; returns (n_samples, n_outputs)."""
        check_batch("input_", input_)
        if not self.operations:
            self._setup(input_)
        for operation in self.operations:
            operation.training = self.training
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

    Weights (n_features, neurons) and bias (1, neurons) are drawn at the first ``forward``, weights
    first, and get the dtype of the data (float64 for whole numbers).

    Parameters
    ----------
    neurons : int
        Width of the output.
    activation : Operation, optional
        An instance of its own for every layer, since it remembers its input; ``Linear()`` if left
        out.
    rng : numpy.random.Generator, optional
    init : callable
        ``init(rng, n_features, neurons)`` returns weights and bias, see ``initialisers``. The
        default draws both from the standard normal distribution.

    Raises
    ------
    TypeError
        If ``activation`` is no operation, or a class: ``Sigmoid`` for ``Sigmoid()``.
    ValueError
        If ``neurons`` is no whole number from 1 up; in the first ``forward``, if ``init`` returns
        arrays of other shapes.
    """

    def __init__(self, neurons: int, activation: Operation | None = None, rng=None, init=normal):
        if not isinstance(neurons, int | np.integer) or neurons < 1:
            raise ValueError(f"neurons must be a whole number from 1 up, got {neurons!r}")
        if activation is None:
            activation = Linear()
        if not isinstance(activation, Operation):
            raise TypeError(f"activation must be an operation like Sigmoid(), got {activation!r}")
        if not callable(init):
            raise TypeError(f"init must be a function like initialisers.he, got {init!r}")
        super().__init__(rng)
        self.neurons = neurons
        self.activation = activation
        self.init = init

    def _setup(self, input_: np.ndarray) -> None:
        if self.rng is None:
            raise RuntimeError(
                "a layer needs a random generator to draw its weights: "
                "pass rng=np.random.default_rng(seed) to it or to its network"
            )
        dtype = np.result_type(input_, 1.0)  # whole numbers as data still need real weights
        drawn = self.init(self.rng, input_.shape[1], self.neurons)
        wanted = (input_.shape[1], self.neurons), (1, self.neurons)
        shapes = tuple(map(np.shape, drawn)) if isinstance(drawn, tuple | list) else type(drawn)
        if shapes != wanted:
            raise ValueError(f"init must return weights and bias of shapes {wanted}, got {shapes}")
        weights, bias = (np.array(array, dtype) for array in drawn)
        self.operations = [WeightMultiply(weights), BiasAdd(bias), self.activation]


class Dropout(Layer):
    """Sets entries to 0 at random while training, so that no neuron can rely on another.

    Inverted dropout: the entries that stay are multiplied by ``1 / (1 - rate)``, and after
    ``network.eval()`` nothing happens at all. No parameters (Srivastava et al., 2014; lecture 13).

    Parameters
    ----------
    rate : float
        The probability of an entry to be set to 0; at least 0, below 1.
    rng : numpy.random.Generator, optional
        Draws in every ``forward``; the network's, if left out. It needs a ``random`` method, which
        ``RandomState`` has too.
    """

    def __init__(self, rate: float = 0.5, rng=None):
        super().__init__(rng)
        self.rate = arguments.share("rate", rate)

    def _setup(self, input_: np.ndarray) -> None:
        if self.rng is None:
            raise RuntimeError(
                "dropout needs a random generator: "
                "pass rng=np.random.default_rng(seed) to the layer or to its network"
            )
        self.operations = [Drop(self.rate, self.rng)]


class BatchNorm(Layer):
    """Normalises every column over the batch, then gives it a scale and a shift to learn.

    ``(X - mean) / sqrt(var + eps) * scale + shift``. While training, mean and variance are those
    of the batch; running averages of them, kept along the way, take their place after
    ``network.eval()`` (Ioffe and Szegedy, 2015; lecture 13). Parameters: scale (1, n_features),
    ones at first, and shift (1, n_features), zeros. Buffers: running mean and variance, as
    PyTorch keeps them.

    Parameters
    ----------
    momentum : float
        The weight of the newest batch in the running averages; above 0, at most 1.
    eps : float
        Above 0; keeps a column that does not vary from dividing by 0.

    Raises
    ------
    ValueError
        In ``forward``, if a batch holds a single sample while training: it has no variance.
    """

    def __init__(self, momentum: float = 0.1, eps: float = 1e-5):
        super().__init__()
        self.momentum = arguments.above_zero("momentum", momentum)
        if self.momentum > 1:
            raise ValueError(f"momentum must be at most 1, got {momentum!r}")
        self.eps = arguments.above_zero("eps", eps)

    def _setup(self, input_: np.ndarray) -> None:
        shape, dtype = (1, input_.shape[1]), np.result_type(input_, 1.0)
        self.buffers = running_mean, running_var = np.zeros(shape, dtype), np.ones(shape, dtype)
        self.operations = [
            Normalise(running_mean, running_var, self.momentum, self.eps),
            Scale(np.ones(shape, dtype)),
            BiasAdd(np.zeros(shape, dtype)),
        ]
