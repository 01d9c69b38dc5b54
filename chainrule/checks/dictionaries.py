"""Dictionaries of arrays, as lectures 04 to 06 keep parameters and gradients in.

An exercise whose function returns one says so by brackets, ``returns=("loss", "gradients[]")``. Its
keys must be those of the dictionary that went in, and each of its arrays becomes a part of the
outcome: ``gradients["W"]``. No key that the answer made up gets into an outcome: it may be shown to
somebody who must not see the hidden inputs.
"""

import numpy as np

from chainrule.checks.outcome import Returned, listed, name_of

BRACKETS = "[]"


def plain(name: str) -> str:
    """The name of what is returned, without brackets."""
    return name.removesuffix(BRACKETS)


def part(name: str, key: str) -> str:
    """What one of its arrays is called.

    Examples
    --------
    >>> part("gradients[]", "W")
    'gradients["W"]'
    """
    return f'{plain(name)}["{key}"]'


def keys_among(inputs) -> list[str]:
    """The keys of the dictionaries among some inputs, in order."""
    return list(dict.fromkeys(key for one in inputs if isinstance(one, dict) for key in one))


def unpack(name: str, value, keys: list[str]) -> dict:
    """The parts of what came back under a name; of a dictionary, one for each of the keys."""
    if not name.endswith(BRACKETS):
        return {name: value}
    if type(value) is not dict:
        return {plain(name): Returned(f"{name_of(value)} where a dictionary is asked for")}
    if value.keys() != set(keys):
        missing = [key for key in keys if key not in value]
        what = f"without {listed(missing)}" if missing else "with too many keys"
        return {plain(name): Returned(f"a dictionary {what}: {listed(keys)} are asked for")}
    return {part(name, key): value[key] for key in keys}


def copied(value):
    """A copy of an array or of a dictionary of arrays; anything else as it is."""
    if isinstance(value, dict):
        return {key: copied(one) for key, one in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def flattened(inputs: dict) -> dict:
    """Inputs by name, with the arrays of a dictionary under names of their own."""
    flat = {}
    for name, value in inputs.items():
        if isinstance(value, dict):
            flat |= {part(name, key): one for key, one in value.items()}
        else:
            flat[name] = value
    return flat


class Keepsake:
    """Remembers a dictionary of the student's notebook, to see what became of it and undo it."""

    def __init__(self, dictionary: dict):
        self._dictionary = dictionary
        self._arrays = dict(dictionary)
        self.before = copied(dictionary)

    def put_back(self) -> None:
        """Make the dictionary what it was, with the very arrays that it held."""
        for key, array in self._arrays.items():
            if isinstance(array, np.ndarray):
                array[...] = self.before[key]
        self._dictionary.clear()
        self._dictionary.update(self._arrays)
