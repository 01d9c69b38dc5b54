"""Right ways and wrong ways to write a dense layer without memory."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case
from chainrule.numeric import gradient

rng = np.random.default_rng(401)


def layer(samples, inputs, outputs, dtype=float):
    shapes = {"input_": (samples, inputs), "W": (inputs, outputs), "b": (1, outputs)}
    arrays = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    return Case(arrays, rng.standard_normal((samples, outputs)).astype(dtype))


dense = Entry(
    "Dense",
    "layer",
    {
        "a batch": layer(4, 3, 2),
        "the tiny example": Case(
            {"input_": array([1, 2], [3, 4]), "W": array([5], [6]), "b": array([10])},
            array([10], [100]),
        ),
        "a single sample": layer(1, 3, 2),
        "as many samples as inputs and outputs": layer(3, 3, 3),
        "float32": layer(3, 2, 4, np.float32),
    },
    reread="lecture 07, “The product with the weights” and “The bias”; lecture 03, “A matrix "
    "product, entry by entry”",
    returns=("W_grad", "b_grad"),
)


@dense.correct
class Dense:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.W_grad = self.b_grad = None

    def forward(self, input_):
        return input_ @ self.W + self.b

    def backward(self, input_, output_grad):
        self.W_grad = input_.T @ output_grad
        self.b_grad = output_grad.sum(axis=0, keepdims=True)
        return output_grad @ self.W.T


@dense.correct
class SampleBySample:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, input_):
        return np.array([x @ self.W + self.b[0] for x in input_])

    def backward(self, input_, output_grad):
        self.W_grad, self.b_grad = np.zeros_like(self.W), np.zeros_like(self.b)
        input_grad = np.empty_like(input_)
        for i, (x, g) in enumerate(zip(input_, output_grad, strict=True)):
            self.W_grad += np.outer(x, g)
            self.b_grad += g
            input_grad[i] = self.W @ g
        return input_grad


@dense.correct
class WithEinsum:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, input_):
        output = np.einsum("ni,ij->nj", input_, self.W)
        output += self.b
        return output

    def backward(self, input_, output_grad):
        self.W_grad = np.einsum("ni,nj->ij", input_, output_grad)
        self.b_grad = np.einsum("nj->j", output_grad)[np.newaxis]
        return np.einsum("nj,ij->ni", output_grad, self.W)


@dense.correct
class BiasAsOneMoreRow:
    def __init__(self, W, b):
        self.both = np.vstack([W, b])

    def extended(self, input_):
        return np.hstack([input_, np.ones_like(input_[:, :1])])

    def forward(self, input_):
        return self.extended(input_).dot(self.both)

    def backward(self, input_, output_grad):
        both_grad = self.extended(input_).T.dot(output_grad)
        self.W_grad, self.b_grad = both_grad[:-1], both_grad[-1:]
        return output_grad.dot(self.both[:-1].T)


@dense.mistake()
class bias_forgotten(Dense):
    """the bias is not added.

    The output is input_ @ W + b.
    """

    def forward(self, input_):
        return input_ @ self.W


@dense.mistake()
class bias_subtracted(Dense):
    """the bias is subtracted.

    The output is input_ @ W + b.
    """

    def forward(self, input_):
        return input_ @ self.W - self.b


@dense.mistake()
class activation_inside(Dense):
    """negative outputs have become 0: a ReLU has slipped in.

    Here the activation is a layer of its own; Dense is input_ @ W + b and nothing else.
    """

    def forward(self, input_):
        return np.maximum(input_ @ self.W + self.b, 0)


@dense.mistake()
class weights_transposed(Dense):
    """the output uses W.T, which runs for square weights only.

    W has the shape (n_inputs, n_outputs): input_ @ W needs no transpose.
    """

    def forward(self, input_):
        return input_ @ self.W.T + self.b


@dense.mistake()
class upstream_ignored(Dense):
    """output_grad is left out of W_grad.

    input_.T times ones is how the outputs move; L moves by output_grad times as much:
    input_.T @ output_grad.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.W_grad = input_.T @ np.ones_like(output_grad)
        return input_grad


@dense.mistake()
class upstream_ignored_for_input(Dense):
    """output_grad is left out of the gradient for the input.

    Rows of W, summed, are how all outputs together move. Each output counts with its own
    output_grad: output_grad @ W.T.
    """

    def backward(self, input_, output_grad):
        super().backward(input_, output_grad)
        return np.ones_like(output_grad) @ self.W.T


@dense.mistake()
class averaged(Dense):
    """W_grad and b_grad are divided by the number of samples.

    The mean over the batch is the loss's business, and its 1 / n has come in with output_grad
    already. Layers only sum.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.W_grad, self.b_grad = self.W_grad / len(input_), self.b_grad / len(input_)
        return input_grad


@dense.mistake()
class all_averaged(averaged):
    """all three gradients are divided by the number of samples.

    The mean over the batch is the loss's business, and its 1 / n has come in with output_grad
    already. Layers only sum.
    """

    def backward(self, input_, output_grad):
        return super().backward(input_, output_grad) / np.float32(len(input_))


@dense.mistake()
class weights_averaged(Dense):
    """W_grad is divided by the number of samples, and b_grad is not.

    The mean over the batch is the loss's business, and its 1 / n has come in with output_grad
    already: leave the division out.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.W_grad = self.W_grad / len(input_)
        return input_grad


@dense.mistake()
class bias_averaged(Dense):
    """b_grad is a mean over the samples where a sum is meant.

    The bias is used by every sample, and the gradients of all uses add up.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.b_grad = output_grad.mean(axis=0, keepdims=True)
        return input_grad


@dense.mistake()
class bias_not_summed(Dense):
    """b_grad has a row for every sample.

    b is one row, used by all samples; sum over them: axis=0, keepdims=True.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.b_grad = output_grad.copy()
        return input_grad


@dense.mistake()
class bias_total(Dense):
    """b_grad holds one and the same total for every output.

    Each output has a bias of its own, so sum over the samples only: axis=0.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.b_grad = np.full_like(self.b, output_grad.sum())
        return input_grad


@dense.mistake()
class bias_wrong_axis(Dense):
    """b_grad is summed over the outputs: it holds one number for every sample.

    It must hold one for every output, so sum over the samples: axis=0.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.b_grad = output_grad.sum(axis=1, keepdims=True)
        return input_grad


@dense.mistake()
class bias_lost_an_axis(Dense):
    """b_grad has the shape (n_outputs,), and b has (1, n_outputs).

    The gradient has the shape of the thing: keepdims=True keeps the axis.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.b_grad = output_grad.sum(axis=0)
        return input_grad


@dense.mistake()
class bias_of_first_sample(Dense):
    """b_grad is output_grad of the first sample alone.

    All samples use the bias: sum over all rows.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.b_grad = output_grad[:1].copy()
        return input_grad


@dense.mistake()
class back_through_w(Dense):
    """the way back multiplies by W, which runs for square weights only; it needs W.T.

    output_grad has a column for every output, the gradient for the input one for every input.
    """

    def backward(self, input_, output_grad):
        super().backward(input_, output_grad)
        return output_grad @ self.W


@dense.mistake()
class product_transposed(Dense):
    """W_grad is transposed: output_grad.T @ input_ has a row for every output.

    The gradient has the shape of the thing: input_.T @ output_grad.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.W_grad = output_grad.T @ input_
        return input_grad


@dense.mistake()
class already_downhill(Dense):
    """W_grad and b_grad have the wrong sign.

    backward computes gradients; the minus comes in with the step, in the training loop.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.W_grad, self.b_grad = -self.W_grad, -self.b_grad
        return input_grad


@dense.mistake()
class output_for_input(Dense):
    """W_grad is made from the layer's output.

    W multiplies the input, so its gradient is input_.T @ output_grad.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.W_grad = self.forward(input_).T @ output_grad
        return input_grad


@dense.mistake()
class averaged_early(Dense):
    """W_grad is made from averages over the batch.

    Each sample has its own input beside its own output_grad, and a mean of products is not a
    product of means: multiply sample by sample; the matrix product sums in the end.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        means = input_.mean(axis=0), output_grad.mean(axis=0)
        self.W_grad = np.outer(*means) * self.W.dtype.type(len(input_))
        return input_grad


@dense.mistake()
class last_sample_only(Dense):
    """W_grad and b_grad hold the last sample alone.

    Inside the loop over the samples add (+=), do not overwrite (=).
    """

    def backward(self, input_, output_grad):
        super().backward(input_[-1:], output_grad[-1:])
        return output_grad @ self.W.T


@dense.mistake()
class decay_slipped_in(Dense):
    """W is added to W_grad.

    That is the gradient of an L2 penalty, which nobody has asked for here.
    """

    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.W_grad = self.W_grad + self.W
        return input_grad


@dense.mistake()
class returns_weight_gradient(Dense):
    """backward returns W_grad.

    W_grad stays in the layer; what is returned goes on to the layer before, so it is the gradient
    for the input.
    """

    def backward(self, input_, output_grad):
        super().backward(input_, output_grad)
        return self.W_grad


@dense.mistake(named="modifies_input")
class updates_inside(Dense):
    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.W -= (0.1 * self.W_grad).astype(self.W.dtype)
        self.b -= (0.1 * self.b_grad).astype(self.b.dtype)
        return input_grad


@dense.mistake(named="stale_state")
class updates_own_copy(Dense):
    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        self.W = self.W - 0.1 * self.W_grad
        return input_grad.astype(input_.dtype)


@dense.mistake(named="stale_state")
class adds_up(Dense):
    def backward(self, input_, output_grad):
        before = self.W_grad
        input_grad = super().backward(input_, output_grad)
        if before is not None:
            self.W_grad = before + self.W_grad
        return input_grad


@dense.mistake(named="stale_state")
class keeps_first_input(Dense):
    kept = None

    def backward(self, input_, output_grad):
        if self.kept is None:
            self.kept = input_.copy()
        super().backward(self.kept, output_grad)
        return output_grad @ self.W.T


@dense.mistake(named="raises")
class remembers_input(Dense):
    def forward(self, input_):
        self.input_ = input_
        return super().forward(input_)

    def backward(self, input_, output_grad):
        return super().backward(self.input_, output_grad)


@dense.mistake(named="nothing_left")
class keeps_gradients_to_itself(Dense):
    def backward(self, input_, output_grad):
        W_grad = input_.T @ output_grad  # noqa: F841
        self.b_grad = output_grad.sum(axis=0, keepdims=True)
        return output_grad @ self.W.T


@dense.mistake(named="returns_nothing")
class return_forgotten(Dense):
    def backward(self, input_, output_grad):
        super().backward(input_, output_grad)


@dense.mistake(named="wrong_type")
class returns_all_three(Dense):
    def backward(self, input_, output_grad):
        return super().backward(input_, output_grad), self.W_grad, self.b_grad


@dense.mistake(named="modifies_input")
class clears_upstream(Dense):
    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        output_grad *= 0
        return input_grad


@dense.mistake(named="wrong_dtype")
class always_float64(Dense):
    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        total = np.zeros(self.W.shape)
        for x, g in zip(input_, output_grad, strict=True):
            total += np.outer(x, g)
        self.W_grad = total
        return input_grad


@dense.mistake(named="measured_not_derived")
class measured(Dense):
    def backward(self, input_, output_grad):
        input_grad = super().backward(input_, output_grad)
        W, b = self.W.astype(float), self.b.astype(float)
        loss = lambda W: np.sum((input_ @ W + b) * output_grad)  # noqa: E731
        self.W_grad = gradient(loss, W).astype(self.W.dtype)
        return input_grad
