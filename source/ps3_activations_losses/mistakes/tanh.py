"""Right ways and wrong ways to write Tanh."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case
from chainrule.operations import Operation

rng = np.random.default_rng(302)


tanh = Entry(
    "Tanh",
    "operation",
    {
        "a batch": Case({"input_": rng.standard_normal((4, 3))}, rng.standard_normal((4, 3))),
        "a single sample": Case(
            {"input_": rng.standard_normal((1, 5))}, rng.standard_normal((1, 5))
        ),
        "large values": Case(
            {"input_": array([-1000, -30, 0, 30, 1000])},
            rng.standard_normal((1, 5)),
            {"backward": None},
        ),
        "float32": Case(
            {"input_": rng.standard_normal((3, 2)).astype(np.float32)},
            rng.standard_normal((3, 2)).astype(np.float32),
            {"backward": None},
        ),
    },
    reread="lecture 07, “The sigmoid”: the derivative written with the output",
)


@tanh.correct
class Tanh(Operation):
    def _output(self):
        return np.tanh(self.input_)

    def _input_grad(self, output_grad):
        return output_grad * (1 - self.output**2)


@tanh.correct
class TanhInput(Tanh):
    def _input_grad(self, output_grad):
        return output_grad * (1 - np.tanh(self.input_) ** 2)


@tanh.correct
class TanhSigmoid(Operation):
    def _output(self):
        return 2 / (1 + np.exp(-2 * self.input_)) - 1

    def _input_grad(self, output_grad):
        return (1 + self.output) * (1 - self.output) * output_grad


@tanh.correct
class TanhCases(Operation):
    def _output(self):
        small = np.exp(-2 * np.abs(self.input_))
        return np.sign(self.input_) * (1 - small) / (1 + small)

    def _input_grad(self, output_grad):
        slope = 1 - self.output * self.output
        return slope * output_grad


@tanh.mistake()
class upstream_ignored(Tanh):
    """output_grad is left out.

    Your backward returns the derivative of tanh alone; multiply it by output_grad, the
    gradient that arrives from upstream.
    """

    def _input_grad(self, output_grad):
        return 1 - self.output**2


@tanh.mistake()
class square_of_input(Tanh):
    """1 - x**2 is taken at the input.

    The derivative is 1 - tanh(x)**2: square the output of forward, not its input.
    """

    def _input_grad(self, output_grad):
        return output_grad * (1 - self.input_**2)


@tanh.mistake()
class tanh_twice(Tanh):
    """tanh is applied twice in the derivative.

    self.output is tanh(x) already: the derivative is 1 - self.output**2.
    """

    def _input_grad(self, output_grad):
        return output_grad * (1 - np.tanh(self.output) ** 2)


@tanh.mistake()
class sigmoid_derivative(Tanh):
    """output * (1 - output) is the derivative of the sigmoid.

    Tanh has another: derive it from its definition, or compare the two at x = 0.
    """

    def _input_grad(self, output_grad):
        return output_grad * self.output * (1 - self.output)


@tanh.mistake()
class square_forgotten(Tanh):
    """the square is missing.

    You multiply by 1 - tanh(x); the derivative is 1 - tanh(x)**2.
    """

    def _input_grad(self, output_grad):
        return output_grad * (1 - self.output)


@tanh.mistake()
class plus_for_minus(Tanh):
    """there is a plus where a minus belongs.

    1 + tanh(x)**2 is above 1 everywhere, but the curve is flat far from 0.
    """

    def _input_grad(self, output_grad):
        return output_grad * (1 + self.output**2)


@tanh.mistake()
class square_of_difference(Tanh):
    """(1 - tanh(x))**2 is not 1 - tanh(x)**2.

    Only the tanh is squared.
    """

    def _input_grad(self, output_grad):
        return output_grad * (1 - self.output) ** 2


@tanh.mistake()
class forward_returned(Tanh):
    """backward multiplies by tanh(x), the value of forward.

    Multiply by its derivative.
    """

    def _input_grad(self, output_grad):
        return output_grad * self.output


@tanh.mistake()
class derivative_missing(Tanh):
    """output_grad comes back unchanged: the derivative is missing."""

    def _input_grad(self, output_grad):
        return output_grad.copy()


@tanh.mistake()
class sign_flipped(Tanh):
    """every value has the wrong sign.

    It is 1 - tanh(x)**2, not the reverse.
    """

    def _input_grad(self, output_grad):
        return output_grad * (self.output**2 - 1)


@tanh.mistake()
class square_of_product(Tanh):
    """output_grad is squared along with the output.

    Mind the brackets: output_grad * (1 - self.output**2).
    """

    def _input_grad(self, output_grad):
        return output_grad - (output_grad * self.output) ** 2


@tanh.mistake()
class precedence(Tanh):
    """brackets are missing: only the 1 is multiplied by output_grad.

    output_grad * 1 - self.output**2 is not output_grad * (1 - self.output**2).
    """

    def _input_grad(self, output_grad):
        return output_grad * 1 - self.output**2


@tanh.mistake()
class overflow(Tanh):
    """large inputs give NaN.

    exp(1000) is infinite, and infinity divided by infinity is NaN. np.tanh is safe; so is a
    form with exp of negative numbers only.
    """

    def _output(self):
        up, down = np.exp(self.input_), np.exp(-self.input_)
        return (up - down) / (up + down)


@tanh.mistake()
class sigmoid_forward(Tanh):
    """this is the sigmoid.

    Its values lie between 0 and 1; those of tanh between -1 and 1.
    """

    def _output(self):
        return 1 / (1 + np.exp(-self.input_))


@tanh.mistake()
class tangent(Tanh):
    """this is the tangent, np.tan.

    The hyperbolic tangent is np.tanh.
    """

    def _output(self):
        return np.tan(self.input_)


@tanh.mistake(named="nan")
class inverse(Tanh):
    def _output(self):
        return np.arctanh(self.input_)


@tanh.mistake()
class half_argument(Tanh):
    """this is tanh(x / 2).

    2 * sigmoid(x) - 1 is half as steep as tanh: it needs sigmoid(2x).
    """

    def _output(self):
        return 2 / (1 + np.exp(-self.input_)) - 1


@tanh.mistake(named="stale_state")
class stale_output(Tanh):
    kept = None

    def _output(self):
        if self.kept is None or self.kept.shape != self.input_.shape:
            self.kept = np.tanh(self.input_)
        elif self.kept.dtype == self.input_.dtype:
            return self.kept
        return np.tanh(self.input_)
