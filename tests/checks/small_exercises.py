"""Small exercises without a mistake bank, and ways to ask what a check says of an answer."""

import numpy as np
import pytest

from chainrule.checks import CheckFailed, Checks, store
from chainrule.checks.bank import Bank, Entry, array
from chainrule.checks.diagnosis import explain, find
from chainrule.checks.exercise import Case
from chainrule.losses import Loss
from chainrule.operations import Operation


class Cubed(Operation):
    """x**3: its value, slope, and slope at the output all differ."""

    def _output(self):
        return self.input_**3

    def _input_grad(self, output_grad):
        return 3 * self.input_**2 * output_grad


class Ramp(Operation):
    """max(x, 0), with slope 0 at the kink."""

    def _output(self):
        return np.maximum(self.input_, 0)

    def _input_grad(self, output_grad):
        return output_grad * (self.input_ > 0)


class Squares(Loss):
    """Squared errors, summed over outputs and averaged over samples."""

    def _output(self):
        return np.sum((self.prediction - self.target) ** 2) / len(self.prediction)

    def _input_grad(self):
        return 2 * (self.prediction - self.target) / len(self.prediction)


def affine_backward(X, W, output_grad):
    """Gradients of X @ W + b."""
    return output_grad @ W.T, X.T @ output_grad, output_grad.sum(axis=0, keepdims=True)


def draws(seed):
    """Random numbers of either sign, none of them near 0, where a measurement tells little."""
    rng = np.random.default_rng(seed)
    return lambda *shape: rng.choice([-1.0, 1.0], shape) * rng.uniform(0.4, 2, shape)


def operation_cases():
    draw = draws(1)
    small = np.float32
    return {
        "a batch": Case({"input_": draw(4, 3)}, draw(4, 3)),
        "another batch": Case({"input_": draw(5, 2)}, draw(5, 2)),
        "a single sample": Case({"input_": draw(1, 3)}, draw(1, 3)),
        "a square batch": Case({"input_": draw(3, 3)}, draw(3, 3)),
        "float32": Case({"input_": draw(3, 2).astype(small)}, draw(3, 2).astype(small)),
    }


def kink_cases():
    at_zero = Case({"input_": array([-2, 0, 3])}, array([1.5, -0.5, 2]), {"backward": None})
    return {**operation_cases(), "the kink": at_zero}


def loss_cases():
    draw = draws(2)
    shapes = {
        "a batch": (4, 2),
        "three outputs": (5, 3),
        "one output": (6, 1),
        "a single sample": (1, 2),
    }
    return {
        name: Case({"prediction": draw(*shape), "target": draw(*shape)})
        for name, shape in shapes.items()
    }


def function_cases():
    draw = draws(3)
    shapes = {"a batch": (4, 3, 2), "a single sample": (1, 3, 2), "a wide layer": (3, 2, 5)}
    return {
        name: Case({"X": draw(n, f), "W": draw(f, h), "output_grad": draw(n, h)})
        for name, (n, f, h) in shapes.items()
    }


RETURNS = ("X_grad", "W_grad", "b_grad")
LECTURE = "lecture 00, “Somewhere”"


def entries():
    """Fresh entries with right answers and no mistakes."""
    made = [
        (Entry("Cubed", "operation", operation_cases(), LECTURE), Cubed),
        (Entry("Ramp", "operation", kink_cases(), LECTURE), Ramp),
        (Entry("Squares", "loss", loss_cases(), LECTURE), Squares),
        (Entry("affine_backward", "function", function_cases(), LECTURE, RETURNS), affine_backward),
    ]
    for entry, answer in made:
        entry.correct(answer)
    return {entry.exercise.name: entry for entry, _ in made}


EXERCISES = Bank(list(entries().values())).compile()


def exercise(name):
    return next(one for one in EXERCISES if one.name == name)


def checks_of(folder, exercises=EXERCISES, **namespace) -> Checks:
    """Checks as a notebook makes them, from a data file in a folder."""
    path = folder / "checks.json"
    path.write_text(store.dump(exercises), encoding="utf-8")
    return Checks(path, namespace)


def diagnosed(plan, stage, answer) -> CheckFailed | None:
    """What a check says is wrong with an answer in one stage; None if nothing is."""
    outcomes, expected = plan.observe(answer, stage, {}), plan.expect(answer, stage)
    finding = find(plan, stage, outcomes, expected, answer)
    return finding and explain(plan, stage, finding, outcomes, expected)


def failure(check, *arguments) -> CheckFailed:
    """What a check that has to fail raises."""
    with pytest.raises(CheckFailed) as caught:
        check(*arguments)
    return caught.value
