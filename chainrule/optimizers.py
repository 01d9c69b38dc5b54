"""Optimizers: from gradients to better parameters.

The rules are those of ``torch.optim`` with the same defaults: equal gradients lead to equal
parameters.
"""

import math
from collections.abc import Iterator

import numpy as np

from chainrule import arguments


class Optimizer:
    """Changes parameters in place along their gradients (lecture 09).

    A subclass writes ``_update(param, param_grad)``, the rule for one parameter.

    Parameters
    ----------
    lr : float
        Learning rate, above 0. It may be changed between two steps; a schedule does.
    """

    def __init__(self, lr: float = 0.01):
        self.lr = arguments.above_zero("lr", lr)

    def step(self, params: list[np.ndarray], param_grads: list[np.ndarray]) -> None:
        """Update every parameter in place; the gradients stay as they are.

        Parameters
        ----------
        params, param_grads : lists of arrays of floats
            In one order and of the same shapes.

        Raises
        ------
        RuntimeError
            If there are no parameters or no gradients yet.
        ValueError
            If numbers or shapes differ; nothing is updated then.
        """
        check_gradients(params, param_grads)
        for param, param_grad in zip(params, param_grads, strict=True):
            self._update(param, param_grad)

    def _update(self, param: np.ndarray, param_grad: np.ndarray) -> None:
        raise NotImplementedError(f"{type(self).__name__} does not define _update")

    def state(self) -> dict:
        """All that the next step depends on beside the gradients, as copies."""
        return {"optimizer": type(self).__name__, "lr": self.lr}

    def restore(self, state: dict, params: list[np.ndarray]) -> None:
        """Go on from a ``state()``, with the parameters that it belongs to.

        Raises
        ------
        ValueError
            If it is another optimizer's, or does not fit the parameters.
        """
        self._check_state(state, params)
        self.lr = state["lr"]

    def _check_state(self, state: dict, params: list[np.ndarray]) -> None:
        _check_keys(state, "optimizer", "lr")
        if state["optimizer"] != type(self).__name__:
            raise ValueError(
                f"the state is one of {state['optimizer']}, this optimizer is {type(self).__name__}"
            )

    def __repr__(self) -> str:
        settings = [f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_")]
        return f"{type(self).__name__}({', '.join(settings)})"


class SGD(Optimizer):
    """Stochastic gradient descent: ``param -= lr * param_grad``."""

    def _update(self, param: np.ndarray, param_grad: np.ndarray) -> None:
        param -= self.lr * param_grad


class OptimizerWithMemory(Optimizer):
    """An optimizer that remembers earlier gradients of every parameter (lecture 12).

    A subclass names what it remembers in ``keeps``. Its ``_update`` is handed an array for each of
    these names, zeros at first, and one more, ``work``, in which to compute without making new
    arrays; all are shaped like the parameter.

    These rules have many steps, and for small arrays it is the number of steps that takes time. So
    all parameters are copied into one long row, all gradients into another, the rule is followed
    once, and the result is copied back.

    Such an optimizer belongs to the parameters of its first step: what it remembers of them would
    push others the wrong way.
    """

    keeps: tuple[str, ...] = ()

    def __init__(self, lr: float = 0.01):
        super().__init__(lr)
        self._steps = 0
        self._owners: list[np.ndarray] = []
        self._memory: dict[str, np.ndarray] = {}

    def step(self, params: list[np.ndarray], param_grads: list[np.ndarray]) -> None:
        """Update every parameter in place, as ``Optimizer.step`` says.

        Raises
        ------
        ValueError
            Also if these are not the parameters of the first step.
        """
        check_gradients(params, param_grads)
        if not self._owners:
            self._remember(params)
        if not _same_arrays(params, self._owners):
            raise ValueError(
                f"this {type(self).__name__} remembers the gradients of other parameters: "
                "give every network an optimizer of its own"
            )
        _join(params, self._param)
        _join(param_grads, self._param_grad)
        self._steps += 1
        self._update(self._param, self._param_grad, **self._memory)
        for param, piece in zip(params, _pieces(self._param, params), strict=True):
            param[...] = piece

    def _remember(self, params: list[np.ndarray]) -> None:
        self._owners = list(params)
        length, dtype = sum(param.size for param in params), np.result_type(*params)
        self._param, self._param_grad = np.zeros(length, dtype), np.zeros(length, dtype)
        self._memory = {name: np.zeros(length, dtype) for name in (*self.keeps, "work")}

    def state(self) -> dict:
        """All that the next step depends on beside the gradients, as copies."""
        kept = {
            name: [piece.copy() for piece in _pieces(self._memory.get(name), self._owners)]
            for name in self.keeps
        }
        return super().state() | {"steps": self._steps} | kept

    def restore(self, state: dict, params: list[np.ndarray]) -> None:
        """Go on from a ``state()``, with the parameters that it belongs to."""
        super().restore(state, params)
        self._steps, self._owners, self._memory = state["steps"], [], {}
        if self._steps:
            self._remember(params)
            for name in self.keeps:
                _join(state[name], self._memory[name])

    def _check_state(self, state: dict, params: list[np.ndarray]) -> None:
        super()._check_state(state, params)
        _check_keys(state, "steps", *self.keeps)
        if not isinstance(state["steps"], int) or state["steps"] < 0:
            raise ValueError(f"the steps of the state must be counted, got {state['steps']!r}")
        wanted = [(param.shape, param.dtype) for param in params] if state["steps"] else []
        for name in self.keeps:
            kept = [(array.shape, array.dtype) for array in state[name]]
            if kept != wanted:
                raise ValueError(
                    f"the state does not fit the parameters: {name} is kept for {kept}, "
                    f"but the parameters are {wanted}"
                )


class Momentum(OptimizerWithMemory):
    """Gradient descent that keeps some of its speed.

    ``velocity = momentum * velocity + param_grad``; ``param -= lr * velocity``. Under a gradient
    that stays the same it ends up ``1 / (1 - momentum)`` times as fast as ``SGD``.

    Parameters
    ----------
    lr : float
    momentum : float
        How much of the velocity is kept, from 0 (which is ``SGD``) to below 1.

    References
    ----------
    B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR
    Computational Mathematics and Mathematical Physics 4 (1964).
    """

    keeps = ("velocity",)

    def __init__(self, lr: float = 0.01, momentum: float = 0.9):
        super().__init__(lr)
        self.momentum = arguments.share("momentum", momentum)

    def _update(self, param, param_grad, velocity, work) -> None:
        velocity *= self.momentum
        velocity += param_grad
        param -= np.multiply(velocity, self.lr, out=work)


class Nesterov(Momentum):
    """Momentum that looks ahead: it steps as if the velocity had been kept once more already.

    ``velocity`` as in ``Momentum``; ``param -= lr * (param_grad + momentum * velocity)``.

    References
    ----------
    Y. Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)",
    Soviet Mathematics Doklady 27 (1983); in this form I. Sutskever, J. Martens, G. Dahl, G. Hinton,
    "On the importance of initialization and momentum in deep learning", ICML 2013.
    """

    def _update(self, param, param_grad, velocity, work) -> None:
        velocity *= self.momentum
        velocity += param_grad
        np.multiply(velocity, self.momentum, out=work)
        work += param_grad
        work *= self.lr
        param -= work


class RMSProp(OptimizerWithMemory):
    """Divides every entry of a gradient by its usual size, so that all move about equally fast.

    ``square = alpha * square + (1 - alpha) * param_grad**2``;
    ``param -= lr * param_grad / (sqrt(square) + eps)``.

    Parameters
    ----------
    lr : float
    alpha : float
        How much of the average of squares is kept, from 0 to below 1.
    eps : float
        Above 0: keeps an entry without any gradient from dividing 0 by 0.

    References
    ----------
    G. Hinton, N. Srivastava, K. Swersky, "Neural networks for machine learning", lecture 6e (2012).
    """

    keeps = ("square",)

    def __init__(self, lr: float = 0.01, alpha: float = 0.99, eps: float = 1e-8):
        super().__init__(lr)
        self.alpha = arguments.share("alpha", alpha)
        self.eps = arguments.above_zero("eps", eps)

    def _update(self, param, param_grad, square, work) -> None:
        square *= self.alpha
        np.multiply(param_grad, param_grad, out=work)
        work *= 1 - self.alpha
        square += work
        np.sqrt(square, out=work)
        work += self.eps
        np.divide(param_grad, work, out=work)
        work *= self.lr
        param -= work


class Adam(OptimizerWithMemory):
    """Momentum above, RMSProp below, both corrected for having started at zero.

    ``mean = beta1 * mean + (1 - beta1) * param_grad``, and ``square`` likewise of the squares with
    ``beta2``. After ``t`` steps the two are too small by factors ``1 - beta1**t`` and
    ``1 - beta2**t``, hence ``m = mean / (1 - beta1**t)`` and ``s = square / (1 - beta2**t)``;
    ``param -= lr * m / (sqrt(s) + eps)``. In the code, numerator and denominator are multiplied by
    the root of ``1 - beta2**t``, so that no array has to be corrected.

    Parameters
    ----------
    lr : float
        About how far an entry moves in one step, whatever the size of its gradients.
    betas : pair of floats
        How much of the two averages is kept, each from 0 to below 1.
    eps : float
        Above 0, as in ``RMSProp``.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    keeps = ("mean", "square")

    def __init__(
        self, lr: float = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ):
        super().__init__(lr)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ValueError(f"betas must be a pair of numbers, got {betas!r}")
        self.betas = tuple(arguments.share(f"betas[{i}]", beta) for i, beta in enumerate(betas))
        self.eps = arguments.above_zero("eps", eps)

    def _update(self, param, param_grad, mean, square, work) -> None:
        beta1, beta2 = self.betas
        mean *= beta1
        mean += np.multiply(param_grad, 1 - beta1, out=work)
        square *= beta2
        np.multiply(param_grad, param_grad, out=work)
        work *= 1 - beta2
        square += work
        root = math.sqrt(1 - beta2**self._steps)
        np.sqrt(square, out=work)
        work += root * self.eps
        np.divide(mean, work, out=work)
        work *= root * self.lr / (1 - beta1**self._steps)
        param -= work


class AdamW(Adam):
    """Adam after shrinking the parameters: ``param *= 1 - lr * weight_decay``.

    A penalty on the weights that went through the gradient would be divided by its usual size like
    the rest of it, and would hardly shrink the weights that have large gradients. Here every
    parameter, bias or not, shrinks at the same rate.

    Parameters
    ----------
    lr, betas, eps
        As in ``Adam``.
    weight_decay : float
        From 0 (which is ``Adam``) up.

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    def __init__(
        self,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        super().__init__(lr, betas, eps)
        self.weight_decay = arguments.at_least_zero("weight_decay", weight_decay)

    def _update(self, param, param_grad, mean, square, work) -> None:
        param *= 1 - self.lr * self.weight_decay
        super()._update(param, param_grad, mean, square, work)


def check_gradients(params: list[np.ndarray], param_grads: list[np.ndarray]) -> None:
    """Raise unless there is a gradient of the right shape for every parameter, all of floats."""
    if not isinstance(params, (list, tuple)) or not isinstance(param_grads, (list, tuple)):
        raise TypeError(
            "params and param_grads must be lists of arrays, "
            f"got {type(params).__name__} and {type(param_grads).__name__}"
        )
    if not params:
        raise RuntimeError(
            "there are no parameters to update: run a batch forward and backward first"
        )
    if len(params) != len(param_grads):
        raise ValueError(f"there are {len(params)} params, but {len(param_grads)} param_grads")
    try:
        for param, param_grad in zip(params, param_grads, strict=True):
            if param.shape != param_grad.shape or param.dtype.kind != "f":
                break
        else:
            return
    except AttributeError:  # something is no array
        pass
    _explain_misfit(params, param_grads)


def _explain_misfit(params: list[np.ndarray], param_grads: list[np.ndarray]) -> None:
    for position, (param, param_grad) in enumerate(zip(params, param_grads, strict=True)):
        if param_grad is None:
            raise RuntimeError(
                f"param_grads[{position}] is None: run a batch backward before the step"
            )
        _check_floats("params", position, param)
        _check_floats("param_grads", position, param_grad)
        if param.shape != param_grad.shape:
            raise ValueError(
                f"param_grads[{position}] has shape {param_grad.shape}, but params[{position}] "
                f"has shape {param.shape}: they must be the same"
            )


def _check_floats(name: str, position: int, array: np.ndarray) -> None:
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        what = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else repr(array)
        raise TypeError(f"{name}[{position}] must be an array of floats, got {what}")


def _check_keys(state: dict, *names: str) -> None:
    if not isinstance(state, dict):
        raise TypeError(f"state must be a dict like that of state(), got {state!r}")
    missing = [name for name in names if name not in state]
    if missing:
        raise ValueError(f"this is no state of an optimizer: it lacks {', '.join(missing)}")
    arguments.at_least_zero("the lr of the state", state["lr"])


def _join(arrays: list[np.ndarray], row: np.ndarray) -> None:
    """Copy arrays into one long row, one after the other."""
    np.concatenate([array.ravel() for array in arrays], out=row)


def _pieces(row: np.ndarray, arrays: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Cut a long row, without copying, into pieces shaped like the arrays."""
    start = 0
    for array in arrays:
        yield row[start : start + array.size].reshape(array.shape)
        start += array.size


def _same_arrays(ones: list[np.ndarray], others: list[np.ndarray]) -> bool:
    """Whether two lists hold the same arrays, or views of the same memory."""
    return len(ones) == len(others) and all(
        one is other or (one.shape == other.shape and np.shares_memory(one, other))
        for one, other in zip(ones, others, strict=True)
    )
