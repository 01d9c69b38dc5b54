"""What it costs to measure a gradient, and how exact it gets.

    python benchmarks/gradients.py [--rounds N] [--networks N] [--json FILE]

The network is 64-32-10 with 2,410 parameters, squared error, a batch of 16 in float64. Everything
runs in one process and one thread, in turns, so that a busy moment of the machine hits all alike;
the table shows medians and, which is what counts, ratios to the plain loop.

The error is that of the whole gradient in norms, ``|measured - exact| / |exact|``, against the
gradient by the chain rule; for random directions, that of their slopes. It depends on the network,
with ReLU very much: where a step runs over a kink, the difference is wrong. The table shows the
median and the worst of several networks.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits
from timing import interleave

from chainrule.numeric import (
    compare_gradient,
    complex_gradient,
    gradient,
    relative_error,
    richardson,
)

SIZES = 64, 32, 10
BATCH = 16
STACK = 64
DIRECTIONS = 20
BEST_STEP = 3e-5
# What the course promises: time as a ratio to the plain loop, and the error.
GOALS = {
    "entries, stacks of 64": {"ratio": 0.5},
    "20 random directions": {"ratio": 0.05},
    "complex step": {"error": 1e-14},
    "complex step, stacks of 64": {"error": 1e-14},
    "check, best step": {"error": 1e-9},
    "check, best step, stacks of 64": {"error": 1e-9},
}


class Problem(NamedTuple):
    """A network as a function of its parameters, a point, and the gradient there."""

    loss: Callable[[dict], float]
    params: dict[str, np.ndarray]
    exact: dict[str, np.ndarray]


def problem(activation: str, seed: int) -> Problem:
    """A network with random weights, written so that it takes stacks and complex numbers."""
    rng = np.random.default_rng(seed)
    n_in, n_hidden, n_out = SIZES
    X, y = rng.standard_normal((BATCH, n_in)), rng.standard_normal((BATCH, n_out))
    params = {
        "W1": rng.standard_normal((n_in, n_hidden)) / np.sqrt(n_in),
        "b1": 0.1 * rng.standard_normal((1, n_hidden)),
        "W2": rng.standard_normal((n_hidden, n_out)) / np.sqrt(n_hidden),
        "b2": 0.1 * rng.standard_normal((1, n_out)),
    }
    function, slope = {
        "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, h: h * (1 - h)),
        "ReLU": (lambda z: np.maximum(z, 0), lambda z, h: (z > 0).astype(float)),
    }[activation]

    def loss(p):
        hidden = function(X @ p["W1"] + p["b1"])
        difference = hidden @ p["W2"] + p["b2"] - y
        return (difference * difference).sum(axis=(-2, -1)) / BATCH

    sums = X @ params["W1"] + params["b1"]
    hidden = function(sums)
    prediction_grad = 2 * (hidden @ params["W2"] + params["b2"] - y) / BATCH
    sums_grad = prediction_grad @ params["W2"].T * slope(sums, hidden)
    exact = {
        "W1": X.T @ sums_grad,
        "b1": sums_grad.sum(axis=0, keepdims=True),
        "W2": hidden.T @ prediction_grad,
        "b2": prediction_grad.sum(axis=0, keepdims=True),
    }
    return Problem(loss, params, exact)


def plain_loop(loss: Callable, params: dict, step: float = 1e-5) -> dict:
    """Central differences as anybody would write them first: what the others are measured by."""
    slopes = {}
    for key, array in params.items():
        slopes[key] = np.empty(array.shape)
        for index in np.ndindex(array.shape):
            original = array[index]
            array[index] = original + step
            upper = loss(params)
            array[index] = original - step
            lower = loss(params)
            array[index] = original
            slopes[key][index] = (upper - lower) / (2 * step)
    return slopes


def ways(task: Problem) -> dict[str, Callable[[], object]]:
    """Every way to measure the gradient, by name; each returns a gradient or a report."""
    loss, params, exact = task
    rng = np.random.default_rng(1)
    return {
        "plain loop": lambda: plain_loop(loss, params),
        "entries": lambda: gradient(loss, params),
        "entries, stacks of 64": lambda: gradient(loss, params, stack=STACK),
        "best step": lambda: gradient(loss, params, BEST_STEP),
        "check, best step": lambda: compare_gradient(loss, params, exact),
        "check, best step, stacks of 64": lambda: compare_gradient(
            loss, params, exact, stack=STACK
        ),
        "20 random directions": lambda: compare_gradient(
            loss, params, exact, directions=DIRECTIONS, rng=rng
        ),
        "Richardson, 3 levels": lambda: richardson(loss, params),
        "complex step": lambda: complex_gradient(loss, params),
        "complex step, stacks of 64": lambda: complex_gradient(loss, params, stack=STACK),
    }


def error_of(result, exact: dict) -> float:
    """How far a measured gradient, or what a check has measured, is from the exact one."""
    measured = getattr(result, "numeric", result)
    if not isinstance(measured, dict):
        return result.error  # of slopes in random directions
    keys = list(exact)
    return relative_error(
        *(np.concatenate([g[k].ravel() for k in keys]) for g in (measured, exact))
    )


def errors(activation: str, networks: int) -> dict[str, list[float]]:
    """The error of every way, on several networks."""
    found: dict[str, list[float]] = {}
    for seed in range(networks):
        task = problem(activation, seed)
        for name, measure in ways(task).items():
            found.setdefault(name, []).append(error_of(measure(), task.exact))
    return found


def goal(name: str, ratio: float, worst: float) -> str:
    """What was promised for a way to measure, and whether it is kept."""
    said = []
    for what, limit in GOALS.get(name, {}).items():
        value = ratio if what == "ratio" else worst
        kept = "kept" if value <= limit else "MISSED"
        said.append(f"{what} <= {limit:g}: {kept}")
    return ", ".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="turns each of them gets")
    parser.add_argument("--networks", type=int, default=20, help="how many the errors are from")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()

    results = {}
    for activation in ("sigmoid", "ReLU"):
        medians = interleave(ways(problem(activation, 0)), rounds=options.rounds)
        found = errors(activation, options.networks)
        print(f"\n{'-'.join(map(str, SIZES))} {activation}, batch {BATCH}, float64")
        print(f"  {'':31}{'ms':>8}{'ratio':>8}{'error':>10}{'worst':>10}  goal")
        results[activation] = {}
        for name, seconds in medians.items():
            ratio = seconds / medians["plain loop"]
            median, worst = statistics.median(found[name]), max(found[name])
            results[activation][name] = {
                "seconds": seconds,
                "ratio": ratio,
                "error": median,
                "worst error": worst,
            }
            print(
                f"  {name:31}{seconds * 1e3:8.1f}{ratio:8.3f}{median:10.1e}{worst:10.1e}"
                f"  {goal(name, ratio, worst)}".rstrip()
            )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with threadpool_limits(1):  # one thread is fastest for these sizes, and fair to all
        main()
