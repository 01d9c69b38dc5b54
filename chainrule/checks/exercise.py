"""An exercise: on which inputs an answer is tried, how it is run, and what should come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from chainrule.checks.outcome import Outcome, Returned, alike, as_array, listed, run
from chainrule.numeric import gradient

NUMERIC_TOLERANCE = 1e-6  # of a measured gradient
RECOGNITION = 1e-8  # how near to a fingerprint counts as equal to it
RESTORED = 1e-9  # an input nudged and put back by arithmetic is off by round-off, and that is fine
REPEATED = 1e-9  # so is a second run: a matrix product may round otherwise at another address
TABLE_TOLERANCE = {"float32": 1e-5, "float64": 1e-9}


@dataclass(frozen=True)
class Case:
    """One set of inputs.

    Attributes
    ----------
    inputs : dict of str to array
        The arguments in order. A string stands for an object of that name in the notebook.
    output_grad : array or None
        The upstream gradient, random and not constant; None where there is none.
    truth : dict of str to Outcome
        By stage: what should come out. Where a stage has none, the gradient is measured from the
        student's own (verified) forward.
    tolerance : float or None
        Overrules the one that follows from the dtype.
    """

    inputs: dict[str, np.ndarray | str]
    output_grad: np.ndarray | None = None
    truth: dict[str, Outcome] = field(default_factory=dict)
    tolerance: float | None = None


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
        "operation", "loss" or "function".
    reread : str
        Where the lectures explain it.
    cases : dict of str to Case
    mistakes : list of Mistake
    returns : tuple of str
        For a function: names of the values that it returns.
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
        outcomes = {
            name: observe(self.kind, self.returns, answer, stage, case, namespace)
            for name, case in self.cases.items()
        }
        if self.kind != "function":
            self._note_stale_state(answer, stage, outcomes, namespace)
        return outcomes

    def expect(self, answer, stage: str) -> dict[str, Outcome]:
        """What should come out in every case of a stage: a table, or else a measurement."""
        return {
            name: case.truth[stage] if stage in case.truth else measure(self.kind, answer, case)
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
        made = []

        def reuse():
            if not made:
                made.append(answer())
            return made[0]

        for name, case in self.cases.items():
            fresh = outcomes[name]
            if not fresh.clean:
                continue
            _run_once(self.kind, self.returns, reuse, stage, _other_values(case), namespace)
            again = observe(self.kind, self.returns, reuse, stage, case, namespace)
            if not again.same(fresh, REPEATED):
                outcomes[name] = fresh.with_notes("stale")


def _other_values(case: Case) -> Case:
    """The same shapes with other values, that a sensible answer can take as well."""
    return Case(
        {
            name: np.flip(value) * value.dtype.type(0.5) if isinstance(value, np.ndarray) else value
            for name, value in case.inputs.items()
        },
        case.output_grad,
    )


def observe(
    kind: str, returns: tuple[str, ...], answer, stage: str, case: Case, namespace: Mapping
) -> Outcome:
    """Run an answer on one case, twice, and note what it does besides returning."""
    first, modified = _run_once(kind, returns, answer, stage, case, namespace)
    if not first.clean:
        return first
    second, _ = _run_once(kind, returns, answer, stage, case, namespace)
    notes = [f"modified {name}" for name in modified]
    if not second.same(first, REPEATED):
        notes.append("random")
    return first.with_notes(*notes)


def _run_once(kind, returns, answer, stage, case, namespace) -> tuple[Outcome, list[str]]:
    given = {name: _hand_over(value, namespace) for name, value in case.inputs.items()}
    upstream = None if case.output_grad is None else case.output_grad.copy()
    outcome = run(lambda: _RUNNERS[kind](answer, stage, list(given.values()), upstream, returns))
    modified = [
        name
        for name, value in case.inputs.items()
        if isinstance(value, np.ndarray) and not alike(given[name], value, RESTORED)
    ]
    if upstream is not None and not alike(upstream, case.output_grad, RESTORED):
        modified.append("output_grad")
    return outcome, modified


def _hand_over(value, namespace: Mapping):
    """What the answer is given: a copy of an array, or the object that a name stands for."""
    if isinstance(value, str):
        return namespace[value]
    return value.copy() if isinstance(value, np.ndarray) else value


def _run_operation(answer, stage, inputs, output_grad, _returns) -> dict:
    operation = answer()
    output = operation.forward(*inputs)
    if stage == "forward":
        return {"output": output}
    shape = inputs[0].shape
    return {"input_grad": _past_the_base(operation, "backward", "_input_grad", shape, output_grad)}


def _run_loss(answer, stage, inputs, _output_grad, _returns) -> dict:
    loss = answer()
    value = _past_the_base(loss, "forward", "_output", (), *inputs)
    if stage == "forward":
        return {"loss": value}
    return {"prediction_grad": _past_the_base(loss, "backward", "_input_grad", inputs[0].shape)}


def _past_the_base(answer, verb: str, method: str, shape: tuple, *arguments):
    """Call a verb; if the base class objects to what the student's method returned, return that.

    The value tells more than the base class's error. Numbers of the right shape are no reason to
    object: then the error was about something else, and it stands.
    """
    try:
        return getattr(answer, verb)(*arguments)
    except (TypeError, ValueError):
        inner = getattr(answer, method, None)
        if inner is None:
            raise
        value = inner(*(arguments if verb == "backward" else ()))
        array = as_array(value)
        if array is not None and array.shape == shape:
            raise
        return value


def _run_function(answer, _stage, inputs, _output_grad, returns) -> dict:
    result = answer(*inputs)
    if len(returns) == 1:
        return {returns[0]: result}
    if not isinstance(result, tuple | list) or len(result) != len(returns):
        if result is None:
            return {"result": None}
        count = len(result) if isinstance(result, tuple | list) else 1
        what = "one value" if count == 1 else "more" if count > len(returns) else f"{count} values"
        return {"result": Returned(f"{what} where {len(returns)} are asked for: {listed(returns)}")}
    return dict(zip(returns, result, strict=True))


_RUNNERS: dict[str, Callable[..., dict]] = {
    "operation": _run_operation,
    "loss": _run_loss,
    "function": _run_function,
}


def measure(kind: str, answer, case: Case) -> Outcome:
    """The gradient of an answer's own forward, by central differences in float64 (lecture 06)."""
    first, *others = (value.astype(float) for value in case.inputs.values())

    def scalar(point):
        output = answer().forward(point.copy(), *(value.copy() for value in others))
        return output if case.output_grad is None else np.sum(output * case.output_grad)

    def code():
        dtype = next(iter(case.inputs.values())).dtype
        return {name: gradient(scalar, first).astype(dtype)}

    name = "input_grad" if kind == "operation" else "prediction_grad"
    return run(code)
