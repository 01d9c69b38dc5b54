"""Right ways and wrong ways to make a step of Adam."""

import math

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(505)


def case(*shape, step, size=1.0, settings=(0.001, 0.9, 0.999, 1e-8), dtype=float):
    param, grad, mean = (rng.standard_normal(shape) for _ in range(3))
    square = mean**2 + rng.uniform(0.2, 1, shape)
    if step == 1:
        mean, square = np.zeros(shape), np.zeros(shape)
    given = {"param": param, "grad": size * grad, "mean": size * mean, "square": size**2 * square}
    given = {name: value.astype(dtype) for name, value in given.items()}
    names = ("lr", "beta1", "beta2", "eps")
    return Case({**given, "step": step, **dict(zip(names, settings, strict=True))})


def tiny(step, grad, mean, square, param):
    names = ("param", "grad", "mean", "square")
    values = (array([value]) for value in (param, grad, mean, square))
    rest = {"step": step, "lr": 0.1, "beta1": 0.5, "beta2": 0.5, "eps": 1e-12}
    return Case({**dict(zip(names, values, strict=True)), **rest})


adam = Entry(
    "adam_step",
    "function",
    {
        "a step on the way": case(3, 4, step=5),
        "the first step": case(2, 3, step=1),
        "step 1 of the tiny example": tiny(1, 4, 0, 0, 0),
        "step 2 of the tiny example": tiny(2, -2, 2, 8, -0.1),
        "a large eps": case(1, 4, step=3, settings=(0.05, 0.8, 0.7, 0.5)),
        "no gradient": Case(
            {
                "param": array([1, -2]),
                **{name: np.zeros((1, 2)) for name in ("grad", "mean", "square")},
                "step": 3,
                "lr": 0.1,
                "beta1": 0.9,
                "beta2": 0.999,
                "eps": 1e-8,
            }
        ),
        "float32": case(2, 2, step=2, settings=(0.01, 0.9, 0.99, 1e-6), dtype=np.float32),
    },
    reread="lecture 12, “Adam: both, and an honest start”",
    returns=("param", "mean", "square"),
)


@adam.correct
def as_in_the_formula(param, grad, mean, square, step, lr, beta1, beta2, eps):
    mean = beta1 * mean + (1 - beta1) * grad
    square = beta2 * square + (1 - beta2) * grad**2
    m_hat, s_hat = mean / (1 - beta1**step), square / (1 - beta2**step)
    return param - lr * m_hat / (np.sqrt(s_hat) + eps), mean, square


@adam.correct
def with_differences(param, grad, mean, square, step, lr, beta1, beta2, eps):
    new_mean = mean + (1 - beta1) * (grad - mean)
    new_square = square + (1 - beta2) * (grad * grad - square)
    root = np.sqrt(new_square / (1 - beta2**step))
    return param - lr / (1 - beta1**step) * new_mean / (root + eps), new_mean, new_square


@adam.correct
def in_place_on_copies(param, grad, mean, square, step, lr, beta1, beta2, eps):
    param, mean, square = param.copy(), mean.copy(), square.copy()
    mean *= beta1
    mean += (1 - beta1) * grad
    square *= beta2
    square += (1 - beta2) * np.square(grad)
    work = np.sqrt(square)
    work /= math.sqrt(1 - beta2**step)
    work += eps
    param -= lr / (1 - beta1**step) * mean / work
    return param, mean, square


@adam.correct
def entry_by_entry(param, grad, mean, square, step, lr, beta1, beta2, eps):
    out = [np.empty_like(param) for _ in range(3)]
    for place in np.ndindex(param.shape):
        m = beta1 * mean[place] + (1 - beta1) * grad[place]
        s = beta2 * square[place] + (1 - beta2) * grad[place] ** 2
        root = math.sqrt(s / (1 - beta2**step))
        w = param[place] - lr * (m / (1 - beta1**step)) / (root + eps)
        for array_, value in zip(out, (w, m, s), strict=True):
            array_[place] = value
    return tuple(out)


def plain_mean(m, g, b):
    return b * m + (1 - b) * g


def plain_square(s, g, b):
    return b * s + (1 - b) * g**2


def corrected(a, b, t):
    with np.errstate(all="ignore"):
        return a / (np.float64(1) - b**t).astype(a.dtype)


def usual_step(lr, m, s, eps):
    return lr * m / (np.sqrt(s) + eps)


def wrong(
    name,
    says,
    m=plain_mean,
    s=plain_square,
    m_hat=corrected,
    s_hat=corrected,
    move=usual_step,
    late=0,
):
    """A mistake in one of Adam's parts."""

    def answer(param, grad, mean, square, step, lr, beta1, beta2, eps):
        mean, square = m(mean, grad, beta1), s(square, grad, beta2)
        t = step + late
        with np.errstate(all="ignore"):
            moved = param - move(lr, m_hat(mean, beta1, t), s_hat(square, beta2, t), eps)
        return moved, mean, square

    answer.__name__, answer.__doc__ = name, says
    adam.mistake()(answer)


wrong(
    "no_correction",
    "neither mean is corrected.\n\nBoth began at zero and are too small at first: with the usual "
    "settings the first step is 3.2 times too long.",
    m_hat=lambda a, b, t: a,
    s_hat=lambda a, b, t: a,
)
wrong(
    "only_the_mean_corrected",
    "the running mean of the squares is not corrected.\n\nIt began at zero as well: with the usual "
    "settings the first step is 32 times too long.",
    s_hat=lambda a, b, t: a,
)
wrong(
    "only_the_square_corrected",
    "the running mean of the gradients is not corrected.\n\nIt began at zero as well: with the "
    "usual settings the first step is ten times too short.",
    m_hat=lambda a, b, t: a,
)
wrong(
    "correction_without_the_power",
    "the corrections divide by 1 − β, whatever the step.\n\nThat is right in step 1 only: the "
    "power of β is that of the step.",
    m_hat=lambda a, b, t: a / (1 - b),
    s_hat=lambda a, b, t: a / (1 - b),
)
wrong(
    "correction_with_a_product",
    "the corrections divide by 1 − β · step.\n\nIt is a power, β**step: every step multiplies by β "
    "once more.",
    m_hat=lambda a, b, t: a / (1 - b * t),
    s_hat=lambda a, b, t: a / (1 - b * t),
)
wrong(
    "counted_from_zero",
    "the corrections are those of the step before.\n\nIn the first step that divides by 0. step is "
    "1 there already, so use it as it is.",
    late=-1,
)
wrong(
    "counted_one_too_far",
    "the corrections are those of the next step.\n\nstep is 1 in the first step already, so do not "
    "add to it.",
    late=1,
)
wrong(
    "correction_multiplies",
    "the corrections multiply by 1 − β**step.\n\nThe means are too small at first: divide.",
    m_hat=lambda a, b, t: a * (1 - b**t),
    s_hat=lambda a, b, t: a * (1 - b**t),
)
wrong(
    "correction_by_the_power_alone",
    "the corrections divide by β**step: the 1 − is missing.",
    m_hat=lambda a, b, t: a / b**t,
    s_hat=lambda a, b, t: a / b**t,
)
wrong(
    "root_forgotten",
    "the mean is divided by the mean square, not by its root.\n\nThen the size of the gradients "
    "does not cancel.",
    move=lambda lr, m, s, eps: lr * m / (s + eps),
)
wrong(
    "root_before_the_correction",
    "the root is corrected as if it were the square.\n\nCorrect first and then take the root: the "
    "correction goes under the root.",
    s_hat=lambda a, b, t: a / (1 - b**t) ** 2,
)
wrong(
    "eps_under_the_root",
    "eps stands under the root: sqrt(s + eps).\n\nIt is added to the root: sqrt(s) + eps. With "
    "small gradients that is another number.",
    move=lambda lr, m, s, eps: lr * m / np.sqrt(s + eps),
)
wrong(
    "eps_forgotten",
    "eps is not used.\n\nA parameter that has never had a gradient becomes 0 / 0, NaN.",
    move=lambda lr, m, s, eps: lr * m / np.sqrt(s),
)
wrong(
    "eps_beside_the_fraction",
    "eps is added to the fraction, not to the root below it: parentheses are missing.",
    move=lambda lr, m, s, eps: lr * (m / np.where(s == 0, 1, np.sqrt(s)).astype(m.dtype) + eps),
)
wrong(
    "gradient_not_squared",
    "square is a running mean of the gradients, not of their squares.",
    s=lambda s, g, b: b * s + (1 - b) * g,
)
wrong(
    "absolute_gradient",
    "square is a running mean of the absolute gradients, not of their squares.",
    s=lambda s, g, b: b * s + (1 - b) * np.abs(g),
)
wrong(
    "share_squared_too",
    "1 − beta2 is squared along with the gradient.\n\nSquare the gradient alone.",
    s=lambda s, g, b: b * s + ((1 - b) * g) ** 2,
)
wrong(
    "one_size_for_all",
    "all entries share one mean square.\n\nAdam keeps one for every entry: no sum, no mean over "
    "the array.",
    s=lambda s, g, b: b * s + (1 - b) * np.mean(g**2),
)
wrong(
    "uphill",
    "the parameter steps uphill: subtract.",
    move=lambda lr, m, s, eps: -usual_step(lr, m, s, eps),
)
wrong(
    "mean_as_in_momentum",
    "the whole gradient is added to mean.\n\nThat is momentum. A running mean takes "
    "1 − beta1 of it.",
    m=lambda m, g, b: b * m + g,
)
wrong(
    "square_without_the_share",
    "the whole squared gradient is added to square.\n\nA running mean takes 1 − beta2 of it.",
    s=lambda s, g, b: b * s + g**2,
)
wrong(
    "both_without_the_share",
    "gradient and squared gradient are added whole.\n\nRunning means take 1 − β of them.",
    m=lambda m, g, b: b * m + g,
    s=lambda s, g, b: b * s + g**2,
)
wrong(
    "shares_exchanged",
    "β and 1 − β are exchanged.\n\nMost of the old mean is kept, and a little of the new is added.",
    m=lambda m, g, b: (1 - b) * m + b * g,
    s=lambda s, g, b: (1 - b) * s + b * g**2,
)
wrong(
    "old_mean_kept_whole",
    "nothing of the old means is lost.\n\nbeta1 and beta2 are the shares of them that are kept.",
    m=lambda m, g, b: m + (1 - b) * g,
    s=lambda s, g, b: s + (1 - b) * g**2,
)
wrong(
    "rate_forgotten",
    "lr is not used: it multiplies the step.",
    move=lambda lr, m, s, eps: usual_step(1.0, m, s, eps),
)
wrong(
    "step_without_a_size",
    "the step is not divided by anything: the running mean of the squares plays no part in it.",
    move=lambda lr, m, s, eps: lr * m,
)


@adam.mistake()
def betas_exchanged(param, grad, mean, square, step, lr, beta1, beta2, eps):
    """beta1 and beta2 are exchanged: beta1 belongs to the mean, beta2 to the square."""
    return as_in_the_formula(param, grad, mean, square, step, lr, beta2, beta1, eps)


@adam.mistake()
def one_beta(param, grad, mean, square, step, lr, beta1, beta2, eps):
    """beta1 is used for the square too, where beta2 is meant."""
    return as_in_the_formula(param, grad, mean, square, step, lr, beta1, beta1, eps)


@adam.mistake()
def rmsprop(param, grad, mean, square, step, lr, beta1, beta2, eps):
    """the gradient itself stands above the root, as in RMSProp.

    In Adam it is the corrected running mean of the gradients.
    """
    _, mean, square = as_in_the_formula(param, grad, mean, square, step, lr, beta1, beta2, eps)
    s_hat = square / (1 - beta2**step)
    return param - lr * grad / (np.sqrt(s_hat) + eps), mean, square


@adam.mistake()
def mean_forgotten(param, grad, mean, square, step, lr, beta1, beta2, eps):
    """the old means play no part: every step begins with zeros.

    Use the mean and the square that are handed in.
    """
    zeros = np.zeros_like(param)
    return as_in_the_formula(param, grad, zeros, zeros, step, lr, beta1, beta2, eps)


@adam.mistake()
def old_means_used(param, grad, mean, square, step, lr, beta1, beta2, eps):
    """the parameter moves by the old means, before this gradient is in them.

    Update mean and square first, then step with the new ones.
    """
    m_hat, s_hat = mean / (1 - beta1**step), square / (1 - beta2**step)
    _, new_mean, new_square = as_in_the_formula(
        param, grad, mean, square, step, lr, beta1, beta2, eps
    )
    return param - lr * m_hat / (np.sqrt(s_hat) + eps), new_mean, new_square


@adam.mistake()
def corrected_means_returned(param, grad, mean, square, step, lr, beta1, beta2, eps):
    """the corrected means are returned.

    The next step would correct them again. Return the means as they are.
    """
    moved, mean, square = as_in_the_formula(param, grad, mean, square, step, lr, beta1, beta2, eps)
    return moved, mean / (1 - beta1**step), square / (1 - beta2**step)


@adam.mistake()
def means_not_kept(param, grad, mean, square, step, lr, beta1, beta2, eps):
    """the old mean and square are returned: the next step needs the new ones."""
    moved, *_ = as_in_the_formula(param, grad, mean, square, step, lr, beta1, beta2, eps)
    return moved, mean, square


@adam.mistake()
def order_swapped(param, grad, mean, square, step, lr, beta1, beta2, eps):
    """square comes before mean in what is returned: param, mean, square are asked for."""
    moved, mean, square = as_in_the_formula(param, grad, mean, square, step, lr, beta1, beta2, eps)
    return moved, square, mean


@adam.mistake()
def root_kept(param, grad, mean, square, step, lr, beta1, beta2, eps):
    """the root of the mean square is returned in place of the mean square.

    The next step would take the root of a root.
    """
    moved, mean, square = as_in_the_formula(param, grad, mean, square, step, lr, beta1, beta2, eps)
    return moved, mean, np.sqrt(square)


@adam.mistake(named="wrong_type")
def param_alone(param, grad, mean, square, step, lr, beta1, beta2, eps):
    return as_in_the_formula(param, grad, mean, square, step, lr, beta1, beta2, eps)[0]


@adam.mistake(named="modifies_input")
def in_place(param, grad, mean, square, step, lr, beta1, beta2, eps):
    mean *= beta1
    mean += (1 - beta1) * grad
    square *= beta2
    square += (1 - beta2) * grad**2
    m_hat, s_hat = mean / (1 - beta1**step), square / (1 - beta2**step)
    return param - lr * m_hat / (np.sqrt(s_hat) + eps), mean, square


@adam.mistake(named="wrong_dtype")
def always_float64(param, grad, mean, square, step, lr, beta1, beta2, eps):
    given = (one.astype(float) for one in (param, grad, mean, square))
    return as_in_the_formula(*given, step, lr, beta1, beta2, eps)


@adam.mistake(named="not_implemented")
def unwritten(param, grad, mean, square, step, lr, beta1, beta2, eps):
    raise NotImplementedError
