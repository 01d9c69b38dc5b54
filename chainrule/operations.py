"""Operations: the smallest parts that know how to run forward and how to send a gradient back.

Everything larger is made of these. An operation is one array function and its derivative; the base
class does the book-keeping, so that a subclass holds nothing but the mathematics (lecture 07).
"""

import numpy as np

from chainrule import arguments


def check_batch(name: str, array) -> None:
    """Raise an error unless an array is a table of numbers with at least one sample and column."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be an array, got {type(array).__name__}")
    if array.dtype.kind not in "buifc":
        raise TypeError(f"{name} must hold numbers, got an array of {array.dtype}")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            f"{name} must have shape (n_samples, n_features), at least one of each, "
            f"got {array.shape}"
        )


def check_same_shape(name: str, array, expected_name: str, expected) -> None:
    """Raise an error that prints both shapes unless two arrays have the same one."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be an array, got {type(array).__name__}")
    if array.shape != expected.shape:
        raise ValueError(
            f"{name} has shape {array.shape}, but {expected_name} has shape "
            f"{expected.shape}: they must be the same"
        )


class Operation:
    """One array function together with its derivative.

    A subclass writes two methods: ``_output()``, which computes the output from ``self.input_``,
    and ``_input_grad(output_grad)``, which multiplies the gradient that arrives by the derivative
    of the function (the chain rule). Lecture 07 derives both.

    Attributes
    ----------
    input_, output : arrays
        What passed through it last.
    training : bool
        Whether the network is being trained or used; set by the layer in every ``forward``. Few
        operations care (lecture 13).
    """

    training = True
    input_ = None
    output = None

    def forward(self, input_: np.ndarray) -> np.ndarray:
        """Remember the input, compute the output, remember and return it.

        If that fails, the operation is left as it was.
        """
        if not isinstance(input_, np.ndarray):
            raise TypeError(f"input_ must be an array, got {type(input_).__name__}")
        before, self.input_ = self.input_, input_
        try:
            self.output = self._output()
        except Exception:
            self.input_ = before
            raise
        return self.output

    def backward(self, output_grad: np.ndarray, need_input_grad: bool = True) -> np.ndarray | None:
        """Turn the gradient of the loss with respect to the output into that of the input.

        Parameters
        ----------
        output_grad : array, shape of the output
        need_input_grad : bool
            False in the first operation of a network: nobody asks for the gradient of the data.

        Returns
        -------
        array, shape of the input, or None if it is not needed

        Raises
        ------
        RuntimeError
            If called before ``forward``.
        ValueError
            If one of the two shape rules is broken.
        """
        if self.output is None:
            raise RuntimeError(f"{type(self).__name__}.backward was called before forward")
        check_same_shape("output_grad", output_grad, "output", self.output)
        if not need_input_grad:
            return None
        input_grad = self._input_grad(output_grad)
        check_same_shape("input_grad", input_grad, "input_", self.input_)
        return input_grad

    def _output(self) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not define _output")

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not define _input_grad")


class ParamOperation(Operation):
    """An operation with a parameter, of which it computes the gradient as well.

    A subclass also writes ``_param_grad(output_grad)``.

    Parameters
    ----------
    param : array
        Updated in place by an optimizer; ``param_grad`` has its shape after ``backward``.
    """

    def __init__(self, param: np.ndarray):
        self.param = param
        self.param_grad = None

    def backward(self, output_grad: np.ndarray, need_input_grad: bool = True) -> np.ndarray | None:
        """Compute ``param_grad``, then do as every operation does."""
        input_grad = super().backward(output_grad, need_input_grad)
        param_grad = self._param_grad(output_grad)
        check_same_shape("param_grad", param_grad, "param", self.param)
        self.param_grad = param_grad
        return input_grad

    def _param_grad(self, output_grad: np.ndarray) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not define _param_grad")


class WeightMultiply(ParamOperation):
    """Matrix product with the weights, ``X @ W`` (lecture 03).

    Shapes: ``X`` (n_samples, n_features), ``W`` (n_features, n_neurons).
    """

    def _output(self) -> np.ndarray:
        if self.input_.ndim != 2 or self.input_.shape[1] != self.param.shape[0]:
            raise ValueError(
                f"input_ has shape {self.input_.shape}, but weights of shape {self.param.shape} "
                f"need (n_samples, {self.param.shape[0]})"
            )
        return self.input_.dot(self.param)

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad.dot(self.param.T)

    def _param_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return self.input_.T.dot(output_grad)


class BiasAdd(ParamOperation):
    """Adds the same bias to every sample, ``X + b``.

    Shapes: ``X`` (n_samples, n_neurons), ``b`` (1, n_neurons). The bias meets every sample, so its
    gradient is the sum over the batch.
    """

    def __init__(self, param: np.ndarray):
        if np.ndim(param) != 2 or param.shape[0] != 1:
            raise ValueError(f"a bias has shape (1, n_neurons), got {np.shape(param)}")
        super().__init__(param)

    def _output(self) -> np.ndarray:
        if self.input_.ndim != 2 or self.input_.shape[1] != self.param.shape[1]:
            raise ValueError(
                f"input_ has shape {self.input_.shape}, but a bias of shape {self.param.shape} "
                f"needs (n_samples, {self.param.shape[1]})"
            )
        return self.input_ + self.param

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad

    def _param_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad.sum(axis=0, keepdims=True)


class Linear(Operation):
    """The identity: what a layer without an activation uses.

    PyTorch gives the name ``Linear`` to the whole affine map ``X @ W + b``, our ``Dense``.
    """

    def _output(self) -> np.ndarray:
        return self.input_

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad


class Sigmoid(Operation):
    """``1 / (1 + exp(-x))``, elementwise; its derivative is ``output * (1 - output)``."""

    def _output(self) -> np.ndarray:
        # At -80 the output is 2e-35, and soon below it exp would overflow (float32 at -88).
        return 1.0 / (1.0 + np.exp(-np.maximum(self.input_, -80.0)))

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad * self.output * (1.0 - self.output)


class Tanh(Operation):
    """The hyperbolic tangent, elementwise; its derivative is ``1 - output**2``."""

    def _output(self) -> np.ndarray:
        return np.tanh(self.input_)

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad * (1.0 - self.output**2)


class ReLU(Operation):
    """``max(x, 0)``, elementwise; its slope is 1 where the input is positive, else 0.

    At the kink, 0, there is no derivative; the slope is taken to be 0.
    """

    def _output(self) -> np.ndarray:
        return np.maximum(self.input_, 0)

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad * (self.input_ > 0)


class LeakyReLU(Operation):
    """``max(slope * x, x)``, elementwise: a ReLU that lets a little through below 0 (lecture 01).

    Parameters
    ----------
    slope : float
        Between 0 and 1; taken at the kink, 0, as well. PyTorch calls it ``negative_slope``.
    """

    def __init__(self, slope: float = 0.2):
        self.slope = arguments.at_least_zero("slope", slope)
        if self.slope > 1:
            raise ValueError(f"slope must be at most 1, got {slope!r}")

    def _output(self) -> np.ndarray:
        return np.maximum(self.slope * self.input_, self.input_)

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        positive = self.input_ > 0
        return output_grad * positive + self.slope * output_grad * ~positive


class Softmax(Operation):
    """``exp(x) / sum(exp(x))`` of every row: scores (n_samples, n_classes) to probabilities.

    Every output of a row depends on every input of that row: ``d output_i / d input_j`` is
    ``output_i * ((i == j) - output_j)``, and not ``output * (1 - output)``, which is only the
    diagonal of that matrix (lecture 11). For training use ``SoftmaxCrossEntropy`` on the scores.
    """

    def _output(self) -> np.ndarray:
        check_batch("input_", self.input_)
        # A shift of a row changes nothing, and exp of what is at most 0 cannot overflow.
        exponentials = np.exp(self.input_ - self.input_.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        weighted = (output_grad * self.output).sum(axis=1, keepdims=True)
        return self.output * (output_grad - weighted)
