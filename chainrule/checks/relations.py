"""What wrong numbers are to the right ones: a factor, a sign, the other axis."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from chainrule.checks.attempt import Case, measure
from chainrule.checks.exercise import NUMERIC_TOLERANCE, Exercise
from chainrule.checks.outcome import Outcome, agreeing, alike, listed
from chainrule.checks.symptoms import Finding

Relation = tuple[str, str, np.ndarray]  # the mistake's id, a sentence, the values it would give


def find_relation(
    exercise: Exercise,
    stage: str,
    wrong: list[str],
    outcomes: dict[str, Outcome],
    expected: dict[str, Outcome],
    answer=None,
) -> Finding | None:
    """The one relation that explains every wrong number, in every case; None if there is none.

    Parameters
    ----------
    exercise, stage
    wrong : list of str
        The cases that came out wrong, all of them with numbers.
    outcomes, expected : dict of str to Outcome
        By case.
    answer : class, optional
        With it the gradient can be measured at other places.
    """
    places = [
        (name, part)
        for name in wrong
        for part, truth in expected[name].parts.items()
        if not alike(
            outcomes[name].parts[part], truth, exercise.tolerance(name, stage, truth.dtype)
        )
    ]
    surviving: dict[str, str] | None = None
    for name, part in places:
        got, truth = outcomes[name].parts[part], expected[name].parts[part]
        if got.dtype.kind != "f":
            return None
        found = {
            mistake: says
            for mistake, says, values in _relations(exercise, stage, name, part, truth, answer)
            if got.shape == values.shape and np.all(agreeing(got, values, NUMERIC_TOLERANCE))
        }
        surviving = {
            mistake: says
            for mistake, says in (found if surviving is None else surviving).items()
            if mistake in found
        }
        if not surviving:
            return None
    if not surviving:
        return None
    parts = list(dict.fromkeys(part for _, part in places))
    several = len(next(iter(expected.values())).parts) > 1
    prefix = f"{listed(parts)}: " if several else ""
    mistake, *others = _without_doublets(surviving)
    lines = tuple(f"Or: {surviving[other]}" for other in others)
    if len(wrong) < len(expected) and not mistake.startswith("factor"):
        lines += (f"That is so for {listed(wrong)}; elsewhere all is right.",)
    return Finding("" if others else mistake, prefix + surviving[mistake], wrong[0], lines)


def _without_doublets(surviving: dict[str, str]) -> list[str]:
    """Those of several relations that cannot be told apart by the cases that are wrong.

    Factors that happen to be the same number, that is; other relations rank by their order.
    """
    first = next(iter(surviving))
    if not first.startswith("factor"):
        return [first]
    # With a single column the number of entries is that of samples, and nobody means entries.
    return [one for one in surviving if "entries" not in one] or [first]


def _relations(
    exercise: Exercise, stage: str, name: str, part: str, right: np.ndarray, answer
) -> Iterator[Relation]:
    """Ways to be wrong that can be computed from the truth."""
    case = exercise.cases[name]
    every = "every value" if right.ndim else "the value"
    yield "all_zero", f"{every} is 0.", np.zeros_like(right)
    yield "sign_flipped", f"{every} has the wrong sign.", -right
    if stage == "backward":
        yield from _about_the_chain(case, right)
    yield from _factors(exercise, case, right)
    if right.ndim == 2:
        yield (
            "transposed",
            "the values are transposed: rows stand where columns should.",
            right.T,
        )
    # Last, since it takes a measurement.
    if stage == "backward" and exercise.kind == "operation" and answer is not None:
        yield from _at_the_output(exercise, case, answer)


def _about_the_chain(case: Case, right: np.ndarray) -> Iterator[Relation]:
    """Relations of a gradient to the upstream one and to the value of forward."""
    upstream = case.output_grad
    forward = case.truth["forward"].parts if "forward" in case.truth else {}
    for value in forward.values():
        yield "forward_returned", "these are the values of forward, not of its derivative.", value
    if upstream is None or upstream.shape != right.shape:
        return
    for value in forward.values():
        yield (
            "forward_returned",
            "output_grad is multiplied by the value of forward, not by its derivative.",
            value * upstream,
        )
    with np.errstate(all="ignore"):
        slope = right / upstream
    yield (
        "upstream_ignored",
        "output_grad, the gradient from upstream, is left out: multiply your derivative by it.",
        slope,
    )
    yield (
        "upstream_squared",
        "output_grad, the gradient from upstream, is multiplied in twice.",
        right * upstream,
    )
    yield (
        "derivative_missing",
        "output_grad comes back unchanged: the derivative is missing.",
        upstream,
    )


def _at_the_output(exercise: Exercise, case: Case, answer) -> Iterator[Relation]:
    (name,) = case.inputs
    moved = replace(case, inputs={name: case.truth["forward"].parts["output"]})
    for values in measure(exercise.kind, answer, moved).parts.values():
        yield (
            "derivative_at_output",
            "the derivative is taken at the output of forward, not at its input.",
            values,
        )


def _factors(exercise: Exercise, case: Case, right: np.ndarray) -> Iterator[Relation]:
    arrays = {name: v for name, v in case.inputs.items() if isinstance(v, np.ndarray)}
    label, first = next(iter(arrays.items()), ("", np.array(0.0)))
    rows = len(first) if first.ndim else 1
    columns = first.shape[1] if first.ndim == 2 else 1
    names = {
        "operation": ("samples", "features", "entries"),
        "loss": ("samples", "outputs", "entries"),
        "layer": ("samples", "features", "entries"),
        "function": (f"rows of {label}", f"columns of {label}", f"entries of {label}"),
    }[exercise.kind]
    keys, counts = ("n", "outputs", "entries"), (rows, columns, rows * columns)
    for key, count, name in zip(keys, counts, names, strict=True):
        yield from _both_signs(
            f"factor_{key}",
            count,
            f"too large by the number of {name}: a sum stands where a mean is meant",
            right,
        )
        yield from _both_signs(
            f"factor_1_over_{key}",
            1 / count,
            f"too small by the number of {name}: a mean stands where a sum is meant, or one "
            "division is too many",
            right,
        )
    yield from _both_signs("factor_2", 2, "twice as large as it should be", right)
    yield from _both_signs("factor_half", 0.5, "half as large as it should be", right)


def _both_signs(mistake: str, factor: float, says: str, right: np.ndarray) -> Iterator[Relation]:
    every = "every value" if right.ndim else "the value"
    if factor != 1:
        yield mistake, f"{every} is {says}.", factor * right
        yield (
            f"{mistake}_and_sign",
            f"{every} has the wrong sign and is {says}.",
            -factor * right,
        )
