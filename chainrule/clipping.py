"""Clipping: a limit for gradients that are too long."""

import math

import numpy as np

from chainrule import arguments


def clip_by_norm(param_grads: list[np.ndarray], max_norm: float) -> float:
    """Shorten all gradients together, in place, to a common length of at most ``max_norm``.

    All entries of all gradients are taken as one long vector; if it is longer than ``max_norm``
    (Euclidean norm), each is multiplied by ``max_norm / norm``. The direction stays.

    Parameters
    ----------
    param_grads : list of arrays of floats
    max_norm : float
        Above 0.

    Returns
    -------
    float
        The norm before clipping.

    Raises
    ------
    RuntimeError
        If there is no gradient yet.
    ValueError
        If a gradient holds NaN or infinity, which leaves no direction to keep. Nothing is changed.

    References
    ----------
    R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks",
    ICML 2013.

    Examples
    --------
    >>> grads = [np.array([3.0]), np.array([4.0])]
    >>> clip_by_norm(grads, max_norm=1)
    5.0
    >>> grads
    [array([0.6]), array([0.8])]
    """
    max_norm = arguments.above_zero("max_norm", max_norm)
    for position, grad in enumerate(param_grads):
        if grad is None:
            raise RuntimeError(f"param_grads[{position}] is None: run a batch backward first")
        if not isinstance(grad, np.ndarray) or grad.dtype.kind != "f":
            raise TypeError(f"param_grads[{position}] must be an array of floats, got {grad!r}")
    norm = math.hypot(*[_norm(grad) for grad in param_grads])
    if not math.isfinite(norm):
        raise ValueError(
            f"the gradients have norm {norm}: training has diverged, try a smaller learning rate"
        )
    if norm > max_norm:
        for grad in param_grads:
            grad *= max_norm / norm
    return norm


def _norm(grad: np.ndarray) -> float:
    # In float64: the squares of float32 numbers from 1e19 up are beyond float32.
    return float(np.linalg.norm(grad.astype(np.float64, copy=False)))
