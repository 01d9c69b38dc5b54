"""An exercise tries an answer on its cases and compares with a table or a measurement."""

from dataclasses import replace

import numpy as np
import pytest
from small_exercises import Cubed, Ramp, Squares, affine_backward, exercise

from chainrule.checks.attempt import measure, observe
from chainrule.checks.exercise import Case, Exercise, Mistake
from chainrule.checks.outcome import Outcome
from chainrule.operations import Operation

CUBED = exercise("Cubed")


def verdicts(answer, stage, plan=CUBED):
    """Which cases agree with what is expected."""
    outcomes, expected = plan.observe(answer, stage, {}), plan.expect(answer, stage)
    return {name: plan.agree(name, stage, outcomes[name], expected[name]) for name in outcomes}


def notes_of(answer, stage="backward", plan=CUBED):
    outcomes = plan.observe(answer, stage, {})
    return set().union(*(outcome.notes for outcome in outcomes.values()))


# --- right answers, however they are written


class WithoutBase:
    """No base class, no dictionary, a constructor with defaults."""

    __slots__ = ("power", "x")

    def __init__(self, power=3):
        self.power = power

    def forward(self, input_):
        self.x = input_.copy()
        return input_**self.power

    def backward(self, output_grad):
        return self.power * self.x ** (self.power - 1) * output_grad


class OfALibraryClass(Ramp):
    def _output(self):
        return self.input_ * self.input_ * self.input_

    def _input_grad(self, output_grad):
        return (3 * output_grad) * self.input_ * self.input_


def factory():
    return Cubed()


@pytest.mark.parametrize("answer", [Cubed, WithoutBase, OfALibraryClass, factory, lambda: Cubed()])
@pytest.mark.parametrize("stage", ["forward", "backward"])
def test_a_right_answer_agrees_however_it_is_made(answer, stage):
    assert all(verdicts(answer, stage).values())
    assert notes_of(answer, stage) == set()


def test_a_loss_and_a_function_that_are_right_agree():
    for stage in ("forward", "backward"):
        assert all(verdicts(Squares, stage, exercise("Squares")).values())
    assert all(verdicts(affine_backward, "result", exercise("affine_backward")).values())


def test_a_function_may_return_a_list():
    plan = exercise("affine_backward")
    assert all(verdicts(lambda *a: list(affine_backward(*a)), "result", plan).values())


def test_an_input_that_is_nudged_and_put_back_by_arithmetic_is_not_modified():
    class Nudging(Cubed):
        def _output(self):
            self.input_ += 0.1
            self.input_ -= 0.1
            return np.copy(self.input_) ** 3

    assert notes_of(Nudging) == set()


def test_round_off_that_differs_from_run_to_run_is_not_random():
    rng = np.random.default_rng(5)

    class Trembling(Cubed):
        def _output(self):
            return super()._output() * (1 + 1e-15 * rng.integers(-1, 2))

    assert notes_of(Trembling, "forward") == set()


# --- what an answer does besides returning


class Forgetful(Cubed):
    """Keeps the first input it sees of every shape."""

    kept: dict

    def __init__(self):
        self.kept = {}

    def _output(self):
        return self.kept.setdefault(self.input_.shape, self.input_.copy()) ** 3


class Adding(Cubed):
    total = 0

    def _input_grad(self, output_grad):
        self.total = self.total + np.sum(output_grad)
        return super()._input_grad(output_grad) + self.total


class SharedByAll(Cubed):
    calls = 0

    def _output(self):
        SharedByAll.calls += 1
        return super()._output() + SharedByAll.calls


class Drawing(Cubed):
    def _output(self):
        return super()._output() + np.random.rand()  # noqa: NPY002


class InPlace(Cubed):
    def _output(self):
        self.input_ *= self.input_**2
        return self.input_


class UpstreamInPlace(Cubed):
    def _input_grad(self, output_grad):
        output_grad *= 3 * self.input_**2
        return output_grad


@pytest.mark.parametrize(
    ("answer", "stage", "note"),
    [
        (Forgetful, "forward", "stale"),
        (Adding, "backward", "stale"),
        (SharedByAll, "forward", "random"),
        (Drawing, "forward", "random"),
        (InPlace, "forward", "modified input_"),
        (UpstreamInPlace, "backward", "modified output_grad"),
    ],
)
def test_a_side_effect_is_noted_and_does_not_agree(answer, stage, note):
    assert note in notes_of(answer, stage)
    assert not any(
        agrees
        for name, agrees in verdicts(answer, stage).items()
        if note in CUBED.observe(answer, stage, {})[name].notes
    )


def test_an_object_that_cannot_be_made_a_second_time_is_no_crash():
    made = []

    def once():
        if made:
            raise RuntimeError("only once")
        made.append(1)
        return Cubed()

    assert not all(verdicts(once, "forward").values())


def test_an_answer_never_sees_the_arrays_that_it_is_compared_with():
    class Vandal(Cubed):
        def _output(self):
            self.input_[:] = 7
            return self.input_

    before = {name: case.inputs["input_"].copy() for name, case in CUBED.cases.items()}
    verdicts(Vandal, "forward")
    for name, case in CUBED.cases.items():
        assert np.array_equal(case.inputs["input_"], before[name])


# --- where the base class objects, the student's own value tells more


def returned_by(value, stage="backward"):
    method = {"forward": "_output", "backward": "_input_grad"}[stage]

    class Answer(Cubed):
        pass

    setattr(Answer, method, lambda self, *_: value)
    return observe("operation", (), Answer, stage, CUBED.cases["a batch"], {})


def test_a_gradient_of_another_shape_is_seen_as_it_is():
    assert returned_by(np.ones((3, 4))).parts["input_grad"].shape == (3, 4)


def test_a_gradient_that_is_none_is_seen_as_nothing():
    assert returned_by(None).returned.startswith("nothing")


def test_a_gradient_that_is_a_list_is_seen_as_a_list():
    assert returned_by([1.0]).returned.startswith("a list of numbers")


def test_a_loss_that_is_not_reduced_is_seen_as_an_array():
    class NotReduced(Squares):
        def _output(self):
            return (self.prediction - self.target) ** 2

    case = exercise("Squares").cases["a batch"]
    assert observe("loss", (), NotReduced, "forward", case, {}).parts["loss"].shape == (4, 2)


def test_a_verb_that_fails_after_a_right_value_has_still_failed():
    class Failing(Cubed):
        def backward(self, output_grad):
            super().backward(output_grad)
            raise ValueError("after all")

    outcome = observe("operation", (), Failing, "backward", CUBED.cases["a batch"], {})
    assert outcome.raised == "ValueError"


def test_an_error_in_the_students_own_method_is_that_error():
    class Crossed(Cubed):
        def _input_grad(self, output_grad):
            return output_grad @ np.ones(7)

    outcome = observe("operation", (), Crossed, "backward", CUBED.cases["a batch"], {})
    assert outcome.raised == "ValueError"
    assert "output_grad @ np.ones(7)" in dict(outcome.detail)["in the line"]


# --- what is expected


def test_a_constant_forward_with_its_constant_backward_does_not_agree():
    class Constant(Operation):
        def _output(self):
            return np.ones_like(self.input_)

        def _input_grad(self, output_grad):
            return np.zeros_like(output_grad)

    assert all(
        measure("operation", Constant, case).parts["input_grad"].any() == 0
        for case in CUBED.cases.values()
    )
    assert not any(verdicts(Constant, "forward").values())


def test_a_measured_gradient_has_the_dtype_of_the_input():
    case = CUBED.cases["float32"]
    got = measure("operation", Cubed, case).parts["input_grad"]
    assert got.dtype == np.float32
    exact = 3 * case.inputs["input_"] ** 2 * case.output_grad
    assert np.allclose(got, exact, rtol=1e-5)


def test_measuring_leaves_the_case_as_it_was():
    case = CUBED.cases["a batch"]
    before = case.inputs["input_"].copy()
    measure("operation", Cubed, case)
    assert np.array_equal(case.inputs["input_"], before)


def test_a_forward_that_fails_when_it_is_measured_is_an_outcome():
    class Picky(Cubed):
        def _output(self):
            if not any(np.array_equal(self.input_, c.inputs["input_"]) for c in CASES):
                raise KeyError("never seen")
            return self.input_**3

    CASES = CUBED.cases.values()
    assert all(verdicts(Picky, "forward").values())
    assert measure("operation", Picky, CUBED.cases["a batch"]).raised == "KeyError"
    assert not any(verdicts(Picky, "backward").values())


def test_a_table_is_used_where_there_is_one():
    plan = exercise("Ramp")
    assert plan.expect(Ramp, "backward")["the kink"].parts["input_grad"].tolist() == [[0, 0, 2]]


@pytest.mark.parametrize(("off", "agrees"), [(1e-8, True), (1e-5, False)])
def test_a_measured_gradient_is_compared_to_what_a_measurement_can_tell(off, agrees):
    class Off(Cubed):
        def _input_grad(self, output_grad):
            return super()._input_grad(output_grad) * (1 + off)

    assert verdicts(Off, "backward")["a batch"] is agrees


@pytest.mark.parametrize(("off", "agrees"), [(1e-10, True), (1e-8, False)])
def test_a_forward_is_compared_more_closely(off, agrees):
    class Off(Cubed):
        def _output(self):
            return super()._output() * (1 + off)

    assert verdicts(Off, "forward")["a batch"] is agrees


@pytest.mark.parametrize(("off", "agrees"), [(3e-6, True), (1e-4, False)])
def test_float32_is_compared_to_its_own_precision(off, agrees):
    class Off(Cubed):
        def _output(self):
            factor = 1 + off if self.input_.dtype == np.float32 else 1
            return super()._output() * np.float32(factor)

    assert verdicts(Off, "forward")["float32"] is agrees


def test_the_tolerance_of_a_case_overrules():
    class Off(Cubed):
        def _output(self):
            return super()._output() * (1 + 1e-4)

    cases = {"a batch": replace(CUBED.cases["a batch"], tolerance=1e-3)}
    assert verdicts(Off, "forward", replace(CUBED, cases=cases)) == {"a batch": True}


def test_an_object_of_the_notebook_is_handed_over_by_its_name():
    truth = {"result": Outcome({"value": np.array(6.0)})}
    case = Case({"f": "double", "x": np.array(3.0)}, truth=truth)
    plan = Exercise("apply", "function", "", {"one": case}, [], ("value",))
    got = plan.observe(lambda f, x: f(x), "result", {"double": lambda x: 2 * x})
    assert plan.agree("one", "result", got["one"], plan.expect(None, "result")["one"])


# --- recognition


def with_mistake(factor):
    class Known(Cubed):
        def _output(self):
            return super()._output() * factor

    return Known, replace(
        CUBED,
        mistakes=[
            Mistake("other", "backward", "", CUBED.observe(Known, "forward", {})),
            Mistake("known", "forward", "", CUBED.observe(Known, "forward", {})),
        ],
    )


def test_a_known_mistake_is_recognised_in_its_own_stage():
    answer, plan = with_mistake(1.5)
    assert plan.recognise("forward", plan.observe(answer, "forward", {})).id == "known"


def test_a_near_miss_is_not_recognised():
    _, plan = with_mistake(1.5)
    near, _ = with_mistake(1.5 * (1 + 1e-7))
    assert plan.recognise("forward", plan.observe(near, "forward", {})) is None


def test_the_same_behaviour_in_all_cases_but_one_is_not_recognised():
    answer, plan = with_mistake(1.5)

    class AllButOne(answer):
        def _output(self):
            return self.input_**3 if len(self.input_) == 1 else super()._output()

    assert plan.recognise("forward", plan.observe(AllButOne, "forward", {})) is None
