"""Checks of arguments that several modules share: each names what came and what was expected."""

import math
from numbers import Integral, Real


def above_zero(name: str, value) -> float:
    """Return a finite number above 0 as a plain float.

    A NumPy float64 among float32 arrays would turn them into float64; a plain float does not.

    Raises
    ------
    TypeError
        If ``value`` is no number.
    ValueError
        If it is out of range; NaN always is.
    """
    return _in_range(name, value, value_ok=lambda x: x > 0, wanted="above 0")


def at_least_zero(name: str, value) -> float:
    """Return a finite number from 0 up as a plain float; raises as ``above_zero`` does."""
    return _in_range(name, value, value_ok=lambda x: x >= 0, wanted="at least 0")


def share(name: str, value) -> float:
    """Return a number from 0 to below 1 as a plain float; raises as ``above_zero`` does."""
    return _in_range(name, value, value_ok=lambda x: 0 <= x < 1, wanted="from 0 to below 1")


def _in_range(name: str, value, value_ok, wanted: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if math.isinf(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    if not value_ok(value):
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return float(value)


def count(name: str, value) -> int:
    """Return a whole number from 1 up as a plain int; raises as ``above_zero`` does."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value!r}")
    return int(value)


def instance(name: str, value, wanted: str, *methods: str) -> None:
    """Raise a TypeError unless a value has some methods, and is no class that has them."""
    if isinstance(value, type):
        raise TypeError(f"{name} must be {wanted}, got the class {value.__name__}")
    if not all(hasattr(value, method) for method in methods):
        raise TypeError(f"{name} must be {wanted}, got {value!r}")
