"""Checks on inputs that no student sees, and a report that gives none of them away."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.checks.attempt import PARTS, Case, attempts, repeated
from chainrule.checks.diagnosis import find
from chainrule.checks.dictionaries import copied, unpack
from chainrule.checks.exercise import Exercise
from chainrule.checks.message import Message
from chainrule.checks.outcome import Outcome, alike, run
from chainrule.checks.symptoms import Finding

# Tight enough to tell a formula from a measurement, which reaches 1e-11 at best.
HIDDEN_TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
_CLOSE = "is close but not exact"
_CLOSE_ENOUGH = 1e-5


@dataclass(frozen=True)
class Report:
    """What the hidden checks of one exercise found: how much is right, the mistake, the message."""

    share: float
    mistake: str
    message: Message


def try_hidden(
    exercise: Exercise,
    answer: Callable,
    cases: Mapping[str, tuple],
    reference: Mapping[str, Callable],
    tolerance: float | Mapping[str, float] | None,
    namespace: Mapping,
    known: Mapping[str, Finding | None] | None = None,
) -> Report:
    """Compare an answer with a reference on every case and stage.

    Parameters
    ----------
    exercise : Exercise
    answer : class or function
    cases : mapping of str to tuple
        What the student is told, and the inputs.
    reference : mapping of str to callable
        By stage; see `Checks.hidden`.
    tolerance : float, mapping of str to float, or None
        For all cases, or for those named; else that of an exact formula.
    namespace : mapping
    known : mapping of str to Finding or None, optional
        By stage: what the visible check has found in this very answer, None for nothing.

    Raises
    ------
    ValueError
        If there is nothing to try, or the reference itself fails: that is the instructor's error.
    """
    trials = list(_trials(exercise, cases, reference))
    if not trials:
        raise ValueError(f"{exercise.name}: a hidden check needs cases and a reference")
    if isinstance(tolerance, Mapping) and not tolerance.keys() <= cases.keys():
        raise ValueError(f"{exercise.name}: a tolerance for no case: {set(tolerance) - set(cases)}")
    missed = []
    tries = [(stage, case) for _, stage, case in trials for _ in range(2)]
    runs = iter(attempts(exercise.kind, exercise.returns, answer, tries, namespace))
    for told, stage, case in trials:
        got = repeated(next(runs), next(runs))
        allowed = tolerance.get(told) if isinstance(tolerance, Mapping) else tolerance
        hint = _disagreement(got, case.truth[stage], allowed)
        if hint:
            missed.append((told if stage == "result" else f"{told}, {stage}", hint))
    passed = len(trials) - len(missed)
    if not missed:
        done = f"{exercise.name}: all {passed} hidden checks passed."
        return Report(1.0, "", Message("✓", done))
    if all(hint.endswith(_CLOSE) and not told.endswith("forward") for told, hint in missed):
        mistake, lines = (
            "measured_not_derived",
            (
                "A formula is right to some 15 digits, these to about 6: is the gradient measured "
                "instead of derived, or rounded on the way?",
            ),
        )
    else:
        mistake, lines = _explain(exercise, answer, namespace, known or {})
    message = Message(
        "◐" if passed else "✗",
        f"{exercise.name}: {passed} of {len(trials)} hidden checks passed.",
        lines,
        tuple(missed),
        exercise.reread,
    )
    return Report(passed / len(trials), mistake, message)


def _trials(
    exercise: Exercise, cases: Mapping, reference: Mapping
) -> Iterator[tuple[str, str, Case]]:
    rng = np.random.default_rng(len(cases))  # for upstream gradients
    names = next(iter(exercise.cases.values())).inputs
    for told, inputs in cases.items():
        given = dict(zip(names, inputs, strict=True))
        for stage, function in reference.items():
            output_grad, arguments = None, _copies(inputs)
            if stage == "backward" and exercise.kind in ("operation", "layer"):
                shape = np.shape(reference["forward"](*_copies(inputs)))
                output_grad = rng.standard_normal(shape).astype(inputs[0].dtype)
                arguments.append(output_grad.copy())
            truth = run(lambda f=function, a=arguments, s=stage: _named(exercise, s, f(*a)))
            if not truth.clean:
                raise ValueError(
                    f"{exercise.name}: the reference for {stage} fails on {told!r}: "
                    f"{truth.raised} {truth.returned} {truth.detail}"
                )
            yield told, stage, Case(given, output_grad, {stage: truth})


def _copies(inputs: tuple) -> list:
    return [copied(value) for value in inputs]


def _named(exercise: Exercise, stage: str, value) -> dict:
    names = exercise.returns
    if stage != "result":
        left = names if (exercise.kind, stage) == ("layer", "backward") else ()
        names = (PARTS[exercise.kind, stage], *left)
    values = value if len(names) > 1 else (value,)
    parts = {}
    for name, one in zip(names, values, strict=True):
        parts |= unpack(name, one, list(one) if isinstance(one, dict) else [])
    return parts


def _disagreement(got: Outcome, truth: Outcome, tolerance: float | None) -> str:
    """How a hidden case fails, with none of its numbers; empty if it does not."""
    if got.raised:
        return f"stops with {got.raised}"
    if got.returned:
        return f"returns {got.returned}"
    if got.notes:
        return _NOTES.get(min(got.notes), "modifies its input in place")
    for name, right in truth.parts.items():
        value = got.parts[name]
        if value.shape != right.shape:
            return f"{name} has the wrong shape"
        if value.dtype != right.dtype:
            return f"{name} is {value.dtype}, not {right.dtype}"
        if np.isnan(value).any():
            return f"{name} holds NaN"
        exact = HIDDEN_TOLERANCE.get(str(right.dtype), 0.0)
        if not alike(value, right, exact if tolerance is None else tolerance):
            close = tolerance is None and alike(value, right, _CLOSE_ENOUGH)
            return f"{name} {_CLOSE}" if close else f"{name} has wrong values"
    return ""


_NOTES = {"random": "gives another result every time"}


def _explain(
    exercise: Exercise, answer, namespace: Mapping, known: Mapping[str, Finding | None]
) -> tuple[str, tuple[str, ...]]:
    """What the visible cases tell of the mistake; they are no secret."""
    for stage in exercise.stages:
        if stage in known:
            finding = known[stage]
        else:
            outcomes = exercise.observe(answer, stage, namespace)
            finding = find(exercise, stage, outcomes, exercise.expect(answer, stage), answer)
        if finding is not None:
            # Not its private part: that quotes the answer, which has seen the hidden inputs by now.
            where = "" if stage == "result" else f"{stage}: "
            return finding.mistake, (f"{where}{finding.headline}", *finding.lines)
    return "only_what_is_shown", (
        "The visible check comes out right and these do not: look for what works only for the "
        "shapes or the numbers shown.",
    )
