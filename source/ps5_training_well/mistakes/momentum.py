"""Right ways and wrong ways to step with momentum."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(504)


def arrays(*shape, dtype=float):
    names = ("param", "grad", "velocity")
    return {name: rng.standard_normal(shape).astype(dtype) for name in names}


momentum = Entry(
    "momentum_step",
    "function",
    {
        "a step on the way": Case({**arrays(3, 4), "lr": 0.1, "momentum": 0.9}),
        "the tiny example": Case(
            {
                "param": array([1]),
                "grad": array([2]),
                "velocity": array([4]),
                "lr": 0.1,
                "momentum": 0.5,
            }
        ),
        "the first step": Case(
            {**arrays(1, 5), "velocity": np.zeros((1, 5)), "lr": 0.3, "momentum": 0.8}
        ),
        "float32": Case({**arrays(2, 3, dtype=np.float32), "lr": 0.2, "momentum": 0.7}),
    },
    reread="lecture 12, “Momentum”",
    returns=("param", "velocity"),
)


@momentum.correct
def as_in_the_formula(param, grad, velocity, lr, momentum):
    new_velocity = momentum * velocity + grad
    return param - lr * new_velocity, new_velocity


@momentum.correct
def in_place_on_copies(param, grad, velocity, lr, momentum):
    param, velocity = param.copy(), velocity.copy()
    velocity *= momentum
    velocity += grad
    param -= lr * velocity
    return param, velocity


@momentum.correct
def entry_by_entry(param, grad, velocity, lr, momentum):
    new_param, new_velocity = np.zeros_like(param), np.zeros_like(velocity)
    for place in np.ndindex(param.shape):
        new_velocity[place] = momentum * velocity[place] + grad[place]
        new_param[place] = param[place] - lr * new_velocity[place]
    return new_param, new_velocity


@momentum.correct
def multiplied_out(param, grad, velocity, lr, momentum):
    step = -lr * grad - (lr * momentum) * velocity
    return param + step, grad + momentum * velocity


@momentum.mistake()
def running_mean(param, grad, velocity, lr, momentum):
    """only 1 − momentum of the gradient is added to the velocity.

    That is the running mean of Adam. Momentum adds the whole gradient.
    """
    velocity = momentum * velocity + (1 - momentum) * grad
    return param - lr * velocity, velocity


@momentum.mistake()
def old_velocity(param, grad, velocity, lr, momentum):
    """the parameter steps along the old velocity.

    Compute the new velocity first, and step along that.
    """
    return param - lr * velocity, momentum * velocity + grad


@momentum.mistake()
def plain_descent(param, grad, velocity, lr, momentum):
    """the parameter steps along the gradient: the velocity plays no part in it."""
    return param - lr * grad, momentum * velocity + grad


@momentum.mistake()
def velocity_not_kept(param, grad, velocity, lr, momentum):
    """the new param is right, but the old velocity is returned.

    The next step needs the new one.
    """
    return param - lr * (momentum * velocity + grad), velocity


@momentum.mistake()
def velocity_is_the_gradient(param, grad, velocity, lr, momentum):
    """the velocity is the gradient of this step alone: what came before is forgotten."""
    return param - lr * grad, grad.copy()


@momentum.mistake()
def nothing_lost(param, grad, velocity, lr, momentum):
    """the old velocity is kept whole.

    momentum is the share of it that is left after a step.
    """
    return param - lr * (velocity + grad), velocity + grad


@momentum.mistake()
def momentum_on_the_gradient(param, grad, velocity, lr, momentum):
    """momentum multiplies the gradient; it belongs to the old velocity."""
    velocity = velocity + momentum * grad
    return param - lr * velocity, velocity


@momentum.mistake()
def momentum_on_both(param, grad, velocity, lr, momentum):
    """momentum multiplies the gradient too; it belongs to the old velocity alone."""
    velocity = momentum * (velocity + grad)
    return param - lr * velocity, velocity


@momentum.mistake()
def one_minus_kept(param, grad, velocity, lr, momentum):
    """1 − momentum of the old velocity is kept.

    With a momentum of 0.9, nine tenths stay.
    """
    velocity = (1 - momentum) * velocity + grad
    return param - lr * velocity, velocity


@momentum.mistake()
def uphill(param, grad, velocity, lr, momentum):
    """the parameter steps uphill: subtract."""
    velocity = momentum * velocity + grad
    return param + lr * velocity, velocity


@momentum.mistake()
def gradient_subtracted(param, grad, velocity, lr, momentum):
    """the gradient is subtracted from the velocity.

    Some write it so and then add the velocity to the parameter. Here it is added, and the minus
    stands in the step.
    """
    velocity = momentum * velocity - grad
    return param + lr * velocity, velocity


@momentum.mistake()
def gradient_subtracted_twice(param, grad, velocity, lr, momentum):
    """the gradient is subtracted from the velocity, and the velocity from the parameter.

    Two minus signs lead uphill. The velocity adds the gradient.
    """
    velocity = momentum * velocity - grad
    return param - lr * velocity, velocity


@momentum.mistake()
def rate_in_the_velocity(param, grad, velocity, lr, momentum):
    """lr stands in the velocity and not in the step.

    Some write it so. Here the velocity is made of gradients, and lr multiplies it in the step.
    """
    velocity = momentum * velocity + lr * grad
    return param - velocity, velocity


@momentum.mistake()
def step_as_the_velocity(param, grad, velocity, lr, momentum):
    """the velocity holds steps: momentum · velocity − lr · gradient.

    Some write it so. Here the velocity is made of gradients; minus and lr stand in the step.
    """
    velocity = momentum * velocity - lr * grad
    return param + velocity, velocity


@momentum.mistake()
def rate_twice(param, grad, velocity, lr, momentum):
    """lr stands in the velocity and in the step: it belongs to the step alone."""
    velocity = momentum * velocity + lr * grad
    return param - lr * velocity, velocity


@momentum.mistake()
def rate_forgotten(param, grad, velocity, lr, momentum):
    """lr is not used: it multiplies the velocity in the step."""
    velocity = momentum * velocity + grad
    return param - velocity, velocity


@momentum.mistake()
def nesterov(param, grad, velocity, lr, momentum):
    """this is Nesterov's step.

    A good one, but another: here the parameter steps along the velocity itself.
    """
    velocity = momentum * velocity + grad
    return param - lr * (grad + momentum * velocity), velocity


@momentum.mistake()
def gradient_twice(param, grad, velocity, lr, momentum):
    """the gradient enters the step twice, once by itself and once in the velocity."""
    velocity = momentum * velocity + grad
    return param - lr * (velocity + grad), velocity


@momentum.mistake()
def param_for_velocity(param, grad, velocity, lr, momentum):
    """momentum multiplies the parameter where the old velocity is meant."""
    velocity = momentum * param + grad
    return param - lr * velocity, velocity


@momentum.mistake()
def sign_only(param, grad, velocity, lr, momentum):
    """only the sign of the velocity is used in the step: a long one should make a long step."""
    velocity = momentum * velocity + grad
    return param - lr * np.sign(velocity), velocity


@momentum.mistake()
def order_swapped(param, grad, velocity, lr, momentum):
    """velocity and param are returned in the other order."""
    velocity = momentum * velocity + grad
    return velocity, param - lr * velocity


@momentum.mistake()
def step_returned(param, grad, velocity, lr, momentum):
    """the step is returned in place of the new param: subtract it from the old one."""
    velocity = momentum * velocity + grad
    return lr * velocity, velocity


@momentum.mistake(named="wrong_type")
def param_alone(param, grad, velocity, lr, momentum):
    return param - lr * (momentum * velocity + grad)


@momentum.mistake(named="modifies_input")
def in_place(param, grad, velocity, lr, momentum):
    velocity *= momentum
    velocity += grad
    param -= lr * velocity
    return param, velocity


@momentum.mistake(named="returns_nothing")
def in_place_and_nothing_returned(param, grad, velocity, lr, momentum):
    velocity = momentum * velocity + grad
    param = param - lr * velocity


@momentum.mistake(named="wrong_dtype")
def always_float64(param, grad, velocity, lr, momentum):
    velocity = momentum * velocity.astype(float) + grad
    return param - lr * velocity, velocity


@momentum.mistake(named="not_implemented")
def unwritten(param, grad, velocity, lr, momentum):
    raise NotImplementedError
