"""Right ways and wrong ways to measure a slope."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

difference = Entry(
    "central_difference",
    "function",
    {
        "cube at 2 with step 0.1": Case({"f": "cube", "x": 2.0, "h": 0.1}),
        "an array": Case({"f": "wave", "x": array(-1.5, -0.25, 0.5, 2.0), "h": 0.2}),
        "a small step": Case(
            {"f": "wave", "x": array([0.75, -1.0], [0.0, 3.0]), "h": 1e-4}, tolerance=1e-9
        ),
    },
    reread="lecture 01, “Why the central difference beats the forward difference”",
    returns=("slope",),
)


@difference.correct
def as_in_the_formula(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


@difference.correct
def in_two_halves(f, x, h=1e-5):
    right = (f(x + h) - f(x)) / h
    left = (f(x) - f(x - h)) / h
    return (right + left) / 2


@difference.correct
def from_the_left(f, x, h=1e-5):
    start = np.asarray(x, dtype=float) - h
    return np.subtract(f(start + 2 * h), f(start)) / h / 2


@difference.correct
def entry_by_entry(f, x, h=1e-5):
    entries = np.array(x, dtype=float)
    slopes = np.empty_like(entries)
    for index in np.ndindex(entries.shape):
        slopes[index] = (f(entries[index] + h) - f(entries[index] - h)) / (2 * h)
    return slopes


@difference.mistake()
def forward_difference(f, x, h=1e-5):
    """this is the forward difference.

    It looks to one side only, and is off by about h where the central difference is off by h
    squared. Subtract f(x - h), not f(x), and divide by 2h.
    """
    return (f(x + h) - f(x)) / h


@difference.mistake()
def backward_difference(f, x, h=1e-5):
    """this is the backward difference.

    It looks to the left only. Subtract f(x - h) from f(x + h), not from f(x), and divide by 2h.
    """
    return (f(x) - f(x - h)) / h


@difference.mistake()
def one_sided_over_two_steps(f, x, h=1e-5):
    """f(x + h) - f(x) spans one step, and it is divided by two.

    Look to both sides: f(x + h) - f(x - h) spans 2h.
    """
    return (f(x + h) - f(x)) / (2 * h)


@difference.mistake()
def divided_by_one_step(f, x, h=1e-5):
    """the difference is divided by h, but the two points are 2h apart."""
    return (f(x + h) - f(x - h)) / h


@difference.mistake()
def not_divided(f, x, h=1e-5):
    """the difference is not divided by the distance between the two points, 2h."""
    return f(x + h) - f(x - h)


@difference.mistake()
def precedence(f, x, h=1e-5):
    """/ 2 * h divides by 2 and multiplies by h.

    Division and multiplication go from left to right: write / (2 * h).
    """
    return (f(x + h) - f(x - h)) / 2 * h


@difference.mistake()
def brackets_missing(f, x, h=1e-5):
    """only f(x - h) is divided by 2h, not the difference.

    Put brackets around f(x + h) - f(x - h).
    """
    return f(x + h) - f(x - h) / (2 * h)


@difference.mistake(named="sign_flipped")
def the_wrong_way_round(f, x, h=1e-5):
    return (f(x - h) - f(x + h)) / (2 * h)


@difference.mistake()
def step_ignored(f, x, h=1e-5):
    """the step is fixed in your code, and the argument h is not used."""
    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5


@difference.mistake()
def step_not_passed_to_f(f, x, h=1e-5):
    """h is added to the value of f, not to x: every slope comes out as 1.

    Nudge the input: f(x + h), not f(x) + h.
    """
    return ((f(x) + h) - (f(x) - h)) / (2 * h)


@difference.mistake()
def value_returned(f, x, h=1e-5):
    """this is the value f(x), not the slope."""
    return f(x) + 0.0 * x


@difference.mistake()
def steeper_only(f, x, h=1e-5):
    """a slope that goes down comes out as one that goes up.

    Leave out abs: the sign says which way the function goes.
    """
    return abs(f(x + h) - f(x - h)) / (2 * h)


@difference.mistake()
def half_the_step(f, x, h=1e-5):
    """the points lie h / 2 to either side, where h is asked for.

    Go h to the right and h to the left; they are then 2h apart.
    """
    return (f(x + h / 2) - f(x - h / 2)) / h


@difference.mistake()
def two_steps(f, x, h=1e-5):
    """the points lie 2h to either side, where h is asked for.

    Go h to the right and h to the left; they are then 2h apart.
    """
    return (f(x + 2 * h) - f(x - 2 * h)) / (4 * h)


@difference.mistake()
def step_squared(f, x, h=1e-5):
    """the difference is divided by h squared; the two points are 2h apart."""
    return (f(x + h) - f(x - h)) / h**2


@difference.mistake()
def mean_for_slope(f, x, h=1e-5):
    """f(x + h) and f(x - h) are added, and should be subtracted."""
    return (f(x + h) + f(x - h)) / (2 * h)


@difference.mistake(named="modifies_input")
def moves_x(f, x, h=1e-5):
    x += h
    right = f(x)
    x -= 2 * h
    return (right - f(x)) / (2 * h)


@difference.mistake(named="raises")
def numbers_only(f, x, h=1e-5):
    return (f(float(x) + h) - f(float(x) - h)) / (2 * h)


@difference.mistake(named="only_what_is_shown")
def whole_numbers_stay_whole(f, x, h=1e-5):
    slopes = np.empty_like(np.asarray(x))
    slopes[...] = (f(x + h) - f(x - h)) / (2 * h)
    return slopes
