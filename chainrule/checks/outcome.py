"""What came of running a piece of somebody's code, as plain data that can be compared."""

import builtins
import contextlib
import linecache
import os
import sysconfig
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FunctionType, MethodType

import numpy as np

from chainrule.checks.message import IN_THE_LINE
from chainrule.checks.quiet import quiet

_LARGEST = 10**7  # entries; a view of a few bytes can claim to be larger than any memory
_SMALL = 10**4
_LONGEST = 200  # characters of an exception's text
_DEEPEST = 4  # axes; a list may hold itself
NUMBERS_IN_A_LIST = "where an array or a number is asked for"
_NOT_THEIRS = tuple(
    f"{folder}{os.sep}"
    for folder in (
        Path(__file__).resolve().parent.parent,
        *(sysconfig.get_path(name) for name in ("stdlib", "platlib", "purelib")),
    )
)


@dataclass(frozen=True)
class Outcome:
    """The result of one run.

    All but `detail` is worded here: nothing in it can be chosen by the code that ran, which may
    have seen hidden inputs.

    Attributes
    ----------
    parts : dict of str to array
        What came back, by name.
    raised : str
        Name of the exception, if one was raised; of its nearest builtin base, if it is none.
    detail : tuple of (str, str)
        More for people, named and never compared: an exception's text and line, an object's class.
    returned : str
        What came back in place of numbers, as "a str where numbers are asked for".
    notes : frozenset of str
        What else was seen: "modified NAME", "random", "stale".
    """

    parts: dict[str, np.ndarray] = field(default_factory=dict)
    raised: str = ""
    detail: tuple[tuple[str, str], ...] = ()
    returned: str = ""
    notes: frozenset[str] = frozenset()

    @property
    def clean(self) -> bool:
        """Whether numbers came back and nothing else is to be said."""
        return not (self.raised or self.returned or self.notes)

    def same(self, other: "Outcome", tolerance: float = 1e-7) -> bool:
        """Whether both are the same behaviour, numbers compared to a tolerance (see `alike`)."""
        return (
            (self.raised, self.returned, self.notes) == (other.raised, other.returned, other.notes)
            and self.parts.keys() == other.parts.keys()
            and all(alike(self.parts[name], other.parts[name], tolerance) for name in self.parts)
        )

    def with_notes(self, *notes: str) -> "Outcome":
        """The same outcome with more notes; a random one loses its meaningless numbers."""
        parts = {} if "random" in notes else self.parts
        return replace(self, parts=parts, notes=self.notes | set(notes))


def alike(got: np.ndarray, expected: np.ndarray, tolerance: float) -> bool:
    """Equal shape and dtype, and values equal to ``tolerance`` times the largest one expected.

    A tolerance of 0 asks for equal bits; any other is at least 1e-5 for float32. Two NaN in the
    same place are equal, and so are two infinities.
    """
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return False
    if got.size < _SMALL and got.tobytes() == expected.tobytes():  # mostly so, and soon seen
        return True
    return bool(np.all(agreeing(got, expected, tolerance)))


def agreeing(got: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
    """Which entries of two arrays of one shape are equal, in the sense of `alike`."""
    if tolerance and np.float32 in (got.dtype, expected.dtype):
        tolerance = max(tolerance, 1e-5)
    got, expected = got.astype(float), expected.astype(float)
    finite = np.isfinite(expected)
    scale = np.max(np.abs(expected), initial=0.0, where=finite)
    with np.errstate(all="ignore"):
        near = np.abs(got - expected) <= tolerance * scale  # a NaN in `got` is not near
    return np.where(finite, near, (got == expected) | (np.isnan(got) & np.isnan(expected)))


def run(code: Callable[[], dict], *, ours: bool = False) -> Outcome:
    """Run code that returns named results, whatever it does; `ours` runs none of anybody else's."""
    try:
        with contextlib.nullcontext() if ours else quiet():
            return _collect(code())
    except KeyboardInterrupt:
        raise  # somebody's patience or time limit, not an answer
    except BaseException as error:
        return Outcome(raised=nearest_builtin(type(error)), detail=explain_error(error))


@dataclass(frozen=True)
class Returned:
    """Stands in a result for something that is not what was asked for."""

    what: str


def _collect(results: dict) -> Outcome:
    parts = {}
    for name, value in results.items():
        if isinstance(value, Returned):
            return Outcome(returned=value.what)
        array = as_array(value)
        if array is None:
            return _no_numbers(value, [name] if len(results) > 1 else [])
        parts[name] = array
    return Outcome(parts=parts)


def _no_numbers(value, name: list[str]) -> Outcome:
    kind = type(value)
    if holds_numbers(value):
        what = " for ".join([f"{with_article(kind.__name__)} of numbers", *name])
        return Outcome(returned=f"{what} {NUMBERS_IN_A_LIST}")
    detail = (("its class", f"{kind.__module__}.{kind.__qualname__}"[:_LONGEST]),)
    what = " for ".join([name_of(value), *name])
    return Outcome(returned=f"{what} where numbers are asked for", detail=detail)


def holds_numbers(value, deepest: int = _DEEPEST) -> bool:
    """Whether it is a list or tuple that `np.array` makes an array of numbers of."""
    if type(value) not in (list, tuple) or not value or not deepest:
        return False
    if all(type(one) in (list, tuple) for one in value):
        same = len({len(one) for one in value}) == 1
        return same and all(holds_numbers(one, deepest - 1) for one in value)
    return all(_is_number(one) for one in value)


def _is_number(value) -> bool:
    kind = type(value)
    is_scalar = issubclass(kind, np.generic) and np.dtype(kind).type is kind
    return kind in (int, float) or (is_scalar and value.dtype.kind in "fiub")


def as_array(value) -> np.ndarray | None:
    """A copy of a number or an array of numbers, None for anything else.

    A subclass is something else: a masked array or a matrix computes by other rules, and one of
    somebody's own need not mean what it holds.
    """
    if type(value) is not np.ndarray and not _is_number(value):
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.size > _LARGEST:
        return None
    return array.copy()


def name_of(value) -> str:
    """What a value is, in a few words of ours: "nothing", "a str", "a list of 3 values"."""
    kind = type(value)
    if issubclass(kind, Elsewhere):
        return kind.__described__(value)
    if value is None:
        return "nothing"
    if issubclass(kind, type):
        return "a class"
    if kind in (FunctionType, MethodType):
        return "a function"
    if issubclass(kind, np.ndarray):
        return _name_of_array(value)
    if kind in (tuple, list):
        count = len(value) if len(value) < 10 else "many"
        return f"a {kind.__name__} of {count} value{'s' * (count != 1)}"
    if _is_builtin(kind):
        return with_article(kind.__name__)
    return "an object"


def _name_of_array(value: np.ndarray) -> str:
    if type(value) is not np.ndarray:
        special = {np.matrix: "a matrix", np.ma.MaskedArray: "a masked array"}
        return special.get(type(value), "a special kind of array")
    if value.size > _LARGEST:
        return "a far too large array"
    holds = {"O": "objects", "c": "complex numbers", "U": "text", "S": "text"}
    return f"an array of {holds.get(value.dtype.kind, 'numbers')}"


def listed(names) -> str:
    """``"a, b and c"``."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def with_article(word: str) -> str:
    """``"an int"``, ``"a str"``."""
    return f"{'an' if word[0] in 'AEIOUaeiou' else 'a'} {word}"


class ElsewhereRaised(BaseException):
    """Marks an exception that stands for one raised in another process.

    Attributes
    ----------
    detail : tuple of (str, str)
        What `explain_error` found there.
    """

    detail: tuple[tuple[str, str], ...] = ()


class Elsewhere:
    """What stands for something of a student's that lives in another process."""

    def __described__(self) -> str:
        """What it is, in a few words of ours, as `name_of` puts it."""
        return "an object"

    def __perform__(self, scripts: list, reuse: bool) -> list | None:
        """What came of playing scripts with it, each a result or an exception; see `play_all`.

        None if they have to be played from here.
        """
        return None

    def __origins__(self) -> list[tuple[str, str]] | None:
        """Names and modules of a class and its bases, or of a function; None if not to be had."""
        return None

    def __same__(self, other: object) -> bool:
        """Whether another one stands for the same thing."""
        return self is other


def same_thing(one: object, other: object) -> bool:
    """Whether two names stand for one object, here or elsewhere."""
    if issubclass(type(one), Elsewhere):
        return type(one).__same__(one, other)
    return one is other


def nearest_builtin(kind: type[BaseException]) -> str:
    """The name of the exception that stands for one of somebody's own."""
    names = (base.__name__ for base in kind.__mro__ if _is_builtin(base))
    return next(names, "BaseException")


def _is_builtin(kind: type) -> bool:
    return getattr(builtins, kind.__name__, None) is kind


def explain_error(error: BaseException) -> tuple[tuple[str, str], ...]:
    """The exception's text, and the student's line that raised it when it can be found.

    One that was raised in another process brings both along, as its `detail`.
    """
    if isinstance(error, ElsewhereRaised):
        return error.detail
    try:
        lines = str.splitlines(str(error).strip())
    except Exception:  # somebody's own exception may have a broken text
        lines = []
    name = [] if _is_builtin(type(error)) else [type(error).__name__]
    rows = {"it says": ": ".join([*name, *lines[:1]]), IN_THE_LINE: _their_line(error)}
    return tuple((label, text[:_LONGEST]) for label, text in rows.items() if text)


def _their_line(error: BaseException) -> str:
    """The innermost line of the traceback that is neither ours nor of an installed library."""
    places = [(frame.f_code.co_filename, n) for frame, n in traceback.walk_tb(error.__traceback__)]
    for filename, number in reversed(places):
        if filename.startswith(_NOT_THEIRS):
            continue
        line = linecache.getline(filename, number).strip()
        if line:
            return line
    return ""
