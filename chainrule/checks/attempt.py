"""An attempt: an answer tried on one set of inputs, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from chainrule.checks.dictionaries import Keepsake, copied, keys_among, plain, unpack
from chainrule.checks.outcome import Outcome, Returned, alike, as_array, listed, run
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
    first, modified = run_once(kind, returns, answer, stage, case, namespace)
    if not first.clean:
        return first
    second, _ = run_once(kind, returns, answer, stage, case, namespace)
    notes = [f"modified {name}" for name in modified]
    if not second.same(first, REPEATED):
        notes.append("random")
    return first.with_notes(*notes)


def run_once(kind, returns, answer, stage, case, namespace) -> tuple[Outcome, list[str]]:
    """Run an answer on one case; the outcome, and which inputs it modified."""
    given = {name: _hand_over(value, namespace) for name, value in case.inputs.items()}
    kept = {
        name: Keepsake(given[name])
        for name, value in case.inputs.items()
        if isinstance(value, str) and isinstance(given[name], dict)
    }
    before = {
        name: kept[name].before if name in kept else value for name, value in case.inputs.items()
    }
    upstream = None if case.output_grad is None else case.output_grad.copy()
    outcome = run(lambda: _RUNNERS[kind](answer, stage, list(given.values()), upstream, returns))
    modified = [name for name, value in before.items() if not _unchanged(given[name], value)]
    for keepsake in kept.values():
        keepsake.put_back()
    if upstream is not None and not alike(upstream, case.output_grad, RESTORED):
        modified.append("output_grad")
    return outcome, modified


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


def _run_operation(answer, stage, inputs, output_grad, _returns) -> dict:
    operation = answer()
    value = operation.forward(*inputs)
    if stage == "backward":
        shape = inputs[0].shape
        value = _past_the_base(operation, "backward", "_input_grad", shape, output_grad)
    return {PARTS["operation", stage]: value}


def _run_loss(answer, stage, inputs, _output_grad, _returns) -> dict:
    loss = answer()
    value = _past_the_base(loss, "forward", "_output", (), *inputs)
    if stage == "backward":
        value = _past_the_base(loss, "backward", "_input_grad", inputs[0].shape)
    return {PARTS["loss", stage]: value}


def _run_layer(answer, stage, inputs, output_grad, returns) -> dict:
    input_, *params = inputs
    layer = answer(*params)
    if stage == "forward":
        return {PARTS["layer", stage]: layer.forward(input_)}
    input_grad = layer.backward(input_, output_grad)
    left = {name: getattr(layer, name, None) for name in returns}
    missing = [name for name, value in left.items() if value is None]
    if missing:
        return {"layer": Returned(f"nothing in {listed(f'self.{name}' for name in missing)}")}
    return {PARTS["layer", stage]: input_grad, **left}


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
    keys = keys_among(inputs)
    result = answer(*inputs)
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


_RUNNERS: dict[str, Callable[..., dict]] = {
    "operation": _run_operation,
    "loss": _run_loss,
    "function": _run_function,
    "layer": _run_layer,
}


def measure(kind: str, answer, case: Case, returns: tuple[str, ...] = ()) -> Outcome:
    """The gradient of an answer's own forward, by central differences in float64 (lecture 06).

    Of a layer, also the gradients of its parameters, which it leaves in its attributes.
    """
    if kind == "layer":
        return _measure_layer(answer, case, returns)
    first, *others = (value.astype(float) for value in case.inputs.values())

    def scalar(point):
        output = answer().forward(point.copy(), *(value.copy() for value in others))
        return output if case.output_grad is None else np.sum(output * case.output_grad)

    def code():
        dtype = next(iter(case.inputs.values())).dtype
        return {PARTS[kind, "backward"]: gradient(scalar, first).astype(dtype)}

    return run(code)


def _measure_layer(answer, case: Case, returns: tuple[str, ...]) -> Outcome:
    point = [value.astype(float) for value in case.inputs.values()]
    dtype = next(iter(case.inputs.values())).dtype

    def scalar(_):
        input_, *params = (value.copy() for value in point)
        return np.sum(answer(*params).forward(input_) * case.output_grad)

    def code():
        parts = (PARTS["layer", "backward"], *returns)
        return {
            part: gradient(scalar, array).astype(dtype)
            for part, array in zip(parts, point, strict=False)
        }

    return run(code)
