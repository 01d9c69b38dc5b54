"""The history of a training run, and how far the run has come."""

from dataclasses import dataclass, field

import numpy as np

from chainrule.network import NeuralNetwork


@dataclass
class History:
    """What happened while a network was trained.

    Attributes
    ----------
    train_loss : list of float
        One an epoch: the mean over its samples, each taken before its batch's update.
    lr : list of float
        The learning rate at the end of each epoch.
    val_epochs : list of int
        The epochs, from 1, after which the validation loss was measured.
    val_loss : list of float
        One for each of ``val_epochs``.
    best_epoch : int or None
        The epoch with the lowest validation loss; None without validation data.
    stopped_early : bool

    Losses are without the penalty, so that the two can be compared.
    """

    train_loss: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    val_epochs: list[int] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped_early: bool = False


@dataclass
class Run:
    """All that a training run carries from epoch to epoch beside network and optimizer.

    Attributes
    ----------
    order : array of int
        In which the samples came last. Each epoch shuffles the order of the epoch before.
    history : History
    steps : int
        How many batches there have been.
    best_loss : float
        The lowest validation loss so far.
    best : list of arrays
        The network's parameters and buffers when it was measured; empty unless they are kept.
    waited : int
        Measurements since.
    """

    order: np.ndarray
    history: History = field(default_factory=History)
    steps: int = 0
    best_loss: float = np.inf
    best: list[np.ndarray] = field(default_factory=list)
    waited: int = 0

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history.train_loss)

    def is_over(self, epochs: int) -> bool:
        """Whether so many epochs are done, or the patience has come to its end."""
        return self.epoch >= epochs or self.history.stopped_early

    def shuffle(self, rng) -> None:
        """Put the samples into another order, for the next epoch."""
        self.order = self.order[rng.permutation(len(self.order))]

    def judge(self, val_loss: float, network: NeuralNetwork, patience: int | None) -> None:
        """Note a validation loss; with patience, keep what is best and tell when to stop."""
        self.history.val_epochs.append(self.epoch)
        self.history.val_loss.append(val_loss)
        if val_loss < self.best_loss:
            self.best_loss, self.history.best_epoch, self.waited = val_loss, self.epoch, 0
            if patience is not None:
                self._keep(network)
        else:
            self.waited += 1
        self.history.stopped_early = patience is not None and self.waited >= patience

    def _keep(self, network: NeuralNetwork) -> None:
        arrays = network.params() + network.buffers()
        if not self.best:
            self.best = [np.empty_like(array) for array in arrays]
        for best, array in zip(self.best, arrays, strict=True):
            best[...] = array

    def put_back_best(self, network: NeuralNetwork) -> None:
        """Write the best arrays, if any were kept, into the network that the caller holds."""
        if self.best:
            for array, best in zip(network.params() + network.buffers(), self.best, strict=True):
                array[...] = best
