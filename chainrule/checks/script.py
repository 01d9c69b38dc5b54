"""What is done with an answer in one go: make an object, call its methods, look at what it left.

An answer that lives in another process is told many of these at once. That is one question and one
reply, where every call and every attribute would be two of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from chainrule.checks.dictionaries import copied
from chainrule.checks.outcome import Elsewhere, as_array
from chainrule.checks.quiet import quiet

TOGETHER = 5_000_000  # bytes of arrays that are sent at once


@dataclass(frozen=True)
class Call:
    """A method to call, and which of the student's own to ask if the base class objects.

    The value tells more than the base class's error. Numbers of the right shape are no reason to
    object: then the error was about something else, and it stands.

    Attributes
    ----------
    verb : str
    arguments : tuple
    method : str
        What the verb calls; empty if there is nothing to ask.
    inner : tuple
        The arguments of that.
    shape : tuple of int
        What it should return has this shape.
    """

    verb: str
    arguments: tuple
    method: str = ""
    inner: tuple = ()
    shape: tuple[int, ...] = ()

    def on(self, made):
        """Call it; what comes back."""
        if not self.method:
            return getattr(made, self.verb)(*self.arguments)
        try:
            return getattr(made, self.verb)(*self.arguments)
        except (TypeError, ValueError):
            inner = getattr(made, self.method, None)
            if inner is None:
                raise
            value = inner(*self.inner)
            array = as_array(value)
            if array is not None and array.shape == self.shape:
                raise
            return value


@dataclass(frozen=True)
class Script:
    """Call an answer, then methods of what it returns.

    Attributes
    ----------
    arguments : tuple
        Of the answer.
    calls : tuple of Call
    left : tuple of str
        Attributes to look at in the end.
    times : int
        How often to play it; from the second time on, with copies of what was handed over.
    """

    arguments: tuple = ()
    calls: tuple[Call, ...] = ()
    left: tuple[str, ...] = ()
    times: int = 1

    def play(self, answer: Callable) -> tuple[object, list]:
        """Do it: what the last call returned, and the attributes, None for one that is not there.

        Raises
        ------
        BaseException
            Whatever the answer raises.
        """
        value = made = answer(*self.arguments)
        for call in self.calls:
            value = call.on(made)
        return value, [getattr(made, name, None) for name in self.left]

    def plain(self) -> tuple:
        """The same in tuples, to be sent."""
        calls = tuple((c.verb, c.arguments, c.method, c.inner, c.shape) for c in self.calls)
        return self.arguments, calls, self.left, self.times

    @classmethod
    def of(cls, plain: tuple) -> Script:
        """What was sent."""
        arguments, calls, left, times = plain
        return cls(arguments, tuple(Call(*call) for call in calls), left, times)

    def repeats(self) -> list[Script]:
        """Itself, and a copy for every further time."""
        return [self, *(self._apart() for _ in range(self.times - 1))]

    def _apart(self) -> Script:
        kept: dict[int, object] = {}  # what goes to two calls goes to both copies

        def copies(values: tuple) -> tuple:
            return tuple(kept.setdefault(id(one), copied(one)) for one in values)

        calls = tuple(
            replace(call, arguments=copies(call.arguments), inner=copies(call.inner))
            for call in self.calls
        )
        return replace(self, arguments=copies(self.arguments), calls=calls)


def play_all(
    answer: Callable, scripts: Iterable[Script], reuse: bool = False
) -> list[Callable[[], tuple]]:
    """Functions that play one script each, one for each time that it is to be played.

    Of an answer elsewhere, all have been played already. A function that comes twice there stands
    for results that were the same.

    Parameters
    ----------
    answer : class or function
    scripts : iterable of Script
    reuse : bool
        Whether the object that the first makes serves the others, too.
    """
    scripts = list(scripts)
    found = _played_elsewhere(answer, scripts, reuse)
    if found is not None:
        plays = {id(one): partial(_come_out, one) for one in found}
        return [plays[id(one)] for one in found]  # the same came again: it is the same play
    make = made_once(answer) if reuse else answer
    return [partial(one.play, make) for script in scripts for one in script.repeats()]


def made_once(answer: Callable) -> Callable:
    """Calls an answer the first time, and then returns what it returned."""
    made: list = []

    def make(*arguments):
        if not made:
            made.append(answer(*arguments))
        return made[0]

    return make


def _played_elsewhere(answer: Callable, scripts: list[Script], reuse: bool) -> list | None:
    """What came of scripts in another process; None if they have to be played from here."""
    if not issubclass(type(answer), Elsewhere):
        return None
    if sum(map(_size, scripts)) > TOGETHER:
        return None
    with quiet():
        return type(answer).__perform__(answer, scripts, reuse)


def _come_out(result: tuple | BaseException) -> tuple:
    if isinstance(result, BaseException):
        raise result
    return result


def _size(script: Script) -> int:
    """Bytes of the arrays that it hands over."""
    given = [script.arguments, *(call.arguments for call in script.calls)]
    return sum(one.nbytes for some in given for one in some if isinstance(one, np.ndarray))
