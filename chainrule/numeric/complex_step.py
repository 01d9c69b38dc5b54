"""The complex step: a derivative without a difference, and so without its round-off."""

from collections.abc import Callable

import numpy as np

from chainrule.numeric.point import Point, check_step, describe
from chainrule.numeric.stacks import check_alone, check_stack, stacked_values

AGREEMENT = 1e-4  # of complex step and central difference, for a function to count as analytic


def complex_gradient(func: Callable, point, step: float = 1e-20, *, stack: int | None = None):
    """Measure the gradient of an analytic function to the last digit.

    For an analytic ``f``, ``f(x + ih) = f(x) + ih f'(x) - ...``: the imaginary part divided by
    ``h`` is the slope. Nothing is subtracted, so ``h`` can be so small that no other term is left.

    ``func`` must take complex numbers and keep them. exp, tanh, powers, ``@`` and sums do;
    ``maximum`` and ``>`` go by the real part, which is right for a ReLU. ``abs``, ``norm``,
    ``vdot`` (write ``(d * d).sum()``), ``var``, ``.real``, ``float()`` and a real ``out=`` do not,
    ``logaddexp`` refuses them, and ``1 / (1 + exp(-x))`` is NaN below -709. Of the framework,
    operations, layers that have seen a batch, ``MeanSquaredError`` and ``SoftmaxCrossEntropy`` do;
    batch normalisation while training, ``MeanAbsoluteError`` and
    ``BinaryCrossEntropyWithLogits`` do not. The result is compared with a central difference in
    one direction, so that a wrong one is not returned.

    Parameters
    ----------
    func : callable
        Takes what ``point`` is, one array complex, and returns a complex number. It must use its
        argument: the copies are nudged, since a float array cannot hold a complex number.
    point : array of floats, or a dict or list of such arrays
    step : float
    stack : int, optional
        As for ``gradient``.

    Returns
    -------
    array of float64 in the shape of ``point``, or a dict or list of them

    Raises
    ------
    TypeError
        If ``point`` is not an array of floats.
    ValueError
        If ``func`` returns a real number, or is not analytic: the complex step and the central
        difference disagree.

    References
    ----------
    W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions",
    SIAM Review 40 (1998).

    Examples
    --------
    >>> complex_gradient(lambda x: np.exp(x).sum(), np.array([0.0, 1.0])) - np.exp([0.0, 1.0])
    array([0., 0.])
    """
    check_step(step)
    check_stack(stack)
    place = Point(point)
    slopes = {}
    with place.kept():
        for key, array in place.arrays.items():
            slopes[key] = _imaginary_slopes(func, place, key, array, step, stack)
        _check_analytic(func, place, slopes)
    return place.like(slopes)


def _imaginary_slopes(func, place: Point, key, array: np.ndarray, step: float, stack: int | None):
    nudged = array.astype(complex)

    def alone(index: tuple) -> float:
        nudged[index] += 1j * step
        value = func(place.replaced(key, nudged))
        nudged[index] = array[index]
        return float(_imaginary(value).reshape(())) / step

    if stack is None:
        slopes = np.empty(array.shape)
        for index in np.ndindex(array.shape):
            slopes[index] = alone(index)
        return slopes
    values = stacked_values(func, place, key, np.asarray(nudged + 1j * step), stack)
    slopes = np.asarray(_imaginary(values) / step)
    check_alone(slopes, alone, noise=0.0)
    return slopes


def _imaginary(value) -> np.ndarray:
    if not np.iscomplexobj(value):
        raise ValueError(
            f"func must return a complex number where its argument is complex, got "
            f"{describe(value)}: somewhere the imaginary part is dropped (float, abs, norm, vdot, "
            "real, an array of floats), or func does not use its argument"
        )
    return np.asarray(value).imag


def _check_analytic(func, place: Point, slopes: dict, step: float = 1e-6) -> None:
    """Compare with the central difference along one direction, drawn but always the same."""
    rng = np.random.default_rng(0)
    direction = {key: rng.standard_normal(array.shape) for key, array in place.arrays.items()}

    def value(distance: float) -> float:
        moved = {key: array + distance * direction[key] for key, array in place.arrays.items()}
        return float(np.real(func(place.like(moved))))

    upper, lower = value(step), value(-step)
    measured = (upper - lower) / (2 * step)
    expected = sum(float((slopes[key] * direction[key]).sum()) for key in slopes)
    size = np.sqrt(sum(float((slope**2).sum()) for slope in slopes.values()))
    noise = 100 * np.finfo(float).eps * max(abs(upper), abs(lower)) / step
    if not abs(measured - expected) <= AGREEMENT * max(size, abs(measured)) + noise:
        raise ValueError(
            f"func is not analytic here: in one direction the complex step finds a slope of "
            f"{expected:.6g}, the central difference {measured:.6g}. abs, conj, real and the like "
            "are not analytic, an overflow gives NaN, and a kink has no slope at all"
        )
