"""Many nudged copies of an array in one call: the matrix products of a stack are one product.

NumPy's ``@`` treats the leading axes of an array as a stack of matrices, elementwise operations
broadcast over them, and a sum over the last axes keeps them. A function written so takes a whole
stack of points as it is, and most of the time that a loop spends between small array operations is
saved. Any other function has to be called once for every entry.
"""

from collections.abc import Callable

import numpy as np

from chainrule.numeric.point import Point, describe


def stacked_values(
    func: Callable, point: Point, key, replacements: np.ndarray, stack: int
) -> np.ndarray:
    """Values of a function with one entry of one array replaced, for each of its entries.

    Parameters
    ----------
    func : callable
        Is handed the point with this array as a stack ``(k, *shape)`` and the others as they are,
        and returns ``k`` values, shape ``(k,)``.
    point : Point
    key
        Which of its arrays.
    replacements : array, shape of that array
        May be complex; then the stack is.
    stack : int
        The most copies at a time. Some ten fit the processor's cache: 64 do well, thousands lose.

    Returns
    -------
    array, shape of ``replacements``

    Raises
    ------
    ValueError
        If the function does not return one value for each copy.
    """
    original = point.arrays[key].astype(replacements.dtype).reshape(-1)
    new = replacements.reshape(-1)
    rows = np.tile(original, (min(stack, new.size), 1))
    parts = []
    for start in range(0, new.size, stack):
        chosen = np.arange(start, min(start + stack, new.size))
        count = len(chosen)
        rows[np.arange(count), chosen] = new[chosen]
        copies = rows[:count].reshape(count, *replacements.shape)
        values = np.asarray(func(point.replaced(key, copies)))
        if values.shape != (count,):
            raise ValueError(
                f"func must return one number for each of the {count} points in the stack, an "
                f"array of shape ({count},), got {describe(values)}: {point.name(key)} comes with "
                f"the shape {copies.shape}, so let sums run over the last axes only"
            )
        parts.append(values)
        rows[np.arange(count), chosen] = original[chosen]
    return np.concatenate([np.empty(0), *parts]).reshape(replacements.shape)


def check_stack(stack: int | None) -> None:
    """Raise an error unless a stack is None or a whole number from 1 up."""
    if stack is not None and (not isinstance(stack, int | np.integer) or stack < 1):
        raise ValueError(f"stack must be a whole number from 1 up, or None, got {stack!r}")


def check_alone(stacked: np.ndarray, alone: Callable[[tuple], float], noise: float) -> None:
    """Compare slopes from a stack with slopes measured one at a time, first and last entry.

    A function that mixes up its axes may well return the right number of values.

    Parameters
    ----------
    stacked : array
    alone : callable
        From an index to the slope.
    noise : float
        The round-off to allow for.
    """
    if not stacked.size:
        return
    allowed = 1e-3 * np.max(np.abs(stacked)) + noise
    for index in {(0,) * stacked.ndim, tuple(size - 1 for size in stacked.shape)}:
        slope = alone(index)
        if np.isfinite(slope) and not abs(stacked[index] - slope) <= allowed:
            raise ValueError(
                f"func gives a slope of {stacked[index]:.6g} in a stack and {slope:.6g} alone, at "
                f"entry {list(index)}: it does not treat the leading axis as a stack of points"
            )
