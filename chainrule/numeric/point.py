"""The point where a function is measured: one array, or several in a dictionary or a list."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


class Point:
    """One array or several, ready to be nudged in place and put back.

    In place, because a function may hold the arrays itself, as a layer holds its weights. A
    read-only array cannot be nudged so: the function is handed a copy instead.

    Parameters
    ----------
    given : array, dict of str to array, or list of arrays
        Arrays of floats.

    Attributes
    ----------
    arrays : dict
        The arrays to nudge, by key or position; by None if there is only one.
    argument : like ``given``
        What the function is called with: ``given`` itself unless some array had to be copied.

    Raises
    ------
    TypeError
        If something is not an array of floats: integers cannot be nudged, and a converted copy
        would leave a function that holds the array untouched.
    ValueError
        If there is no array.
    """

    def __init__(self, given):
        self._given = given
        members = _members(given)
        if not members:
            raise ValueError(f"point is an empty {type(given).__name__}: nothing to measure")
        for key, array in members.items():
            _check_floats(self.name(key), array)
        self.arrays = {
            key: array if array.flags.writeable else array.copy() for key, array in members.items()
        }
        self._copied = [key for key, array in members.items() if array is not self.arrays[key]]
        self.argument = self.like(self.arrays) if self._copied else given

    def name(self, key) -> str:
        """What to call an array in a message."""
        return "point" if key is None else f"point[{key!r}]"

    def label(self, key) -> str:
        """What to call an array in a report: a dictionary's key speaks for itself."""
        return key if isinstance(key, str) else self.name(key)

    def like(self, arrays: dict):
        """Put arrays into the container that was given."""
        if isinstance(self._given, dict):
            return dict(arrays)
        if isinstance(self._given, list | tuple):
            return list(arrays.values())
        return arrays[None]

    def replaced(self, key, array: np.ndarray):
        """The argument with another array in one place."""
        return self.like({**self.arrays, key: array})

    def matching(self, name: str, other) -> dict:
        """Copies of the arrays that belong to these, as float64; checks keys and shapes."""
        if self.arrays.keys() == {None}:
            others = {None: other}
        elif isinstance(other, dict):
            others = other
        else:
            others = dict(enumerate(other)) if isinstance(other, list | tuple) else {}
        if others.keys() != self.arrays.keys():
            raise ValueError(
                f"{name} must be a {type(self._given).__name__} as the point is, with "
                f"{list(self.arrays)}, got a {type(other).__name__} with {list(others)}"
            )
        for key, array in self.arrays.items():
            if np.shape(others[key]) != array.shape:
                where = self.name(key)
                raise ValueError(
                    f"{where.replace('point', name)} has shape {np.shape(others[key])}, but "
                    f"{where} has shape {array.shape}: a gradient has the shape of the thing"
                )
        return {key: np.array(others[key], dtype=float) for key in self.arrays}

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Put every array back afterwards, to the last bit and whatever happens.

        Raises
        ------
        ValueError
            If somebody else changed them: every measurement but the first was somewhere else.
        """
        before = {key: array.copy() for key, array in self.arrays.items()}
        try:
            yield
            for key, array in self.arrays.items():
                if not np.array_equal(array, before[key], equal_nan=True):
                    raise ValueError(
                        f"func changes {self.name(key)} in place, so it is measured at one place "
                        "after another: let it work on a copy"
                    )
        finally:
            for key, array in self.arrays.items():
                array[...] = before[key]

    def check_seen(self, slopes: dict) -> None:
        """Raise an error if nothing changed and the reason may be that nobody saw the nudges."""
        if self._copied and not any(slope.any() for slope in slopes.values()):
            names = ", ".join(map(self.name, self._copied))
            raise ValueError(
                f"func never changes, and {names} is read-only, so that a copy was nudged: if func "
                "holds the array itself, let it use its argument or give an array to write to"
            )


def check_step(step: float) -> None:
    """Raise an error unless a step is a positive number."""
    if not 0 < step < np.inf:
        raise ValueError(f"step must be a positive number, got {step!r}")


def number(value) -> float:
    """The one number that a function returned, as a float."""
    if isinstance(value, float):  # np.float64 too
        return float(value)
    array = np.asarray(value)
    if array.size == 1 and array.dtype.kind in "buif":
        return float(array.reshape(()))
    raise ValueError(
        f"func must return a single number, got {describe(value)}: "
        "a gradient needs a scalar at the end"
    )


def describe(value) -> str:
    """A value in a few words, for a message."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} with shape {value.shape}"
    return f"{type(value).__name__} {value!r}"


def _members(given) -> dict:
    """The arrays of a container by key or position, or a lone one by None."""
    if isinstance(given, dict):
        return given
    # A list of numbers is no list of arrays: it is refused as a whole.
    if isinstance(given, list | tuple) and (
        not given or any(isinstance(each, np.ndarray) for each in given)
    ):
        return dict(enumerate(given))
    return {None: given}


def _check_floats(name: str, array) -> None:
    if not isinstance(array, np.ndarray) or not np.issubdtype(array.dtype, np.floating):
        raise TypeError(
            f"{name} must be an array of floats, got {describe(array)}: "
            f"convert it with np.asarray({name}, dtype=float)"
        )
