"""Right ways and wrong ways to write softmax as a layer without memory."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(407)


def batch(*shape, dtype=float):
    draws = rng.standard_normal(shape), rng.standard_normal(shape)
    return Case({"input_": draws[0].astype(dtype)}, draws[1].astype(dtype))


softmax = Entry(
    "Softmax",
    "layer",
    {
        "a batch": batch(4, 3),
        "a single sample": batch(1, 4),
        "as many samples as classes": batch(3, 3),
        "the tiny example": Case({"input_": np.log(array([1, 3]))}, array([16, 0])),
        "large scores": Case(
            {"input_": array([1000, 999, 0], [-1000, -1001, -999])},
            array([1, -2, 3], [2, 1, -1]),
            {"backward": None},
        ),
        "float32": batch(3, 4, dtype=np.float32),
    },
    reread="lecture 11, “The Jacobian: every probability, by every score” and “Backwards, without "
    "the matrix”",
)


@softmax.correct
class Softmax:
    def forward(self, input_):
        exponentials = np.exp(input_ - input_.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def backward(self, input_, output_grad):
        p = self.forward(input_)
        return p * (output_grad - (output_grad * p).sum(axis=1, keepdims=True))


@softmax.correct
class WithJacobians:
    def forward(self, input_):
        return np.array([self.of_one(z) for z in input_])

    def of_one(self, z):
        e = np.exp(z - max(z))
        return e / e.sum()

    def backward(self, input_, output_grad):
        grads = []
        for z, g in zip(input_, output_grad, strict=True):
            p = self.of_one(z)
            grads.append((np.diag(p) - np.outer(p, p)) @ g)
        return np.array(grads)


@softmax.correct
class WithEinsum:
    def forward(self, input_):
        shifted = input_ - np.max(input_, axis=1)[:, None]
        return np.exp(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))

    def backward(self, input_, output_grad):
        p = self.forward(input_)
        jacobians = -np.einsum("ni,nj->nij", p, p)
        for k in range(p.shape[1]):
            jacobians[:, k, k] += p[:, k]
        return np.einsum("nij,ni->nj", jacobians, output_grad)


@softmax.mistake()
class diagonal_only(Softmax):
    """only the diagonal of the Jacobian is used: p * (1 - p).

    That is the slope of the sigmoid. Here every probability depends on every score of its sample,
    and the other entries are -p_i * p_j.
    """

    def backward(self, input_, output_grad):
        p = self.forward(input_)
        return output_grad * p * (1 - p)


@softmax.mistake()
class sum_not_subtracted(Softmax):
    """the average of output_grad is not subtracted.

    All scores meet in the sum below the fraction; what comes back through it is the part
    -p * (output_grad * p).sum(axis=1, keepdims=True).
    """

    def backward(self, input_, output_grad):
        return output_grad * self.forward(input_)


@softmax.mistake()
class plain_average(Softmax):
    """the average of output_grad is taken with equal weights.

    It is weighted by the probabilities: (output_grad * p).sum(axis=1, keepdims=True).
    """

    def backward(self, input_, output_grad):
        return self.forward(input_) * (output_grad - output_grad.mean(axis=1, keepdims=True))


@softmax.mistake()
class summed_over_samples(Softmax):
    """the sum runs over the samples.

    A sample's probabilities depend on its own scores only: sum along its row, axis=1.
    """

    def backward(self, input_, output_grad):
        p = self.forward(input_)
        return p * (output_grad - (output_grad * p).sum(axis=0, keepdims=True))


@softmax.mistake()
class summed_over_everything(Softmax):
    """the sum runs over the whole batch: axis is missing.

    A sample's probabilities depend on its own scores only: axis=1, keepdims=True.
    """

    def backward(self, input_, output_grad):
        p = self.forward(input_)
        return p * (output_grad - (output_grad * p).sum())


@softmax.mistake()
class sign_of_the_sum(Softmax):
    """there is a plus where a minus belongs.

    What one class gains, the others lose: the entries beside the diagonal are -p_i * p_j.
    """

    def backward(self, input_, output_grad):
        p = self.forward(input_)
        return p * (output_grad + (output_grad * p).sum(axis=1, keepdims=True))


@softmax.mistake()
class upstream_ignored(Softmax):
    """output_grad is left out.

    These are the sums of the Jacobian's columns, which are all 0, or its diagonal. Multiply the
    Jacobian by output_grad.
    """

    def backward(self, input_, output_grad):
        p = self.forward(input_)
        return p * (1 - p)


@softmax.mistake()
class fused_with_loss(Softmax):
    """p - output_grad is the gradient of softmax and cross-entropy together.

    Here output_grad is any upstream gradient, not a target.
    """

    def backward(self, input_, output_grad):
        return self.forward(input_) - output_grad


@softmax.mistake()
class output_as_input(Softmax):
    """the softmax is taken twice.

    backward is given the scores: one softmax makes the probabilities of them.
    """

    def backward(self, input_, output_grad):
        return super().backward(self.forward(input_), output_grad)


@softmax.mistake()
class overflow(Softmax):
    """large scores give NaN.

    exp(1000) is infinite. Subtract the largest score of every row first: a shift of a row changes
    no probability.
    """

    def forward(self, input_):
        exponentials = np.exp(input_)
        return exponentials / exponentials.sum(axis=1, keepdims=True)


@softmax.mistake()
class largest_of_all(Softmax):
    """the largest score of the whole batch is subtracted from all rows.

    In a row that lies far below it every exponential is 0, and 0 / 0 is NaN. Every row needs its
    own: axis=1, keepdims=True.
    """

    def forward(self, input_):
        exponentials = np.exp(input_ - input_.max())
        return exponentials / exponentials.sum(axis=1, keepdims=True)


@softmax.mistake()
class over_samples(Softmax):
    """the columns add up to 1, and the rows should.

    The probabilities of the classes of one sample add up to 1: axis=1, here and in the maximum.
    """

    def forward(self, input_):
        exponentials = np.exp(input_ - input_.max(axis=0, keepdims=True))
        return exponentials / exponentials.sum(axis=0, keepdims=True)


@softmax.mistake()
class over_everything(Softmax):
    """all entries of the batch together add up to 1.

    Each sample has probabilities of its own: axis=1, keepdims=True.
    """

    def forward(self, input_):
        exponentials = np.exp(input_ - input_.max())
        return exponentials / exponentials.sum()


@softmax.mistake(named="modifies_input")
class shifted_in_place(Softmax):
    def forward(self, input_):
        input_ -= input_.max(axis=1, keepdims=True)
        return super().forward(input_)


@softmax.mistake(named="raises")
class remembers_output(Softmax):
    def forward(self, input_):
        self.output = super().forward(input_)
        return self.output

    def backward(self, input_, output_grad):
        p = self.output
        return p * (output_grad - (output_grad * p).sum(axis=1, keepdims=True))
