"""Right ways and wrong ways to go back through a chain of functions."""

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case

from .forward import with_a_list
from .given import NAMESPACE


def kept(name, x):
    """The values of one of the notebook's chains."""
    return np.array([float(value) for value in with_a_list(NAMESPACE[name], x)])


backward = Entry(
    "backward_slopes",
    "function",
    {
        "three functions": Case(
            {"derivatives": "three_slopes", "values": kept("three_functions", -4.0)}
        ),
        "two functions": Case({"derivatives": "two_slopes", "values": kept("two_functions", 3.0)}),
        "one function": Case({"derivatives": "one_slope", "values": kept("one_function", 1.5)}),
        "five functions": Case(
            {"derivatives": "five_slopes", "values": kept("five_functions", 0.4)}
        ),
    },
    reread="lecture 02, “Any length: forward, then backward”",
    returns=("slopes",),
)


@backward.correct
def by_index(derivatives, values):
    slopes = np.ones(len(values))
    for i in reversed(range(len(derivatives))):
        slopes[i] = slopes[i + 1] * derivatives[i](values[i])
    return slopes


@backward.correct
def with_insert(derivatives, values):
    slopes = [1.0]
    for derivative, value in zip(derivatives[::-1], values[:-1][::-1], strict=True):
        slopes.insert(0, slopes[0] * derivative(value))
    return np.array(slopes)


@backward.correct
def with_cumprod(derivatives, values):
    local = [derivative(value) for derivative, value in zip(derivatives, values, strict=False)]
    return np.cumprod([1.0, *local[::-1]])[::-1]


@backward.correct
def turned_round_at_the_end(derivatives, values):
    slope, slopes = 1.0, [1.0]
    for i in range(len(derivatives) - 1, -1, -1):
        slope = slope * derivatives[i](values[i])
        slopes.append(slope)
    slopes.reverse()
    return np.asarray(slopes)


def local_slopes(derivatives, values):
    return [float(d(value)) for d, value in zip(derivatives, values, strict=False)]


def products_of(local):
    """The slopes that follow from these local ones."""
    return np.cumprod([1.0, *local[::-1]])[::-1]


@backward.mistake()
def at_the_outputs(derivatives, values):
    """each derivative is taken at the output of its function, not at its input.

    The function with number i got values[i] and handed out values[i + 1].
    """
    return products_of(local_slopes(derivatives, values[1:]))


@backward.mistake()
def all_at_the_input(derivatives, values):
    """every derivative is taken at x, the input of the chain.

    Each belongs at the value that went into its own function: values[i].
    """
    return products_of(local_slopes(derivatives, np.full(len(derivatives), values[0])))


@backward.mistake()
def all_at_the_result(derivatives, values):
    """every derivative is taken at the result of the chain.

    Each belongs at the value that went into its own function: values[i].
    """
    return products_of(local_slopes(derivatives, np.full(len(derivatives), values[-1])))


@backward.mistake()
def values_not_reversed(derivatives, values):
    """the derivatives are taken from the last to the first, and the values from first to last.

    Go through both in reverse, so that each derivative meets its own value.
    """
    local = local_slopes(derivatives[::-1], values)
    return products_of(local[::-1])


@backward.mistake()
def from_the_left(derivatives, values):
    """the products are built up from the left.

    They tell how each value depends on the input. Asked for is how the result depends on each
    value: start with 1 at the right end.
    """
    return np.cumprod([1.0, *local_slopes(derivatives, values)])


@backward.mistake()
def not_multiplied(derivatives, values):
    """each slope is that of one function alone.

    Multiply by the slope to its right: slopes[i] = slopes[i + 1] * ...
    """
    return np.array([*local_slopes(derivatives, values), 1.0])


@backward.mistake()
def added_up(derivatives, values):
    """the slopes are added, and rates along a chain multiply."""
    return np.cumsum([1.0, *local_slopes(derivatives, values)[::-1]])[::-1]


@backward.mistake()
def starts_with_the_result(derivatives, values):
    """the sweep starts with the result of the chain, where it should start with 1.

    The result changes exactly as much as itself: its slope with respect to itself is 1.
    """
    return values[-1] * by_index(derivatives, values)


@backward.mistake()
def starts_with_zero(derivatives, values):
    """the sweep starts with 0, and a product with 0 stays 0.

    The result changes exactly as much as itself: start with 1.
    """
    return np.zeros(len(values))


@backward.mistake()
def multiplied_by_the_values(derivatives, values):
    """the values themselves are multiplied, not the derivatives at them."""
    return np.cumprod([1.0, *values[:-1][::-1]])[::-1]


@backward.mistake()
def slopes_reversed(derivatives, values):
    """the slopes come back in reverse, the 1 first.

    Return them in the order of the values: the 1 belongs to the result, at the end.
    """
    return by_index(derivatives, values)[::-1]


@backward.mistake()
def last_function_skipped(derivatives, values):
    """the last function is skipped.

    With n functions the sweep starts at index n - 1: range(n - 1, -1, -1).
    """
    local = local_slopes(derivatives, values)
    return products_of([*local[:-1], 1.0])


@backward.mistake()
def first_function_skipped(derivatives, values):
    """the first function is skipped.

    The sweep has to reach index 0: range(n - 1, -1, -1), since range stops before its end.
    """
    slopes = by_index(derivatives, values)
    slopes[0] = slopes[1]
    return slopes


@backward.mistake()
def only_the_whole_chain(derivatives, values):
    """only the slope of the whole chain comes back.

    Keep every slope on the way: one for each of the n + 1 values.
    """
    return by_index(derivatives, values)[0]


@backward.mistake()
def one_left_out(derivatives, values):
    """the slope of the result with respect to itself, 1, is missing at the end."""
    return by_index(derivatives, values)[:-1]


@backward.mistake()
def squared_slopes(derivatives, values):
    """each derivative is multiplied in twice."""
    return by_index(derivatives, values) ** 2


@backward.mistake()
def shifted(derivatives, values):
    """each derivative is taken at the input of the function before it.

    The function with number i got values[i].
    """
    return products_of(local_slopes(derivatives, np.roll(values, 1)))


@backward.mistake()
def two_functions_only(derivatives, values):
    """this is right for one and two functions only.

    Use a loop over all of the functions.
    """
    slopes = np.ones(len(values))
    for i in reversed(range(max(0, len(derivatives) - 2), len(derivatives))):
        slopes[i] = slopes[i + 1] * derivatives[i](values[i])
    return slopes


@backward.mistake(named="sign_flipped")
def wrong_sign(derivatives, values):
    return -by_index(derivatives, values)


@backward.mistake(named="modifies_input")
def overwrites_the_values(derivatives, values):
    values[-1] = 1.0
    for i in reversed(range(len(derivatives))):
        values[i] = values[i + 1] * derivatives[i](values[i])
    return values


@backward.mistake(named="wrong_type")
def a_list(derivatives, values):
    return list(by_index(derivatives, values))


@backward.mistake()
def whole_numbers(derivatives, values):
    """the slopes are cut to whole numbers.

    An array made of whole numbers, as np.array([1] * n), keeps whole numbers only: start from
    np.ones(n) or 1.0.
    """
    slopes = np.ones(len(values), dtype=int)
    for i in reversed(range(len(derivatives))):
        slopes[i] = int(slopes[i + 1] * derivatives[i](values[i]))
    return slopes
