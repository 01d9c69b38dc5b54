"""A layer is checked with its parameters: it is handed them, and leaves their gradients behind."""

import numpy as np
import pytest
from small_exercises import RETURNS, checks_of, draws, failure

from chainrule.checks.bank import Bank, Entry
from chainrule.checks.exercise import Case

LECTURE = "lecture 00, “Somewhere”"


class Affine:
    """X @ W + b, without memory."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, X):
        return X @ self.W + self.b

    def backward(self, X, output_grad):
        self.W_grad = X.T @ output_grad
        self.b_grad = output_grad.sum(axis=0, keepdims=True)
        return output_grad @ self.W.T


def cases():
    draw = draws(7)

    def case(n, f, h):
        return Case({"X": draw(n, f), "W": draw(f, h), "b": draw(1, h)}, draw(n, h))

    return {"a batch": case(4, 3, 2), "a single sample": case(1, 3, 2), "a square": case(3, 3, 3)}


def make(folder, answer):
    entry = Entry("Affine", "layer", cases(), LECTURE, RETURNS[1:])
    entry.correct(Affine)
    return checks_of(folder, Bank([entry]).compile(), Affine=answer)


def test_a_right_layer_passes_and_its_gradients_are_measured_not_tabled(tmp_path, capsys):
    checks = make(tmp_path, Affine)
    checks.forward("Affine")
    checks.backward("Affine")
    assert "equal to\n  the measured gradient" in capsys.readouterr().out
    assert all("backward" not in c.truth for c in checks._exercises["Affine"].cases.values())


class SumsEverything(Affine):
    def backward(self, X, output_grad):
        input_grad = super().backward(X, output_grad)
        self.b_grad = np.full_like(self.b, output_grad.sum())
        return input_grad


class Means(Affine):
    def backward(self, X, output_grad):
        input_grad = super().backward(X, output_grad)
        self.W_grad, self.b_grad = self.W_grad / len(X), self.b_grad / len(X)
        return input_grad


class KeepsNothing(Affine):
    def backward(self, X, output_grad):
        return output_grad @ self.W.T


class Steps(Affine):
    def backward(self, X, output_grad):
        input_grad = super().backward(X, output_grad)
        self.W -= 0.1 * self.W_grad
        return input_grad


class StepsOnACopy(Steps):
    def __init__(self, W, b):
        super().__init__(W.copy(), b.copy())


class AddsUp(Affine):
    W_grad = 0

    def backward(self, X, output_grad):
        self.W_grad = self.W_grad + X.T @ output_grad
        self.b_grad = output_grad.sum(axis=0, keepdims=True)
        return output_grad @ self.W.T


class Remembers(Affine):
    def forward(self, X):
        self.X = X
        return super().forward(X)

    def backward(self, X, output_grad):
        return super().backward(self.X, output_grad)


class Unwritten(Affine):
    def backward(self, X, output_grad):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "mistake", "says"),
    [
        (Unwritten, "not_implemented", "Affine backward: backward is not written yet."),
        (Remembers, "raises", "your code stops with an AttributeError"),
        (SumsEverything, "", "b_grad is wrong"),
        (Means, "factor_1_over_n", "W_grad and b_grad: every value is too small by the number of"),
        (KeepsNothing, "nothing_left", "it leaves nothing in self.W_grad and self.b_grad"),
        (Steps, "modifies_input", "your code changes W in place"),
        (StepsOnACopy, "stale_state", "something is left over from the previous call"),
        (AddsUp, "stale_state", "something is left over from the previous call"),
    ],
)
def test_a_wrong_layer_is_told_what_is_wrong(tmp_path, answer, mistake, says):
    failed = failure(make(tmp_path, answer).backward, "Affine")
    assert failed.mistake == mistake
    assert says in failed.message.headline


def test_a_layer_that_looks_for_the_last_pass_is_told_that_there_was_none(tmp_path):
    failed = failure(make(tmp_path, Remembers).backward, "Affine")
    assert "without a forward before it" in failed.message.lines[0]


def test_hidden_inputs_are_the_batch_and_the_parameters(tmp_path, capsys):
    draw = draws(8)

    def backward(X, W, b, output_grad):
        return output_grad @ W.T, X.T @ output_grad, output_grad.sum(axis=0, keepdims=True)

    for answer, points in ((Affine, 4.0), (Means, 2.0)):
        earned = make(tmp_path, answer).hidden(
            "Affine",
            points=4,
            cases={"another": (draw(7, 2), draw(2, 3), draw(1, 3))},
            forward=lambda X, W, b: X @ W + b,
            backward=backward,
        )
        assert earned == points
    assert "1 of 2 hidden checks passed" in capsys.readouterr().out


def test_numbers_can_be_inputs_too(tmp_path):
    def power(x, exponent):
        return x**exponent

    entry = Entry("power", "function", {"a cube": Case({"x": 2.0, "exponent": 3})}, LECTURE, ("y",))
    entry.correct(power)
    exercises = Bank([entry]).compile()
    checks_of(tmp_path, exercises, power=power).result("power")
    failed = failure(checks_of(tmp_path, exercises, power=lambda x, exponent: 16.0).result, "power")
    assert failed.mistake == "factor_2"
    assert dict(failed.message.evidence)["x"] == "2"
