"""From outcomes that disagree with the truth to the sentence a student should read.

A mistake is named only when it explains every number seen, in every case; otherwise the evidence is
shown and nothing is guessed. Mistakes from the bank come first: they speak of this exercise. What
is left is told by what the numbers are to the right ones: a factor, a sign, the other axis.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chainrule.checks.exercise import NUMERIC_TOLERANCE, Exercise
from chainrule.checks.message import CheckFailed, Message
from chainrule.checks.outcome import Outcome, alike

_METHODS = {"forward": "_output", "backward": "_input_grad"}


@dataclass(frozen=True)
class Finding:
    """What is wrong: an id, a headline, and the case that shows it."""

    mistake: str
    headline: str
    case: str
    lines: tuple[str, ...] = ()
    private: tuple[str, ...] = ()  # said only where the inputs are no secret


def diagnose(
    exercise: Exercise,
    stage: str,
    outcomes: dict[str, Outcome],
    expected: dict[str, Outcome],
) -> CheckFailed | None:
    """Explain what is wrong with an answer in one stage; None if nothing is."""
    finding = find(exercise, stage, outcomes, expected)
    if finding is None:
        return None
    subject = exercise.name if stage == "result" else f"{exercise.name} {stage}"
    message = Message(
        "✗",
        f"{subject}: {finding.headline}",
        finding.lines + finding.private,
        evidence(exercise, stage, finding.case, outcomes, expected),
        exercise.reread,
    )
    return CheckFailed(message, finding.mistake)


def find(
    exercise: Exercise,
    stage: str,
    outcomes: dict[str, Outcome],
    expected: dict[str, Outcome],
) -> Finding | None:
    """The most telling thing that is wrong; None if all outcomes agree with the truth."""
    wrong = [
        name
        for name, outcome in outcomes.items()
        if not exercise.agree(name, stage, outcome, expected[name])
    ]
    if not wrong:
        return None
    # Numbers tell more than a crash in some corner, if there are any.
    first = next((name for name in wrong if outcomes[name].parts), wrong[0])
    known = exercise.recognise(stage, outcomes)
    if known is not None:
        headline, _, rest = known.says.partition("\n")
        return Finding(known.id, headline, first, tuple(rest.split("\n")) if rest else ())
    everywhere = len(wrong) == len(outcomes)
    for name in (first, wrong[0]):
        finding = _by_nature(exercise, stage, name, outcomes[name], expected[name])
        if finding is not None:
            return finding
    finding = _by_relation(exercise, stage, wrong, outcomes, expected)
    if finding is not None:
        return finding
    where = "the values differ" if everywhere else f"the values differ for {_list(wrong)}"
    return Finding("", f"{where}.", first)


def evidence(
    exercise: Exercise,
    stage: str,
    name: str,
    outcomes: dict[str, Outcome],
    expected: dict[str, Outcome],
) -> tuple[tuple[str, str], ...]:
    """Two or three numbers from the entry that is furthest off."""
    got, right = outcomes[name], expected[name]
    rows = [("tried on", name)]
    for part, truth in right.parts.items():
        if part not in got.parts:
            continue
        value = got.parts[part]
        if value.shape != truth.shape:
            return (*rows, ("shape expected", str(truth.shape)), ("shape got", str(value.shape)))
        if value.dtype != truth.dtype:
            return (*rows, ("dtype expected", str(truth.dtype)), ("dtype got", str(value.dtype)))
        if alike(value, truth, NUMERIC_TOLERANCE):
            continue
        with np.errstate(all="ignore"):
            distance = np.abs(value.astype(float) - truth.astype(float))
        index = np.unravel_index(np.argmax(np.nan_to_num(distance, nan=np.inf)), truth.shape)
        at = f"[{', '.join(map(str, index))}]" if index else ""
        case = exercise.cases[name]
        for label, array in (*case.inputs.items(), ("output_grad", case.output_grad)):
            if isinstance(array, np.ndarray) and array.shape == truth.shape and index:
                rows.append((f"{label}{at}", _digits(array[index])))
        rows += [
            (f"{part}{at} expected", _digits(truth[index])),
            (f"{part}{at} got", _digits(value[index])),
        ]
        break
    return tuple(rows)


def _by_nature(
    exercise: Exercise, stage: str, name: str, got: Outcome, right: Outcome
) -> Finding | None:
    """Mistakes that show before any number is compared."""
    what = exercise.name if stage == "result" else _METHODS[stage]
    if got.raised == "NotImplementedError":
        return Finding("not_implemented", f"{what} is not written yet.", name)
    if got.raised == "TypeError" and got.detail.startswith("input_grad must be an array"):
        if "NoneType" in got.detail:
            return Finding(
                "returns_nothing", f"{what} returns nothing: is the return statement missing?", name
            )
        return Finding("wrong_type", f"{what} does not return an array.", name)
    if got.raised == "ValueError" and "they must be the same" in got.detail:
        return Finding("wrong_shape", f"{got.detail.partition(' (in the line')[0]}.", name)
    if got.raised:
        said = (got.detail,) if got.detail else ()
        return Finding(
            "raises", f"your code stops with {_article(got.raised)}.", name, private=said
        )
    if got.returned.startswith("nothing"):
        return Finding(
            "returns_nothing", "nothing comes back: is the return statement missing?", name
        )
    if got.returned:
        return Finding("wrong_type", f"{got.returned} comes back, where numbers should.", name)
    if "random" in got.notes:
        return Finding(
            "random", "two runs on the same input give different results; none should.", name
        )
    if "stale" in got.notes:
        return Finding(
            "stale_state",
            "the second use of one object differs from the first: something is left over from the "
            "previous call.",
            name,
        )
    modified = [note.removeprefix("modified ") for note in got.notes if note.startswith("modified")]
    if modified:
        return Finding(
            "modifies_input",
            f"your code changes {_list(sorted(modified))} in place; the caller still needs it. "
            "Work on a new array.",
            name,
        )
    for part, truth in right.parts.items():
        value = got.parts[part]
        if value.shape != truth.shape:
            return Finding("wrong_shape", _about_shape(part, value.shape, truth.shape), name)
        if np.isnan(value).any() and not np.isnan(truth).any():
            return Finding("nan", f"{part} holds NaN (not a number).", name)
        if np.isinf(value).any() and not np.isinf(truth).any():
            return Finding("overflow", f"{part} holds an infinity.", name)
    if all(
        alike(got.parts[part].astype(truth.dtype), truth, 1e-3)
        and got.parts[part].dtype != truth.dtype
        for part, truth in right.parts.items()
    ):
        return Finding(
            "wrong_dtype", "the values are right but their dtype is not that of the input.", name
        )
    return None


def _about_shape(part: str, got: tuple, right: tuple) -> str:
    says = f"{part} has shape {got} where {right} is right"
    if sorted(got) == sorted(right):
        return f"{says}: its axes are swapped."
    if np.prod(got, dtype=int) == np.prod(right, dtype=int):
        return f"{says}: an axis is lost or added (keepdims, reshape)."
    if not got:
        return f"{says}: the sum runs over all entries, not along one axis."
    return f"{says}."


def _by_relation(
    exercise: Exercise,
    stage: str,
    wrong: list[str],
    outcomes: dict[str, Outcome],
    expected: dict[str, Outcome],
) -> Finding | None:
    """What the numbers are to the right ones, if it is the same in every case that is wrong."""
    candidates = [
        dict(_relations(exercise, stage, name, expected[name].parts))
        for name in wrong
        if any(np.any(truth) for truth in expected[name].parts.values())
    ]
    if not candidates or any(not outcomes[name].parts for name in wrong):
        return None
    names = [name for name in wrong if any(np.any(t) for t in expected[name].parts.values())]
    for mistake in candidates[0]:
        if all(
            mistake in found
            and all(
                alike(
                    outcomes[name].parts[part],
                    value.astype(outcomes[name].parts[part].dtype),
                    NUMERIC_TOLERANCE,
                )
                for part, value in found[mistake][1].items()
            )
            for name, found in zip(names, candidates, strict=True)
        ):
            return Finding(mistake, candidates[0][mistake][0], names[0])
    return None


def _relations(
    exercise: Exercise, stage: str, name: str, right: dict[str, np.ndarray]
) -> Iterator[tuple[str, tuple[str, dict[str, np.ndarray]]]]:
    """Ways to be wrong that can be computed from the truth: (id, (headline, wrong values))."""
    case = exercise.cases[name]
    first = next(value for value in case.inputs.values() if isinstance(value, np.ndarray))
    samples = len(first) if first.ndim else 1
    outputs = first.shape[1] if first.ndim == 2 else 1

    def scaled(factor):
        return {part: factor * value for part, value in right.items()}

    yield "sign_flipped", ("every value has the wrong sign.", scaled(-1))
    if stage == "backward" and case.output_grad is not None:
        (part,) = right
        with np.errstate(all="ignore"):
            slope = right[part] / case.output_grad
        yield (
            "upstream_ignored",
            (
                "output_grad, the gradient from upstream, is left out: multiply your derivative "
                "by it.",
                {part: slope},
            ),
        )
        yield (
            "derivative_missing",
            (
                "output_grad is passed on unchanged: the derivative is missing.",
                {part: case.output_grad},
            ),
        )
        yield (
            "upstream_squared",
            ("output_grad is multiplied in twice.", {part: right[part] * case.output_grad}),
        )
    if stage == "backward" and "forward" in case.truth:
        value = next(iter(case.truth["forward"].parts.values()))
        yield (
            "forward_returned",
            (
                "these are the values of forward, not of its derivative.",
                dict.fromkeys(right, value),
            ),
        )
    factors = {
        "factor_n": (samples, "times too large by the number of samples: divide by it once."),
        "factor_1_over_n": (1 / samples, "too small by the number of samples: it is divided by "
                            "one time too often."),
        "factor_outputs": (outputs, "too large by the number of outputs."),
        "factor_1_over_outputs": (1 / outputs, "too small by the number of outputs: divide by the "
                                  "number of samples, not of entries."),
        "factor_entries": (samples * outputs, "too large by the number of entries."),
        "factor_2": (2, "too large by a factor of 2."),
        "factor_half": (0.5, "too small by a factor of 2."),
    }  # fmt: skip
    for mistake, (factor, says) in factors.items():
        if factor != 1:
            yield mistake, (f"every value is {says}", scaled(factor))
            yield (
                f"{mistake}_and_sign",
                (f"every value has the wrong sign and is {says}", scaled(-factor)),
            )
    if all(value.ndim == 2 and value.shape[0] == value.shape[1] for value in right.values()):
        yield (
            "transposed",
            (
                "the values are transposed: rows stand where columns should.",
                {part: value.T for part, value in right.items()},
            ),
        )


def _digits(value) -> str:
    return f"{float(value):.6g}"


def _list(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'AEIOU' else 'a'} {word}"
