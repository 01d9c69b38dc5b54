"""Right ways and wrong ways to write ReLU."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case
from chainrule.operations import Operation
from chainrule.operations import ReLU as LibraryReLU

rng = np.random.default_rng(301)


relu = Entry(
    "ReLU",
    "operation",
    {
        "a batch": Case({"input_": rng.standard_normal((4, 3))}, rng.standard_normal((4, 3))),
        "a single sample": Case(
            {"input_": rng.standard_normal((1, 5))}, rng.standard_normal((1, 5))
        ),
        "a square batch": Case(
            {"input_": 3 * rng.standard_normal((3, 3))}, rng.standard_normal((3, 3))
        ),
        "the kink at 0": Case(
            {"input_": array([-2, 0, 3])}, array([1.5, -0.5, 2]), {"backward": None}
        ),
        "float32": Case(
            {"input_": rng.standard_normal((3, 2)).astype(np.float32)},
            rng.standard_normal((3, 2)).astype(np.float32),
            {"backward": None},
        ),
    },
    reread="lecture 07, “The sigmoid” and “Why the upstream gradient must be random”",
)


@relu.correct
class ReLU(Operation):
    def _output(self):
        return np.maximum(self.input_, 0)

    def _input_grad(self, output_grad):
        return output_grad * (self.input_ > 0)


@relu.correct
class ReluWhere(Operation):
    def _output(self):
        return np.where(self.input_ > 0, self.input_, 0).astype(self.input_.dtype)

    def _input_grad(self, output_grad):
        return np.where(self.input_ > 0, output_grad, 0).astype(output_grad.dtype)


@relu.correct
class ReluLoop(Operation):
    def _output(self):
        output = self.input_.copy()
        for index in np.ndindex(output.shape):
            if output[index] < 0:
                output[index] = 0
        return output

    def _input_grad(self, output_grad):
        input_grad = np.zeros_like(output_grad)
        for index in np.ndindex(output_grad.shape):
            if self.input_[index] > 0:
                input_grad[index] = output_grad[index]
        return input_grad


@relu.correct
class ReluMask(Operation):
    def forward(self, input_):
        self.input_, self.mask = input_, input_ > 0
        self.output = input_ * self.mask
        return self.output

    def backward(self, output_grad, need_input_grad=True):
        input_grad = output_grad.copy()
        input_grad[~self.mask] = 0
        return input_grad


@relu.mistake()
class upstream_ignored(ReLU):
    """output_grad is left out.

    Your backward returns the slope alone, 1 or 0. The chain rule wants the slope times
    output_grad, the gradient that arrives from upstream.
    """

    def _input_grad(self, output_grad):
        return (self.input_ > 0).astype(self.input_.dtype)


@relu.mistake()
class upstream_unchanged(ReLU):
    """output_grad comes back unchanged.

    Where the input is negative the output does not move, so no gradient may pass there.
    """

    def _input_grad(self, output_grad):
        return output_grad.copy()


@relu.mistake()
class mask_of_upstream(ReLU):
    """the mask asks for the sign of output_grad, not of the input.

    What passes is decided by where the input was positive in the forward pass.
    """

    def _input_grad(self, output_grad):
        return np.maximum(output_grad, 0)


@relu.mistake()
class both_masks(ReLU):
    """negative values of output_grad are set to 0 as well.

    A gradient may be negative: only the sign of the input decides what passes.
    """

    def _input_grad(self, output_grad):
        return np.maximum(output_grad, 0) * (self.input_ > 0)


@relu.mistake()
class forward_returned(ReLU):
    """these are the values of forward times output_grad.

    The slope of max(x, 0) is 1 where x > 0, not x.
    """

    def _input_grad(self, output_grad):
        return output_grad * np.maximum(self.input_, 0)


@relu.mistake()
class kink_one(ReLU):
    """at an input of exactly 0 the gradient passes.

    The statement asks for slope 0 there: use > 0, not >= 0.
    """

    def _input_grad(self, output_grad):
        return output_grad * (self.input_ >= 0)


@relu.mistake()
class kink_half(ReLU):
    """at an input of exactly 0 half of the gradient passes.

    The statement asks for slope 0 there.
    """

    def _input_grad(self, output_grad):
        return output_grad * np.heaviside(self.input_, 0.5).astype(output_grad.dtype)


@relu.mistake()
class wrong_side(ReLU):
    """the gradient passes on the wrong side.

    It passes where the input is positive and stops where it is negative; yours does the
    reverse.
    """

    def _input_grad(self, output_grad):
        return output_grad * (self.input_ <= 0)


@relu.mistake()
class sign_flipped(ReLU):
    """every value has the wrong sign.

    Is there a minus too many?
    """

    def _input_grad(self, output_grad):
        return -output_grad * (self.input_ > 0)


@relu.mistake()
class absolute_value(ReLU):
    """this is the absolute value.

    ReLU sets negative inputs to 0; it does not flip their sign.
    """

    def _output(self):
        return np.abs(self.input_)


@relu.mistake()
class negative_part(ReLU):
    """the negative part comes through, the positive one is cut.

    That is min(x, 0); ReLU is max(x, 0).
    """

    def _output(self):
        return np.minimum(self.input_, 0)


@relu.mistake()
class leaky(ReLU):
    """negative inputs come out at a fifth of their size.

    That is the leaky ReLU of lecture 01 (slope 0.2). ReLU gives exactly 0 there.
    """

    def _output(self):
        return np.maximum(self.input_, np.float32(0.2) * self.input_).astype(self.input_.dtype)


@relu.mistake()
class leaky_gradient(ReLU):
    """a fifth of the gradient passes where the input is negative.

    That is the slope of the leaky ReLU; your forward is flat there, so its slope is 0.
    """

    def _input_grad(self, output_grad):
        slope = np.where(self.input_ > 0, 1, 0.2)
        return (output_grad * slope * (self.input_ != 0)).astype(output_grad.dtype)


@relu.mistake()
class step_function(ReLU):
    """forward returns the slope, 1 or 0.

    That belongs into backward; forward returns max(x, 0).
    """

    def _output(self):
        return (self.input_ > 0).astype(self.input_.dtype)


@relu.mistake(named="wrong_shape")
class largest_entry(ReLU):
    def _output(self):
        return np.array([max(0, self.input_.max())])


@relu.mistake(named="modifies_input")
class modifies_input(ReLU):
    def _output(self):
        self.input_[self.input_ < 0] = 0
        return self.input_


@relu.mistake(named="modifies_input")
class modifies_upstream(ReLU):
    def _input_grad(self, output_grad):
        output_grad[self.input_ <= 0] = 0
        return output_grad


@relu.mistake(named="wrong_dtype")
class float64_always(ReLU):
    def _output(self):
        return np.where(self.input_ > 0, self.input_, 0.0).astype(np.float64)


@relu.mistake(named="returns_nothing")
class forgotten_return(ReLU):
    def _output(self):
        np.maximum(self.input_, 0)


@relu.mistake(named="one_sample_only")
class one_sample_only(ReLU):
    def _input_grad(self, output_grad):
        input_grad = np.zeros_like(output_grad)
        input_grad[0] = output_grad[0] * (self.input_[0] > 0)
        return input_grad


@relu.mistake(named="only_what_is_shown")
class capped_at_six(ReLU):
    def _output(self):
        return np.clip(self.input_, 0, 6)

    def _input_grad(self, output_grad):
        return output_grad * ((self.input_ > 0) & (self.input_ < 6))


@relu.mistake(named="only_what_is_shown")
class four_rows_at_most(ReLU):
    def _input_grad(self, output_grad):
        input_grad = np.zeros_like(output_grad)
        input_grad[:4] = (output_grad * (self.input_ > 0))[:4]
        return input_grad


@relu.mistake(named="library_used")
class imported(LibraryReLU):
    pass
