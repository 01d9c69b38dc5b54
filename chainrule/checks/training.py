"""Judging a function that trains a network: by what the network then predicts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.checks.crashes import stops_with
from chainrule.checks.message import Message
from chainrule.checks.outcome import NUMBERS_IN_A_LIST, Outcome, Returned, name_of, run

# Of the single layer's error: by luck another single layer may come out a few percent lower.
CLEARLY = 0.8
_NOTHING, _NO_NETWORK, _SHALLOW = "nothing", "no network: ", "a shallow network"
_DIVERGED = "training diverged to NaN or infinity: try a smaller learning rate."


@dataclass(frozen=True)
class Measure:
    """How far the predictions for held-out data are off, as one number; less is better.

    Attributes
    ----------
    name, aim : str
        What the number is called, and what is below the target when all is well.
    value : callable
        ``value(prediction, y)`` returns the number.
    written : callable
        Turns such a number into text.
    fits : callable
        ``fits(prediction, y)`` says whether the shapes go together.
    shape : callable
        ``shape(y)`` returns the shape a prediction should have, as text.
    """

    name: str
    aim: str
    value: Callable[[np.ndarray, np.ndarray], float]
    written: Callable[[float], str]
    fits: Callable[[np.ndarray, np.ndarray], bool]
    shape: Callable[[np.ndarray], str]


MEASURES = {
    "squared error": Measure(
        "held-out loss",
        "the loss",
        lambda prediction, y: float(np.sum((prediction - y) ** 2) / len(y)),
        lambda loss: f"{loss:.4g}",
        lambda prediction, y: prediction.shape == y.shape,
        lambda y: str(y.shape),
    ),
    "misclassified": Measure(
        "misclassified, of the held-out samples",
        "the share of misclassified samples",
        lambda prediction, y: float(np.mean(prediction.argmax(axis=1) != y)),
        lambda share: f"{100 * share:.3g} %",
        lambda prediction, y: (
            prediction.ndim == 2 and len(prediction) == len(y) and prediction.shape[1] > y.max()
        ),
        lambda y: f"({len(y)}, {y.max() + 1}), a score for every class",
    ),
}


def judge_training(
    name: str,
    train: Callable,
    *,
    data: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    baseline: float,
    target: float,
    seed: int,
    measure: str = "squared error",
    layers: int = 1,
    asked: str = "the trained network",
    given: bool = False,
    reread: str = "",
    hidden: bool = False,
) -> tuple[float, Message, str]:
    """Train with the student's function and judge the predictions for data it has not seen.

    Parameters
    ----------
    name : str
        Name of the function.
    train : callable
        ``train(X, y, rng)`` returns a trained network, or its layers in a list.
    data, held_out : pairs (X, y)
        Arrays (n_samples, n_features) and (n_samples, n_outputs); class ids (n_samples,) where
        classes are predicted.
    baseline : float
        How far the best single layer is off. A fifth less earns half of the points.
    target : float
        What earns all of them.
    seed : int
        Of the generator handed to ``train``.
    measure : str
        "squared error" or "misclassified": what baseline and target are in.
    layers : int
        The least number of layers that the network must have.
    asked : str
        What the exercise asks the function to return; a network and a list of layers both count.
    given : bool
        Whether the exercise hands out the network, so that no advice may be to change it.
    reread : str
        Where the lectures explain it.
    hidden : bool
        Whether the data is a secret: then nothing is quoted that the function has said.

    Returns
    -------
    share : float
        1 for the target, 0.5 for clearly below the baseline, else 0.
    message : Message
    mistake : str
        Id of what went wrong, empty if nothing did.
    """
    off = MEASURES[measure]
    X, y = (array.copy() for array in held_out)
    outcome = run(lambda: {"prediction": _predict(train, data, seed, X, layers)})
    problem = _problem(outcome, y, off, layers, asked)
    if problem is not None:
        mistake, headline = problem
        quoted = () if hidden else outcome.detail
        return 0.0, Message("✗", f"{name}: {headline}", (), quoted, reread), mistake

    prediction = outcome.parts["prediction"].astype(float)
    with np.errstate(over="ignore"):
        error = off.value(prediction, y)
    evidence = (
        (off.name, off.written(error)),
        ("single layer", off.written(baseline)),
        ("for half of the points", off.written(CLEARLY * baseline)),
        ("for all points", off.written(target)),
    )
    if error <= target:
        return 1.0, Message("✓", f"{name}: {off.aim} is below the target.", (), evidence), ""
    mistake, seen, advice = _advice(prediction, y, error, baseline, measure, given)
    if error <= CLEARLY * baseline:
        headline = f"{name}: better than the single layer, above the target."
        lines = (advice,) if mistake == "undertrained" else (_sentence(seen), advice)
        return 0.5, Message("◐", headline, lines, evidence, reread), mistake
    return 0.0, Message("✗", f"{name}: {seen}", (advice,), evidence, reread), mistake


def _predict(train: Callable, data: tuple, seed: int, X: np.ndarray, least: int):
    """What the trained network makes of X, or what came back instead of one."""
    network = train(*(array.copy() for array in data), np.random.default_rng(seed))
    if network is None:
        return Returned(_NOTHING)
    layers = network if isinstance(network, list | tuple) and network else [network]
    if not all(hasattr(layer, "forward") for layer in layers):
        listed = isinstance(network, list | tuple) and network
        no_layers = ", not all of them layers" if listed else ""
        return Returned(f"{_NO_NETWORK}{name_of(network)}{no_layers}")
    if len(getattr(network, "layers", layers)) < least:
        return Returned(_SHALLOW)
    X = X.copy()
    for layer in layers:
        X = layer.forward(X)
    return X


def _problem(
    outcome: Outcome, y: np.ndarray, off: Measure, least: int, asked: str
) -> tuple[str, str] | None:
    if outcome.raised == "NotImplementedError":
        return "not_implemented", "it is not written yet, or something it uses is not."
    if outcome.raised == "ValueError" and _says_that_the_loss_is_lost(outcome):
        return "diverged", _DIVERGED
    if outcome.raised:
        return "raises", stops_with(outcome)
    if outcome.returned == _NOTHING:
        return "returns_nothing", "it returns nothing: is the return statement at the end missing?"
    if outcome.returned.startswith(_NO_NETWORK):
        what = outcome.returned.removeprefix(_NO_NETWORK)
        return "wrong_type", f"it returns {what}: return {asked}."
    if outcome.returned == _SHALLOW:
        return "too_shallow", f"the network has fewer than the {least} layers that are asked for."
    if outcome.returned:
        array = "where an array is asked for: np.array(...) makes one of it"
        what = outcome.returned.replace(NUMBERS_IN_A_LIST, array)
        return "wrong_type", f"the network predicts {what}."
    prediction = outcome.parts["prediction"]
    if not off.fits(prediction, y):
        return (
            "wrong_shape",
            f"the network predicts an array of shape {prediction.shape}, where "
            f"{off.shape(y)} is needed.",
        )
    if not np.isfinite(prediction).all():
        return "diverged", _DIVERGED
    return None


def _says_that_the_loss_is_lost(outcome: Outcome) -> bool:
    """Whether a network refused to go back from a loss that is no number."""
    return any(
        text.startswith(("the loss is nan", "the loss is inf")) for _, text in outcome.detail
    )


def _advice(
    prediction: np.ndarray, y: np.ndarray, error: float, baseline: float, measure: str, given: bool
) -> tuple[str, str, str]:
    """What went wrong: its id, what is seen of it, what to do."""
    squared = measure == "squared error"
    if squared and y.min() < 0 and prediction.min() >= 0 and prediction.max() <= 1:
        return (
            "sigmoid_output",
            "all predictions lie between 0 and 1, while the targets reach below 0.",
            "With a sigmoid at the output no amount of training can get there. Use Linear or Tanh "
            "at the end.",
        )
    if np.allclose(prediction, prediction[0], atol=1e-6):
        return (
            "constant_output",
            "the network predicts the same for every sample.",
            "Has it been trained, is the learning rate too high, or did the weights start too "
            "small for so many layers?",
        )
    if error > 4 * baseline:
        return (
            "untrained",
            "the network is far worse than a single layer.",
            "Are the parameters updated at all, against the gradient, for enough epochs, with a "
            "learning rate neither too small nor too large?",
        )
    return (
        "undertrained",
        "not clearly better than the single layer.",
        "Try more epochs or another learning rate."
        if given
        else "Try more epochs, another learning rate or more hidden neurons.",
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
