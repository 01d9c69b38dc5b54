"""Hidden checks compare with a reference, give part marks, and give nothing away."""

import math
import re

import numpy as np
import pytest
from small_exercises import Cubed, Squares, affine_backward, checks_of, failure

from chainrule.checks.exercise import Case, Exercise
from chainrule.checks.outcome import Outcome

rng = np.random.default_rng(11)
SECRET = rng.uniform(1.23456, 9.87654, (6, 2))
CASES = {"another batch": (SECRET,), "one entry": (rng.standard_normal((1, 1)),)}
REFERENCE = {
    "forward": lambda x: x * x * x,
    "backward": lambda x, output_grad: output_grad * x * x * 3,
}
LOSS_CASES = {"another batch": (SECRET, rng.uniform(1, 2, (6, 2)))}
LOSS_REFERENCE = {
    "forward": lambda p, t: float(((t - p) ** 2).sum(axis=1).mean()),
    "backward": lambda p, t: (p - t) * (2 / p.shape[0]),
}
FUNCTION_CASES = {
    "another batch": (SECRET, rng.standard_normal((2, 3)), rng.standard_normal((6, 3)))
}


def by_loops(X, W, output_grad):
    X_grad = np.array([[sum(g * w) for w in W] for g in output_grad])
    W_grad = sum(np.outer(x, g) for x, g in zip(X, output_grad, strict=True))
    return X_grad, W_grad, sum(output_grad)[None]


@pytest.fixture
def grade(tmp_path, capsys):
    """Run the hidden check of one answer: the points, what is shown, the verdict."""

    def run(answer=None, name="Cubed", cases=CASES, reference=REFERENCE, points=4, **more):
        checks = checks_of(tmp_path, **({} if answer is None else {name: answer}))
        earned = checks.hidden(name, points, cases, **more, **reference)
        shown = capsys.readouterr()
        assert shown.err == ""
        assert type(earned) is float
        assert math.isfinite(earned)
        assert 0 <= earned <= points
        return earned, shown.out, checks.verdicts[-1]

    return run


def with_methods(base=Cubed, **methods):
    return type(base.__name__, (base,), methods)


# --- points


def test_a_right_answer_earns_all_points(grade):
    earned, shown, verdict = grade(Cubed)
    assert earned == 4.0
    assert shown == "✓ Cubed: all 4 hidden checks passed.\n"
    assert (verdict.share, verdict.mistake) == (1.0, "")


def test_a_right_loss_and_a_right_function_earn_all_points(grade):
    assert grade(Squares, "Squares", LOSS_CASES, LOSS_REFERENCE)[0] == 4.0
    earned, *_ = grade(affine_backward, "affine_backward", FUNCTION_CASES, {"result": by_loops})
    assert earned == 4.0


def test_every_case_and_stage_earns_an_equal_part(grade):
    small = with_methods(
        _input_grad=lambda self, g: 3 * self.input_**2 * g if len(self.input_) == 1 else g
    )
    earned, shown, verdict = grade(small)
    assert earned == 3.0
    assert verdict.share == 0.75
    assert shown.startswith("◐ Cubed: 3 of 4 hidden checks passed.")
    assert "another batch, backward  input_grad has wrong values" in shown


def test_all_points_are_all_of_them_whatever_their_decimals(grade):
    assert grade(Cubed, points=0.125)[0] == 0.125
    assert grade(Cubed, points=1 / 3)[0] == 1 / 3


def test_an_answer_that_is_missing_or_no_class_earns_nothing_and_is_told(grade):
    earned, shown, verdict = grade(None)
    assert (earned, verdict.mistake) == (0.0, "not_defined")
    assert shown.startswith("✗ Cubed is not defined.")
    earned, shown, verdict = grade(3.0)
    assert (earned, verdict.mistake) == (0.0, "wrong_type")
    assert "should be a class, but it is a float" in shown


def raises(error):
    def method(self, *_):
        raise error

    return method


def endless(self):
    return endless(self)


class Equal:
    def __eq__(self, other):
        return True

    __hash__ = None


class Zero(np.ndarray):
    def __array_ufunc__(self, *_args, **_kwargs):
        return np.zeros((6, 2))


HOPELESS = {
    "nothing": lambda self: None,
    "nan": lambda self: self.input_ * np.nan,
    "infinity": lambda self: self.input_ * np.inf,
    "empty": lambda self: np.ones((0, 0)),
    "scalar": lambda self: 1.0,
    "a broadcast giant": lambda self: np.broadcast_to(1.0, (10**7, 10**7)),
    "complex": lambda self: self.input_**3 + 0j,
    "a huge int": lambda self: 10**400,
    "objects": lambda self: (self.input_**3).astype(object),
    "text": lambda self: (self.input_**3).astype(str),
    "masked": lambda self: np.ma.array(self.input_**3, mask=False),
    "always equal": lambda self: Equal(),
    "an array that lies": lambda self: (self.input_**3).view(Zero),
    "exit": raises(SystemExit(0)),
    "memory": raises(MemoryError()),
    "a bare exception": raises(BaseException()),
    "recursion": endless,
    "a question": lambda self: float(input()),
}


@pytest.mark.parametrize("output", HOPELESS.values(), ids=HOPELESS.keys())
def test_an_answer_that_is_no_answer_earns_nothing_and_crashes_nothing(grade, output):
    answer = with_methods(_output=output, _input_grad=lambda self, _: output(self))
    earned, shown, verdict = grade(answer)
    assert earned == 0.0
    assert verdict.mistake not in ("", "only_what_is_shown")
    assert shown.startswith("✗ Cubed: 0 of 4 hidden checks passed.\n  forward: ")


# --- what is wrong


def test_what_works_for_the_shown_numbers_only_is_told(grade):
    capped = with_methods(_output=lambda self: np.clip(self.input_**3, -8, 8))
    earned, shown, verdict = grade(capped)
    assert earned < 4.0
    assert verdict.mistake == "only_what_is_shown"
    assert "look for what works only for the shapes or the numbers shown" in " ".join(shown.split())


def test_a_mistake_that_the_visible_check_shows_is_named(grade):
    minus = with_methods(_input_grad=lambda self, g: -3 * self.input_**2 * g)
    _, shown, verdict = grade(minus)
    assert verdict.mistake == "sign_flipped"
    assert "backward: every value has the wrong sign." in shown


def test_what_the_visible_check_has_found_is_not_looked_for_again(tmp_path, capsys):
    seen = []

    def minus(self, output_grad):
        seen.append(output_grad.shape)
        return -3 * self.input_**2 * output_grad

    checks = checks_of(tmp_path, Cubed=with_methods(_input_grad=minus))
    failure(checks.backward, "Cubed")
    seen.clear()
    checks.hidden("Cubed", 4, CASES, **REFERENCE)
    assert set(seen) == {SECRET.shape, (1, 1)}
    assert checks.verdicts[-1].mistake == "sign_flipped"
    assert "backward: every value has the wrong sign." in capsys.readouterr().out

    # Another answer of that name is another one.
    checks._namespace["Cubed"] = with_methods(
        _input_grad=lambda self, output_grad: 3 * self.input_**2
    )
    checks.hidden("Cubed", 4, CASES, **REFERENCE)
    assert checks.verdicts[-1].mistake == "upstream_ignored"


def measured(self, output_grad):
    h = 1e-5
    return ((self.input_ + h) ** 3 - (self.input_ - h) ** 3) / (2 * h) * output_grad


def test_a_gradient_that_is_measured_and_not_derived_is_told(grade):
    earned, shown, verdict = grade(with_methods(_input_grad=measured))
    assert earned == 2.0
    assert verdict.mistake == "measured_not_derived"
    assert "is close but not exact" in shown
    assert "measured instead of derived" in shown


@pytest.mark.parametrize(
    ("off", "hint"), [(1e-8, "is close but not exact"), (1e-4, "has wrong values")]
)
def test_close_is_what_a_measurement_reaches(grade, off, hint):
    answer = with_methods(_input_grad=lambda self, g: 3 * self.input_**2 * g * (1 + off))
    assert f"input_grad {hint}" in grade(answer)[1]


@pytest.mark.parametrize(("off", "points"), [(3e-6, 4.0), (1e-4, 2.0)])
def test_float32_is_held_to_its_own_precision(grade, off, points):
    def output(self):
        return self.input_**3 * self.input_.dtype.type(1 + off)

    cases = {"float32": (SECRET.astype(np.float32),)}
    assert grade(with_methods(_output=output), cases=cases)[0] == points


def test_a_tolerance_is_for_where_a_right_answer_is_not_exact(grade):
    answer = with_methods(_input_grad=measured)
    assert grade(answer, tolerance=1e-7)[0] == 4.0
    assert grade(answer, tolerance={"another batch": 1e-7})[0] == 3.0


def test_a_forward_that_is_close_is_not_called_measured(grade):
    close = with_methods(_output=lambda self: self.input_**3 * (1 + 1e-9 * (self.input_ > 3)))
    assert grade(close)[2].mistake != "measured_not_derived"


@pytest.mark.parametrize(
    ("methods", "hint"),
    [
        ({"_output": raises(KeyError("x"))}, "stops with KeyError"),
        ({"_output": lambda self: None}, "returns nothing where numbers are asked for"),
        (
            {"_output": lambda self: self.input_.tolist()},
            "returns a list of numbers where an array",
        ),
        ({"_output": lambda self: self.input_.T**3}, "output has the wrong shape"),
        ({"_output": lambda self: self.input_ * np.nan}, "output holds NaN"),
        ({"_output": lambda self: self.input_.astype(np.int64)}, "output is int64, not float64"),
        ({"_output": lambda self: np.square(self.input_, out=self.input_)}, "modifies its input"),
        ({"_output": lambda self: self.input_ + np.random.rand()}, "another result every time"),  # noqa: NPY002
        ({"_output": lambda self: self.input_**2}, "output has wrong values"),
    ],
)
def test_each_failing_case_says_how_in_a_few_words(grade, methods, hint):
    assert hint in grade(with_methods(**methods))[1]


# --- what must not be told

LEAKS = []


def numbers_of(text):
    return set(re.findall(r"\d\.\d\d\d|\d\d\d", text))


def secret_text(array):
    return f"{array.tolist()}"


def leak_by_exception(self):
    LEAKS.append(secret_text(self.input_))
    raise ValueError(LEAKS)


def leak_by_the_name_of_an_exception(self):
    LEAKS.append(secret_text(self.input_))
    raise type("".join(LEAKS), (ValueError,), {"__module__": "builtins"})


def leak_by_the_name_of_a_class(self):
    LEAKS.append(secret_text(self.input_))
    return type("".join(LEAKS), (), {})()


def leak_by_a_dtype(self):
    LEAKS.append(secret_text(self.input_))
    return np.zeros(1, dtype=[("".join(LEAKS), float)])


def leak_by_print(self):
    print(self.input_)
    return self.input_**2


def leak_by_shape(self):
    LEAKS.append(int(1000 * self.input_.flat[0]) % 10**6)
    return np.zeros((LEAKS[0], 1))


def leak_by_length(self):
    LEAKS.append(int(1000 * self.input_.flat[0]) % 10**6)
    return [0.0] * LEAKS[0]


@pytest.mark.parametrize(
    "leak",
    [
        leak_by_exception,
        leak_by_the_name_of_an_exception,
        leak_by_the_name_of_a_class,
        leak_by_a_dtype,
        leak_by_print,
        leak_by_shape,
        leak_by_length,
    ],
)
def test_no_hidden_input_gets_into_a_message_even_if_the_answer_wants_it_to(
    grade, leak, monkeypatch
):
    LEAKS.clear()
    cards = []
    monkeypatch.setattr(
        "chainrule.checks.notebook.show", lambda message: cards.append(message) or print(message)
    )
    _, shown, _ = grade(with_methods(_output=leak))
    said = shown + cards[-1]._repr_html_().replace("#d55e00", "").replace("#b8860b", "")
    assert shown
    assert numbers_of(said) == set()


def test_no_expected_value_gets_into_a_message(grade):
    _, shown, _ = grade(with_methods(_output=lambda self: self.input_**3 + 1))
    assert numbers_of(shown) == set()


def test_an_exceptions_text_is_not_shown(grade):
    _, shown, _ = grade(with_methods(_output=raises(ValueError("CANARY"))))
    assert "stops with a ValueError" in shown
    assert "CANARY" not in shown


def test_the_answer_sees_copies_so_that_it_cannot_bend_the_truth(grade):
    def vandal(self):
        self.input_[:] = 0
        return self.input_

    assert grade(with_methods(_output=vandal))[0] == 0.0
    assert SECRET.all()


def test_a_reference_that_works_in_place_does_not_bend_it_either(grade):
    def in_place(x):
        x **= 3
        return x

    assert grade(Cubed, reference={"forward": in_place})[0] == 4.0
    assert SECRET.max() < 10


def test_a_function_of_a_function_with_one_result_is_compared(tmp_path):
    truth = {"result": Outcome({"y": np.array([9.0])})}
    case = Case({"f": "square", "x": np.array([3.0])}, truth=truth)
    plan = Exercise("apply", "function", "", {"one": case}, [], ("y",))
    checks = checks_of(tmp_path, [plan], square=np.square, apply=lambda f, x: f(x))
    cases = {"a cosine": (np.cos, SECRET)}
    assert checks.hidden("apply", 2, cases, result=lambda f, x: np.cos(x)) == 2.0
    assert checks.hidden("apply", 2, cases, result=lambda f, x: np.sin(x)) == 0.0


# --- errors of the instructor


def test_a_reference_that_fails_is_an_error_and_no_full_marks(grade):
    with pytest.raises(ValueError, match="the reference for forward fails on 'another batch'"):
        grade(Cubed, reference={"forward": lambda x: x @ x})
    with pytest.raises(ValueError, match="the reference for forward fails"):
        grade(Cubed, reference={"forward": lambda x: None})


def test_a_hidden_check_of_nothing_is_an_error(grade):
    with pytest.raises(ValueError, match="needs cases and a reference"):
        grade(Cubed, reference={})
    with pytest.raises(ValueError, match="needs cases and a reference"):
        grade(Cubed, cases={})


def test_a_tolerance_for_a_case_that_does_not_exist_is_an_error(grade):
    with pytest.raises(ValueError, match="a tolerance for no case"):
        grade(Cubed, tolerance={"anothr batch": 1e-7})


def test_an_unknown_exercise_is_an_error(grade):
    with pytest.raises(ValueError, match="no exercise is called 'Cubd'; this problem set has"):
        grade(Cubed, "Cubd")


def test_a_hidden_check_disturbs_nothing(grade):
    noisy = with_methods(_output=lambda self: np.random.seed(1) or self.input_**3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert grade(noisy)[0] == 4.0
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
