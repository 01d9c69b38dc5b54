"""What a check cell calls shows one sentence, or raises the explanation."""

import contextlib
import logging
import sys
import warnings

import numpy as np
import pytest
from small_exercises import (
    Cubed,
    Squares,
    affine_backward,
    checks_of,
    exercise,
    failure,
)

from chainrule import operations
from chainrule.checks import CheckFailed, Checks
from chainrule.checks.exercise import Exercise


class Minus(Cubed):
    def _input_grad(self, output_grad):
        return -super()._input_grad(output_grad)


class Constant(Cubed):
    def _output(self):
        return np.ones_like(self.input_)

    def _input_grad(self, output_grad):
        return np.zeros_like(output_grad)


def test_a_check_that_passes_says_in_one_sentence_what_was_verified(accepted):
    assert accepted("Cubed", "forward", Cubed) == (
        "✓ Cubed forward: right for a batch, another batch, a single sample, a square batch "
        "and float32."
    )
    assert accepted("Cubed", "backward", Cubed) == (
        "✓ Cubed backward: right for a batch, another batch, a single sample, a square batch "
        "and float32, and equal to the measured gradient."
    )
    assert accepted("affine_backward", "result", affine_backward) == (
        "✓ affine_backward: right for a batch, a single sample and a wide layer."
    )
    assert accepted("Squares", "backward", Squares).startswith("✓ Squares backward: right")


def test_a_check_returns_nothing(tmp_path):
    assert checks_of(tmp_path, Cubed=Cubed).forward("Cubed") is None


def test_a_check_that_fails_raises_the_explanation(said):
    failed = said("Cubed", "backward", Minus)
    assert isinstance(failed, CheckFailed)
    assert str(failed).startswith("✗ Cubed backward: every value has the wrong sign.")
    assert failed.mistake == "sign_flipped"


def test_a_constant_forward_with_its_constant_backward_fails_both_checks(said):
    assert "forward" in str(said("Cubed", "forward", Constant))
    assert "cannot be judged while forward is not right" in str(said("Cubed", "backward", Constant))


def test_backward_waits_for_forward_and_says_what_is_wrong_with_that(said):
    class Half(Cubed):
        def _output(self):
            return self.input_.dtype.type(0.5) * self.input_**3

    failed = said("Cubed", "backward", Half)
    assert "The gradient is measured from your own forward" in failed.message.lines[0]
    assert "half as large" in failed.message.lines[1]
    assert failed.mistake == "factor_half"


def test_a_missing_answer_is_explained(tmp_path):
    failed = failure(checks_of(tmp_path).forward, "Cubed")
    assert failed.message.headline == "Cubed is not defined."
    assert "Run the cell above that defines it." in failed.message.lines[0]
    assert failed.mistake == "not_defined"


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("Cubed", Cubed(), "Cubed should be a class, but it is an object."),
        ("Cubed", 3, "Cubed should be a class, but it is an int."),
        ("Cubed", None, "Cubed should be a class, but it is nothing."),
        ("affine_backward", 3.5, "affine_backward should be a function, but it is a float."),
        ("affine_backward", Cubed, "affine_backward should be a function, but it is a class."),
    ],
)
def test_a_name_that_was_used_for_something_else_is_explained(said, name, answer, says):
    stage = "result" if name == "affine_backward" else "forward"
    failed = said(name, stage, answer)
    assert failed.message.headline == says
    assert failed.mistake == "wrong_type"


def test_a_class_that_needs_arguments_is_explained(said):
    class Needy(Cubed):
        def __init__(self, slope):
            self.slope = slope

    failed = said("Cubed", "forward", Needy)
    assert "stops with a TypeError" in failed.message.headline
    assert "missing 1 required positional argument: 'slope'" in str(failed.message.evidence)


def test_a_given_cell_that_was_not_run_is_explained(tmp_path):
    case = exercise("affine_backward").cases["a batch"]
    case = type(case)({"loss": "given_loss", **case.inputs}, truth=case.truth)
    plan = Exercise("measure", "function", "", {"a batch": case}, [], ("X_grad",))
    checks = checks_of(tmp_path, [plan], measure=lambda *_: None)
    failed = failure(checks.result, "measure")
    assert failed.message.headline == "given_loss is not defined."
    assert checks.verdicts[-1].exercise == "measure"


def test_an_exercise_that_does_not_exist_is_an_error_of_the_notebook(tmp_path):
    with pytest.raises(ValueError, match="no exercise is called 'Cube'; this problem set has Cub"):
        checks_of(tmp_path, Cubed=Cubed).forward("Cube")


def test_an_answer_that_is_run_again_after_a_correction_is_looked_up_anew(tmp_path, capsys):
    namespace = {"Cubed": Minus}
    path = tmp_path / "checks.json"
    checks_of(tmp_path)
    checks = Checks(path, namespace)
    failure(checks.backward, "Cubed")
    namespace["Cubed"] = Cubed
    checks.backward("Cubed")
    assert capsys.readouterr().out.startswith("✓")


def test_the_verdicts_tell_a_program_what_happened(tmp_path):
    checks = checks_of(tmp_path, Cubed=Minus)
    checks.forward("Cubed")
    failure(checks.backward, "Cubed")
    assert [(v.exercise, v.stage, v.share, v.mistake) for v in checks.verdicts] == [
        ("Cubed", "forward", 1.0, ""),
        ("Cubed", "backward", 0.0, "sign_flipped"),
    ]


# --- a check leaves things as they were


class Noisy(Cubed):
    def _output(self):
        print("out")
        print("err", file=sys.stderr)
        logging.error("logged")
        warnings.warn("warned", stacklevel=1)
        np.seterr(all="raise")
        np.random.seed(0)  # noqa: NPY002
        np.set_printoptions(precision=1)
        return self.input_**3


def test_what_an_answer_prints_or_warns_of_does_not_show_and_costs_nothing(tmp_path, capfd):
    checks = checks_of(tmp_path, Cubed=Noisy)
    checks.forward("Cubed")
    shown = capfd.readouterr()
    assert shown.err == ""
    assert shown.out.startswith("✓ Cubed forward")
    assert "out" not in shown.out


def test_what_an_answer_sets_for_everybody_is_put_back(tmp_path):
    before = np.geterr(), np.get_printoptions(), list(warnings.filters)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    checks_of(tmp_path, Cubed=Noisy).backward("Cubed")
    assert (np.geterr(), np.get_printoptions(), list(warnings.filters)) == before
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_an_answer_may_divide_by_zero_where_the_result_is_right(tmp_path, capfd):
    class Roundabout(Cubed):
        def _output(self):
            _ = self.input_ / 0.0, np.log(-np.abs(self.input_)), np.exp(1e6 * np.abs(self.input_))
            return self.input_**3

    checks_of(tmp_path, Cubed=Roundabout).forward("Cubed")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("answer", [Cubed, Minus, Constant])
def test_the_namespace_is_not_touched(tmp_path, answer):
    namespace = {"Cubed": answer, "X": np.ones(3)}
    checks_of(tmp_path)
    checks = Checks(tmp_path / "checks.json", namespace)
    for stage in (checks.forward, checks.backward):
        with contextlib.suppress(CheckFailed):
            stage("Cubed")
    cases = {"x": (np.ones((2, 2)),)}
    checks.hidden("Cubed", 1, cases, forward=lambda x: x**3)
    assert list(namespace) == ["Cubed", "X"]
    assert namespace["Cubed"] is answer
    assert namespace["X"].tolist() == [1, 1, 1]


def test_an_interrupt_stops_a_check(tmp_path):
    class Interrupted(Cubed):
        def _output(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checks_of(tmp_path, Cubed=Interrupted).forward("Cubed")


def test_the_librarys_own_class_is_no_answer(said):
    class Renamed(operations.Sigmoid):
        pass

    for answer in (operations.Sigmoid, Renamed):
        failed = said("Cubed", "forward", answer)
        assert failed.mistake == "library_used"
        assert "Sigmoid comes from chainrule.operations" in str(failed)


def test_the_librarys_own_class_earns_nothing_in_a_hidden_check(tmp_path, capsys):
    checks = checks_of(tmp_path, Cubed=operations.Sigmoid)
    assert checks.hidden("Cubed", 3.0, {"a batch": (np.ones((2, 2)),)}, forward=np.sin) == 0.0
    assert "not your own" in capsys.readouterr().out
