"""Right ways and wrong ways to send gradients back where values are used twice."""

import functools

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(104)


def three(*shape):
    return {name: rng.uniform(0.4, 2, shape) * rng.choice([-1.0, 1.0], shape)
            for name in ("x", "y", "output_grad")}  # fmt: skip


twice = Entry(
    "used_twice",
    "function",
    {
        "the tiny example": Case({"x": array(2), "y": array(3), "output_grad": array(10)}),
        "an array": Case(three(5)),
        "a matrix": Case(three(3, 2)),
    },
    reread="lecture 03, “A value used twice”",
    returns=("x_grad", "y_grad"),
)


@twice.correct
def path_by_path(x, y, output_grad):
    s, p = x + y, x * y
    s_grad, p_grad = output_grad * p, output_grad * s
    return s_grad + p_grad * y, s_grad + p_grad * x


@twice.correct
def multiplied_out(x, y, output_grad):
    return output_grad * y * (2 * x + y), output_grad * x * (x + 2 * y)


@twice.correct
def added_into_zeros(x, y, output_grad):
    x_grad, y_grad = np.zeros_like(x), np.zeros_like(y)
    x_grad += output_grad * (x * y)
    y_grad += output_grad * (x * y)
    x_grad += output_grad * (x + y) * y
    y_grad += output_grad * (x + y) * x
    return [x_grad, y_grad]


@twice.correct
def by_the_product_rule(x, y, output_grad):
    s, p = x + y, x * y
    dz_dx = 1 * p + s * y
    dz_dy = 1 * p + s * x
    return dz_dx * output_grad, dz_dy * output_grad


def wrong(named=None):
    """A mistake in terms of the gradients that arrive at sum and product."""

    def add(change):
        @functools.wraps(change)
        def answer(x, y, output_grad):
            return change(x, y, output_grad, output_grad * x * y, output_grad * (x + y))

        twice.mistake(named)(answer)
        return change

    return add


@wrong()
def sum_path_only(x, y, output_grad, s_grad, p_grad):
    """only the way through the sum counts; the way through the product is missing.

    x and y are used twice: add what comes back through either.
    """
    return s_grad, s_grad.copy()


@wrong()
def product_path_only(x, y, output_grad, s_grad, p_grad):
    """only the way through the product counts; the way through the sum is missing.

    x and y are used twice: add what comes back through either, += where you wrote =.
    """
    return p_grad * y, p_grad * x


@wrong()
def paths_averaged(x, y, output_grad, s_grad, p_grad):
    """the two ways are averaged, and they should be added."""
    return (s_grad + p_grad * y) / 2, (s_grad + p_grad * x) / 2


@wrong()
def paths_subtracted(x, y, output_grad, s_grad, p_grad):
    """the way through the product is subtracted, and should be added."""
    return s_grad - p_grad * y, s_grad - p_grad * x


@wrong()
def paths_multiplied(x, y, output_grad, s_grad, p_grad):
    """the two ways are multiplied.

    Rates multiply *along* a way; different ways add up.
    """
    return s_grad * p_grad * y, s_grad * p_grad * x


@twice.mistake()
def upstream_ignored(x, y, output_grad):
    """output_grad is left out: multiply both gradients by it."""
    return path_by_path(x, y, np.ones_like(output_grad))


@twice.mistake()
def upstream_on_one_path(x, y, output_grad):
    """the way through the sum is multiplied by output_grad, the one through the product is not."""
    s, p = x + y, x * y
    return output_grad * p + s * y, output_grad * p + s * x


@twice.mistake()
def upstream_on_the_other_path(x, y, output_grad):
    """the way through the product is multiplied by output_grad, the one through the sum is not."""
    s, p = x + y, x * y
    return p + output_grad * s * y, p + output_grad * s * x


@wrong()
def factors_not_swapped_at_the_end(x, y, output_grad, s_grad, p_grad):
    """in z = s * p, the gradient of s is output_grad times p, and that of p output_grad times s.

    You have them the other way round: in a product each factor gets the *other* one.
    """
    return p_grad + s_grad * y, p_grad + s_grad * x


@wrong()
def factors_not_swapped_in_the_product(x, y, output_grad, s_grad, p_grad):
    """x_grad and y_grad are those of the other.

    In p = x * y each factor gets the *other* one: the gradient of x is that of p times y. If you
    have that, the two results are swapped on return.
    """
    return s_grad + p_grad * x, s_grad + p_grad * y


@wrong()
def both_alike(x, y, output_grad, s_grad, p_grad):
    """y_grad is the same as x_grad: y has a gradient of its own."""
    x_grad = s_grad + p_grad * y
    return x_grad, x_grad.copy()


@wrong()
def sum_hands_out_inputs(x, y, output_grad, s_grad, p_grad):
    """the sum multiplies its gradient by x and y.

    A sum hands the gradient on unchanged: its slope is 1 for both inputs.
    """
    return s_grad * x + p_grad * y, s_grad * y + p_grad * x


@twice.mistake()
def product_held_fixed(x, y, output_grad):
    """the sum's gradient uses s where p belongs: z = s * p has slope p in s."""
    s = x + y
    return output_grad * s + output_grad * s * y, output_grad * s + output_grad * s * x


@wrong()
def sum_counted_twice(x, y, output_grad, s_grad, p_grad):
    """the way through the sum is counted twice."""
    return 2 * s_grad + p_grad * y, 2 * s_grad + p_grad * x


@wrong(named="wrong_shape")
def summed_up(x, y, output_grad, s_grad, p_grad):
    return np.sum(s_grad + p_grad * y), np.sum(s_grad + p_grad * x)


@twice.mistake()
def value_of_z(x, y, output_grad):
    """these are the values of z times output_grad, not its gradients."""
    z = (x + y) * x * y
    return output_grad * z, output_grad * z


@wrong(named="wrong_type")
def only_x(x, y, output_grad, s_grad, p_grad):
    return s_grad + p_grad * y


@twice.mistake(named="modifies_input")
def upstream_overwritten(x, y, output_grad):
    right = path_by_path(x, y, output_grad)
    output_grad *= x + y
    return right
