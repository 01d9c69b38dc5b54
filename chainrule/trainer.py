"""The trainer: epochs, batches, validation and early stopping.

What is not the algorithm is elsewhere: what may be trained on what (``preconditions``), the state
of a run (``history``), its file (``checkpoint``), and what is shown of it (``progress``).
"""

import numpy as np

from chainrule import arguments
from chainrule.batches import batches
from chainrule.checkpoint import open_checkpoint
from chainrule.clipping import clip_by_norm
from chainrule.history import History, Run
from chainrule.network import NeuralNetwork
from chainrule.optimizers import Optimizer
from chainrule.preconditions import check_counts, check_data, check_trainer
from chainrule.progress import show_progress


class Trainer:
    """Trains a network with an optimizer (lecture 09).

    Parameters
    ----------
    network : NeuralNetwork
        Changed in place; its random generator also shuffles the batches.
    optimizer : Optimizer
    schedule : callable, optional
        Turns the number of epochs done in this ``fit``, 0 at first, into the learning rate of the
        next one, see ``chainrule.schedules`` (lecture 12).
    schedule_every : "epoch" or "step"
        Whether the schedule counts epochs or batches.
    max_norm : float, optional
        Gradients that are longer, all together, are cut to this norm by ``clip_by_norm``.
    penalty : L2, optional
        Its gradient is added to the loss's, before they are cut. The losses in the history are
        without it.
    """

    def __init__(
        self,
        network: NeuralNetwork,
        optimizer: Optimizer,
        *,
        schedule=None,
        schedule_every: str = "epoch",
        max_norm: float | None = None,
        penalty=None,
    ):
        check_trainer(network, optimizer, schedule, schedule_every, max_norm, penalty)
        self.network = network
        self.optimizer = optimizer
        self.schedule = schedule
        self.schedule_every = schedule_every
        self.max_norm = max_norm
        self.penalty = penalty

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
        progress: bool = False,
        checkpoint=None,
        checkpoint_every: int = 1,
    ) -> History:
        """Train for some epochs, or until the validation loss stops getting better.

        The network is switched to training before every epoch and to use before it is validated
        and when it comes back.

        Parameters
        ----------
        X_train, y_train : arrays (n_samples, n_features), (n_samples, n_outputs)
            The targets may have another shape that the loss takes: class ids (n_samples,).
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
        progress : bool
            Show how far training is: a bar in a terminal, ten lines elsewhere.
        checkpoint : str or Path, optional
            A file to write the state of the run to. If it is there already, the run goes on from
            it, and ends as if it had never been interrupted. To train longer, raise ``epochs``.
        checkpoint_every : int
            Write it every so many epochs, and at the end.

        Returns
        -------
        History

        Raises
        ------
        TypeError
            If data are no arrays of numbers.
        ValueError
            If data hold NaN or infinity, or do not fit each other, the network or its loss; if a
            count is below 1, or patience is given without validation data; if the checkpoint is
            damaged or belongs to other settings or data. The network is not trained then.
        """
        counts = {"batch_size": batch_size, "eval_every": eval_every, "patience": patience}
        data = (X_train, y_train, X_val, y_val)
        check_counts(epochs=epochs, checkpoint_every=checkpoint_every, **counts)
        check_data(self.network, *data, batch_size, patience)
        file = open_checkpoint(checkpoint, checkpoint_every, self, counts, data)
        run = file.load() or Run(np.arange(len(X_train)))
        try:
            with show_progress(epochs, progress) as report:
                while not run.is_over(epochs):
                    self._train_epoch(run, X_train, y_train, batch_size)
                    if X_val is not None and run.epoch % eval_every == 0:
                        run.judge(self.evaluate(X_val, y_val), self.network, patience)
                    file.save(run, run.is_over(epochs))
                    report(run.history)
        finally:
            self.network.eval()
        run.put_back_best(self.network)
        return run.history

    def evaluate(self, X: np.ndarray, y: np.ndarray) -> float:
        """Measure the loss on some data, without training; the network is switched to use."""
        self.network.eval()
        return self.network.loss.forward(self.network.forward(X), y)

    def _train_epoch(self, run: Run, X: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        self.network.train()
        run.shuffle(self.network.rng)
        total = 0.0
        for X_batch, y_batch in batches(X, y, run.order, batch_size):
            total += self.network.train_batch(X_batch, y_batch) * len(X_batch)
            self._before_step(run)
            self.optimizer.step(self.network.params(), self.network.param_grads())
            run.steps += 1
        run.history.train_loss.append(total / len(X))
        run.history.lr.append(self.optimizer.lr)

    def _before_step(self, run: Run) -> None:
        if self.penalty is not None:
            self.penalty.add_grads(self.network.layers)
        if self.max_norm is not None:
            clip_by_norm(self.network.param_grads(), self.max_norm)
        if self.schedule is not None:
            lr = self.schedule(run.epoch if self.schedule_every == "epoch" else run.steps)
            self.optimizer.lr = arguments.at_least_zero("the schedule's learning rate", lr)
