"""The trainer: epochs, batches, validation and early stopping."""

from collections.abc import Callable

import numpy as np

from chainrule import arguments
from chainrule.batches import batches, check_data
from chainrule.checkpoint import Checkpoint, fingerprint
from chainrule.clipping import clip_by_norm
from chainrule.history import History, Run
from chainrule.losses import L2
from chainrule.network import NeuralNetwork
from chainrule.optimizers import Optimizer
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
        schedule: Callable[[int], float] | None = None,
        schedule_every: str = "epoch",
        max_norm: float | None = None,
        penalty: L2 | None = None,
    ):
        arguments.instance("network", network, "a network", "train_batch", "params")
        arguments.instance("optimizer", optimizer, "an optimizer like SGD(lr=0.1)", "step")
        if schedule is not None and not callable(schedule):
            raise TypeError(f"schedule must be a function like CosineDecay(0.1, 50): {schedule!r}")
        if schedule_every not in ("epoch", "step"):
            raise ValueError(f"schedule_every must be 'epoch' or 'step', got {schedule_every!r}")
        if max_norm is not None:
            max_norm = arguments.above_zero("max_norm", max_norm)
        if penalty is not None:
            arguments.instance("penalty", penalty, "a penalty like L2(0.01)", "add_grads")
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
        for name, value in {
            **counts,
            "epochs": epochs,
            "checkpoint_every": checkpoint_every,
        }.items():
            if name != "patience" or patience is not None:
                arguments.count(name, value)
        data = (X_train, y_train, X_val, y_val)
        check_data(self.network, *data, batch_size)
        has_val = X_val is not None
        if patience is not None and not has_val:
            raise ValueError("patience needs validation data: pass X_val and y_val")

        run, file = Run(np.arange(len(X_train))), None
        if checkpoint is not None:
            file = Checkpoint(checkpoint, self, counts | {"data": fingerprint(*data)})
            run = file.load() or run
        try:
            with show_progress(epochs, progress) as report:
                while run.epoch < epochs and not run.history.stopped_early:
                    self._train_epoch(run, X_train, y_train, batch_size)
                    if has_val and run.epoch % eval_every == 0:
                        run.judge(self._loss(X_val, y_val), self.network, patience)
                    ends = run.epoch == epochs or run.history.stopped_early
                    if file is not None and (ends or run.epoch % checkpoint_every == 0):
                        file.save(run)
                    report(run.history)
        finally:
            self.network.eval()
        run.put_back_best(self.network)
        return run.history

    def _train_epoch(self, run: Run, X: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        self._follow_schedule("epoch", run.epoch)
        self.network.train()
        run.order = run.order[self.network.rng.permutation(len(X))]
        total = 0.0
        for X_batch, y_batch in batches(X, y, run.order, batch_size):
            self._follow_schedule("step", run.steps)
            total += self._train_batch(X_batch, y_batch) * len(X_batch)
            run.steps += 1
        run.history.train_loss.append(total / len(X))
        run.history.lr.append(self.optimizer.lr)

    def _train_batch(self, X: np.ndarray, y: np.ndarray) -> float:
        loss = self.network.train_batch(X, y)
        if self.penalty is not None:
            self.penalty.add_grads(self.network.layers)
        param_grads = self.network.param_grads()
        if self.max_norm is not None:
            clip_by_norm(param_grads, self.max_norm)
        self.optimizer.step(self.network.params(), param_grads)
        return loss

    def _loss(self, X: np.ndarray, y: np.ndarray) -> float:
        self.network.eval()
        return self.network.loss.forward(self.network.forward(X), y)

    def _follow_schedule(self, unit: str, done: int) -> None:
        if self.schedule is not None and unit == self.schedule_every:
            lr = self.schedule(done)
            self.optimizer.lr = arguments.at_least_zero("the schedule's learning rate", lr)
