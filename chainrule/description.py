"""A network described as data: a list with a dict for every layer, as a JSON file might hold it.

======================= ==================== ==============================
type                    keys it needs        keys it may have
======================= ==================== ==============================
``input``               neurons
``fully connected``     neurons              activation, initialiser
``dropout``                                  rate
``batch normalisation``                      momentum, eps
``output``              neurons, loss        activation, initialiser
======================= ==================== ==============================

The input comes first and the output, a fully connected layer with the loss, comes last.
"""

from difflib import get_close_matches

import numpy as np

from chainrule import arguments, initialisers, losses, operations
from chainrule.layers import BatchNorm, Dense, Dropout, Layer
from chainrule.network import NeuralNetwork

ACTIVATIONS = {
    "linear": operations.Linear,
    "sigmoid": operations.Sigmoid,
    "tanh": operations.Tanh,
    "relu": operations.ReLU,
    "leaky relu": operations.LeakyReLU,
    "softmax": operations.Softmax,
}
LOSSES = {
    "mean squared error": losses.MeanSquaredError,
    "mean absolute error": losses.MeanAbsoluteError,
    "binary cross-entropy": losses.BinaryCrossEntropy,
    "binary cross-entropy with logits": losses.BinaryCrossEntropyWithLogits,
    "softmax cross-entropy": losses.SoftmaxCrossEntropy,
}
INITIALISERS = {
    "normal": initialisers.normal,
    "lecun": initialisers.lecun,
    "xavier": initialisers.xavier,
    "he": initialisers.he,
}


def dense(neurons: int, activation: str = "linear", initialiser: str = "normal") -> Dense:
    """A fully connected layer whose activation and initialiser are given by their names."""
    return Dense(neurons, ACTIVATIONS[activation](), init=INITIALISERS[initialiser])


LAYERS = {
    "fully connected": dense,
    "dropout": Dropout,
    "batch normalisation": BatchNorm,
    "output": dense,
}
# For every type the keys that it needs and those that it may have.
KEYS = {
    "input": (("neurons",), ()),
    "fully connected": (("neurons",), ("activation", "initialiser")),
    "dropout": ((), ("rate",)),
    "batch normalisation": ((), ("momentum", "eps")),
    "output": (("neurons", "loss"), ("activation", "initialiser")),
}
# For every key whose value is a name the names that it may have.
NAMES = {"activation": ACTIVATIONS, "initialiser": INITIALISERS, "loss": LOSSES}


def network_from_description(description: list[dict], rng, dtype=np.float64) -> NeuralNetwork:
    """Build a network, with its parameters, from a description (lecture 08).

    Parameters
    ----------
    description : list of dict
        See the table above. Without an activation a layer is linear.
    rng : numpy.random.Generator
        Draws the parameters, and shuffles the batches later.
    dtype : dtype of floats
        Of the data to come, and so of the parameters.

    Raises
    ------
    TypeError, ValueError
        If something is missing, unknown or in the wrong place; they say where, and what was
        probably meant.

    Examples
    --------
    >>> network = network_from_description(
    ...     [
    ...         {"type": "input", "neurons": 4},
    ...         {"type": "fully connected", "neurons": 8, "activation": "tanh"},
    ...         {"type": "output", "neurons": 3, "loss": "mean squared error"},
    ...     ],
    ...     np.random.default_rng(0),
    ... )
    >>> [param.shape for param in network.params()]
    [(4, 8), (1, 8), (8, 3), (1, 3)]
    """
    check_description(description)
    first, *rest = description
    layers = [layer_from(entry) for entry in rest]
    loss = LOSSES[rest[-1]["loss"]]()
    return NeuralNetwork(layers, loss, rng).build(first["neurons"], dtype)


def layer_from(entry: dict) -> Layer:
    """Build the layer that an entry describes; its other keys are the arguments."""
    settings = {key: value for key, value in entry.items() if key not in ("type", "loss")}
    return LAYERS[entry["type"]](**settings)


def check_description(description: list[dict]) -> None:
    """Raise as ``network_from_description`` does, unless it could build a network."""
    if not isinstance(description, list | tuple):
        raise TypeError(f"a description must be a list of dicts, got {description!r}")
    for position, entry in enumerate(description):
        _check_keys(f"description[{position}]", entry)
    _check_order([entry["type"] for entry in description])
    for position, entry in enumerate(description):
        _check_values(f"description[{position}]", entry)


def _check_keys(where: str, entry: dict) -> None:
    if not isinstance(entry, dict):
        raise TypeError(f"{where} must be a dict, got {entry!r}")
    if "type" not in entry:
        raise ValueError(f'{where} needs the key "type"; it has {_quoted(entry)}')
    _check_name(f"{where}: type", entry["type"], KEYS)
    needed, possible = KEYS[entry["type"]]
    known = ("type", *needed, *possible)
    for key in entry:
        if key not in known:
            raise ValueError(f"{where} ({entry['type']}) has {_unknown('key', key, known)}")
    for key in needed:
        if key not in entry:
            raise ValueError(
                f'{where} ({entry["type"]}) needs the key "{key}"; it has {_quoted(entry)}'
            )


def _check_order(types: list[str]) -> None:
    for name, position, place in (("input", 0, "first"), ("output", len(types) - 1, "last")):
        found = [i for i, one in enumerate(types) if one == name]
        if found != [position]:
            places = ", ".join(f"description[{i}]" for i in found) or "nowhere"
            raise ValueError(f"{name} must come once and {place}, got it at: {places}")


def _check_values(where: str, entry: dict) -> None:
    if "neurons" in entry:
        arguments.count(f"{where}: neurons", entry["neurons"])
    for key, known in NAMES.items():
        if key in entry:
            _check_name(f"{where}: {key}", entry[key], known)
    if entry["type"] != "input":
        try:
            layer_from(entry)  # a trial, for what the layer itself refuses
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where} ({entry['type']}): {error}") from None


def _check_name(where: str, name, known: dict) -> None:
    if not isinstance(name, str):
        raise TypeError(f"{where} must be a name, as text, got {name!r}")
    if name not in known:
        raise ValueError(f"{where} is {_unknown('name', name, known)}")


def _unknown(kind: str, word, known) -> str:
    """``the unknown key "neuron"; did you mean "neurons"?``, or all there are if none is near."""
    near = get_close_matches(str(word).lower(), known, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"known are {_quoted(known)}"
    return f'the unknown {kind} "{word}"; {hint}'


def _quoted(words) -> str:
    return ", ".join(f'"{word}"' for word in words) or "none"
