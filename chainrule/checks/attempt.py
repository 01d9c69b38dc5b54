"""An attempt: an answer tried on one set of inputs, and what came of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np

from chainrule.checks.dictionaries import Keepsake, copied, keys_among, plain, unpack
from chainrule.checks.outcome import Elsewhere, Outcome, Returned, alike, listed, run
from chainrule.checks.script import Call, Script, made_once, play_all
from chainrule.numeric import gradient

RESTORED = 1e-9  # an input nudged and put back by arithmetic is off by round-off, and that is fine
REPEATED = 1e-9  # so is a second run: a matrix product may round otherwise at another address

# What comes back, by kind and stage; a function names its own in `returns`.
PARTS = {
    ("operation", "forward"): "output",
    ("operation", "backward"): "input_grad",
    ("loss", "forward"): "loss",
    ("loss", "backward"): "prediction_grad",
    ("layer", "forward"): "output",
    ("layer", "backward"): "input_grad",
}


@dataclass(frozen=True)
class Case:
    """One set of inputs.

    Attributes
    ----------
    inputs : dict of str to array, number, dictionary of arrays, or str
        The arguments in order. A string stands for an object of that name in the notebook. A
        layer's first is what goes through it, and the others are its parameters.
    output_grad : array or None
        The upstream gradient, random and not constant; None where there is none.
    truth : dict of str to Outcome
        By stage: what should come out. Where a stage has none, the gradient is measured from the
        student's own (verified) forward.
    tolerance : float or None
        Overrules the one that follows from the dtype.
    """

    inputs: dict[str, np.ndarray | float | str | dict]
    output_grad: np.ndarray | None = None
    truth: dict[str, Outcome] = field(default_factory=dict)
    tolerance: float | None = None


def other_values(case: Case) -> Case:
    """The same shapes with other values, that a sensible answer can take as well."""
    return Case({name: _other(value) for name, value in case.inputs.items()}, case.output_grad)


def other_batch(case: Case) -> Case:
    """Another batch for the same parameters: what a layer that was made once meets next."""
    (name, value), *params = case.inputs.items()
    return Case({name: _other(value), **dict(params)}, case.output_grad)


def _other(value):
    return np.flip(value) * value.dtype.type(0.5) if isinstance(value, np.ndarray) else value


def observe(
    kind: str, returns: tuple[str, ...], answer, stage: str, case: Case, namespace: Mapping
) -> Outcome:
    """Run an answer on one case, twice, and note what it does besides returning."""
    return repeated(*attempts(kind, returns, answer, [(stage, case)] * 2, namespace))


def repeated(first: "Attempt", second: "Attempt") -> Outcome:
    """The outcome of the first of two equal attempts, with what the two show together."""
    outcome, modified = first()
    if not outcome.clean:
        return outcome
    again, _ = second()
    notes = [f"modified {name}" for name in modified]
    if not again.same(outcome, REPEATED):
        notes.append("random")
    return outcome.with_notes(*notes)


def attempts(
    kind: str,
    returns: tuple[str, ...],
    answer,
    tries: list[tuple[str, Case]],
    namespace: Mapping,
    reuse: bool = False,
) -> list["Attempt"]:
    """Functions that run an answer on one stage and case each, to be called in order.

    Each returns the outcome, and which inputs the answer modified. An answer that lives in another
    process runs on all of them at once, unless they share something of the notebook's.

    Parameters
    ----------
    kind, returns
        As in `Exercise`.
    answer : class or function
    tries : list of (str, Case)
    namespace : mapping
    reuse : bool
        Whether the object that the first one makes serves the others, too.
    """
    names = any(isinstance(value, str) for _, case in tries for value in case.inputs.values())
    if names or not issubclass(type(answer), Elsewhere):
        make = made_once(answer) if reuse else answer

        def attempt(stage: str, case: Case) -> tuple[Outcome, list[str]]:
            trial = _Trial(kind, returns, stage, case, namespace)
            return trial.finish(lambda: trial.script.play(make))

        return [partial(attempt, stage, case) for stage, case in tries]
    trials: list[_Trial] = []
    for (stage, case), before in zip(tries, [None, *tries], strict=False):
        again = before is not None and stage == before[0] and case is before[1]
        # What is tried twice in a row is sent once. What it modifies shows in the first.
        trials.append(trials[-1] if again else _Trial(kind, returns, stage, case, namespace))
    times = Counter(map(id, trials))
    scripts = [replace(one.script, times=times[id(one)]) for one in dict.fromkeys(trials)]
    judged: dict[tuple[int, int], Attempt] = {}  # what came again need not be judged again
    return [
        judged.setdefault((id(trial), id(play)), cache(partial(trial.finish, play, played=True)))
        for trial, play in zip(trials, play_all(answer, scripts, reuse), strict=True)
    ]


Attempt = Callable[[], tuple[Outcome, list[str]]]


class _Trial:
    """The inputs of one run, as they are handed over, and as they were."""

    def __init__(
        self, kind: str, returns: tuple[str, ...], stage: str, case: Case, namespace: Mapping
    ):
        self.kind, self.returns, self.stage, self.case = kind, returns, stage, case
        self.given = {name: _hand_over(value, namespace) for name, value in case.inputs.items()}
        self._kept = {
            name: Keepsake(self.given[name])
            for name, value in case.inputs.items()
            if isinstance(value, str) and isinstance(self.given[name], dict)
        }
        self._upstream = None if case.output_grad is None else case.output_grad.copy()
        inputs = tuple(self.given.values())
        self._keys = keys_among(inputs)  # before somebody changes them
        self.script = _SCRIPTS[kind](stage, inputs, self._upstream, returns)

    def finish(self, play: Callable[[], tuple], played: bool = False) -> tuple[Outcome, list[str]]:
        """Run it, or see how it went; the outcome, and which inputs were modified."""
        outcome = run(lambda: self._read(*play()), ours=played)
        before = {
            name: self._kept[name].before if name in self._kept else value
            for name, value in self.case.inputs.items()
        }
        modified = [
            name for name, value in before.items() if not _unchanged(self.given[name], value)
        ]
        for keepsake in self._kept.values():
            keepsake.put_back()
        upstream = self._upstream
        if upstream is not None and not alike(upstream, self.case.output_grad, RESTORED):
            modified.append("output_grad")
        return outcome, modified

    def _read(self, value, left: list) -> dict:
        """What came back, by name."""
        if self.kind == "function":
            return _read_function(self._keys, value, self.returns)
        if left:
            found = dict(zip(self.returns, left, strict=True))
            missing = [name for name, one in found.items() if one is None]
            if missing:
                names = listed(f"self.{name}" for name in missing)
                return {"layer": Returned(f"nothing in {names}")}
            return {PARTS[self.kind, self.stage]: value, **found}
        return {PARTS[self.kind, self.stage]: value}


def _hand_over(value, namespace: Mapping):
    """What the answer is given: a copy of an array, or the object that a name stands for."""
    if isinstance(value, str):
        return namespace[value]
    return copied(value)


def _unchanged(now, before) -> bool:
    """Whether an array, or each array of a dictionary, holds what it held."""
    if isinstance(before, dict):
        return now.keys() == before.keys() and all(
            _unchanged(now[key], before[key]) for key in before
        )
    if not isinstance(before, np.ndarray):
        return True
    return isinstance(now, np.ndarray) and alike(now, before, RESTORED)


def _script_of_operation(stage: str, inputs: tuple, output_grad, _returns) -> Script:
    calls = [Call("forward", inputs)]
    if stage == "backward":
        given = (output_grad,)
        calls.append(Call("backward", given, "_input_grad", given, inputs[0].shape))
    return Script((), tuple(calls))


def _script_of_loss(stage: str, inputs: tuple, _output_grad, _returns) -> Script:
    calls = [Call("forward", inputs, "_output", (), ())]
    if stage == "backward":
        calls.append(Call("backward", (), "_input_grad", (), inputs[0].shape))
    return Script((), tuple(calls))


def _script_of_layer(stage: str, inputs: tuple, output_grad, returns: tuple[str, ...]) -> Script:
    input_, *params = inputs
    if stage == "forward":
        return Script(tuple(params), (Call("forward", (input_,)),))
    return Script(tuple(params), (Call("backward", (input_, output_grad)),), tuple(returns))


def _script_of_function(_stage: str, inputs: tuple, _output_grad, _returns) -> Script:
    return Script(inputs)


def _read_function(keys: list[str], result, returns: tuple[str, ...]) -> dict:
    if len(returns) == 1:
        return unpack(returns[0], result, keys)
    if not isinstance(result, tuple | list) or len(result) != len(returns):
        if result is None:
            return {"result": None}
        count = len(result) if isinstance(result, tuple | list) else 1
        what = "one value" if count == 1 else "more" if count > len(returns) else f"{count} values"
        names = listed(plain(name) for name in returns)
        return {"result": Returned(f"{what} where {len(returns)} are asked for: {names}")}
    parts = {}
    for name, value in zip(returns, result, strict=True):
        parts |= unpack(name, value, keys)
    return parts


_SCRIPTS: dict[str, Callable[..., Script]] = {
    "operation": _script_of_operation,
    "loss": _script_of_loss,
    "function": _script_of_function,
    "layer": _script_of_layer,
}


def measure(kind: str, answer, case: Case, returns: tuple[str, ...] = ()) -> Outcome:
    """The gradient of an answer's own forward, by central differences in float64 (lecture 06).

    Of a layer, also the gradients of its parameters, which it leaves in its attributes.
    """
    point = [value.astype(float) for value in case.inputs.values()]
    dtype = next(iter(case.inputs.values())).dtype
    parts = (PARTS[kind, "backward"], *(returns if kind == "layer" else ()))
    nudged = dict(zip(parts, point, strict=False))

    def script() -> Script:
        input_, *others = (value.copy() for value in point)
        if kind == "layer":
            return Script(tuple(others), (Call("forward", (input_,)),))
        return Script((), (Call("forward", (input_, *others)),))

    def code() -> dict:
        plays = iter(_foresee(answer, script, nudged.values()))

        def scalar(_):
            output, _ = next(plays, lambda: script().play(answer))()
            return output if case.output_grad is None else np.sum(output * case.output_grad)

        return {part: gradient(scalar, array).astype(dtype) for part, array in nudged.items()}

    return run(code)


def _foresee(answer, script: Callable[[], Script], arrays: Iterable[np.ndarray]) -> list[Callable]:
    """What is going to be asked while arrays are nudged, if it is better asked at once."""
    if not issubclass(type(answer), Elsewhere):
        return []
    scripts = []

    def note(array):
        scripts.append(script())
        return float(array.sum())

    for array in arrays:
        gradient(note, array)
    return play_all(answer, scripts)
