"""Checkpoints: a training run in a file, so that an interrupted one can go on.

A run that was stopped at any moment and goes on from its last checkpoint ends with the same bits as
one that was never stopped. So the file holds everything the rest depends on: parameters, running
averages, the optimizer's memory, the state of every random generator, the order of the samples, the
history, and the best network so far.
"""

import copy
import json
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from chainrule.history import History, Run
from chainrule.network import NeuralNetwork
from chainrule.optimizers import Optimizer
from chainrule.storage import fill, named_arrays, read_npz, write_npz

CHECKPOINT = "chainrule checkpoint 1"


def open_checkpoint(path, every: int, trainer, counts: dict, data: tuple):
    """The place of a run with these counts and data in a file; without a path, nowhere."""
    if path is None:
        return NoCheckpoint()
    return Checkpoint(path, every, trainer, counts | {"data": fingerprint(*data)})


class NoCheckpoint:
    """Stands in for a checkpoint where none is wanted."""

    def load(self) -> None:
        """There is no run to go on from."""

    def save(self, run: Run, is_over: bool) -> None:
        """Save nothing."""


class Checkpoint:
    """One training run's place in a file.

    Parameters
    ----------
    path : str or Path
    every : int
        Epochs from one writing to the next.
    trainer : Trainer
    settings : dict of str to JSON types
        What has to be the same for the run to go on, beside the parts of the trainer.
    """

    def __init__(self, path, every: int, trainer, settings: dict):
        self.path = Path(path)
        self.every = every
        self.network = network = trainer.network
        self.optimizer = trainer.optimizer
        self.schedule = trainer.schedule
        self.schedule_every = trainer.schedule_every
        self.settings = parts(trainer) | settings
        for rng in generators(network):
            rng_state(rng)  # a generator that cannot be saved is refused before the first epoch

    def save(self, run: Run, is_over: bool) -> None:
        """Replace the file by the present state, if that is due or the run is over."""
        if run.epoch % self.every and not is_over:
            return
        tree = {
            "settings": self.settings,
            "n_features": self.network.n_features,
            "dtype": self.network.params()[0].dtype.str,
            "network": named_arrays(self.network),
            "optimizer": self.optimizer.state(),
            "generators": [rng_state(rng) for rng in generators(self.network)],
            "run": asdict(run),
        }
        write_npz(self.path, CHECKPOINT, flatten(tree))

    def load(self) -> Run | None:
        """Bring network, optimizer and generators to where the file is.

        Returns
        -------
        Run or None
            None if there is no file.

        Raises
        ------
        ValueError
            If the file is damaged, something else, or of a run with other settings, data, layers or
            learning rates; nothing is changed then.
        """
        if not self.path.exists():
            return None
        arrays = read_npz(self.path, CHECKPOINT)
        trial = copy.deepcopy((self.network, self.optimizer))
        try:
            tree = unflatten(arrays)
            self._check_settings(tree["settings"])
            self._check_schedule(_restore(tree, *trial))
        except Exception as error:  # what does not fit may show anywhere
            raise ValueError(f"{self.path} is of another run: {error}") from error
        return _restore(tree, self.network, self.optimizer)

    def _check_settings(self, theirs: dict) -> None:
        for name in self.settings | theirs:
            was, is_now = theirs.get(name), self.settings.get(name)
            if was != is_now:
                raise ValueError(
                    f"{name} was {was}, and is {is_now} now; delete the file to start anew"
                )

    def _check_schedule(self, run: Run) -> None:
        """Raise unless the schedule gives the rates that the run has followed so far.

        The settings hold no more than the name of a function; a lambda is called like any other.
        """
        for epoch, was in enumerate(run.history.lr if self.schedule else []):
            last_step = (epoch + 1) * run.steps // run.epoch - 1
            is_now = float(self.schedule(epoch if self.schedule_every == "epoch" else last_step))
            if was != is_now:
                raise ValueError(
                    f"the schedule gave {was} in epoch {epoch + 1}, and gives {is_now} now; "
                    "delete the file to start anew"
                )


def _restore(tree: dict, network: NeuralNetwork, optimizer: Optimizer) -> Run:
    if not network.params():
        network.build(tree["n_features"], np.dtype(tree["dtype"]))
    fill(network, tree["network"])
    optimizer.restore(tree["optimizer"], network.params())
    for rng, state in zip(generators(network), tree["generators"], strict=True):
        if hasattr(rng, "bit_generator"):
            rng.bit_generator.state = state
        else:
            rng.set_state(state)
    return Run(**tree["run"] | {"history": History(**tree["run"]["history"])})


def generators(network: NeuralNetwork) -> list:
    """The random generators of a network and of those layers that have their own, each once."""
    found = []
    for rng in (network.rng, *(layer.rng for layer in network.layers)):
        if not any(rng is other for other in found):
            found.append(rng)
    return found


def rng_state(rng) -> dict:
    """The state of a generator of NumPy's, the legacy ``RandomState`` too."""
    if hasattr(rng, "bit_generator"):
        return rng.bit_generator.state
    if hasattr(rng, "get_state"):
        return rng.get_state(legacy=False)
    raise TypeError(
        f"a checkpoint needs a generator whose state can be saved, like np.random.default_rng(0), "
        f"got {rng!r}"
    )


def parts(trainer) -> dict:
    """What a trainer is made of, as text."""
    # What changes while a network is used says nothing about what it is, and a schedule sets the
    # learning rate anew anyway.
    changing = ("rng", "buffers", "training", "in_network", "input_", "output")
    lr = ("lr",) if trainer.schedule else ()
    return {
        "layers": [describe(layer, changing) for layer in trainer.network.layers],
        "loss": describe(trainer.network.loss),
        "optimizer": describe(trainer.optimizer, lr),
        "schedule": describe(trainer.schedule),
        "schedule_every": trainer.schedule_every,
        "max_norm": trainer.max_norm,
        "penalty": describe(trainer.penalty),
    }


def describe(part, leave_out: tuple[str, ...] = ()) -> str:
    """A part with its settings as text that is the same in every process; arrays are left out."""
    if hasattr(part, "__qualname__"):
        return part.__qualname__
    if not hasattr(part, "__dict__"):
        return repr(part)
    settings = ", ".join(
        f"{name}={describe(value, leave_out)}"
        for name, value in vars(part).items()
        if not name.startswith("_")
        and name not in leave_out
        and not isinstance(value, np.ndarray | list)
    )
    return f"{type(part).__name__}({settings})"


def fingerprint(*arrays: np.ndarray | None) -> str:
    """A short text that changes with the data."""
    total = 0
    for array in arrays:
        if array is None:
            continue
        total = zlib.crc32(f"{array.shape} {array.dtype}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(array), total)
    return f"{total:08x}"


def flatten(tree: dict) -> dict[str, np.ndarray]:
    """Take the arrays out of nested dicts and lists; the rest becomes one text, as bytes."""
    arrays = {}

    def without_arrays(node, name):
        if isinstance(node, np.ndarray):
            arrays[name] = node
            return {"array": name}
        if isinstance(node, dict):
            return {key: without_arrays(value, f"{name}/{key}") for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [without_arrays(value, f"{name}/{i}") for i, value in enumerate(node)]
        return node.item() if isinstance(node, np.generic) else node

    text = json.dumps(without_arrays(tree, "arrays"))
    return {"tree": np.frombuffer(text.encode(), np.uint8), **arrays}


def unflatten(arrays: dict[str, np.ndarray]) -> dict:
    """Put together again what ``flatten`` took apart."""

    def with_arrays(node):
        if isinstance(node, dict) and node.keys() == {"array"}:
            return arrays[node["array"]]
        if isinstance(node, dict):
            return {key: with_arrays(value) for key, value in node.items()}
        return [with_arrays(value) for value in node] if isinstance(node, list) else node

    return with_arrays(json.loads(arrays["tree"].tobytes()))
