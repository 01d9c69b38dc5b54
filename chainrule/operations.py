"""Operations: the smallest parts that know how to run forward and how to send a gradient back.

Everything larger is made of these. An operation is one array function and its derivative; the base
class does the book-keeping, so that a subclass holds nothing but the mathematics (lecture 07).
"""

import numpy as np


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
    """

    input_ = None
    output = None

    def forward(self, input_: np.ndarray) -> np.ndarray:
        """Remember the input, compute the output, remember and return it."""
        self.input_ = input_
        self.output = self._output()
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
        self.param_grad = self._param_grad(output_grad)
        check_same_shape("param_grad", self.param_grad, "param", self.param)
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
        return self.input_ @ self.param

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad @ self.param.T

    def _param_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return self.input_.T @ output_grad


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


class Sigmoid(Operation):
    """``1 / (1 + exp(-x))``, elementwise; its derivative is ``output * (1 - output)``."""

    def _output(self) -> np.ndarray:
        with np.errstate(over="ignore"):  # exp may reach inf: 1 / (1 + inf) is the 0 we want
            return 1.0 / (1.0 + np.exp(-self.input_))

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad * self.output * (1.0 - self.output)


class Linear(Operation):
    """The identity: what a layer without an activation uses.

    PyTorch gives the name ``Linear`` to the whole affine map ``X @ W + b``, our ``Dense``.
    """

    def _output(self) -> np.ndarray:
        return self.input_

    def _input_grad(self, output_grad: np.ndarray) -> np.ndarray:
        return output_grad
