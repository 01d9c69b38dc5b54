"""What came of running a piece of somebody's code, as plain data that can be compared."""

import contextlib
import io
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

_PACKAGE = str(Path(__file__).resolve().parent.parent)


@dataclass(frozen=True)
class Outcome:
    """The result of one run.

    Attributes
    ----------
    parts : dict of str to array
        What came back, by name.
    raised : str
        Name of the exception, if one was raised.
    detail : str
        The exception's text and line. For people; never compared.
    returned : str
        What came back in place of numbers: "nothing", "a str", "2 values".
    notes : frozenset of str
        What else was seen: "modified NAME", "random", "stale".
    """

    parts: dict[str, np.ndarray] = field(default_factory=dict)
    raised: str = ""
    detail: str = ""
    returned: str = ""
    notes: frozenset[str] = frozenset()

    def same(self, other: "Outcome", tolerance: float = 1e-7) -> bool:
        """Whether both are the same behaviour, float64 numbers compared to a tolerance."""
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
    if tolerance and expected.dtype == np.float32:
        tolerance = max(tolerance, 1e-5)
    got, expected = got.astype(float), expected.astype(float)
    finite = np.isfinite(expected)
    if not np.array_equal(got[~finite], expected[~finite], equal_nan=True):
        return False
    got, expected = got[finite], expected[finite]
    scale = np.max(np.abs(expected), initial=0.0)
    # A NaN in `got` compares as False and so counts as different.
    return bool(np.all(np.abs(got - expected) <= tolerance * scale))


def run(code: Callable[[], dict]) -> Outcome:
    """Run code that returns named results, whatever it does.

    Printing, warnings and NumPy's floating-point complaints are swallowed: a warning is not a
    mistake, and nbgrader takes all points from a cell that writes to stderr.
    """
    try:
        with quiet():
            results = code()
    except (KeyboardInterrupt, MemoryError):
        raise  # a time or memory limit, not an answer
    except (Exception, SystemExit) as error:
        return Outcome(raised=type(error).__name__, detail=_explain(error))
    parts = {}
    for name, value in results.items():
        if isinstance(value, Returned):
            return Outcome(returned=value.what)
        array = _as_array(value)
        if array is None:
            return Outcome(returned=_name_of(value))
        parts[name] = array
    return Outcome(parts=parts)


@dataclass(frozen=True)
class Returned:
    """Stands in a result for something that is not what was asked for."""

    what: str


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow all that the code inside prints or warns of."""
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


def _as_array(value) -> np.ndarray | None:
    """A plain copy of a number or an array of numbers, None for anything else."""
    if isinstance(value, bool | str | bytes) or value is None:
        return None
    if not isinstance(value, np.ndarray | np.generic | int | float):
        return None
    array = np.array(value, subok=False)
    return array if array.dtype.kind in "fiub" else None


def _name_of(value) -> str:
    if value is None:
        return "nothing (None)"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)} values"
    return f"a {type(value).__name__}"


def _explain(error: BaseException) -> str:
    """The exception's text, and the student's line that raised it when it can be found."""
    text = str(error).strip().splitlines()
    says = text[0] if text else ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        # A notebook cell is not a file below the package or the installed libraries.
        if frame.filename.startswith(_PACKAGE) or "site-packages" in frame.filename:
            continue
        line = linecache.getline(frame.filename, frame.lineno).strip()
        if line:
            return f"{says} (in the line: {line})" if says else f"in the line: {line}"
    return says
