"""Running somebody's code without a trace: what it prints, warns of or sets does not remain."""

import builtins
import contextlib
import io
import logging
import random
import sys
import warnings
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow all that the code inside prints, logs or warns of, and let it ask nobody.

    NumPy's floating-point complaints are warnings too. None of them is a mistake, and nbgrader
    takes all points from a cell that writes to stderr.
    """
    with (
        warnings.catch_warnings(record=True),  # the code may take off the filter below
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(_Nowhere()),
        contextlib.redirect_stderr(_Nowhere()),
        _no_logging(),
        _no_input(),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Like `quiet`, and put back what the code inside changed for everybody: random state, print
    options. What it displays is dropped.

    Around a whole check only: within one, a generator that is put back after every run would make a
    random answer look the same each time.
    """
    numpys, pythons = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        with quiet(), _no_display(), np.printoptions():
            yield
    finally:
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(pythons)


class _Nowhere(io.StringIO):
    """Takes text and forgets it, however much it is."""

    def write(self, text: str) -> int:
        return len(text)


@contextlib.contextmanager
def _no_logging() -> Iterator[None]:
    before = logging.root.manager.disable
    if before < logging.CRITICAL:  # to say it again makes all loggers forget what they know
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        if logging.root.manager.disable != before:
            logging.disable(before)


@contextlib.contextmanager
def _no_input() -> Iterator[None]:
    before = builtins.input
    builtins.input = _nobody_answers
    try:
        yield
    finally:
        builtins.input = before


def _nobody_answers(prompt="", /):
    raise EOFError("input() has nobody to ask while a check runs")


@contextlib.contextmanager
def _no_display() -> Iterator[None]:
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        yield
        return
    from IPython.utils.capture import capture_output

    with capture_output(stdout=False, stderr=False):
        yield
