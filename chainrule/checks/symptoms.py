"""Mistakes that show before any number is compared: crashes, types, shapes, side effects, NaN."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from chainrule.checks.crashes import is_nowhere_defined, stops_with
from chainrule.checks.exercise import Case, Exercise
from chainrule.checks.outcome import NUMBERS_IN_A_LIST, Outcome, alike, listed, with_article

_STATELESS = (
    "backward is called here without a forward before it: what it needs of that pass is handed to "
    "it."
)
_METHODS = {"forward": "_output", "backward": "_input_grad"}


@dataclass(frozen=True)
class Finding:
    """What is wrong with an answer.

    Attributes
    ----------
    mistake : str
        Its id; empty if it has no name.
    headline : str
        One sentence.
    case : str
        The case that shows it.
    lines : tuple of str
        Further sentences.
    private : tuple of (str, str)
        Further evidence, which quotes the answer. It may have seen hidden inputs, so this is for
        visible checks only.
    """

    mistake: str
    headline: str
    case: str
    lines: tuple[str, ...] = ()
    private: tuple[tuple[str, str], ...] = ()


def find_symptom(
    exercise: Exercise, stage: str, name: str, got: Outcome, right: Outcome
) -> Finding | None:
    """What one wrong outcome shows by its nature, whatever the numbers; None for nothing."""
    if got.raised or got.returned:
        return _without_numbers(exercise, stage, name, got, right)
    shown = chain(_from_notes(got.notes), _from_parts(exercise, stage, name, got, right))
    for mistake, headline in shown:
        return Finding(mistake, headline, name)
    if right.raised:
        return Finding(
            "raises",
            f"the gradient cannot be measured: forward stops with {with_article(right.raised)} "
            "when its input is moved a little.",
            name,
            private=right.detail,
        )
    return None


def _without_numbers(
    exercise: Exercise, stage: str, name: str, got: Outcome, right: Outcome
) -> Finding:
    if got.raised == "NotImplementedError":
        what = "it" if stage == "result" else _METHODS[stage]
        if exercise.kind == "layer":
            what = stage
        lines = ("The class has no method of this name: is it spelled and indented right?",)
        headline = f"{what} is not written yet."
        return Finding("not_implemented", headline, name, lines * is_nowhere_defined(got))
    if got.raised:
        forgetful = exercise.kind == "layer" and stage == "backward"
        lines = (_STATELESS,) * (forgetful and got.raised == "AttributeError")
        return Finding("raises", stops_with(got), name, lines, got.detail)
    if got.returned.startswith("nothing in"):
        where = got.returned.removeprefix("nothing in ")
        headline = f"it leaves nothing in {where}: put the gradient there before you return."
        return Finding("nothing_left", headline, name)
    if got.returned.startswith("nothing"):
        what = got.returned.removesuffix(" where numbers are asked for")
        why = (
            "has it been computed by then" if " for " in what else "is the return statement missing"
        )
        return Finding("returns_nothing", f"it returns {what}: {why}?", name)
    if got.returned.endswith(NUMBERS_IN_A_LIST):
        return _numbers_in_a_list(name, got.returned.removesuffix(NUMBERS_IN_A_LIST), right)
    return Finding("wrong_type", f"it returns {got.returned}.", name, private=got.detail)


def _numbers_in_a_list(name: str, what: str, right: Outcome) -> Finding:
    """What to do about "a list of numbers for W_grad " depends on what W_grad should be."""
    part = what.partition(" for ")[2].strip()
    truths = [truth for key, truth in right.parts.items() if part in ("", key)]
    if truths and not truths[0].shape:
        wanted, line = "one number", "Take away its brackets, or leave out the comma behind it."
    else:
        wanted, line = "an array", "np.array(...) makes an array of it."
    return Finding("wrong_type", f"it returns {what}where {wanted} is asked for.", name, (line,))


def _from_notes(notes: frozenset[str]) -> Iterator[tuple[str, str]]:
    if "random" in notes:
        yield (
            "random",
            "two runs on the same input give different results, where both should give the same.",
        )
    if "stale" in notes:
        yield (
            "stale_state",
            "one object gives another result when it is used a second time: something is left "
            "over from the previous call.",
        )
    modified = sorted(note.removeprefix("modified ") for note in notes if "modified" in note)
    if modified:
        yield (
            "modifies_input",
            f"your code changes {listed(modified)} in place, and the caller still needs the old "
            "values: work on a new array, or put them back.",
        )


def _from_parts(
    exercise: Exercise, stage: str, name: str, got: Outcome, right: Outcome
) -> Iterator[tuple[str, str]]:
    if _in_another_order(got, right):
        names = ", ".join(right.parts)
        yield "order_swapped", f"the values come back in another order: {names} are asked for."
    for part, truth in right.parts.items():
        value = got.parts[part]
        if value.shape != truth.shape:
            yield _about_shape(exercise, stage, name, part, value, truth)
        elif np.isnan(value).any() and not np.isnan(truth).any():
            yield (
                "nan",
                f"{part} holds NaN (not a number): somewhere 0 / 0, inf / inf, 0 * inf or the "
                "logarithm of a negative number is taken.",
            )
        elif np.isinf(value).any() and not np.isinf(truth).any():
            yield (
                "overflow",
                f"{part} holds an infinity: somewhere a division by 0, the logarithm of 0 or exp "
                "of a large number is taken.",
            )
    wrong = {
        part: truth for part, truth in right.parts.items() if got.parts[part].dtype != truth.dtype
    }
    for part, truth in wrong.items():
        value = got.parts[part]
        if alike(value.astype(truth.dtype), truth, 1e-3):
            yield (
                "wrong_dtype",
                f"the values of {part} are right, but their dtype is not that of the input.",
            )
        elif value.dtype.kind in "iu" and np.array_equal(value, np.trunc(truth)):
            yield (
                "cut_to_integers",
                f"the values of {part} are cut to whole numbers: the array they are put into is "
                "one of integers.",
            )


def _in_another_order(got: Outcome, right: Outcome) -> bool:
    """Whether the shapes are right but for their order."""
    ours = [value.shape for value in got.parts.values()]
    theirs = [value.shape for value in right.parts.values()]
    return ours != theirs and sorted(ours) == sorted(theirs)


def _about_shape(
    exercise: Exercise, stage: str, name: str, part: str, value: np.ndarray, truth: np.ndarray
) -> tuple[str, str]:
    got, right = value.shape, truth.shape
    case = exercise.cases[name]
    if stage == "backward" and "forward" in case.truth:
        (forward,) = case.truth["forward"].parts.values()
        if alike(value, forward, 1e-9):
            return "forward_returned", "this is the value of forward, not its gradient."
    mistake, why = "wrong_shape", ""
    if not right:
        why = "it should be one number, a sum over all samples and outputs"
    elif not got and 1 in right:
        why = "it is a single number; is axis= missing in a sum"
    elif not got:
        why = "it is a single number, not an array"
    elif got == right[::-1]:
        why = "its axes are swapped"
    elif len(got) < len(right) and value.size == truth.size:
        why = "an axis is lost; keepdims=True keeps it"
    elif 1 in right and value.size == rows(case):
        mistake, why = "wrong_axis", "the sum runs along the wrong axis, it leaves one per row"
    elif len(got) < len(right):
        why = "it has too few axes; is there a sum or a mean too many"
    if not why:
        return mistake, f"{part} has the wrong shape."
    return mistake, f"{part} has the wrong shape: {why}{'?' if '; is ' in why else '.'}"


def rows(case: Case) -> int:
    """The number of rows of the first array of a case: its samples."""
    arrays = (value for value in case.inputs.values() if isinstance(value, np.ndarray))
    first = next(arrays, np.array(0.0))
    return len(first) if first.ndim else 1
