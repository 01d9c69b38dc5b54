"""Timing side by side: whatever slows the machine for a moment slows everything alike."""

import statistics
import time
from collections.abc import Callable


def interleave(
    steps: dict[str, Callable[[], object]], rounds: int = 15, seconds: float = 0.02
) -> dict[str, float]:
    """Run some functions in turns and return the median time of one call of each.

    Parameters
    ----------
    steps : dict of str to callable
    rounds : int
        Turns that each function gets.
    seconds : float
        About how long a turn lasts: fast functions are called many times in it.

    Returns
    -------
    dict of str to float
        Seconds a call.
    """
    calls = {}
    for name, step in steps.items():
        step()  # warm up: caches, lazy set-up
        began = time.perf_counter()
        step()
        calls[name] = max(1, round(seconds / (time.perf_counter() - began)))
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            began = time.perf_counter()
            for _ in range(calls[name]):
                step()
            times[name].append((time.perf_counter() - began) / calls[name])
    return {name: statistics.median(taken) for name, taken in times.items()}
