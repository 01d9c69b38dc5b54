"""Right ways and wrong ways to derive a two-layer network with tanh."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

from .given import draw, sigmoid, squared_error, sum_rows
from .steps import Steps

inputs = draw(202)
TINY = {
    "X": array([1, 2]),
    "y": array([0]),
    "params": {
        "W1": array([2], [-1]),
        "B1": array([0]),
        "W2": array([3]),
        "B2": array([1]),
    },
}


def network(samples, features, neurons):
    shapes = {"W1": (features, neurons), "B1": (1, neurons), "W2": (neurons, 1), "B2": (1, 1)}
    return Case(inputs(samples, **shapes))


def with_a_neuron_far_out():
    """Where tanh is level, and exp would overflow."""
    case = network(4, 2, 3)
    case.inputs["params"]["B1"][0, 1] = 1000.0
    return case


tanh = Entry(
    "tanh_gradients",
    "function",
    {
        "the tiny example": Case(TINY),
        "a batch": network(5, 3, 2),
        "a single sample": network(1, 2, 4),
        "a single neuron": network(4, 2, 1),
        "as many samples as features and neurons": network(3, 3, 3),
        "a neuron far out": with_a_neuron_far_out(),
    },
    reread="lecture 05, “The way back”",
    returns=("loss", "gradients[]"),
)

steps = Steps(
    tanh,
    {
        "N1": lambda v: v.X @ v.W1 + v.B1,
        "O1": lambda v: np.tanh(v.N1),
        "P": lambda v: v.O1 @ v.W2 + v.B2,
        "loss": lambda v: squared_error(v.P, v.y),
        "dP": lambda v: 2 * (v.P - v.y) / v.n,
        "dO1": lambda v: v.dP @ v.W2.T,
        "slope": lambda v: 1 - v.O1**2,
        "dN1": lambda v: v.dO1 * v.slope,
        "dW1": lambda v: v.X.T @ v.dN1,
        "dB1": lambda v: sum_rows(v.dN1),
        "dW2": lambda v: v.O1.T @ v.dP,
        "dB2": lambda v: sum_rows(v.dP),
    },
    lambda v: (v.loss, {"W1": v.dW1, "B1": v.dB1, "W2": v.dW2, "B2": v.dB2}),
)
wrong = steps.wrong


@tanh.correct
def seven_lines(X, y, params):
    O1 = np.tanh(X @ params["W1"] + params["B1"])
    P = O1 @ params["W2"] + params["B2"]
    dL_dP = 2 * (P - y) / len(P)
    dL_dB2 = dL_dP.sum(axis=0, keepdims=True)
    dL_dW2 = O1.T @ dL_dP
    dL_dO1 = dL_dP @ params["W2"].T
    dL_dN1 = dL_dO1 * (1 - O1 * O1)
    dL_dB1 = dL_dN1.sum(axis=0, keepdims=True)
    dL_dW1 = X.T @ dL_dN1
    gradients = {"W1": dL_dW1, "B1": dL_dB1, "W2": dL_dW2, "B2": dL_dB2}
    return ((P - y) ** 2).sum() / len(P), gradients


@tanh.correct
def sample_by_sample(X, y, params):
    W1, B1, W2, B2 = (params[name] for name in ("W1", "B1", "W2", "B2"))
    grads = {name: np.zeros_like(one) for name, one in params.items()}
    loss = 0.0
    for i in range(len(X)):
        inside = X[i : i + 1] @ W1 + B1
        hidden = np.tanh(inside)
        miss = hidden @ W2 + B2 - y[i : i + 1]
        loss += float(miss[0, 0] ** 2) / len(X)
        grads["B2"] += 2 * miss / len(X)
        grads["W2"] += hidden.T * 2 * miss / len(X)
        with np.errstate(over="ignore"):
            back = 2 * miss / len(X) * W2.T / np.cosh(inside) ** 2
        grads["B1"] += back
        grads["W1"] += X[i][:, np.newaxis] * back
    return loss, grads


@tanh.correct
def with_einsum(X, y, params):
    O1 = np.tanh(np.einsum("ij,jk->ik", X, params["W1"]) + params["B1"])
    miss = np.einsum("ik,kl->il", O1, params["W2"]) + params["B2"] - y
    back = np.einsum("il,kl->ik", miss, params["W2"]) * (1 + O1) * (1 - O1)
    ones, share = np.ones((1, len(X))), 2 / len(X)
    gradients = {
        "B2": share * ones @ miss,
        "W2": share * np.einsum("ik,il->kl", O1, miss),
        "B1": share * ones @ back,
        "W1": share * np.einsum("ij,ik->jk", X, back),
    }
    return np.mean(miss**2), gradients


@tanh.correct
def in_place(X, y, params):
    grads = {}
    O1 = X @ params["W1"]
    O1 += params["B1"]
    np.tanh(O1, out=O1)
    back = O1 @ params["W2"]
    back += params["B2"]
    back -= y
    loss = np.vdot(back, back) / len(X)
    back *= 2 / len(X)
    grads["W2"], grads["B2"] = O1.T @ back, back.sum(axis=0).reshape(1, -1)
    back = back @ params["W2"].T
    back *= 1 - O1**2
    grads["W1"], grads["B1"] = X.T @ back, back.sum(axis=0)[np.newaxis]
    return loss, grads


@tanh.correct
def from_operations(X, y, params):
    from chainrule.losses import MeanSquaredError
    from chainrule.operations import BiasAdd, Tanh, WeightMultiply

    row = [
        WeightMultiply(params["W1"]),
        BiasAdd(params["B1"]),
        Tanh(),
        WeightMultiply(params["W2"]),
        BiasAdd(params["B2"]),
    ]
    value, error = X, MeanSquaredError()
    for operation in row:
        value = operation.forward(value)
    loss = error.forward(value, y)
    grad = error.backward()
    for operation in row[::-1]:
        grad = operation.backward(grad)
    places = {"W1": 0, "B1": 1, "W2": 3, "B2": 4}
    return loss, {name: row[place].param_grad for name, place in places.items()}


# --- the slope of tanh ----------------------------------------------------------------------------


@wrong("slope")
def slope_of_the_sigmoid(v):
    """O1 * (1 - O1) is the slope of the sigmoid.

    tanh has another one. Derive it on paper, and write it with the output O1.
    """
    return v.O1 * (1 - v.O1)


@wrong("slope")
def slope_left_out(v):
    """the slope of tanh is left out.

    On the way back from O1 to N1 each entry is multiplied by the slope at its place.
    """
    return 1.0


@wrong("slope")
def slope_at_the_input(v):
    """the slope is taken with the input of tanh in place of its output.

    In 1 - O**2 stands the output, O = tanh(N).
    """
    return 1 - v.N1**2


@wrong("slope")
def slope_at_the_output(v):
    """tanh is applied twice before its slope is taken.

    O1 is an output of tanh already.
    """
    return 1 - np.tanh(v.O1) ** 2


@wrong("slope")
def slope_sign(v):
    """the slope of tanh has the wrong sign.

    tanh always rises: its slope is never negative.
    """
    return v.O1**2 - 1


@wrong("slope")
def slope_plus(v):
    """the slope is taken as 1 + O**2.

    Far out, where tanh is level and O is close to 1, the slope must be close to 0.
    """
    return 1 + v.O1**2


@wrong("slope")
def slope_not_squared(v):
    """the slope is taken as 1 - O; the square is missing."""
    return 1 - v.O1


@wrong("slope")
def slope_squared(v):
    """the slope is taken as (1 - O)**2; only O is squared, not the difference."""
    return (1 - v.O1) ** 2


@wrong("slope")
def slope_differentiated_again(v):
    """the slope is taken as -2 * O, which is the derivative of 1 - O**2.

    1 - O**2 is a derivative already: one is enough.
    """
    return -2 * v.O1


@wrong("slope")
def output_for_slope(v):
    """O1 itself stands where its slope should."""
    return v.O1


@wrong("slope")
def slope_twice(v):
    """the slope of tanh is multiplied in twice."""
    return (1 - v.O1**2) ** 2


@wrong("slope")
def slope_averaged(v):
    """the slope of tanh is averaged over the samples.

    Each sample has slopes of its own, and its gradient meets just those.
    """
    return (1 - v.O1**2).mean(axis=0, keepdims=True)


# --- from the loss to the hidden layer ------------------------------------------------------------


@wrong("dO1")
def w2_skipped(v):
    """the gradient for O1 does not pass through W2.

    A neuron reaches the prediction through its own weight in W2.
    """
    return v.dP * np.ones_like(v.O1)


@wrong("dO1")
def w2_summed(v):
    """every neuron gets the sum of all weights in W2.

    A neuron reaches the prediction through its own weight only.
    """
    return v.dP * np.full_like(v.O1, v.W2.sum())


@wrong("dP")
def off_by_factor_n(v):
    """every gradient is too large by the number of samples.

    The loss is a mean, so its gradient carries 1 / n.
    """
    return 2 * (v.P - v.y)


@wrong("dP")
def factor_2_forgotten(v):
    """every gradient is half of what it should be.

    The derivative of a square brings a 2.
    """
    return (v.P - v.y) / v.n


@wrong("dP")
def sign_flipped(v):
    """every gradient has the wrong sign.

    The slope is positive where the prediction is too high: P - y, not y - P.
    """
    return 2 * (v.y - v.P) / v.n


@wrong("dP")
def square_kept(v):
    """the square is still there after the derivative: -2 * (y - P)**2.

    The slope of u**2 is 2 * u.
    """
    return -2 * (v.y - v.P) ** 2 / v.n


@wrong("dP")
def prediction_for_error(v):
    """P goes back in place of P - y.

    The target has a part in the slope of the loss.
    """
    return 2 * v.P / v.n


@wrong("dP")
def loss_for_error(v):
    """the loss itself goes back, the same number for every sample.

    What goes back is its derivative: each sample's own error, times 2 / n.
    """
    return np.full_like(v.P, v.loss)


@wrong("dP")
def averaged_early(v):
    """the error is averaged over the batch before it goes back.

    Each sample has its own error and its own hidden values. Multiply sample by sample; the matrix
    product adds up in the end.
    """
    return np.full_like(v.P, 2 * np.mean(v.P - v.y)) / v.n


# --- the parameters -------------------------------------------------------------------------------


@wrong("dB1")
def one_number_for_every_bias(v):
    """all hidden biases get the same number.

    There is one sum per neuron, over the samples (axis=0). Yours runs over the neurons as well.
    """
    return np.full_like(v.B1, v.dN1.sum())


@wrong("dB1")
def hidden_bias_mean(v):
    """the gradient for B1 is a mean of what should be a sum.

    The 1 / n is in the gradient for P already.
    """
    return v.dN1.mean(axis=0, keepdims=True)


@wrong("dB2")
def output_bias_mean(v):
    """the gradient for B2 is a mean of what should be a sum.

    The 1 / n is in the gradient for P already.
    """
    return v.dP.mean(axis=0, keepdims=True)


@wrong("dB1", "dB2")
def biases_mean(v):
    """the gradients for both biases are means of what should be sums.

    The 1 / n is in the gradient for P already.
    """
    return tuple(grad.mean(axis=0, keepdims=True) for grad in (v.dN1, v.dP))


@wrong("dB1")
def hidden_bias_before_the_slope(v):
    """the gradient for B1 is taken before the slope of tanh.

    B1 is added inside tanh: sum the gradient for N1, not that for O1.
    """
    return sum_rows(v.dO1)


@wrong("dW1")
def weights_before_the_slope(v):
    """the gradient for W1 is taken before the slope of tanh.

    W1 works inside tanh: X.T meets the gradient for N1, not that for O1.
    """
    return v.X.T @ v.dO1


@wrong("dW2")
def sum_for_hidden(v):
    """the gradient for W2 uses the input of tanh where its output belongs.

    W2 multiplies O1 = tanh(N1).
    """
    return v.N1.T @ v.dP


@wrong("dW2")
def slope_in_the_output_layer(v):
    """the gradient for W2 carries the slope of tanh.

    The way from the loss to W2 does not pass tanh. That to W1 does.
    """
    return (v.O1 * v.slope).T @ v.dP


@wrong("dW1", "dW2")
def means_again(v):
    """the gradients for both weights are divided by the number of samples twice.

    The 1 / n is in the gradient for P already; the matrix products only add up.
    """
    return v.X.T @ v.dN1 / v.n, v.O1.T @ v.dP / v.n


@wrong("dW1")
def last_sample_only(v):
    """the gradient for W1 is that of the last sample.

    In a loop over the samples add to the gradient (+=), do not replace it (=).
    """
    return v.X[-1:].T @ v.dN1[-1:]


@wrong("dO1", named="modifies_input")
def stepped_in_between(v):
    v.W2 -= 0.1 * v.O1.T @ v.dP
    return v.dP @ v.W2.T


@wrong("dO1")
def after_the_update(v):
    """the way back uses W2 after a step downhill.

    Compute all gradients first, with the parameters of the forward pass.
    """
    return v.dP @ (v.W2 - 0.1 * v.O1.T @ v.dP).T


@wrong("dW1")
def precedence(v):
    """X.T @ O1_grad * slope is (X.T @ O1_grad) * slope.

    @ and * are equally strong and go from left to right. Put brackets around the product of the
    gradient for O1 and the slope.
    """
    return v.X.T @ v.dO1 * v.slope


# --- forward --------------------------------------------------------------------------------------


@wrong("P")
def tanh_at_the_output(v):
    """the prediction goes through tanh as well.

    The last layer is linear: a prediction may be any number.
    """
    return np.tanh(v.O1 @ v.W2 + v.B2)


@wrong("O1")
def sigmoid_in_the_middle(v):
    """the forward pass uses the sigmoid in place of tanh."""
    return sigmoid(v.N1)


@wrong("O1", "slope")
def network_of_lecture_05(v):
    """this is the network of lecture 05, with the sigmoid.

    Here tanh stands in the middle, and its slope is another one.
    """
    hidden = sigmoid(v.N1)
    return hidden, hidden * (1 - hidden)


@wrong("N1")
def hidden_bias_left_out(v):
    """the forward pass lacks B1."""
    return v.X @ v.W1


@wrong("P")
def output_bias_left_out(v):
    """the forward pass lacks B2."""
    return v.O1 @ v.W2


@wrong("loss")
def loss_is_a_sum(v):
    """the loss is a sum over the samples, the gradients are those of the mean."""
    return ((v.P - v.y) ** 2).sum()


@wrong("loss")
def broadcast_targets(v):
    """in the loss y has lost its second axis, and every prediction meets every target.

    (n, 1) minus (n,) is (n, n). Keep y as a column.
    """
    return ((v.P - v.y.ravel()) ** 2).sum() / v.n


@tanh.mistake(named="nan")
def exponentials_overflow(X, y, params):
    def tanh_(x):
        return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))

    run = steps.run
    return run(X, y, params, changed={"O1": lambda v: tanh_(v.N1)})


# --- shapes and types -----------------------------------------------------------------------------


@wrong("dB1", named="wrong_shape")
def bias_lost_an_axis(v):
    return v.dN1.sum(axis=0)


@wrong("dB1", named="wrong_shape")
def bias_is_a_number(v):
    return v.dN1.sum()


@wrong("dB1", named="wrong_shape")
def bias_not_summed(v):
    return v.dN1


@wrong("dB1", named="wrong_axis")
def bias_along_the_wrong_axis(v):
    return v.dN1.sum(axis=1, keepdims=True)


@wrong("dW1", named="wrong_shape")
def weights_transposed(v):
    return v.dN1.T @ v.X


@tanh.mistake(named="wrong_type")
def output_layer_only(X, y, params):
    loss, gradients = seven_lines(X, y, params)
    return loss, {name: gradients[name] for name in ("W2", "B2")}


@tanh.mistake(named="wrong_type")
def no_dictionary(X, y, params):
    loss, gradients = seven_lines(X, y, params)
    return loss, *gradients.values()


@tanh.mistake(named="measured_not_derived")
def measured(X, y, params):
    from chainrule.numeric import gradient

    def loss(params):
        return float(seven_lines(X, y, params)[0])

    return loss(params), gradient(loss, params, 1e-5)
