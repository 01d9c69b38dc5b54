"""What a check cell calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from chainrule.checks import store
from chainrule.checks.diagnosis import diagnose, find
from chainrule.checks.exercise import Case, Exercise, observe
from chainrule.checks.message import CheckFailed, Message, show
from chainrule.checks.outcome import Outcome, alike, run
from chainrule.checks.training import judge_training

_CLOSE = "is close but not exact: derive it, do not measure it"
HIDDEN_TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@dataclass(frozen=True)
class Verdict:
    """What one check found: an exercise, a stage, the share of it that is right, the mistake."""

    exercise: str
    stage: str
    share: float
    mistake: str = ""


class Checks:
    """The checks of one problem set.

    Parameters
    ----------
    path : str or Path
        The data file of the problem set, ``checks.json``.
    namespace : mapping
        Where the student's classes and functions are looked up by name: ``globals()``. Looking
        them up here, and not in the check cell, turns a missing one into an explanation.

    Attributes
    ----------
    verdicts : list of Verdict
        One for every check that was run, for programs that read along.

    Examples
    --------
    >>> checks = Checks("checks.json", globals())  # doctest: +SKIP
    >>> checks.forward("ReLU")  # doctest: +SKIP
    ✓ ReLU forward: right for a batch, a single sample and large values.
    """

    def __init__(self, path, namespace: Mapping):
        self._exercises = store.read(Path(path))
        self._namespace = namespace
        self.verdicts: list[Verdict] = []

    def forward(self, name: str) -> None:
        """Check what an operation or a loss computes."""
        self._verify(name, "forward")

    def backward(self, name: str) -> None:
        """Check a gradient against one measured from the answer's own forward.

        A wrong forward would make that measurement worthless, so it is checked first.
        """
        exercise, answer = self._find(name, "backward")
        failed = self._examine(exercise, answer, "forward")
        if failed is not None:
            message = Message(
                "✗",
                f"{name} backward: cannot be judged while forward is not right.",
                ("The gradient is measured from your own forward, so mend that first:",
                 failed.message.headline),
                reread=exercise.reread,
            )  # fmt: skip
            self._fail(name, "backward", CheckFailed(message, failed.mistake))
        self._verify(name, "backward")

    def result(self, name: str) -> None:
        """Check what a function returns."""
        self._verify(name, "result")

    def hidden(
        self,
        name: str,
        points: float,
        cases: Mapping[str, tuple],
        tolerance: float | None = None,
        **reference: Callable,
    ) -> float:
        """Compare an answer with an independent reference on inputs that no student sees.

        Parameters
        ----------
        name : str
        points : float
            For all cases; every case and stage earns an equal part.
        cases : mapping of str to tuple of arrays
            What the student is told, and the inputs, which the student is not.
        tolerance : float, optional
            Where even a right answer is not exact; the default is that of an exact formula.
        **reference : callable
            By stage: ``forward=f(*inputs)``, ``backward=f(*inputs, output_grad)`` for an operation
            and ``f(*inputs)`` for a loss; ``result=f(*inputs)`` for a function.

        Returns
        -------
        float
            The points earned, which nbgrader takes as partial credit.
        """
        try:
            exercise, answer = self._find(name, "hidden")
        except CheckFailed as failed:
            show(failed.message)
            return 0.0
        rng = np.random.default_rng(len(cases))  # for upstream gradients
        missed, total = [], 0
        for told, inputs in cases.items():
            for stage in reference:
                total += 1
                case = self._hidden_case(exercise, inputs, stage, reference, rng)
                got = observe(exercise.kind, exercise.returns, answer, stage, case, self._namespace)
                hint = _disagreement(got, case.truth[stage], tolerance)
                if hint:
                    missed.append((told if stage == "result" else f"{told}, {stage}", hint))
        mistake, message = self._hidden_message(exercise, answer, missed, total)
        show(message)
        share = (total - len(missed)) / total
        self.verdicts.append(Verdict(name, "hidden", share, mistake))
        return round(points * share, 2)

    def training(self, name: str, points: float, **task) -> float:
        """Judge a training function by the loss its network reaches; see `judge_training`.

        Returns
        -------
        float
            The points earned, which nbgrader takes as partial credit.
        """
        try:
            answer = self._look_up(name, "training")
        except CheckFailed as failed:
            show(failed.message)
            return 0.0
        share, message, mistake = judge_training(name, answer, **task)
        show(message)
        self.verdicts.append(Verdict(name, "training", share, mistake))
        return round(points * share, 2)

    def _look_up(self, name: str, stage: str):
        if name not in self._namespace:
            message = Message(
                "✗",
                f"{name} is not defined.",
                (
                    "Run the cell above that defines it. If that cell ends in an error, mend the "
                    "error first.",
                ),
            )
            self._fail(name, stage, CheckFailed(message, "not_defined"))
        return self._namespace[name]

    def _find(self, name: str, stage: str) -> tuple[Exercise, Callable]:
        if name not in self._exercises:
            known = ", ".join(self._exercises)
            raise ValueError(f"no exercise is called {name!r}; this problem set has {known}")
        exercise = self._exercises[name]
        answer = self._look_up(name, stage)
        wants_class = exercise.kind != "function"
        if isinstance(answer, type) != wants_class and not (wants_class and callable(answer)):
            wanted = "a class" if wants_class else "a function"
            message = Message(
                "✗",
                f"{name} should be {wanted}, but it is a {type(answer).__name__}.",
                ("Was the name used for something else further up?",),
            )
            self._fail(name, stage, CheckFailed(message, "wrong_type"))
        return exercise, answer

    def _verify(self, name: str, stage: str) -> None:
        exercise, answer = self._find(name, stage)
        failed = self._examine(exercise, answer, stage)
        if failed is not None:
            self._fail(name, stage, failed)
        self.verdicts.append(Verdict(name, stage, 1.0))
        what = name if stage == "result" else f"{name} {stage}"
        how = ", equal to the measured gradient" if stage == "backward" else ""
        print(f"✓ {what}: right for {', '.join(exercise.cases)}{how}.")

    def _fail(self, name: str, stage: str, failed: CheckFailed) -> NoReturn:
        self.verdicts.append(Verdict(name, stage, 0.0, failed.mistake))
        raise failed

    def _examine(self, exercise: Exercise, answer, stage: str) -> CheckFailed | None:
        outcomes = exercise.observe(answer, stage, self._namespace)
        return diagnose(exercise, stage, outcomes, exercise.expect(answer, stage))

    def _hidden_case(self, exercise, inputs, stage, reference, rng) -> Case:
        names = next(iter(exercise.cases.values())).inputs
        given = dict(zip(names, inputs, strict=True))
        output_grad = None
        arguments = [value.copy() if isinstance(value, np.ndarray) else value for value in inputs]
        if stage == "backward" and exercise.kind == "operation":
            shape, dtype = np.shape(reference["forward"](*arguments)), inputs[0].dtype
            output_grad = rng.standard_normal(shape).astype(dtype)
            arguments.append(output_grad.copy())
        truth = run(lambda: _name_parts(exercise, stage, reference[stage](*arguments)))
        return Case(given, output_grad, {stage: truth})

    def _hidden_message(
        self, exercise: Exercise, answer, missed: list, total: int
    ) -> tuple[str, Message]:
        passed = total - len(missed)
        if not missed:
            return "", Message("✓", f"{exercise.name}: all {total} hidden checks passed.")
        if all(hint.endswith(_CLOSE) for _, hint in missed):
            mistake, lines = "measured_not_derived", ("Close everywhere, exact nowhere.",)
        else:
            mistake, lines = self._explain_hidden(exercise, answer)
        return mistake, Message(
            "◐" if passed else "✗",
            f"{exercise.name}: {passed} of {total} hidden checks passed.",
            lines,
            tuple(missed),
            exercise.reread,
        )

    def _explain_hidden(self, exercise: Exercise, answer) -> tuple[str, tuple[str, ...]]:
        """What the visible cases tell of the mistake; they are no secret."""
        for stage in exercise.stages:
            outcomes = exercise.observe(answer, stage, self._namespace)
            finding = find(exercise, stage, outcomes, exercise.expect(answer, stage))
            if finding is not None:
                return finding.mistake, (finding.headline, *finding.lines)
        return "only_what_is_shown", (
            "The inputs of the visible check come out right, these do not: look for what works "
            "only for the shapes or the numbers shown.",
        )


def _name_parts(exercise: Exercise, stage: str, value) -> dict:
    if stage == "result":
        values = value if len(exercise.returns) > 1 else (value,)
        return dict(zip(exercise.returns, values, strict=True))
    names = {
        ("operation", "forward"): "output",
        ("operation", "backward"): "input_grad",
        ("loss", "forward"): "loss",
        ("loss", "backward"): "prediction_grad",
    }
    return {names[exercise.kind, stage]: value}


def _disagreement(got: Outcome, truth: Outcome, tolerance: float | None) -> str:
    """How a hidden case fails, with none of its numbers; empty if it does not."""
    if got.raised:
        return f"stops with {got.raised}"
    if got.returned:
        return f"returns {got.returned}"
    if got.notes:
        return ", ".join(sorted(got.notes))
    for name, right in truth.parts.items():
        value = got.parts[name]
        if value.shape != right.shape:
            return f"{name} has the wrong shape"
        if value.dtype != right.dtype:
            return f"{name} is {value.dtype}, not {right.dtype}"
        if np.isnan(value).any():
            return f"{name} holds NaN"
        exact = HIDDEN_TOLERANCE.get(str(right.dtype), 0.0)
        if not alike(value, right, tolerance or exact):
            if tolerance is None and alike(value, right, 1e-5):
                return f"{name} {_CLOSE}"
            return f"{name} has wrong values"
    return ""
