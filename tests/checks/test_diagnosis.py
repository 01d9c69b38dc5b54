"""A wrong answer is told what is wrong with it, without a mistake bank, from what it yields.

The list is that of the curriculum, "What a failing check must say".
"""

import sys
from dataclasses import replace

import numpy as np
import pytest
from small_exercises import (
    LECTURE,
    RETURNS,
    Cubed,
    Ramp,
    Squares,
    affine_backward,
    diagnosed,
    exercise,
    operation_cases,
)

from chainrule.checks.bank import Bank, Entry
from chainrule.checks.diagnosis import find
from chainrule.checks.exercise import Case
from chainrule.operations import Operation


def backward(change):
    """Cubed with another way back: a function of its input, its output and the upstream."""

    class Answer(Cubed):
        def _input_grad(self, output_grad):
            return change(self.input_, self.output, output_grad)

    return Answer


def forward(change):
    """Cubed with another output: a function of the input."""

    class Answer(Cubed):
        def _output(self):
            return change(self.input_)

    return Answer


def loss(change):
    """Squares with another value: a function of prediction and target."""

    class Answer(Squares):
        def _output(self):
            return change(self.prediction, self.target)

    return Answer


def loss_grad(change):
    """Squares with another gradient: a function of prediction and target."""

    class Answer(Squares):
        def _input_grad(self):
            return change(self.prediction, self.target)

    return Answer


def affine(change):
    """affine_backward with something done to its three gradients."""

    def answer(X, W, output_grad):
        return change(*affine_backward(X, W, output_grad), X, W, output_grad)

    return answer


class NotWritten(Cubed):
    def _output(self):
        raise NotImplementedError

    def _input_grad(self, output_grad):
        raise NotImplementedError


class GradientNotWritten(Cubed):
    def _input_grad(self, output_grad):
        raise NotImplementedError


class LossNotWritten(Squares):
    def _output(self):
        raise NotImplementedError


def not_written(X, W, output_grad):
    raise NotImplementedError


class Stale(Cubed):
    kept = None

    def _input_grad(self, output_grad):
        if self.kept is None or self.kept.shape != self.input_.shape:
            self.kept = self.input_
        return 3 * self.kept**2 * output_grad


class InPlace(Cubed):
    def _output(self):
        self.input_ **= 3
        return self.input_


def right(x, upstream):
    return 3 * x**2 * upstream


def loop_over_the_first_row(x, output, upstream):
    grad = np.zeros_like(x)
    grad[0] = right(x, upstream)[0]
    return grad


def endless(x):
    return endless(x)


def leave(x):
    sys.exit()


def ask(x):
    return float(input("factor? ")) * x


def into_integers(x):
    output = np.zeros(x.shape, dtype=int)
    for index in np.ndindex(x.shape):
        output[index] = x[index] ** 3
    return output


RECOGNISED = [
    # not implemented
    ("not_implemented", "Cubed", "forward", NotWritten, "_output is not written yet"),
    ("not_implemented", "Cubed", "backward", GradientNotWritten, "_input_grad is not written yet"),
    ("not_implemented", "Squares", "forward", LossNotWritten, "_output is not written yet"),
    ("not_implemented", "affine_backward", "result", not_written, "is not written yet"),
    # nothing returned
    ("returns_nothing", "Cubed", "forward", forward(lambda x: None), "is the return statement"),
    ("returns_nothing", "Cubed", "backward", backward(lambda *_: None), "is the return statement"),
    ("returns_nothing", "Squares", "forward", loss(lambda p, t: None), "is the return statement"),
    ("returns_nothing", "Squares", "backward", loss_grad(lambda p, t: None), "is the return"),
    ("returns_nothing", "affine_backward", "result", lambda X, W, g: None, "is the return"),
    (
        "returns_nothing",
        "affine_backward",
        "result",
        affine(lambda X, W, b, *_: (X, W, None)),
        "nothing for b_grad",
    ),
    # wrong type
    ("wrong_type", "Cubed", "forward", forward(lambda x: (x**3).tolist()), "where an array is"),
    (
        "wrong_type",
        "affine_backward",
        "result",
        affine(lambda X, W, b, *_: (X, W, b.tolist())),
        "a list of numbers for b_grad where an array is asked for.",
    ),
    ("wrong_type", "Cubed", "backward", backward(lambda *_: "2"), "a str where numbers"),
    ("wrong_type", "Squares", "forward", loss(lambda p, t: "half"), "a str where numbers"),
    (
        "wrong_type",
        "affine_backward",
        "result",
        affine(lambda X, W, b, *_: (X, W)),
        "2 values where 3 are asked for: X_grad, W_grad and b_grad",
    ),
    ("wrong_type", "affine_backward", "result", affine(lambda X, *_: X), "one value where 3"),
    # wrong shape, swapped axes, lost axis, wrong axis
    ("wrong_shape", "Cubed", "forward", forward(lambda x: x.T**3), "its axes are swapped"),
    ("wrong_shape", "Cubed", "backward", backward(lambda x, o, g: right(x, g).T), "are swapped"),
    ("wrong_shape", "Cubed", "backward", backward(lambda x, o, g: 2.0), "it is a single number"),
    ("wrong_shape", "Cubed", "backward", backward(lambda x, o, g: np.ones(0)), "wrong shape"),
    ("wrong_shape", "Cubed", "backward", backward(lambda x, o, g: right(x, g)[0]), "too few axes"),
    (
        "wrong_shape",
        "Squares",
        "forward",
        loss(lambda p, t: ((p - t) ** 2).sum(axis=1)),
        "one number",
    ),
    (
        "wrong_shape",
        "affine_backward",
        "result",
        affine(lambda X, W, b, *_: (X, W.T, b)),
        "W_grad has the wrong shape: its axes are swapped",
    ),
    (
        "wrong_shape",
        "affine_backward",
        "result",
        affine(lambda X, W, b, *_: (X, W, b[0])),
        "an axis is lost; keepdims=True keeps it",
    ),
    (
        "wrong_shape",
        "affine_backward",
        "result",
        affine(lambda X, W, b, *_: (X, W, b.sum())),
        "is axis= missing in a sum?",
    ),
    (
        "wrong_axis",
        "affine_backward",
        "result",
        affine(lambda X, W, b, X_, W_, g: (X, W, g.sum(axis=1, keepdims=True))),
        "the sum runs along the wrong axis",
    ),
    (
        "wrong_axis",
        "affine_backward",
        "result",
        affine(lambda X, W, b, X_, W_, g: (X, W, g.sum(axis=1))),
        "the sum runs along the wrong axis",
    ),
    (
        "order_swapped",
        "affine_backward",
        "result",
        affine(lambda X, W, b, *_: (W, X, b)),
        "another order: X_grad, W_grad, b_grad",
    ),
    # sign
    ("sign_flipped", "Cubed", "forward", forward(lambda x: -(x**3)), "has the wrong sign"),
    ("sign_flipped", "Cubed", "backward", backward(lambda x, o, g: -right(x, g)), "wrong sign"),
    ("sign_flipped", "Squares", "forward", loss(lambda p, t: -((p - t) ** 2).sum() / len(p)), ""),
    (
        "sign_flipped",
        "affine_backward",
        "result",
        affine(lambda X, W, b, *_: (X, -W, b)),
        "W_grad: every value has the wrong sign",
    ),
    # constant factors: 2, 1/2, N, 1/N, number of outputs
    ("factor_2", "Cubed", "backward", backward(lambda x, o, g: 2 * right(x, g)), "twice as large"),
    ("factor_half", "Squares", "backward", loss_grad(lambda p, t: (p - t) / len(p)), "half as"),
    (
        "factor_half_and_sign",
        "Squares",
        "backward",
        loss_grad(lambda p, t: (t - p) / len(p)),
        "wrong sign and is half as large",
    ),
    (
        "factor_n",
        "Squares",
        "forward",
        loss(lambda p, t: ((p - t) ** 2).sum()),
        "too large by the number of samples: a sum stands where a mean is meant",
    ),
    (
        "factor_n",
        "Squares",
        "backward",
        loss_grad(lambda p, t: 2 * (p - t)),
        "too large by the number of samples",
    ),
    (
        "factor_1_over_n",
        "affine_backward",
        "result",
        affine(lambda X, W, b, X_, *_: (X, W / len(X_), b / len(X_))),
        "W_grad and b_grad: every value is too small by the number of rows of X: a mean",
    ),
    (
        "factor_1_over_outputs",
        "Squares",
        "forward",
        loss(lambda p, t: ((p - t) ** 2).mean()),
        "too small by the number of outputs",
    ),
    (
        "factor_outputs",
        "Squares",
        "backward",
        loss_grad(lambda p, t: 2 * (p - t) / len(p) * p.shape[1]),
        "too large by the number of outputs",
    ),
    (
        "factor_entries",
        "Squares",
        "backward",
        loss_grad(lambda p, t: 2 * (p - t) / len(p) * p.size),
        "too large by the number of entries",
    ),
    # the chain rule
    (
        "upstream_ignored",
        "Cubed",
        "backward",
        backward(lambda x, o, g: 3 * x**2),
        "output_grad, the gradient from upstream, is left out",
    ),
    ("upstream_squared", "Cubed", "backward", backward(lambda x, o, g: right(x, g) * g), "twice"),
    ("derivative_missing", "Cubed", "backward", backward(lambda x, o, g: +g), "comes back un"),
    (
        "derivative_at_output",
        "Cubed",
        "backward",
        backward(lambda x, o, g: 3 * o**2 * g),
        "taken at the output of forward, not at its input",
    ),
    ("forward_returned", "Cubed", "backward", backward(lambda x, o, g: o), "values of forward"),
    ("forward_returned", "Cubed", "backward", backward(lambda x, o, g: o * g), "value of forward"),
    (
        "forward_returned",
        "Squares",
        "backward",
        loss_grad(lambda p, t: np.sum((p - t) ** 2) / len(p)),
        "the value of forward, not its gradient",
    ),
    # one sample only
    (
        "one_sample_only",
        "Cubed",
        "backward",
        backward(loop_over_the_first_row),
        "wrong for a batch, and right for a single sample",
    ),
    # side effects
    ("modifies_input", "Cubed", "forward", InPlace, "changes input_ in place"),
    ("stale_state", "Cubed", "backward", Stale, "left over from the previous call"),
    ("random", "Cubed", "forward", forward(lambda x: x + np.random.rand()), "different results"),  # noqa: NPY002
    # numbers that are none
    ("nan", "Cubed", "forward", forward(lambda x: np.log(x) * 0 + x**3), "holds NaN"),
    ("overflow", "Cubed", "forward", forward(lambda x: x**3 / (x < 0)), "holds an infinity"),
    # dtype
    ("wrong_dtype", "Cubed", "forward", forward(lambda x: x.astype(np.float64) ** 3), "dtype"),
    ("wrong_dtype", "Cubed", "forward", forward(lambda x: x.astype(np.float32) ** 3), "dtype"),
    ("cut_to_integers", "Cubed", "forward", forward(into_integers), "cut to whole numbers"),
    # the rest
    ("all_zero", "Cubed", "backward", backward(lambda x, o, g: 0 * x), "every value is 0"),
    ("raises", "Cubed", "forward", forward(endless), "RecursionError: it calls itself"),
    ("raises", "Cubed", "forward", forward(leave), "SystemExit: exit(), quit()"),
    ("raises", "Cubed", "forward", forward(ask), "EOFError: it asks for input()"),
    ("raises", "Cubed", "forward", forward(lambda x: undefined), "NameError: it uses a name"),  # noqa: F821
    ("raises", "Cubed", "forward", forward(lambda x: x @ x @ x), "stops with a ValueError"),
    ("raises", "Cubed", "forward", forward(lambda x: np.zeros((10**9, 10**9))), "MemoryError"),
]


def told(name, stage, answer, plan=None):
    """The failure of an answer in one stage; the stages before it must be right."""
    plan = plan or exercise(name)
    for one in plan.stages:
        failed = diagnosed(plan, one, answer)
        if failed is not None or one == stage:
            assert one == stage, f"fails in {one} already: {failed}"
            return failed
    raise AssertionError("no such stage")


@pytest.mark.parametrize(
    ("mistake", "name", "stage", "answer", "says"),
    RECOGNISED,
    ids=[f"{i}-{case[0]}-{case[1]}-{case[2]}" for i, case in enumerate(RECOGNISED)],
)
def test_a_mistake_is_recognised_without_a_bank(mistake, name, stage, answer, says):
    failed = told(name, stage, answer)
    assert failed is not None
    assert failed.mistake == mistake, str(failed)
    assert says in failed.message.headline


def test_what_to_do_about_a_list_depends_on_what_is_asked_for():
    failed = told("Cubed", "forward", forward(lambda x: (x**3).tolist()))
    assert failed.message.headline.endswith("a list of numbers where an array is asked for.")
    assert failed.message.lines == ("np.array(...) makes an array of it.",)

    entry = Entry("total", "function", {"three": Case({"x": np.arange(3.0)})}, LECTURE, ("sum",))
    total = entry.correct(lambda x: x.sum())
    (exercise,) = Bank([entry]).compile()
    got = exercise.observe(lambda x: (total(x),), "result", {})
    finding = find(exercise, "result", got, exercise.expect(total, "result"), total)
    assert finding.headline == "it returns a tuple of numbers where one number is asked for."
    assert "leave out the comma" in finding.lines[0]


@pytest.mark.parametrize(
    ("name", "stage", "answer"), [case[1:4] for case in RECOGNISED], ids=lambda _: ""
)
def test_every_headline_is_one_sentence_about_the_exercise(name, stage, answer):
    message = told(name, stage, answer).message
    subject = name if stage == "result" else f"{name} {stage}"
    assert message.headline.startswith(f"{subject}: ")
    said = message.headline.removeprefix(f"{subject}: ")
    assert said[-1] in ".?"
    assert not said[0].isupper() or said.startswith(RETURNS)
    assert "\n" not in message.headline
    assert len(message.headline) < 200
    assert message.reread == LECTURE
    shown = [label for label, _ in message.evidence]
    assert ("tried on" in shown) is ("not written yet" not in message.headline)


@pytest.mark.parametrize("answer", [Cubed, Ramp, Squares, affine_backward])
def test_a_right_answer_is_told_nothing(answer):
    plan = exercise(answer.__name__)
    for stage in plan.stages:
        outcomes = plan.observe(answer, stage, {})
        assert find(plan, stage, outcomes, plan.expect(answer, stage), answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        backward(lambda x, o, g: -right(x, g) * (1 + 1e-4)),
        backward(lambda x, o, g: 2.001 * right(x, g)),
        backward(lambda x, o, g: 3 * x**2 * (1 + 1e-3 * g)),
        backward(lambda x, o, g: np.where(x > 1, -1, 1) * right(x, g)),
        backward(lambda x, o, g: right(x, g) if len(x) == 4 else -right(x, g) + 1e-3),
    ],
    ids=["nearly the sign", "nearly 2", "nearly no upstream", "sign of some", "sign of none"],
)
def test_a_near_miss_is_not_named(answer):
    failed = told("Cubed", "backward", answer)
    assert failed.mistake == ""
    assert "wrong" in failed.message.headline


def test_a_relation_that_holds_in_some_cases_only_is_not_named():
    answer = backward(lambda x, o, g: right(x, g) * (-1 if len(x) > 3 else 2))
    assert told("Cubed", "backward", answer).mistake == ""


def test_where_a_relation_holds_is_told_when_the_rest_is_right():
    answer = backward(lambda x, o, g: right(x, g) * (-1 if len(x) == 4 else 1))
    failed = told("Cubed", "backward", answer)
    assert failed.mistake == "sign_flipped"
    assert "That is so for a batch; elsewhere all is right." in failed.message.lines


def test_a_factor_of_the_batch_says_nothing_of_single_samples_where_it_is_1():
    failed = told("Squares", "forward", loss(lambda p, t: ((p - t) ** 2).sum()))
    assert failed.mistake == "factor_n"
    assert failed.message.lines == ()


def test_of_two_parts_the_wrong_one_is_named():
    plan = exercise("affine_backward")
    entry = Entry("affine_backward", "function", plan.cases, LECTURE, RETURNS[:2])
    entry.correct(lambda X, W, g: affine_backward(X, W, g)[:2])
    (plan,) = Bank([entry]).compile()
    answer = affine(lambda X, W, b, *_: (X, -W))
    headline = told("affine_backward", "result", answer, plan).message.headline
    assert headline == "affine_backward: W_grad: every value has the wrong sign."


def test_a_factor_that_can_be_two_things_is_not_named_but_both_are_told():
    plan = exercise("Squares")
    case = Case({"prediction": np.ones((3, 3)), "target": 4 * np.eye(3)})
    entry = Entry("Squares", "loss", {**plan.cases, "a square": case}, LECTURE)
    entry.correct(Squares)
    (plan,) = Bank([entry]).compile()
    answer = loss(lambda p, t: np.sum((p - t) ** 2) * (1 if p.shape == (3, 3) else 1 / len(p)))
    failed = told("Squares", "forward", answer, plan)
    assert failed.mistake == ""
    assert "number of samples" in failed.message.headline
    assert any("number of outputs" in line for line in failed.message.lines)


def test_a_wrong_kink_is_told_as_one():
    class KinkOne(Ramp):
        def _input_grad(self, output_grad):
            return output_grad * (self.input_ >= 0)

    failed = told("Ramp", "backward", KinkOne)
    assert failed.mistake == "kink"
    assert "except where the input is 0" in failed.message.headline


def test_transposed_values_are_told_where_the_shape_cannot_show_it():
    entry = Entry("Cubed", "operation", {"s": operation_cases()["a square batch"]}, "")
    entry.correct(Cubed)
    (plan,) = Bank([entry]).compile()
    answer = backward(lambda x, o, g: right(x, g).T)
    assert told("Cubed", "backward", answer, plan).mistake == "transposed"


def test_of_several_parts_the_wrong_ones_are_named():
    answer = affine(lambda X, W, b, *_: (X, W, b + 1))
    failed = told("affine_backward", "result", answer)
    assert failed.message.headline == "affine_backward: b_grad is wrong."


def test_where_the_values_are_wrong_is_told_when_some_are_right():
    answer = forward(lambda x: x**3 + (len(x) == 5))
    headline = told("Cubed", "forward", answer).message.headline
    assert headline == "Cubed forward: the values are wrong for another batch, and right elsewhere."


def test_a_crash_for_batches_only_says_that_a_single_sample_works():
    def one_row(x):
        (row,) = x
        return (row**3)[None]

    failed = told("Cubed", "forward", forward(one_row))
    assert failed.mistake == "raises"
    assert failed.message.lines[0] == "A single sample works."


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (lambda x: x @ np.ones(99), "two shapes do not fit together."),
        (lambda x: x + np.ones((7, 7)), "two shapes do not fit together."),
        (lambda x: np.dot(x, np.ones(99)), "two shapes do not fit together."),
        (lambda x: x * None, "something is None; is a return statement missing?"),
        (lambda x: [][0], "stops with an IndexError."),
    ],
)
def test_what_python_says_is_put_into_our_words(output, says):
    assert told("Cubed", "forward", forward(output)).message.headline.endswith(says)


def test_a_forgotten_self_is_guessed():
    class Selfless(Cubed):
        def _output():
            return 1

    headline = told("Cubed", "forward", Selfless).message.headline
    assert "is self missing among a method's parameters?" in headline


def test_a_class_without_a_base_is_asked_for_one():
    class Alone:
        def _output(self):
            return self.input_**3

    assert "derive from Operation" in told("Cubed", "forward", Alone).message.headline


def test_a_method_that_is_misspelled_is_told_from_one_that_is_not_written():
    class Misspelled(Operation):
        def _ouput(self):
            return self.input_**3

    assert "is it spelled and indented right?" in str(told("Cubed", "forward", Misspelled))
    assert "spelled" not in str(told("Cubed", "forward", NotWritten))


def test_an_exceptions_text_and_line_are_shown():
    failed = told("Cubed", "forward", forward(lambda x: x @ np.ones(99)))
    shown = dict(failed.message.evidence)
    assert "matmul" in shown["it says"]
    assert "forward(lambda x: x @ np.ones(99))" in shown["in the line"]


def test_a_forward_that_cannot_be_measured_is_told():
    known = [case.inputs["input_"] for case in operation_cases().values()]

    class Picky(Cubed):
        def _output(self):
            if not any(np.array_equal(self.input_, one) for one in known):
                raise KeyError("never seen")
            return super()._output()

    failed = told("Cubed", "backward", Picky)
    assert failed.mistake == "raises"
    assert "cannot be measured: forward stops with a KeyError" in failed.message.headline


def test_a_known_mistake_comes_before_what_the_numbers_show():
    entry = Entry("Cubed", "operation", operation_cases(), LECTURE)
    entry.correct(Cubed)

    @entry.mistake()
    class minus(Cubed):
        """the minus is one too many.

        Look at it again.
        """

        def _input_grad(self, output_grad):
            return -super()._input_grad(output_grad)

    (plan,) = Bank([entry]).compile()
    failed = told("Cubed", "backward", minus, plan)
    assert failed.mistake == "minus"
    assert failed.message.headline == "Cubed backward: the minus is one too many."
    assert failed.message.lines == ("Look at it again.",)
    assert told("Cubed", "backward", minus, replace(plan, mistakes=[])).mistake == "sign_flipped"


def test_a_near_miss_of_a_known_mistake_is_not_called_by_its_name():
    entry = Entry("Cubed", "operation", operation_cases(), LECTURE)
    entry.correct(Cubed)

    @entry.mistake()
    class squared(Cubed):
        """this is the square."""

        def _output(self):
            return self.input_**2

    (plan,) = Bank([entry]).compile()
    near = forward(lambda x: x**2 * (1 + x.dtype.type(1e-4)))
    assert told("Cubed", "forward", squared, plan).mistake == "squared"
    assert told("Cubed", "forward", near, plan).mistake == ""


def test_answers_that_lie_about_being_equal_are_told_what_they_are():
    class Equal:
        def __eq__(self, other):
            return True

        __hash__ = None

    class Zero(np.ndarray):
        def __array_ufunc__(self, *_args, **_kwargs):
            return np.zeros(3)

    for liar in (lambda x: Equal(), lambda x: x.view(Zero), lambda x: np.ma.array(x**3)):
        assert told("Cubed", "forward", forward(liar)).mistake == "wrong_type"
