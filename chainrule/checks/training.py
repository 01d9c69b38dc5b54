"""Judging a function that trains a network: by what the network then predicts."""

from collections.abc import Callable

import numpy as np

from chainrule.checks.crashes import stops_with
from chainrule.checks.message import Message
from chainrule.checks.outcome import Outcome, Returned, run

# Of the single layer's loss: by luck another single layer may come out a few percent lower.
CLEARLY = 0.8
_NOTHING, _NO_NETWORK = "nothing", "no network"


def judge_training(
    name: str,
    train: Callable,
    *,
    data: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    baseline: float,
    target: float,
    seed: int,
    reread: str = "",
    hidden: bool = False,
) -> tuple[float, Message, str]:
    """Train with the student's function and measure the loss on data it has not seen.

    Parameters
    ----------
    name : str
        Name of the function.
    train : callable
        ``train(X, y, rng)`` returns a trained network.
    data, held_out : pairs (X, y)
        Arrays (n_samples, n_features) and (n_samples, n_outputs).
    baseline : float
        The mean squared error of the best single layer. A loss a fifth below it earns half of the
        points.
    target : float
        The mean squared error that earns all of them.
    seed : int
        Of the generator handed to ``train``.
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
    X, y = (array.copy() for array in held_out)

    def attempt():
        network = train(*(array.copy() for array in data), np.random.default_rng(seed))
        if network is None:
            return {"prediction": Returned(_NOTHING)}
        if not hasattr(network, "forward"):
            return {"prediction": Returned(_NO_NETWORK)}
        return {"prediction": network.forward(X.copy())}

    outcome = run(attempt)
    problem = _problem(outcome, y)
    if problem is not None:
        mistake, headline = problem
        quoted = () if hidden else outcome.detail
        return 0.0, Message("✗", f"{name}: {headline}", (), quoted, reread), mistake

    prediction = outcome.parts["prediction"]
    with np.errstate(over="ignore"):
        loss = float(np.sum((prediction.astype(float) - y) ** 2) / len(y))
    evidence = (
        ("held-out loss", f"{loss:.4g}"),
        ("single layer", f"{baseline:.4g}"),
        ("for half of the points", f"{CLEARLY * baseline:.4g}"),
        ("for all points", f"{target:.4g}"),
    )
    if loss <= target:
        return 1.0, Message("✓", f"{name}: the loss is below the target.", (), evidence), ""
    mistake, advice = _advice(prediction, y, loss, baseline)
    if loss <= CLEARLY * baseline:
        headline = f"{name}: better than the single layer, above the target."
        return 0.5, Message("◐", headline, (advice,), evidence, reread), mistake
    headline = f"{name}: not clearly better than the single layer."
    return 0.0, Message("✗", headline, (advice,), evidence, reread), mistake


def _problem(outcome: Outcome, y: np.ndarray) -> tuple[str, str] | None:
    if outcome.raised == "NotImplementedError":
        return "not_implemented", "it is not written yet, or something it uses is not."
    if outcome.raised:
        return "raises", stops_with(outcome)
    if outcome.returned == _NOTHING:
        return "returns_nothing", "it returns nothing: is `return network` missing?"
    if outcome.returned == _NO_NETWORK:
        return "wrong_type", "it returns something that has no forward: return the network itself."
    if outcome.returned:
        return "wrong_type", f"the network predicts {outcome.returned}."
    prediction = outcome.parts["prediction"]
    if prediction.shape != y.shape:
        return (
            "wrong_shape",
            f"the network predicts an array of shape {prediction.shape}, the targets have shape "
            f"{y.shape}.",
        )
    if not np.isfinite(prediction).all():
        return "diverged", "training diverged to NaN or infinity: try a smaller learning rate."
    return None


def _advice(prediction: np.ndarray, y: np.ndarray, loss: float, baseline: float) -> tuple[str, str]:
    if y.min() < 0 and prediction.min() >= 0 and prediction.max() <= 1:
        return "sigmoid_output", (
            "All predictions lie between 0 and 1, while the targets reach below 0: with a sigmoid "
            "at the output no amount of training can get there. Use Linear or Tanh at the end."
        )
    if np.allclose(prediction, prediction[0], atol=1e-6):
        return "constant_output", (
            "The network predicts the same for every sample: has it been trained, and is the "
            "learning rate too high?"
        )
    if loss > 4 * baseline:
        return "untrained", (
            "The loss is far from that of a single layer: does the optimizer step at all, for "
            "enough epochs, with a learning rate neither too small nor too large?"
        )
    return "undertrained", "Try more epochs, another learning rate or more hidden neurons."
