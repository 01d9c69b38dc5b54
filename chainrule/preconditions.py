"""Preconditions: what must hold before a network is trained. Nothing is changed here."""

import copy

import numpy as np

from chainrule import arguments
from chainrule.layers import BatchNorm
from chainrule.network import NeuralNetwork
from chainrule.operations import check_batch


def check_trainer(network, optimizer, schedule, schedule_every, max_norm, penalty) -> None:
    """Raise unless these can be the parts of a trainer."""
    arguments.instance("network", network, "a network", "train_batch", "params")
    arguments.instance("optimizer", optimizer, "an optimizer like SGD(lr=0.1)", "step")
    if schedule is not None and not callable(schedule):
        raise TypeError(f"schedule must be a function like CosineDecay(0.1, 50): {schedule!r}")
    if schedule_every not in ("epoch", "step"):
        raise ValueError(f"schedule_every must be 'epoch' or 'step', got {schedule_every!r}")
    if max_norm is not None:
        arguments.above_zero("max_norm", max_norm)
    if penalty is not None:
        arguments.instance("penalty", penalty, "a penalty like L2(0.01)", "add_grads")


def check_counts(*, patience: int | None, **counts: int) -> None:
    """Raise unless all are whole numbers from 1 up; only ``patience`` may be None."""
    for name, value in counts.items():
        arguments.count(name, value)
    if patience is not None:
        arguments.count("patience", patience)


def check_data(
    network: NeuralNetwork, X_train, y_train, X_val, y_val, batch_size: int, patience: int | None
) -> None:
    """Raise unless the data of a training run fit each other, the network and its loss.

    Parameters
    ----------
    network : NeuralNetwork
        Not changed; one without parameters yet takes any width.
    X_train, y_train, X_val, y_val : arrays
        Looked through once for NaN and infinity, which would spoil every parameter. The last two
        may both be None.
    batch_size : int
    patience : int or None
    """
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val come together: got only one of them")
    _check_pair("train", X_train, y_train, network)
    _check_batch_size(len(X_train), batch_size, network)
    if X_val is not None:
        _check_pair("val", X_val, y_val, network)
        if X_val.shape[1] != X_train.shape[1]:
            raise ValueError(
                f"X_val has {X_val.shape[1]} features, but X_train has {X_train.shape[1]}"
            )
    elif patience is not None:
        raise ValueError("patience needs validation data: pass X_val and y_val")


def _check_pair(which: str, X, y, network: NeuralNetwork) -> None:
    X_name, y_name = f"X_{which}", f"y_{which}"
    check_batch(X_name, X)
    if not isinstance(y, np.ndarray):
        raise TypeError(f"{y_name} must be an array, got {type(y).__name__}")
    if y.dtype.kind not in "buif":
        raise TypeError(f"{y_name} must hold numbers, got an array of {y.dtype}")
    if y.ndim == 0 or len(X) != len(y):
        raise ValueError(f"{X_name} has {len(X)} samples, but {y_name} has shape {y.shape}")
    _check_finite(X_name, X)
    _check_finite(y_name, y)
    if network.n_features not in (None, X.shape[1]):
        raise ValueError(
            f"{X_name} has {X.shape[1]} features, but the network was built for "
            f"{network.n_features}"
        )
    _check_targets(y_name, y, X.dtype, network)


def _check_finite(name: str, array: np.ndarray) -> None:
    if array.dtype.kind == "f":
        finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
        if not finite.all():
            row = int(finite.argmin())
            bad = array[row][~np.isfinite(array[row])]
            raise ValueError(f"{name} holds {bad.flat[0]} in row {row}: it must be finite")


def _check_targets(name: str, y: np.ndarray, dtype, network: NeuralNetwork) -> None:
    """Let the loss look at all targets, with predictions that none refuses."""
    widths = [layer.neurons for layer in network.layers if hasattr(layer, "neurons")]
    if not widths:
        return
    prediction = np.full((len(y), widths[-1]), 0.5, np.result_type(dtype, 1.0))
    try:
        copy.copy(network.loss).forward(prediction, y.copy())  # copies: a try leaves no trace
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        loss = type(network.loss).__name__
        raise kind(f"{name} does not suit {loss} and the network: {error}") from error


def _check_batch_size(n_samples: int, batch_size: int, network: NeuralNetwork) -> None:
    """Raise if a batch would hold a single sample, and a layer needs more."""
    single = 1 in (n_samples, batch_size, n_samples % batch_size)
    if single and any(isinstance(layer, BatchNorm) for layer in network.layers):
        raise ValueError(
            f"{n_samples} samples in batches of {batch_size} leave a batch with a single sample, "
            "from which BatchNorm cannot take a variance: choose another batch_size"
        )
