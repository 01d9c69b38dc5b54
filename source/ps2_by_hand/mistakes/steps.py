"""Computations in named steps, any of which can be exchanged for a wrong one."""

import functools
from collections.abc import Callable
from types import SimpleNamespace

from chainrule.checks.bank import Entry


class Steps:
    """A right answer, taken apart.

    A step is a function of what is known so far: the arguments, the parameters under their own
    names, ``n`` for the number of samples, and the results of the steps before it.

    Parameters
    ----------
    entry : Entry
        Takes the mistakes. The names of its inputs are the arguments.
    steps : dict of str to callable
        In order.
    result : callable
        Makes the answer's result of what is known in the end.
    """

    def __init__(self, entry: Entry, steps: dict[str, Callable], result: Callable):
        self._entry = entry
        self._names = list(next(iter(entry.exercise.cases.values())).inputs)
        self._steps = steps
        self._result = result

    def run(self, *arguments, changed: dict[str, Callable] | None = None):
        """Compute the result, with some steps exchanged."""
        v = SimpleNamespace(**dict(zip(self._names, arguments, strict=True)), n=len(arguments[0]))
        vars(v).update(v.params)
        for name, step in (self._steps | (changed or {})).items():
            setattr(v, name, step(v))
        return self._result(v)

    def wrong(self, *names: str, named: str | None = None) -> Callable:
        """Add a mistake: the decorated function takes the place of a step.

        Of several it returns the results in a tuple, from what is known at the first of them.
        """

        def add(change: Callable) -> Callable:
            if len(names) == 1:
                changed = {names[0]: change}
            else:
                changed = {
                    name: functools.partial(_one_of, change, position, names)
                    for position, name in enumerate(names)
                }

            @functools.wraps(change)
            def answer(*arguments):
                return self.run(*arguments, changed=changed)

            self._entry.mistake(named)(answer)
            return change

        return add


def _one_of(change: Callable, position: int, names: tuple[str, ...], v: SimpleNamespace):
    if position == 0:
        v.changed = change(v)
    return v.changed[position]
