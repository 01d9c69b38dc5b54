"""Right ways and wrong ways to penalise large weights."""

import itertools

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(503)


def parameters(*widths):
    params = {}
    for i, shape in enumerate(itertools.pairwise(widths), 1):
        params |= {f"W{i}": rng.standard_normal(shape), f"b{i}": rng.standard_normal((1, shape[1]))}
    return params


penalty = Entry(
    "l2_penalty",
    "function",
    {
        "two layers": Case(
            {"params": parameters(3, 4, 2), "grads": parameters(3, 4, 2), "strength": 0.1}
        ),
        "the tiny example": Case(
            {
                "params": {"W1": array([1, -2], [3, 0]), "b1": array([5, 7])},
                "grads": {"W1": array([1, 1], [1, 1]), "b1": array([2, -3])},
                "strength": 0.5,
            }
        ),
        "three layers": Case(
            {"params": parameters(2, 3, 2, 1), "grads": parameters(2, 3, 2, 1), "strength": 3.0}
        ),
        "strength 0": Case(
            {"params": parameters(2, 1), "grads": parameters(2, 1), "strength": 0.0}
        ),
    },
    reread="lecture 12, “Weights that stay small”",
    returns=("penalty", "new_grads[]"),
)


@penalty.correct
def with_comprehensions(params, grads, strength):
    squares = sum(np.sum(param**2) for key, param in params.items() if key[0] == "W")
    new = {key: g + strength * params[key] * (key[0] == "W") for key, g in grads.items()}
    return 0.5 * strength * squares, new


@penalty.correct
def number_by_number(params, grads, strength):
    total, new_grads = 0.0, {}
    for key in params:
        new_grads[key] = np.array(grads[key])
        if key.startswith("b"):
            continue
        for place in np.ndindex(params[key].shape):
            total += params[key][place] * params[key][place]
            new_grads[key][place] += strength * params[key][place]
    return strength * total / 2, new_grads


@penalty.correct
def in_place_on_a_copy(params, grads, strength):
    new_grads = {key: grad.copy() for key, grad in grads.items()}
    value = 0.0
    for i in range(1, len(params) // 2 + 1):
        W = params[f"W{i}"]
        value += strength / 2 * float((W * W).sum())
        new_grads[f"W{i}"] += strength * W
    return value, new_grads


@penalty.correct
def with_norms(params, grads, strength):
    weights = {key: W for key, W in params.items() if "W" in key}
    value = strength / 2 * sum(np.linalg.norm(W) ** 2 for W in weights.values())
    return value, {**grads, **{key: grads[key] + strength * W for key, W in weights.items()}}


def weights_of(params):
    return [param for key, param in params.items() if key[0] == "W"]


def half(params, strength):
    return strength / 2 * sum(np.sum(W**2) for W in weights_of(params))


def plus(W, g, strength):
    return g + strength * W


def wrong(name, value, weight_grad, says, named=None):
    """A mistake in the penalty or in the gradient of a weight."""

    def answer(params, grads, strength):
        new = {
            key: weight_grad(params[key], g, strength) if key[0] == "W" else g
            for key, g in grads.items()
        }
        return value(params, strength), new

    answer.__name__, answer.__doc__ = name, says
    penalty.mistake(named)(answer)


wrong(
    "half_forgotten",
    lambda p, s: 2 * half(p, s),
    plus,
    "penalty: it is twice as large as it should be, while the gradients are right.\n\nThe two do "
    "not belong together: the ½ of the formula is missing.",
)
wrong(
    "gradient_doubled",
    half,
    lambda W, g, s: g + 2 * s * W,
    "the penalty is right, but 2 · strength · W is added to the gradients.\n\nThe derivative of a "
    "square brings a 2, and the ½ of the formula cancels it.",
)
wrong(
    "gradient_halved",
    half,
    lambda W, g, s: g + s / 2 * W,
    "the penalty is right, but only half of strength · W is added to the gradients.\n\nThe "
    "derivative of a square brings a 2, and it cancels the ½.",
)
wrong(
    "both_without_the_half",
    lambda p, s: 2 * half(p, s),
    lambda W, g, s: g + 2 * s * W,
    "penalty and gradients belong together, but both are twice as large as the statement "
    "says.\n\nThere is a ½ in front of the sum.",
)
wrong(
    "penalty_only",
    half,
    lambda W, g, s: g,
    "the penalty is right, but the gradients are those of the loss alone.\n\nNothing would "
    "shrink. Derive the penalty, and add what comes out.",
)
wrong(
    "gradients_only",
    lambda p, s: 0.0,
    plus,
    "the gradients are right, but the penalty is 0.\n\nA learning curve would show another loss "
    "than the one that is descended.",
)
wrong(
    "sign_flipped_in_the_gradient",
    half,
    lambda W, g, s: g - s * W,
    "the penalty's gradient has the wrong sign.\n\nA step goes against the gradient, so the "
    "weights would grow. Add it.",
)
wrong(
    "loss_replaced",
    half,
    lambda W, g, s: s * W,
    "the gradients of the loss are gone, only the penalty's are left.\n\nThe total is a sum: add "
    "both.",
)
wrong(
    "mean_twice",
    half,
    lambda W, g, s: g / len(W) + s * W,
    "the gradients of the loss are divided once more.\n\nThe loss has taken its mean already. "
    "Leave them as they are.",
)
wrong(
    "divided_by_the_rows",
    half,
    lambda W, g, s: g + s * W / len(W),
    "the penalty's gradient is divided by the number of rows of W.\n\nThe penalty is a sum over "
    "weights, and no mean over anything.",
)
wrong(
    "gradient_of_the_loss_scaled",
    half,
    lambda W, g, s: s * (g + W),
    "strength multiplies the gradients of the loss too.\n\nIt belongs to the penalty alone.",
)
wrong(
    "strength_squared",
    half,
    lambda W, g, s: g + s * s * W,
    "strength is multiplied twice into the gradients.",
)
wrong(
    "strength_forgotten",
    lambda p, s: half(p, 1.0),
    lambda W, g, s: g + W,
    "strength is not used.\n\nIt multiplies the penalty, and so its gradients.",
)
wrong(
    "l1",
    lambda p, s: s * sum(np.abs(W).sum() for W in weights_of(p)),
    lambda W, g, s: g + s * np.sign(W),
    "this is the L1 penalty, the sum of absolute values.\n\nHere it is the squares, with a ½.",
)
wrong(
    "sign_for_the_weight",
    half,
    lambda W, g, s: g + s * np.sign(W),
    "the gradients are those of absolute values.\n\nThe derivative of a square is not its sign.",
)
wrong(
    "root_of_the_sum",
    lambda p, s: s / 2 * np.sqrt(sum(np.sum(W**2) for W in weights_of(p))),
    plus,
    "penalty: a root is taken of the sum of squares.\n\nThere is none in the formula; "
    "np.linalg.norm brings one along.",
)
wrong(
    "square_of_the_sum",
    lambda p, s: s / 2 * sum(W.sum() ** 2 for W in weights_of(p)),
    plus,
    "penalty: the weights are added up before they are squared.\n\nSquare each of them first.",
)
wrong(
    "mean_of_the_squares",
    lambda p, s: s / 2 * sum(np.mean(W**2) for W in weights_of(p)),
    plus,
    "penalty: the mean of the squares stands where their sum is meant.",
)
wrong(
    "last_layer_only",
    lambda p, s: s / 2 * np.sum(weights_of(p)[-1] ** 2),
    plus,
    "penalty: it is that of the last layer.\n\nAdd up over all layers: += inside the loop, not =.",
)
wrong(
    "first_layer_only",
    lambda p, s: s / 2 * np.sum(weights_of(p)[0] ** 2),
    plus,
    "penalty: it is that of the first layer.\n\nDoes a return stand inside the loop?",
)
wrong(
    "sign_flipped_in_both",
    lambda p, s: -half(p, s),
    lambda W, g, s: g - s * W,
    "penalty and gradients have the wrong sign: this rewards large weights.\n\nThe penalty is "
    "added to the loss.",
)
wrong(
    "strength_added",
    half,
    lambda W, g, s: g + s,
    "the same number is added to all gradients.\n\nThe derivative of ½ W² is W, so the weight "
    "itself takes part.",
)
wrong(
    "power_of_the_gradient",
    half,
    lambda W, g, s: g + s / 2 * W**2,
    "the penalty itself is added to the gradients, entry by entry.\n\nAdd its derivative.",
)


@penalty.mistake()
def biases_too(params, grads, strength):
    """the biases are penalised too.

    They shift a function and do not make it wilder: take only the keys that begin with W.
    """
    squares = sum(np.sum(param**2) for param in params.values())
    return strength / 2 * squares, {key: g + strength * params[key] for key, g in grads.items()}


@penalty.mistake()
def biases_in_the_penalty(params, grads, strength):
    """penalty: the biases are counted too.

    The gradients leave them alone, so the two do not belong together. Only weights are penalised.
    """
    return (
        strength / 2 * sum(np.sum(param**2) for param in params.values()),
        with_comprehensions(params, grads, strength)[1],
    )


@penalty.mistake()
def biases_in_the_gradients(params, grads, strength):
    """the gradients of the biases are changed.

    The penalty leaves them alone, so the two do not belong together. Only weights are penalised.
    """
    return half(params, strength), {key: g + strength * params[key] for key, g in grads.items()}


@penalty.mistake(named="wrong_type")
def biases_left_out(params, grads, strength):
    new = {key: g + strength * params[key] for key, g in grads.items() if key[0] == "W"}
    return half(params, strength), new


@penalty.mistake(named="wrong_type")
def gradients_in_a_list(params, grads, strength):
    return half(params, strength), list(with_comprehensions(params, grads, strength)[1].values())


@penalty.mistake(named="wrong_type")
def penalty_alone(params, grads, strength):
    return half(params, strength)


@penalty.mistake(named="wrong_shape")
def penalty_of_every_column(params, grads, strength):
    first = weights_of(params)[0]
    value = strength / 2 * np.sum(first**2, axis=0)
    return value, with_comprehensions(params, grads, strength)[1]


@penalty.mistake(named="modifies_input")
def in_place(params, grads, strength):
    for key, g in grads.items():
        if key[0] == "W":
            g += strength * params[key]
    return half(params, strength), grads


@penalty.mistake(named="not_implemented")
def unwritten(params, grads, strength):
    raise NotImplementedError
