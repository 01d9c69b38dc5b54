"""An exercise: on which inputs an answer is tried, and what should come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from chainrule.checks.attempt import (
    REPEATED,
    Case,
    attempts,
    measure,
    other_batch,
    other_values,
    repeated,
)
from chainrule.checks.outcome import Outcome, alike

NUMERIC_TOLERANCE = 1e-6  # of a measured gradient
RECOGNITION = 1e-8  # how near to a fingerprint counts as equal to it
TABLE_TOLERANCE = {"float32": 1e-5, "float64": 1e-9}


@dataclass(frozen=True)
class Mistake:
    """A known way to go wrong, what to say about it, and what it yields in each case."""

    id: str
    stage: str
    says: str
    outcomes: dict[str, Outcome]


@dataclass(frozen=True)
class Exercise:
    """An exercise as the checks know it.

    Attributes
    ----------
    name : str
        Name of the class or function that the student writes.
    kind : str
        "operation", "loss", "layer" or "function". A layer is made from its parameters, holds on
        to nothing between calls, and leaves the gradients of its parameters in attributes.
    reread : str
        Where the lectures explain it.
    cases : dict of str to Case
    mistakes : list of Mistake
    returns : tuple of str
        For a function: names of the values that it returns, that of a dictionary with brackets
        (see ``dictionaries``). For a layer: names of the attributes that ``backward`` fills, in the
        order of the parameters.
    """

    name: str
    kind: str
    reread: str
    cases: dict[str, Case]
    mistakes: list[Mistake] = field(default_factory=list)
    returns: tuple[str, ...] = ()

    @property
    def stages(self) -> tuple[str, ...]:
        """What is looked at, in order."""
        return ("result",) if self.kind == "function" else ("forward", "backward")

    def observe(self, answer, stage: str, namespace: Mapping) -> dict[str, Outcome]:
        """Run an answer on every case of a stage."""
        tries = [(stage, case) for case in self.cases.values() for _ in range(2)]
        runs = iter(attempts(self.kind, self.returns, answer, tries, namespace))
        outcomes = {name: repeated(next(runs), next(runs)) for name in self.cases}
        if self.kind != "function":
            self._note_stale_state(answer, stage, outcomes, namespace)
        return outcomes

    def expect(self, answer, stage: str) -> dict[str, Outcome]:
        """What should come out in every case of a stage: a table, or else a measurement."""
        return {
            name: case.truth[stage]
            if stage in case.truth
            else measure(self.kind, answer, case, self.returns)
            for name, case in self.cases.items()
        }

    def agree(self, case: str, stage: str, got: Outcome, expected: Outcome) -> bool:
        """Whether what came out is what should."""
        return (
            got.clean
            and expected.clean
            and got.parts.keys() == expected.parts.keys()
            and all(
                alike(got.parts[name], value, self.tolerance(case, stage, value.dtype))
                for name, value in expected.parts.items()
            )
        )

    def tolerance(self, case: str, stage: str, dtype: np.dtype) -> float:
        """How far off a value may be, relative to the largest."""
        given = self.cases[case].tolerance
        if given is not None:
            return given
        measured = stage not in self.cases[case].truth
        return NUMERIC_TOLERANCE if measured else TABLE_TOLERANCE.get(str(dtype), 0.0)

    def recognise(self, stage: str, outcomes: dict[str, Outcome]) -> Mistake | None:
        """The known mistake that does exactly this, in every case; None if there is none."""
        for mistake in self.mistakes:
            if mistake.stage == stage and all(
                outcome.same(mistake.outcomes[name], RECOGNITION)
                for name, outcome in outcomes.items()
            ):
                return mistake
        return None

    def _note_stale_state(self, answer, stage, outcomes, namespace) -> None:
        """An object used before, on other values of these shapes, must do what a fresh one does."""
        others = other_batch if self.kind == "layer" else other_values
        clean = [name for name in self.cases if outcomes[name].clean]
        # A layer is made from the parameters of one case.
        for group in [[name] for name in clean] if self.kind == "layer" else [clean]:
            cases = [self.cases[name] for name in group]
            tries = [(stage, one) for case in cases for one in (others(case), case, case)]
            runs = iter(attempts(self.kind, self.returns, answer, tries, namespace, reuse=True))
            for name in group:
                next(runs)()
                if not repeated(next(runs), next(runs)).same(outcomes[name], REPEATED):
                    outcomes[name] = outcomes[name].with_notes("stale")
