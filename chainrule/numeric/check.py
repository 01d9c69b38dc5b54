"""The gradient check: a gradient beside the measured one, and whether they agree."""

from collections.abc import Callable

import numpy as np

from chainrule.numeric.lines import Directions, Entries
from chainrule.numeric.point import Point, check_step, number
from chainrule.numeric.report import GradientError, GradientReport
from chainrule.numeric.stacks import check_stack
from chainrule.numeric.verdict import judge, summarise

# By the dtype that func computes in: the best step, about cbrt(eps), and what it can reach.
STEPS = {"float64": 3e-5, "float32": 5e-3}
TOLERANCES = {"float64": 1e-7, "float32": 2e-3}
ROUND_OFF = 3  # of a value, in units of eps: it is the sum of many


def check_gradient(func: Callable, point, analytic, **options) -> GradientReport:
    """Compare a gradient with the measured one, and raise an error unless they agree.

    Parameters
    ----------
    func, point, analytic, **options
        As for ``compare_gradient``.

    Returns
    -------
    GradientReport

    Raises
    ------
    GradientError
        If they disagree; its text is the evidence, ``.report`` holds it.

    Examples
    --------
    >>> x = np.array([1.0, -2.0, 0.5])
    >>> check_gradient(lambda x: float((x**2).sum()), x, x)
    Traceback (most recent call last):
        ...
    chainrule.numeric.report.GradientError: the gradients disagree in 3 of 3 entries: ...
    """
    report = compare_gradient(func, point, analytic, **options)
    if not report:
        raise GradientError(report)
    return report


def compare_gradient(
    func: Callable,
    point,
    analytic,
    *,
    step: float | None = None,
    tolerance: float | None = None,
    directions: int | None = None,
    rng=None,
    stack: int | None = None,
) -> GradientReport:
    """Compare a gradient with central differences (lecture 06).

    Judged by the relative error in norms, array by array. Two things are no mistakes: round-off,
    where slopes are small beside the values of ``func``, and kinks. Where the step of a difference
    runs over a kink, smaller steps are taken; a point at a kink is left out as long as its slope
    lies between those to the left and to the right. (Several kinks at one point that cancel, as in
    ``relu(x) - relu(-x)`` at 0, cannot be told from a mistake: move the point.)

    Parameters
    ----------
    func : callable
        Takes what ``point`` is, or uses the very arrays in it; returns a number. A number that
        weighs every output differently, ``(output * upstream).sum()`` with a random ``upstream``:
        a plain sum lets wrong gradients pass.
    point : array of floats, or a dict or list of such arrays
        Where to measure, for example ``network.params()``. Nudged in place and restored.
    analytic : like ``point``
        The gradient to check.
    step : float, optional
        Relative step; by default 3e-5, or 5e-3 if ``func`` computes in float32.
    tolerance : float, optional
        By default 1e-7, or 2e-3 in float32.
    directions : int, optional
        Compare slopes in this many random directions, 20 say, instead of all entries: for many
        parameters. It says whether there is a mistake, not where.
    rng : numpy.random.Generator, optional
        Draws the directions.
    stack : int, optional
        As for ``gradient``; not together with directions.

    Returns
    -------
    GradientReport
        True in a condition if they agree.

    Raises
    ------
    TypeError
        If ``point`` is not made of arrays of floats, or of float16, too coarse to measure in.
    ValueError
        If shapes or keys of ``analytic`` are not those of ``point``; if ``func`` does not return a
        single number, changes the point, or returns another number the second time; if an option
        makes no sense.

    Examples
    --------
    >>> x = np.array([1.0, -2.0, 0.0])
    >>> def relu_sum(x):
    ...     return float(np.maximum(x, 0).sum())
    >>> report = compare_gradient(relu_sum, x, np.array([1.0, 0.0, 0.0]))
    >>> report.passed, report.compared, [kink.name for kink in report.kinks]
    (True, 2, ['point[2]'])
    >>> print(compare_gradient(relu_sum, x, np.array([1.0, 1.0, 0.0])))
    the gradients disagree in 1 of 2 entries: relative error 0.71, allowed ...e-07
      furthest off    point[1]
      numeric         0
      analytic        1
      relative error  1
      at a kink, left out: 1 (point[2])
    """
    place = Point(point)
    expected = place.matching("analytic", analytic)
    _check_options(tolerance, directions, rng, stack)
    if not any(array.size for array in place.arrays.values()):
        raise ValueError("point has no entries, so there is nothing to compare")
    with place.kept():
        value = func(place.argument)
        dtype, middle = _working_dtype(place, value), number(value)
        step = STEPS[dtype] if step is None else step
        tolerance = TOLERANCES[dtype] if tolerance is None else tolerance
        check_step(step)
        if directions is None:
            groups = [
                Entries(func, place, key, expected[key], middle, stack) for key in place.arrays
            ]
        else:
            groups = [Directions(func, place, expected, middle, directions, rng)]
        pairs = [(group, group.measure(step)) for group in groups]
        # A value near 0 may well be the sum of large terms, and then has their round-off.
        with np.errstate(over="ignore"):
            extents = [group.extent(look.central) for group, look in pairs]
        size = abs(middle) + np.linalg.norm([each for each in extents if np.isfinite(each)])
        noise = ROUND_OFF * np.finfo(dtype).eps * size
        verdicts = [judge(group, look, tolerance, noise) for group, look in pairs]
        _check_repeats(middle, number(func(place.argument)))
    if directions is not None:
        return summarise(verdicts, verdicts[0].numeric)
    measured = {key: each.numeric for key, each in zip(place.arrays, verdicts, strict=True)}
    place.check_seen(measured)
    return summarise(verdicts, place.like(measured))


def _check_options(tolerance, directions, rng, stack) -> None:
    check_stack(stack)
    if tolerance is not None and not 0 < tolerance < np.inf:
        raise ValueError(f"tolerance must be a positive number, got {tolerance!r}")
    if directions is None:
        return
    if not isinstance(directions, int | np.integer) or directions < 1:
        raise ValueError(f"directions must be a whole number from 1 up, got {directions!r}")
    if not hasattr(rng, "standard_normal"):
        raise ValueError(f"random directions need rng=np.random.default_rng(seed), got rng={rng!r}")
    if stack is not None:
        raise ValueError(
            "stack is for measuring all entries, directions is for measuring few: "
            "pass only one of them"
        )


def _working_dtype(place: Point, value) -> str:
    """The coarsest dtype that takes part."""
    dtypes = [array.dtype for array in place.arrays.values()]
    if isinstance(value, np.ndarray | np.floating):
        dtypes.append(value.dtype)
    if np.dtype(np.float16) in dtypes:
        raise TypeError("float16 is too coarse to measure a slope in: use float32 or float64")
    return "float32" if np.dtype(np.float32) in dtypes else "float64"


def _check_repeats(first: float, second: float) -> None:
    same = first == second or (np.isnan(first) and np.isnan(second))
    # Threads may add up in another order.
    if not same and not abs(first - second) <= 1000 * np.finfo(float).eps * abs(first):
        raise ValueError(
            f"func returned {first!r} and later, at the same point, {second!r}: what it draws at "
            "random or remembers must be the same at every call"
        )
