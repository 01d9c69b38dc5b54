"""Right ways and wrong ways to write ReLU without memory."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(402)


def random(*shape):
    """Of either sign, and none near 0, where a measurement tells little."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.4, 2, shape)


BATCH = random(4, 3)
BATCH[0] = -abs(BATCH[0])  # a unit that is off for every entry of its row, and one that is on
BATCH[1] = abs(BATCH[1])

relu = Entry(
    "ReLU",
    "layer",
    {
        "a batch": Case({"input_": BATCH}, random(4, 3)),
        "a single sample": Case({"input_": random(1, 5)}, random(1, 5)),
        "the tiny example": Case(
            {"input_": array([-1, 0, 2])}, array([5, 6, 7]), {"backward": None}
        ),
        "float32": Case(
            {"input_": random(3, 4).astype(np.float32)}, random(3, 4).astype(np.float32)
        ),
    },
    reread="lecture 10, “ReLU, and units that die”",
)


@relu.correct
class ReLU:
    def forward(self, input_):
        return np.maximum(input_, 0)

    def backward(self, input_, output_grad):
        return output_grad * (input_ > 0)


@relu.correct
class WithWhere:
    def forward(self, input_):
        return np.where(input_ > 0, input_, np.zeros_like(input_))

    def backward(self, input_, output_grad):
        return np.where(input_ > 0, output_grad, np.zeros_like(output_grad))


@relu.correct
class InCopies:
    def forward(self, input_):
        output = input_.copy()
        output[output < 0] = 0
        return output

    def backward(self, input_, output_grad):
        grad = output_grad.copy()
        grad[input_ <= 0] = 0
        return grad


@relu.correct
class EntryByEntry:
    def forward(self, input_):
        output = np.empty_like(input_)
        for index in np.ndindex(input_.shape):
            output[index] = max(input_[index], 0)
        return output

    def backward(self, input_, output_grad):
        grad = np.empty_like(output_grad)
        for index in np.ndindex(input_.shape):
            grad[index] = output_grad[index] if input_[index] > 0 else 0
        return grad


@relu.mistake()
class absolute_value(ReLU):
    """this is the absolute value.

    ReLU makes 0 of what is negative; it does not turn the sign.
    """

    def forward(self, input_):
        return np.abs(input_)


@relu.mistake()
class minimum(ReLU):
    """this keeps what is negative: the minimum of input_ and 0.

    ReLU is the maximum.
    """

    def forward(self, input_):
        return np.minimum(input_, 0)


@relu.mistake()
class leaky(ReLU):
    """negative inputs are made small, not 0.

    That is the leaky ReLU. The plain one gives exactly 0.
    """

    def forward(self, input_):
        return np.maximum(input_, input_.dtype.type(0.2) * input_)


@relu.mistake()
class step(ReLU):
    """these are zeros and ones: the slope of ReLU, not its value.

    Where the input is positive, the output is the input.
    """

    def forward(self, input_):
        return (input_ > 0).astype(input_.dtype)


@relu.mistake(named="modifies_input")
class zeroed_in_place(ReLU):
    def forward(self, input_):
        input_[input_ < 0] = 0
        return input_


@relu.mistake(named="modifies_input")
class upstream_zeroed_in_place(ReLU):
    def backward(self, input_, output_grad):
        output_grad[input_ <= 0] = 0
        return output_grad


@relu.mistake()
class upstream_ignored(ReLU):
    """output_grad, the gradient from upstream, is left out.

    backward returns the slope of ReLU alone; multiply it by output_grad.
    """

    def backward(self, input_, output_grad):
        return (input_ > 0).astype(input_.dtype)


@relu.mistake()
class mask_of_upstream(ReLU):
    """negative entries of output_grad are set to 0, wherever the input is.

    What decides is the sign of the input: where that is positive, output_grad passes unchanged,
    negative or not.
    """

    def backward(self, input_, output_grad):
        return np.maximum(output_grad, 0)


@relu.mistake()
class both_masks(ReLU):
    """output_grad passes only where it is positive itself.

    Its sign does not matter: where the input is positive, output_grad passes unchanged.
    """

    def backward(self, input_, output_grad):
        return output_grad * (input_ > 0) * (output_grad > 0)


@relu.mistake()
class derivative_missing(ReLU):
    """output_grad comes back unchanged: the slope of ReLU is missing.

    Where the input is negative, the output does not move, so the gradient there is 0.
    """

    def backward(self, input_, output_grad):
        return output_grad.copy()


@relu.mistake()
class value_for_slope(ReLU):
    """output_grad is multiplied by the value of ReLU, not by its slope.

    The slope is 1 where the input is positive.
    """

    def backward(self, input_, output_grad):
        return output_grad * self.forward(input_)


@relu.mistake()
class input_for_slope(ReLU):
    """output_grad is multiplied by the input.

    It has to be multiplied by the slope: 1 where the input is positive, else 0.
    """

    def backward(self, input_, output_grad):
        return output_grad * input_


@relu.mistake()
class mask_reversed(ReLU):
    """the gradient passes where the input is negative.

    It is the other way round: where the input is negative, nothing passes.
    """

    def backward(self, input_, output_grad):
        return output_grad * (input_ < 0)


@relu.mistake(named="kink")
class passes_at_zero(ReLU):
    def backward(self, input_, output_grad):
        return output_grad * (input_ >= 0)


@relu.mistake()
class sign_of_input(ReLU):
    """output_grad is multiplied by the sign of the input.

    That is the slope of the absolute value: -1 for a negative input. The slope of ReLU is 0 there.
    """

    def backward(self, input_, output_grad):
        return output_grad * np.sign(input_)


@relu.mistake()
class whole_rows(ReLU):
    """one entry decides for its whole row.

    Every entry has a slope of its own: no sum, any or all over a row.
    """

    def backward(self, input_, output_grad):
        return output_grad * (input_ > 0).any(axis=1, keepdims=True)


@relu.mistake(named="raises")
class if_for_arrays(ReLU):
    def backward(self, input_, output_grad):
        return output_grad if input_ > 0 else 0 * output_grad


@relu.mistake(named="raises")
class remembers_mask(ReLU):
    def forward(self, input_):
        self.mask = input_ > 0
        return input_ * self.mask

    def backward(self, input_, output_grad):
        return output_grad * self.mask


@relu.mistake(named="stale_state")
class keeps_first_mask(ReLU):
    mask = None

    def backward(self, input_, output_grad):
        if self.mask is None:
            self.mask = input_ > 0
        return output_grad * self.mask


@relu.mistake(named="wrong_dtype")
class always_float64(ReLU):
    def backward(self, input_, output_grad):
        slope = np.zeros(input_.shape)
        slope[input_ > 0] = 1
        return output_grad * slope


@relu.mistake(named="returns_nothing")
class return_forgotten(ReLU):
    def backward(self, input_, output_grad):
        output_grad * (input_ > 0)
