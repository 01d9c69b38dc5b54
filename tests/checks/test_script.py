"""Scripts: what is done with an answer in one go."""

import numpy as np
import pytest

from chainrule.checks.outcome import Elsewhere
from chainrule.checks.script import TOGETHER, Call, Script, made_once, play_all


class Counter:
    def __init__(self, start=0):
        self.count = start

    def add(self, more):
        self.count += more
        return self.count


def test_a_script_makes_an_object_and_calls_its_methods():
    script = Script((10,), (Call("add", (1,)), Call("add", (2,))), ("count", "missing"))
    assert script.play(Counter) == (13, [13, None])


def test_a_script_without_calls_returns_what_the_answer_does():
    assert Script((2, 3)).play(pow) == (8, [])


def test_a_script_survives_being_sent():
    calls = (Call("add", (1,), "_add", (2,), (3, 4)), Call("add", (5,)))
    script = Script((np.zeros(1),), calls, ("count",))
    assert Script.of(script.plain()) == script


class Objecting:
    """Its base class objects to what its own method returns."""

    def forward(self):
        if np.shape(self._output()) != (2,):
            raise ValueError("of the wrong shape")
        raise TypeError("about something else")

    def __init__(self, returns):
        self._returns = returns

    def _output(self):
        return self._returns


def test_what_the_base_class_objects_to_is_returned():
    call = Call("forward", (), "_output", (), (2,))
    value, _ = Script((np.ones(3),), (call,)).play(Objecting)
    assert value.shape == (3,)


def test_an_error_about_something_else_stands():
    call = Call("forward", (), "_output", (), (2,))
    with pytest.raises(TypeError, match="something else"):
        Script((np.ones(2),), (call,)).play(Objecting)


@pytest.mark.parametrize(("reuse", "counts"), [(False, [1, 1, 1]), (True, [1, 2, 3])])
def test_scripts_may_share_the_first_object(reuse, counts):
    plays = play_all(Counter, [Script((), (Call("add", (1,)),))] * 3, reuse)
    assert [play()[0] for play in plays] == counts


def test_here_a_script_is_played_when_it_is_asked_for():
    played = []
    plays = play_all(played.append, [Script((1,)), Script((2,))])
    plays[1]()
    assert played == [2]


def test_an_answer_that_fails_is_made_again():
    tries = iter([ZeroDivisionError, None])

    def answer():
        problem = next(tries)
        if problem:
            raise problem
        return "made"

    make = made_once(answer)
    with pytest.raises(ZeroDivisionError):
        make()
    assert make() == make() == "made"


class Far(Elsewhere):
    """Plays scripts by itself."""

    def __init__(self):
        self.asked = []

    def __call__(self, value):
        return "from here"

    def __perform__(self, scripts, reuse):
        self.asked.append(len(scripts))
        return [("from there", [])] * (len(scripts) - 1) + [KeyError("x")]


def test_an_answer_elsewhere_is_asked_once():
    far = Far()
    *first, last = play_all(far, [Script((1,))] * 3)
    assert [play() for play in first] == [("from there", [])] * 2
    with pytest.raises(KeyError):
        last()
    assert far.asked == [3]


def test_too_much_at_once_is_asked_one_by_one():
    far = Far()
    large = np.zeros(TOGETHER // 8)
    plays = play_all(far, [Script((large,)), Script((large,))])
    assert [play()[0] for play in plays] == ["from here"] * 2
    assert far.asked == []


def test_a_script_is_played_several_times_with_what_was_handed_over_at_first():
    seen = []

    def answer(array, same):
        seen.append((array.tolist(), same is array))
        array += 1

    array = np.zeros(2)
    for play in play_all(answer, [Script((array, array), times=3)]):
        play()
    assert seen == [([0, 0], True)] * 3
    assert array.tolist() == [1, 1]
