"""What a check cell calls."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from chainrule.checks import store
from chainrule.checks.diagnosis import explain, find
from chainrule.checks.exercise import Exercise
from chainrule.checks.hidden import try_hidden
from chainrule.checks.message import CheckFailed, Message, show
from chainrule.checks.outcome import Elsewhere, listed, name_of, same_thing
from chainrule.checks.quiet import undisturbed
from chainrule.checks.symptoms import Finding
from chainrule.checks.training import judge_training

FOUNDATIONS = {"Operation", "ParamOperation", "Layer", "Loss"}  # what an answer may be made from


@dataclass(frozen=True)
class Verdict:
    """What one check found.

    Attributes
    ----------
    exercise : str
        What was checked: a class or function, by name.
    stage : str
        "forward", "backward", "result", "hidden" or "training".
    share : float
        How much of it is right, from 0 to 1.
    mistake : str
        Which known mistake it recognised: an id of the mistake bank; empty if none.
    """

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
        self._name, self._text = Path(path).name, store.read_text(Path(path))
        self._namespace = namespace
        self.verdicts: list[Verdict] = []
        # By exercise and stage: the answer that was looked at, and what was found in it.
        self._findings: dict[tuple[str, str], tuple[object, Finding | None]] = {}

    @functools.cached_property
    def _exercises(self) -> Mapping[str, Exercise]:
        """Made at the first check: where cells run and no check does, they would be for nothing."""
        return store.exercises(self._text, self._name)

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
            headline = f"{name} backward: cannot be judged while forward is not right."
            lines = (
                "The gradient is measured from your own forward, so mend that first:",
                failed.message.headline,
            )
            message = Message("✗", headline, lines, reread=exercise.reread)
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
        tolerance: float | Mapping[str, float] | None = None,
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
        tolerance : float or mapping of str to float, optional
            Where even a right answer is not exact, for all cases or for those named; the default
            is that of an exact formula.
        **reference : callable
            By stage: ``forward=f(*inputs)``, ``backward=f(*inputs, output_grad)`` for an operation
            and ``f(*inputs)`` for a loss; ``result=f(*inputs)`` for a function. A layer's inputs
            are the batch and the parameters; its ``backward`` returns the gradients of all.

        Returns
        -------
        float
            The points earned, which nbgrader takes as partial credit.

        Raises
        ------
        ValueError
            If there is nothing to try, or the reference itself fails: that is the instructor's
            error.
        """
        try:
            exercise, answer = self._find(name, "hidden")
        except CheckFailed as failed:
            show(failed.message)
            return 0.0
        known = {
            stage: finding
            for (one, stage), (other, finding) in self._findings.items()
            if one == name and same_thing(other, answer)
        }
        with undisturbed():
            report = try_hidden(
                exercise, answer, cases, reference, tolerance, self._namespace, known
            )
        show(report.message)
        self.verdicts.append(Verdict(name, "hidden", report.share, report.mistake))
        return _earned(points, report.share)

    def training(self, name: str, points: float, **task) -> float:
        """Judge a training function by the loss its network reaches; see `judge_training`.

        Returns
        -------
        float
            The points earned, which nbgrader takes as partial credit.
        """
        try:
            answer = self._look_up(name, "training")
            self._insist(callable(answer), name, "training", "a function", answer)
        except CheckFailed as failed:
            show(failed.message)
            return 0.0
        with undisturbed():
            share, message, mistake = judge_training(name, answer, **task)
        show(message)
        self.verdicts.append(Verdict(name, "training", share, mistake))
        return _earned(points, share)

    def _find(self, name: str, stage: str) -> tuple[Exercise, Callable]:
        """An exercise and the student's answer to it, or an explanation why there is none."""
        if name not in self._exercises:
            known = ", ".join(self._exercises)
            raise ValueError(f"no exercise is called {name!r}; this problem set has {known}")
        exercise = self._exercises[name]
        answer = self._look_up(name, stage)
        wants = "a function" if exercise.kind == "function" else "a class"
        # A class may come as a function that makes its objects, a function not as a class.
        fits = callable(answer) and (wants == "a class" or not isinstance(answer, type))
        self._insist(fits, name, stage, wants, answer)
        self._refuse_the_librarys(answer, name, stage)
        for case in exercise.cases.values():
            for value in case.inputs.values():
                if isinstance(value, str):
                    self._look_up(value, stage, exercise=name)
        return exercise, answer

    def _look_up(self, name: str, stage: str, exercise: str = ""):
        if name not in self._namespace:
            line = (
                "Run the cell above that defines it. If that cell ends in an error, mend the "
                "error first."
            )
            message = Message("✗", f"{name} is not defined.", (line,))
            self._fail(exercise or name, stage, CheckFailed(message, "not_defined"))
        return self._namespace[name]

    def _insist(self, fits: bool, name: str, stage: str, wants: str, answer) -> None:
        if fits:
            return
        headline = f"{name} should be {wants}, but it is {name_of(answer)}."
        line = (
            f"Has the name {name} been used for something else since? Run the cell that defines "
            "it again."
        )
        self._fail(name, stage, CheckFailed(Message("✗", headline, (line,)), "wrong_type"))

    def _verify(self, name: str, stage: str) -> None:
        exercise, answer = self._find(name, stage)
        failed = self._examine(exercise, answer, stage)
        if failed is not None:
            self._fail(name, stage, failed)
        self.verdicts.append(Verdict(name, stage, 1.0))
        what = name if stage == "result" else f"{name} {stage}"
        how = ", and equal to the measured gradient" if stage == "backward" else ""
        show(Message("✓", f"{what}: right for {listed(exercise.cases)}{how}."))

    def _refuse_the_librarys(self, answer, name: str, stage: str) -> None:
        """The framework holds the answers to some exercises; importing one is none."""
        for part, origin in _origins(answer):
            if origin.startswith("chainrule.") and part not in FOUNDATIONS:
                line = (
                    f"{part} comes from {origin}. The exercise is to write it yourself, "
                    f"from {', '.join(sorted(FOUNDATIONS))}."
                )
                message = Message("✗", f"{name} is the library's, not your own.", (line,))
                self._fail(name, stage, CheckFailed(message, "library_used"))

    def _examine(self, exercise: Exercise, answer, stage: str) -> CheckFailed | None:
        with undisturbed():
            outcomes = exercise.observe(answer, stage, self._namespace)
            expected = exercise.expect(answer, stage)
            finding = find(exercise, stage, outcomes, expected, answer)
            self._findings[exercise.name, stage] = answer, finding
            return finding and explain(exercise, stage, finding, outcomes, expected)

    def _fail(self, name: str, stage: str, failed: CheckFailed) -> NoReturn:
        self.verdicts.append(Verdict(name, stage, 0.0, failed.mistake))
        raise failed


def _origins(answer) -> list[tuple[str, str]]:
    """Names and modules of a class and its bases, or of a function."""
    if issubclass(type(answer), Elsewhere):
        found = type(answer).__origins__(answer)
        if found is not None:
            return found
    parts = getattr(answer, "__mro__", (answer,))
    return [
        (getattr(part, "__name__", ""), getattr(part, "__module__", None) or "") for part in parts
    ]


def _earned(points: float, share: float) -> float:
    """The part of the points that is earned; all of them is exactly all."""
    return float(points) if share == 1 else min(round(points * share, 2), float(points))
