"""Right ways and wrong ways to send a number through a chain of functions."""

import itertools

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case

forward = Entry(
    "forward_values",
    "function",
    {
        "three functions": Case({"functions": "three_functions", "x": -4.0}),
        "two functions": Case({"functions": "two_functions", "x": 3.0}),
        "one function": Case({"functions": "one_function", "x": 1.5}),
        "five functions": Case({"functions": "five_functions", "x": 0.4}),
    },
    reread="lecture 02, “Any length: forward, then backward”",
    returns=("values",),
)


@forward.correct
def with_a_list(functions, x):
    values = [x]
    for function in functions:
        values.append(function(values[-1]))
    return np.array(values)


@forward.correct
def with_an_array(functions, x):
    values = np.zeros((len(functions) + 1, *np.shape(x)))
    values[0] = x
    for i, function in enumerate(functions, start=1):
        values[i] = function(values[i - 1])
    return values


@forward.correct
def with_accumulate(functions, x):
    steps = itertools.accumulate(functions, lambda value, function: function(value), initial=x)
    return np.array(list(steps))


@forward.correct
def recursively(functions, x):
    if not functions:
        return np.array([x])
    *before, last = functions
    values = recursively(before, x)
    return np.concatenate([values, [last(values[-1])]])


@forward.mistake()
def input_left_out(functions, x):
    """the input is missing: the first value is x itself.

    For n functions there are n + 1 values.
    """
    return with_a_list(functions, x)[1:]


@forward.mistake()
def result_left_out(functions, x):
    """the last value, the result of the chain, is missing.

    For n functions there are n + 1 values.
    """
    return with_a_list(functions, x)[:-1]


@forward.mistake()
def only_the_result(functions, x):
    """only the result of the chain comes back.

    Keep every value on the way: the way back needs them.
    """
    return with_a_list(functions, x)[-1]


@forward.mistake()
def right_to_left(functions, x):
    """the functions are applied from the last to the first.

    The first function of the list gets x.
    """
    return with_a_list(functions[::-1], x)


@forward.mistake()
def all_at_x(functions, x):
    """every function is applied to x.

    Each function gets what the one before it handed out: values[-1].
    """
    return np.array([x, *(function(x) for function in functions)])


@forward.mistake()
def values_reversed(functions, x):
    """the values come back in reverse, the result first."""
    return with_a_list(functions, x)[::-1]


@forward.mistake()
def first_function_only(functions, x):
    """the first function is applied again and again.

    Take the functions of the list in turn.
    """
    return with_a_list([functions[0]] * len(functions), x)


@forward.mistake()
def never_moved_on(functions, x):
    """from the second function on, each gets the output of the first.

    After each function, go on from what it handed out.
    """
    first = functions[0](x)
    return np.array([x, first, *(function(first) for function in functions[1:])])


@forward.mistake()
def input_twice(functions, x):
    """the input stands twice at the beginning."""
    return np.array([x, *with_a_list(functions, x)])


@forward.mistake(named="wrong_type")
def a_list(functions, x):
    return list(with_a_list(functions, x))


@forward.mistake(named="returns_nothing")
def nothing_returned(functions, x):
    with_a_list(functions, x)


@forward.mistake(named="raises")
def one_too_far(functions, x):
    values = [x]
    for i in range(len(functions) + 1):
        values.append(functions[i](values[-1]))
    return np.array(values)


@forward.mistake(named="only_what_is_shown")
def numbers_only(functions, x):
    return np.array([float(value) for value in with_a_list(functions, x)])
