"""The numbers that show a mistake: two or three from the entry that is furthest off."""

import numpy as np

from chainrule.checks.dictionaries import flattened
from chainrule.checks.exercise import Exercise
from chainrule.checks.outcome import Outcome, agreeing, alike
from chainrule.numeric.report import apart

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
    for part, truth in right.parts.items():
        if part not in got.parts:
            continue
        value = got.parts[part]
        tolerance = exercise.tolerance(name, stage, truth.dtype)
        if not alike(value, truth, tolerance):
            upstream = {"output_grad": case.output_grad} if stage == "backward" else {}
            given = {**flattened(case.inputs), **upstream}
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
        *_inputs(given, truth.shape, index, at),
        (f"{part}{at} expected", expected),
        (f"{part}{at} got", got),
        *_ratio(value[wrong], truth[wrong]),
    )


def _furthest(value: np.ndarray, truth: np.ndarray, wrong: np.ndarray) -> tuple[int, ...]:
    with np.errstate(all="ignore"):
        distance = np.abs(value.astype(float) - truth.astype(float))
    distance = np.where(wrong, np.nan_to_num(distance, nan=np.inf), -1.0)
    return tuple(int(i) for i in np.unravel_index(np.argmax(distance), truth.shape))


def _inputs(given: dict, shape: tuple, index: tuple, at: str) -> Rows:
    """The inputs at the same place, or all of them where they are few."""
    rows = []
    for label, array in given.items():
        if isinstance(array, int | float):
            rows.append((label, f"{array:.6g}"))
        if not isinstance(array, np.ndarray):
            continue
        if index and array.shape == shape:
            rows.append((f"{label}{at}", f"{array[index] + 0.0:.6g}"))
        elif not index and array.size <= _FEW:
            text = np.array2string(array, precision=4, separator=", ")
            rows.append((label, " ".join(text.split())))
    return tuple(rows)


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
