"""Right ways and wrong ways to measure the gradient for a dictionary of arrays."""

import functools

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(205)


def measure(func, params, step):
    return Case({"func": func, "params": params, "step": step})


numerical = Entry(
    "numerical_gradient",
    "function",
    {
        "the tiny example": measure(
            "cubes", {"a": np.array([1.0, 2.0]), "b": np.array([[3.0]])}, 0.5
        ),
        "entries that depend on each other": measure(
            "waves",
            {"W": array([0.5, -1.25, 0.75], [1, -0.5, -1.5]), "B": array([-1, 2, 0.25])},
            0.1,
        ),
        "three axes and none": measure(
            "cubes", {"W": rng.standard_normal((2, 1, 2)), "c": np.array(1.5)}, 0.25
        ),
        "a function that looks for itself": measure("network_loss", "network", 0.1),
        "whole numbers": measure("cubes", {"a": np.array([2, -1]), "b": array([0.5, 3])}, 0.5),
        "float32": measure("cubes", {"W": rng.uniform(1, 2, (2, 2)).astype(np.float32)}, 0.1),
    },
    reread="lecture 06, “Measuring a whole dictionary” and “Where people go wrong”",
    returns=("slopes[]",),
)


@numerical.correct
def floats_take_their_place(func, params, step=1e-5):
    slopes = {}
    for name in params:
        kept = params[name]
        params[name] = kept.astype(np.float64)
        slopes[name] = np.zeros(kept.shape)
        for index in np.ndindex(kept.shape):
            original = params[name][index]
            params[name][index] = original + step
            above = func(params)
            params[name][index] = original - step
            below = func(params)
            params[name][index] = original
            slopes[name][index] = (above - below) / (2 * step)
        params[name] = kept
    return slopes


@numerical.correct
def in_place_where_that_works(func, params, step=1e-5):
    slopes = {name: np.empty(one.shape) for name, one in params.items()}
    for name, one in list(params.items()):
        work = one if one.dtype == np.float64 else one.astype(float)
        params[name] = work
        for index in np.ndindex(work.shape):
            work[index] += step
            slopes[name][index] = func(params)
            work[index] -= 2 * step
            slopes[name][index] -= func(params)
            work[index] += step
        slopes[name] /= 2 * step
        params[name] = one
    return slopes


@numerical.correct
def fresh_copies(func, params, step=1e-5):
    slopes, kept = {}, dict(params)
    for name, one in kept.items():
        slopes[name] = np.zeros_like(one, dtype=float)
        for index in np.ndindex(one.shape):
            values = []
            for shift in (step, -step):
                params[name] = np.array(one, dtype=float)
                params[name][index] += shift
                values.append(func(params))
            slopes[name][index] = (values[0] - values[1]) / step / 2
        params[name] = one
    return slopes


@numerical.correct
def unit_arrays(func, params, step=1e-5):
    slopes = {}
    for name, one in tuple(params.items()):
        found = []
        for unit in np.eye(one.size):
            nudge = step * unit.reshape(one.shape)
            params[name] = one + nudge
            above = func(params)
            params[name] = one - nudge
            found.append((above - func(params)) / (2 * step))
        params[name] = one
        slopes[name] = np.array(found).reshape(one.shape)
    return slopes


def measured(params, func, slope, copy=lambda one: one.astype(float), nudge=None):
    """Slopes by some quotient: ``slope(at)``, ``at`` being the function along one entry."""
    slopes = {}
    for name, one in list(params.items()):
        slopes[name] = np.zeros(one.shape)
        for index in np.ndindex(one.shape):

            def at(shift, one=one, index=index, name=name):
                params[name] = copy(one)
                if nudge is None:
                    params[name][index] += shift
                else:
                    params[name] = nudge(params[name], index, shift)
                return func(params)

            slopes[name][index] = slope(at)
        params[name] = one
    return slopes


def quotient(slope):
    """A mistake in the quotient: ``slope(at, step)``."""

    @functools.wraps(slope)
    def answer(func, params, step=1e-5):
        return measured(params, func, lambda at: slope(at, step))

    numerical.mistake()(answer)
    return slope


def nudging(nudge):
    """A mistake in what is nudged: ``nudge(array, index, shift)`` returns the nudged array."""

    @functools.wraps(nudge)
    def answer(func, params, step=1e-5):
        return measured(params, func, lambda at: (at(step) - at(-step)) / (2 * step), nudge=nudge)

    numerical.mistake()(answer)
    return nudge


@quotient
def forward_difference(at, step):
    """this is the forward difference.

    Step to both sides, and divide by twice the step.
    """
    return (at(step) - at(0)) / step


@quotient
def backward_difference(at, step):
    """this is the backward difference.

    Step to both sides, and divide by twice the step.
    """
    return (at(0) - at(-step)) / step


@quotient
def step_not_doubled(at, step):
    """every slope is twice too large.

    The two points are 2 * step apart: divide by that.
    """
    return (at(step) - at(-step)) / step


@quotient
def forward_over_two_steps(at, step):
    """one step to the right only, and divided by two of them.

    Subtract the value on the left, a step below the middle.
    """
    return (at(step) - at(0)) / (2 * step)


@quotient
def not_divided(at, step):
    """the difference is not divided.

    A slope is a difference over a distance, here 2 * step.
    """
    return at(step) - at(-step)


@quotient
def precedence_of_division(at, step):
    """/ 2 * step divides by 2 and multiplies by step.

    Put brackets around (2 * step).
    """
    return (at(step) - at(-step)) / 2 * step


@quotient
def sign_flipped(at, step):
    """every slope has the wrong sign.

    It is the value above minus the value below.
    """
    return (at(-step) - at(step)) / (2 * step)


@quotient
def half_steps(at, step):
    """the nudge is half a step to either side.

    Go a whole step to the right and a whole step to the left.
    """
    return (at(step / 2) - at(-step / 2)) / step


@quotient
def half_steps_over_whole_ones(at, step):
    """the nudge is half a step to either side, and the division is by two steps."""
    return (at(step / 2) - at(-step / 2)) / (2 * step)


@quotient
def added(at, step):
    """the two values are added, and should be subtracted."""
    return (at(step) + at(-step)) / (2 * step)


@quotient
def below_from_above_only(at, step):
    """from the middle the entry goes down by two steps.

    After the look to the right, the entry must be one step *below* where it was at first.
    """
    return (at(step) - at(-2 * step)) / (2 * step)


@quotient
def steepness_without_sign(at, step):
    """all slopes come out positive: leave out abs."""
    return abs(at(step) - at(-step)) / (2 * step)


@quotient
def step_ignored(at, step):
    """the step that is asked for is not used.

    Whoever calls the function chooses it; 1e-5 is only what it is if nobody does.
    """
    return (at(1e-5) - at(-1e-5)) / 2e-5


@quotient
def nudge_forgotten(at, step):
    """every slope is 0: the function is asked twice at the same place.

    above = params does not copy, nor does it nudge: change an entry, ask, change it, ask again.
    """
    return (at(0) - at(0)) / (2 * step)


@quotient
def second_derivative(at, step):
    """this measures the second derivative.

    The middle value has no part in a slope.
    """
    return (at(step) - 2 * at(0) + at(-step)) / step**2


@nudging
def everything_nudged(one, index, shift):
    """all entries of an array are nudged at the same time.

    That measures one number, the sum of all its slopes. Nudge one entry at a time.
    """
    return one + shift


@nudging
def rows_nudged(one, index, shift):
    """all entries in a row of an array are nudged at the same time.

    array[i] is a whole row. Go through all indices, as np.ndindex(array.shape) does.
    """
    if one.ndim:
        one[index[0]] += shift
        return one
    return one + shift


@nudging
def columns_nudged(one, index, shift):
    """all entries in a column of an array are nudged at the same time.

    Go through all indices, as np.ndindex(array.shape) does.
    """
    if one.ndim:
        one[..., index[-1]] += shift
        return one
    return one + shift


@nudging
def relative_step(one, index, shift):
    """the entry is nudged by a part of itself, and the division is by twice the step.

    Add the step; do not multiply by 1 + step.
    """
    one[index] *= 1 + shift
    return one


@nudging
def set_to_the_step(one, index, shift):
    """the entry is set to the step, where the step should be added to it."""
    one[index] = shift
    return one


@nudging
def first_entry_only(one, index, shift):
    """it is always the first entry of an array that is nudged.

    The loop must use its index.
    """
    one[(0,) * one.ndim] += shift
    return one


@numerical.mistake()
def in_a_copy_of_the_dictionary(func, params, step=1e-5):
    """a function that looks for itself sees no nudge, so its slopes are 0.

    You nudge a copy of the dictionary. Nudge the very one that you were given, and put it back.
    """
    return measured(dict(params), func, lambda at: (at(step) - at(-step)) / (2 * step))


@numerical.mistake()
def others_not_at_rest(func, params, step=1e-5):
    """an entry that was measured stays nudged while the others are measured.

    Put each entry back before the next one is nudged.
    """
    kept, slopes = dict(params), {}
    for name, one in kept.items():
        params[name] = one.astype(float)
        slopes[name] = np.zeros(one.shape)
        for index in np.ndindex(one.shape):
            params[name][index] += step
            above = func(params)
            params[name][index] -= 2 * step
            slopes[name][index] = (above - func(params)) / (2 * step)
    params.update(kept)
    return slopes


@numerical.mistake()
def array_not_at_rest(func, params, step=1e-5):
    """the entries of an array that were measured stay nudged until the array is done.

    Put each entry back before the next one is nudged.
    """
    slopes = {}
    for name, one in list(params.items()):
        params[name] = one.astype(float)
        slopes[name] = np.zeros(one.shape)
        for index in np.ndindex(one.shape):
            params[name][index] += step
            above = func(params)
            params[name][index] -= 2 * step
            slopes[name][index] = (above - func(params)) / (2 * step)
        params[name] = one
    return slopes


@numerical.mistake()
def never_put_back(func, params, step=1e-5):
    """entries that were measured stay nudged, while the others are measured and afterwards.

    After the two looks, put each entry back before the next one is nudged.
    """
    slopes = {}
    for name, one in params.items():
        slopes[name] = np.zeros(one.shape)
        for index in np.ndindex(one.shape):
            original = one[index].copy()
            one[index] = original + step
            above = func(params)
            one[index] = original - step
            slopes[name][index] = (above - func(params)) / (2 * step)
    return slopes


def in_arrays_copied_by(copy):
    """Slopes measured in copies of another kind."""

    def answer(func, params, step):
        return measured(params, func, lambda at: (at(step) - at(-step)) / (2 * step), copy=copy)

    return answer


@numerical.mistake()
def nudged_as_they_are(func, params, step=1e-5):
    """arrays of whole numbers and of float32 are nudged as they are.

    They cannot hold the nudged value. While you measure, a copy in float64 has to take their place.
    """
    return in_arrays_copied_by(np.copy)(func, params, step)


@numerical.mistake()
def whole_numbers_nudged(func, params, step=1e-5):
    """arrays of whole numbers are nudged as they are: 2.5 becomes 2 in them.

    While you measure, a copy in float64 has to take their place.
    """
    return in_arrays_copied_by(whole_ones_as_they_are)(func, params, step)


def whole_ones_as_they_are(one):
    return one.copy() if one.dtype.kind == "i" else one.astype(float)


@numerical.mistake()
def float32_nudged(func, params, step=1e-5):
    """arrays of float32 are nudged as they are, and the slopes are right to a few digits only.

    While you measure, a copy in float64 has to take their place.
    """
    return in_arrays_copied_by(floats_as_they_are)(func, params, step)


def floats_as_they_are(one):
    return one.copy() if one.dtype.kind == "f" else one.astype(float)


@numerical.mistake()
def sums_in_float32(func, params, step=1e-5):
    """entries of float32 are nudged to the nearest number that float32 has.

    An entry of such an array plus the step is float32 again. Take the entry out of the copy in
    float64.
    """

    def nudge(one, index, shift):
        if one.dtype == np.float32:
            nudged = np.float32(one[index] + np.float32(shift))
            one = one.astype(float)
            one[index] = nudged
        else:
            one = one.astype(float)
            one[index] += shift
        return one

    def slope(at):
        return (at(step) - at(-step)) / (2 * step)

    return measured(params, func, slope, copy=np.copy, nudge=nudge)


@numerical.mistake()
def slopes_of_whole_numbers(func, params, step=1e-5):
    """the slopes of an array of whole numbers are cut to whole numbers.

    np.zeros_like makes an array of the same dtype. np.zeros(array.shape) holds floats.
    """
    slopes = floats_take_their_place(func, params, step)
    return {name: one.astype(params[name].dtype).astype(float) for name, one in slopes.items()}


@numerical.mistake(named="wrong_dtype")
def slopes_like_the_array(func, params, step=1e-5):
    slopes = floats_take_their_place(func, params, step)
    return {
        name: one.astype(np.float32) if params[name].dtype == np.float32 else one
        for name, one in slopes.items()
    }


@numerical.mistake()
def left_as_floats(func, params, step=1e-5):
    """the dictionary is not as it was: where whole numbers or float32 stood there is float64 now.

    Keep the old array while you measure, and put it back into the dictionary.
    """
    slopes = floats_take_their_place(func, params, step)
    for name, one in params.items():
        params[name] = one.astype(float)
    return slopes


@numerical.mistake()
def left_nudged(func, params, step=1e-5):
    """the entries are not as they were: each is left a step too low.

    After the two looks, put the entry back before the next one is nudged.
    """
    slopes = floats_take_their_place(func, params, step)
    for one in params.values():
        if one.dtype == np.float64:
            one -= step
    return slopes


@numerical.mistake()
def first_array_only(func, params, step=1e-5):
    """the slopes of all arrays but the first are 0.

    Go through all items of the dictionary.
    """
    slopes = floats_take_their_place(func, params, step)
    return {
        name: one if position == 0 else 0 * one
        for position, (name, one) in enumerate(slopes.items())
    }


@numerical.mistake(named="wrong_type")
def last_array_only(func, params, step=1e-5):
    return list(floats_take_their_place(func, params, step).values())[-1]


@numerical.mistake(named="wrong_type")
def only_the_arrays_that_change(func, params, step=1e-5):
    slopes = floats_take_their_place(func, params, step)
    return {name: one for name, one in slopes.items() if name.isupper()}


@numerical.mistake(named="wrong_type")
def returned_inside_the_loop(func, params, step=1e-5):
    slopes = floats_take_their_place(func, params, step)
    name = next(iter(slopes))
    return {name: slopes[name]} if len(slopes) > 1 else slopes


@numerical.mistake(named="wrong_shape")
def flat_slopes(func, params, step=1e-5):
    slopes = floats_take_their_place(func, params, step)
    return {name: one.ravel() for name, one in slopes.items()}


@numerical.mistake(named="raises")
def two_axes_only(func, params, step=1e-5):
    slopes = floats_take_their_place(func, params, step)
    for one in slopes.values():
        rows, columns = one.shape
        one.reshape(rows, columns)
    return slopes
