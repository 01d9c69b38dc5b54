"""Schedules: the learning rate as a function of how far training has come.

A schedule is anything that turns the number of epochs (or steps) done so far, 0 at first, into a
learning rate. These are the usual ones; they are the formulas of ``torch.optim.lr_scheduler``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from chainrule import arguments


@dataclass(frozen=True)
class StepDecay:
    """``lr * factor ** (done // every)``: multiplied by ``factor`` once in a while.

    Parameters
    ----------
    lr : float
        To start with, above 0.
    every : int
        How long a rate lasts.
    factor : float
        Above 0.

    Examples
    --------
    >>> schedule = StepDecay(lr=1.0, every=2, factor=0.5)
    >>> [schedule(done) for done in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self):
        arguments.above_zero("lr", self.lr)
        arguments.count("every", self.every)
        arguments.above_zero("factor", self.factor)

    def __call__(self, done: int) -> float:
        return self.lr * self.factor ** (done // self.every)


@dataclass(frozen=True)
class ExponentialDecay:
    """``lr * factor ** done``: multiplied by ``factor`` every time.

    Parameters
    ----------
    lr : float
        To start with, above 0.
    factor : float
        Above 0.

    Examples
    --------
    >>> schedule = ExponentialDecay(lr=1.0, factor=0.5)
    >>> [schedule(done) for done in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    lr: float
    factor: float

    def __post_init__(self):
        arguments.above_zero("lr", self.lr)
        arguments.above_zero("factor", self.factor)

    def __call__(self, done: int) -> float:
        return self.lr * self.factor**done


@dataclass(frozen=True)
class CosineDecay:
    """``lowest + (lr - lowest) * (1 + cos(pi * done / length)) / 2``: half a cosine wave.

    Slow at first, fast in the middle, slow at the end; ``lowest`` from ``length`` on.

    Parameters
    ----------
    lr : float
        To start with, above 0.
    length : int
        How many epochs (or steps) the way down takes.
    lowest : float
        To end with, from 0 to ``lr``.

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Examples
    --------
    >>> schedule = CosineDecay(lr=1.0, length=4)
    >>> [round(schedule(done), 4) for done in range(6)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """

    lr: float
    length: int
    lowest: float = 0.0

    def __post_init__(self):
        arguments.above_zero("lr", self.lr)
        arguments.count("length", self.length)
        if arguments.at_least_zero("lowest", self.lowest) > self.lr:
            raise ValueError(f"lowest must be at most lr, {self.lr!r}, got {self.lowest!r}")

    def __call__(self, done: int) -> float:
        share = min(done / self.length, 1)
        return self.lowest + (self.lr - self.lowest) * (1 + math.cos(math.pi * share)) / 2


@dataclass(frozen=True)
class WarmUp:
    """A straight line up to the first rate of another schedule, which then takes over.

    ``then(0) * (done + 1) / (length + 1)`` while ``done < length``, then ``then(done - length)``.

    Parameters
    ----------
    length : int
        How many epochs (or steps) the way up takes.
    then : schedule or float
        A number stays as it is.

    References
    ----------
    P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017).

    Examples
    --------
    >>> schedule = WarmUp(3, then=ExponentialDecay(lr=1.0, factor=0.5))
    >>> [schedule(done) for done in range(6)]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    """

    length: int
    then: Callable[[int], float] | float

    def __post_init__(self):
        arguments.count("length", self.length)
        if not callable(self.then):
            arguments.above_zero("then", self.then)

    def __call__(self, done: int) -> float:
        if done < self.length:
            return self._then(0) * (done + 1) / (self.length + 1)
        return self._then(done - self.length)

    def _then(self, done: int) -> float:
        return self.then(done) if callable(self.then) else self.then
