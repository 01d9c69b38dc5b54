"""The trainer: epochs, batches, validation and early stopping."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from chainrule.network import NeuralNetwork
from chainrule.optimizers import Optimizer


@dataclass
class History:
    """What happened while a network was trained.

    Attributes
    ----------
    train_loss : list of float
        One a training epoch: the mean over its samples, each taken before its batch's update.
    val_epochs : list of int
        The epochs, from 1, after which the validation loss was measured.
    val_loss : list of float
        One for each of ``val_epochs``.
    best_epoch : int or None
        The epoch with the lowest validation loss; None without validation data.
    stopped_early : bool
    """

    train_loss: list[float] = field(default_factory=list)
    val_epochs: list[int] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped_early: bool = False


class Trainer:
    """Trains a network with an optimizer (lecture 09).

    Parameters
    ----------
    network : NeuralNetwork
        Changed in place; its random generator also shuffles the batches.
    optimizer : Optimizer
    """

    def __init__(self, network: NeuralNetwork, optimizer: Optimizer):
        self.network = network
        self.optimizer = optimizer

    def fit(
        self,
        X_train: np.ndarray,
        y_train: np.ndarray,
        X_val: np.ndarray | None = None,
        y_val: np.ndarray | None = None,
        *,
        epochs: int = 100,
        batch_size: int = 32,
        eval_every: int = 1,
        patience: int | None = None,
    ) -> History:
        """Train for some epochs, or until the validation loss stops getting better.

        Parameters
        ----------
        X_train, y_train : arrays (n_samples, n_features), (n_samples, n_outputs)
        X_val, y_val : arrays, optional
            Held out; they choose when to stop, so the final judgement needs a third set.
        epochs : int
        batch_size : int
            The last batch of an epoch may be smaller; no sample is dropped.
        eval_every : int
            Measure the validation loss every so many epochs.
        patience : int, optional
            Stop after this many measurements in a row without a new best, and put the best
            parameters back into the network. None: train to the end and keep the last ones.

        Returns
        -------
        History

        Raises
        ------
        ValueError
            If lengths do not match, a batch would be empty, a count is not positive, or patience
            is given without validation data.
        """
        _check_pair("train", X_train, y_train)
        has_val = X_val is not None
        if has_val != (y_val is not None):
            raise ValueError("X_val and y_val come together: got only one of them")
        if has_val:
            _check_pair("val", X_val, y_val)
        if patience is not None and not has_val:
            raise ValueError("patience needs validation data: pass X_val and y_val")
        _check_counts(
            epochs=epochs, batch_size=batch_size, eval_every=eval_every, patience=patience
        )

        history = History()
        best_loss, best_params, waited = np.inf, None, 0
        for epoch in range(1, epochs + 1):
            history.train_loss.append(self._train_epoch(X_train, y_train, batch_size))
            if not has_val or epoch % eval_every:
                continue
            val_loss = self.network.loss.forward(self.network.forward(X_val), y_val)
            history.val_epochs.append(epoch)
            history.val_loss.append(val_loss)
            if val_loss < best_loss:
                best_loss, waited, history.best_epoch = val_loss, 0, epoch
                if patience is not None:
                    best_params = [param.copy() for param in self.network.params()]
            else:
                waited += 1
            if patience is not None and waited >= patience:
                history.stopped_early = True
                break

        if best_params is not None:
            for param, best in zip(self.network.params(), best_params, strict=True):
                param[...] = best  # in place: the caller holds this network
        return history

    def _train_epoch(self, X: np.ndarray, y: np.ndarray, batch_size: int) -> float:
        total = 0.0
        for X_batch, y_batch in batches(X, y, batch_size, self.network.rng):
            total += self.network.train_batch(X_batch, y_batch) * len(X_batch)
            self.optimizer.step(self.network.params(), self.network.param_grads())
        return total / len(X)


def batches(X: np.ndarray, y: np.ndarray, batch_size: int, rng) -> Iterator[tuple]:
    """Yield the samples in shuffled batches ``(X_batch, y_batch)``; the last may be smaller."""
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        chosen = order[start : start + batch_size]
        yield X[chosen], y[chosen]


def _check_pair(name: str, X, y) -> None:
    for letter, array in (("X", X), ("y", y)):
        if np.ndim(array) != 2 or len(array) == 0:
            raise ValueError(
                f"{letter}_{name} must be an array with a row for every sample, at least one, "
                f"got shape {np.shape(array)}"
            )
    if len(X) != len(y):
        raise ValueError(f"X_{name} has {len(X)} samples, but y_{name} has {len(y)}")


def _check_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"{name} must be at least 1, got {count!r}")
