"""Storage: a network's parameters in a file, and back.

Files are NumPy's ``.npz``: names and arrays, readable with ``numpy.load``. Nothing is pickled, so a
file from somebody else cannot run code.
"""

import copy
import io
import os
import secrets
from pathlib import Path

import numpy as np

from chainrule import arguments
from chainrule.network import NeuralNetwork

PARAMETERS = "chainrule parameters 1"


def save_params(network: NeuralNetwork, path) -> None:
    """Write all that a network has learned to a file.

    That is its parameters and buffers (the running averages of ``BatchNorm``), named by layer:
    ``layer0.Dense.param0`` and so on. The layers themselves are not stored: build the same ones to
    load the file into.

    Parameters
    ----------
    network : NeuralNetwork
    path : str or Path
        Usually ending in ``.npz``. A file that is there is replaced in one go: whatever happens,
        the old or the new one is there, whole.

    Raises
    ------
    RuntimeError
        If the network has no parameters yet.
    """
    arguments.instance("network", network, "a network", "params", "buffers")
    if not network.params():
        raise RuntimeError(
            "the network has no parameters yet: run a batch through it or build it first"
        )
    arrays = {"n_features": np.array(network.n_features), **named_arrays(network)}
    write_npz(path, PARAMETERS, arrays)


def load_params(network: NeuralNetwork, path) -> None:
    """Read into a network, in place, what ``save_params`` has written.

    A network that has no parameters yet is built for the width and dtype in the file.

    Parameters
    ----------
    network : NeuralNetwork
        With the same layers as the one that was saved.
    path : str or Path

    Raises
    ------
    OSError
        If the file cannot be read: ``FileNotFoundError`` if there is none.
    ValueError
        If it is damaged, something else, or of other layers; the network is unchanged then.
    """
    arguments.instance("network", network, "a network", "params", "build")
    arrays = read_npz(path, PARAMETERS)
    try:
        n_features = int(arrays.pop("n_features"))
        if not network.params():
            dtype = next(iter(arrays.values())).dtype
            fill(copy.deepcopy(network).build(n_features, dtype), arrays)  # a trial
            network.build(n_features, dtype)
        if n_features != network.n_features:
            raise ValueError(f"it is for {n_features} features, not {network.n_features}")
        fill(network, arrays)
    except (KeyError, MemoryError, StopIteration, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not fit the network: {error}") from error


def named_arrays(network: NeuralNetwork) -> dict[str, np.ndarray]:
    """The parameters and buffers themselves, not copies, by layer: ``layer0.Dense.param0``."""
    arrays = {}
    for position, layer in enumerate(network.layers):
        for kind, group in (("param", layer.params()), ("buffer", layer.buffers)):
            for number, array in enumerate(group):
                arrays[f"layer{position}.{type(layer).__name__}.{kind}{number}"] = array
    return arrays


def fill(network: NeuralNetwork, arrays: dict[str, np.ndarray]) -> None:
    """Copy arrays into those of a network, by name.

    Raises
    ------
    ValueError
        If names, shapes or dtypes differ; nothing is copied then.
    """
    own = named_arrays(network)
    if list(own) != list(arrays):
        raise ValueError(f"it has {_listed(arrays)}, the network {_listed(own)}")
    for name, array in arrays.items():
        if (array.shape, array.dtype) != (own[name].shape, own[name].dtype):
            raise ValueError(
                f"{name} has shape {array.shape} and dtype {array.dtype}, in the network "
                f"{own[name].shape} and {own[name].dtype}"
            )
    for name, array in arrays.items():
        own[name][...] = array


def write_npz(path, kind: str, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays and a mark of their kind to a file, all or nothing."""
    path = Path(path)
    # Beside the file, since only within one file system a file can replace another in one go.
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, kind=np.array(kind), **arrays)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_npz(path, kind: str) -> dict[str, np.ndarray]:
    """Read what ``write_npz`` has written.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is damaged or of another kind.
    """
    data = Path(path).read_bytes()
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # damage may show anywhere: in the archive, a header, the numbers
        raise ValueError(f"{path} is damaged, or no .npz file: {error}") from error
    found = arrays.pop("kind", None)
    if found is None or found.shape != () or found.item() != kind:
        raise ValueError(f"{path} is no file of {kind!r}")
    return arrays


def _listed(names) -> str:
    return ", ".join(names) or "no arrays"
