"""From outcomes that disagree with the truth to the sentence a student should read.

A mistake is named only when it explains every number seen, in every case; otherwise the evidence is
shown and nothing is guessed. Mistakes from the bank come first: they speak of this exercise. What
is left is told by its symptoms, by what the numbers are to the right ones, or by where they differ.
"""

from dataclasses import replace

import numpy as np

from chainrule.checks.evidence import evidence
from chainrule.checks.exercise import NUMERIC_TOLERANCE, Exercise
from chainrule.checks.message import CheckFailed, Message
from chainrule.checks.outcome import Outcome, agreeing, alike, listed
from chainrule.checks.relations import find_relation
from chainrule.checks.symptoms import Finding, find_symptom, rows

Outcomes = dict[str, Outcome]  # by case


def explain(
    exercise: Exercise, stage: str, finding: Finding, outcomes: Outcomes, expected: Outcomes
) -> CheckFailed:
    """What was found, with the numbers that show it."""
    subject = exercise.name if stage == "result" else f"{exercise.name} {stage}"
    name = finding.case
    shown = finding.private + evidence(exercise, stage, name, outcomes[name], expected[name])
    if finding.mistake == "not_implemented":
        shown = ()  # there is nothing to show of what is not there
    headline = f"{subject}: {finding.headline}"
    message = Message("✗", headline, finding.lines, shown, exercise.reread)
    return CheckFailed(message, finding.mistake)


def find(
    exercise: Exercise, stage: str, outcomes: Outcomes, expected: Outcomes, answer=None
) -> Finding | None:
    """The most telling thing that is wrong; None if all outcomes agree with the truth.

    Parameters
    ----------
    exercise : Exercise
    stage : str
    outcomes, expected : dict of str to Outcome
        What came out in every case, and what should.
    answer : class or function, optional
        What was tried. With it one more question can be asked: the slope at another place.
    """
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
    for name in dict.fromkeys([first, *wrong]):
        finding = find_symptom(exercise, stage, name, outcomes[name], expected[name])
        if finding is not None and _only_batches(exercise, wrong):
            return replace(finding, lines=(*finding.lines, "A single sample works."))
        if finding is not None:
            return finding
    return (
        find_relation(exercise, stage, wrong, outcomes, expected, answer)
        or _at_a_kink(exercise, stage, wrong, outcomes, expected)
        or _somewhere(exercise, stage, wrong, outcomes, expected)
    )


def _at_a_kink(
    exercise: Exercise, stage: str, wrong: list[str], outcomes: Outcomes, expected: Outcomes
) -> Finding | None:
    """Wrong nowhere but where an input is exactly 0, or a prediction exactly right."""
    for name in wrong:
        case = exercise.cases[name]
        arrays = [value for value in case.inputs.values() if isinstance(value, np.ndarray)]
        if exercise.kind == "function" or len({array.shape for array in arrays}) > 1:
            return None
        kink = arrays[0] == (arrays[1] if exercise.kind == "loss" else 0)
        for part, truth in expected[name].parts.items():
            got = outcomes[name].parts[part]
            tolerance = exercise.tolerance(name, stage, truth.dtype)
            if kink.shape != truth.shape or np.any(~agreeing(got, truth, tolerance) & ~kink):
                return None
    where = "the prediction equals the target" if exercise.kind == "loss" else "the input is 0"
    return Finding(
        "kink",
        f"all is right except where {where}: see what the statement says of that place.",
        wrong[0],
    )


def _somewhere(
    exercise: Exercise, stage: str, wrong: list[str], outcomes: Outcomes, expected: Outcomes
) -> Finding:
    """Which values differ and for what, when nothing explains them."""
    what = _what_differs(exercise, stage, wrong, outcomes, expected)
    if _only_batches(exercise, wrong):
        one_row = all(_one_row_is_right(outcomes[name], expected[name]) for name in wrong)
        headline = f"{what} wrong for a batch, and right for a single sample."
        return Finding("one_sample_only" if one_row else "", headline, wrong[0])
    if len(wrong) < len(exercise.cases):
        return Finding("", f"{what} wrong for {listed(wrong)}, and right elsewhere.", wrong[0])
    return Finding("", f"{what} wrong.", wrong[0])


def _one_row_is_right(got: Outcome, right: Outcome) -> bool:
    """Whether the first or the last row is right and no other is, but for those that are all 0."""
    for part, truth in right.parts.items():
        if truth.ndim < 2:
            return False
        agree = agreeing(got.parts[part], truth, NUMERIC_TOLERANCE).all(axis=1)
        told = truth.any(axis=1)
        if not (agree[0] or agree[-1]) or np.sum(agree & told) > 1:
            return False
    return True


def _what_differs(
    exercise: Exercise, stage: str, wrong: list[str], outcomes: Outcomes, expected: Outcomes
) -> str:
    """ "the values are", or of several parts those that differ: "W_grad and b_grad are"."""
    parts = expected[wrong[0]].parts
    differ = [
        part
        for part in parts
        if not all(
            alike(got.parts[part], truth, exercise.tolerance(name, stage, truth.dtype))
            for name in wrong
            for got, truth in [(outcomes[name], expected[name].parts[part])]
        )
    ]
    if len(parts) == 1:
        return "the values are" if parts[differ[0]].ndim else "the value is"
    return f"{listed(differ)} {'are' if len(differ) > 1 else 'is'}"


def _only_batches(exercise: Exercise, wrong: list[str]) -> bool:
    """Whether every batch came out wrong and every single sample right."""
    batches = [name for name, case in exercise.cases.items() if rows(case) > 1]
    return wrong == batches and len(batches) < len(exercise.cases)
