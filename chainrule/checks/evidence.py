"""The numbers that show a mistake: two or three from the entry that is furthest off."""

import numpy as np

from chainrule.checks.dictionaries import flattened
from chainrule.checks.exercise import Exercise
from chainrule.checks.outcome import Outcome, agreeing, alike
from chainrule.numeric.report import apart

_ABOUT_SHAPES = ("ValueError", "IndexError")  # what NumPy raises where shapes do not fit
_FEW = 4  # entries that a reader can take in, to work out a loss by hand

Rows = tuple[tuple[str, str], ...]


def evidence(exercise: Exercise, stage: str, name: str, got: Outcome, right: Outcome) -> Rows:
    """Names and values for a message, about one case that came out wrong.

    Parameters
    ----------
    exercise : Exercise
    stage : str
    name : str
        Of the case.
    got, right : Outcome
        What came out in this case, and what should.
    """
    if not right.clean:
        return (("tried on", name),)
    case = exercise.cases[name]
    upstream = {"output_grad": case.output_grad} if stage == "backward" else {}
    given = {**flattened(case.inputs), **upstream}
    if got.raised in _ABOUT_SHAPES:
        return ("tried on", name), *_shapes(given)
    for part, truth in right.parts.items():
        if part not in got.parts:
            continue
        value = got.parts[part]
        tolerance = exercise.tolerance(name, stage, truth.dtype)
        if not alike(value, truth, tolerance):
            return _about(given, name, part, value, truth, tolerance)
    return (("tried on", name),)


def _about(given: dict, name: str, part: str, value, truth, tolerance: float) -> Rows:
    tried = ("tried on", name)
    if value.shape != truth.shape:
        return tried, (f"shape of {part}", f"{truth.shape} expected, {value.shape} got")
    wrong = ~agreeing(value, truth, tolerance)
    if not wrong.any():
        return tried, (f"dtype of {part}", f"{truth.dtype} expected, {value.dtype} got")
    if truth.size > 1:
        count = int(wrong.sum())
        share = "all" if count == truth.size else f"{count} of {truth.size}"
        tried = ("tried on", f"{name}: {share} entries of {part} differ")
    index = _furthest(value, truth, wrong)
    at = f"[{', '.join(map(str, index))}]" if index else ""
    expected, got = apart(float(truth[index]), float(value[index]))
    return (
        tried,
        *_inputs(given, part, truth.shape, index, at),
        (f"{part}{at} expected", expected),
        (f"{part}{at} got", got),
        *_ratio(value[wrong], truth[wrong]),
    )


def _shapes(given: dict) -> Rows:
    """The shapes of the inputs, to follow them through the code on paper."""
    arrays = [(label, value) for label, value in given.items() if isinstance(value, np.ndarray)]
    shapes = ", ".join(f"{label} {array.shape}" for label, array in arrays if array.ndim)
    return (("shapes", shapes),) if shapes else ()


def _furthest(value: np.ndarray, truth: np.ndarray, wrong: np.ndarray) -> tuple[int, ...]:
    with np.errstate(all="ignore"):
        distance = np.abs(value.astype(float) - truth.astype(float))
    distance = np.where(wrong, np.nan_to_num(distance, nan=np.inf), -1.0)
    return tuple(int(i) for i in np.unravel_index(np.argmax(distance), truth.shape))


def _inputs(given: dict, part: str, shape: tuple, index: tuple, at: str) -> Rows:
    """The inputs at the same place where entries go by themselves; all of them where few."""
    arrays = {label: v for label, v in given.items() if isinstance(v, np.ndarray)}
    numbers = {label: f"{v:.6g}" for label, v in given.items() if isinstance(v, int | float)}
    rows = []
    if index and _entry_by_entry(arrays, part, shape):
        of_this_shape = {label: array for label, array in arrays.items() if array.shape == shape}
        rows += [(f"{label}{at}", f"{v[index] + 0.0:.6g}") for label, v in of_this_shape.items()]
    elif not index and all(array.size <= _FEW for array in arrays.values()):
        for label, array in arrays.items():
            text = np.array2string(array, precision=4, separator=", ")
            rows.append((label, " ".join(text.split())))
    if len(numbers) > 2:  # each on a line of its own would bury the rest
        numbers = {"where": ", ".join(f"{label}={text}" for label, text in numbers.items())}
    return *rows, *numbers.items()


def _entry_by_entry(arrays: dict, part: str, shape: tuple) -> bool:
    """Whether an entry is likely to follow from the inputs at its place alone.

    In a matrix product it does not: there the entry of an input with the same index means nothing.
    Of dictionaries only what goes by the same key counts.
    """
    key = part[part.find("[") :] if "[" in part else ""
    mine = [array for label, array in arrays.items() if "[" not in label or label.endswith(key)]
    return all(array.shape == shape for array in mine)


def _ratio(got: np.ndarray, expected: np.ndarray) -> Rows:
    """The quotient, if it is the same wherever the values differ: then it is the mistake."""
    with np.errstate(all="ignore"):
        ratio = got.astype(float) / expected.astype(float)
    first = ratio.flat[0]
    if not np.isfinite(ratio).all() or not first or not np.allclose(ratio, first, 1e-5, 0):
        return ()
    says = f"{first:.4g}"
    everywhere = " for every entry that differs" if ratio.size > 1 else ""
    return () if says == "1" else (("got / expected", f"{says}{everywhere}"),)
