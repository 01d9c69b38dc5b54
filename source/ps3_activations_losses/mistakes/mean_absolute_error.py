"""Right ways and wrong ways to write the mean absolute error."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case
from chainrule.losses import Loss

rng = np.random.default_rng(303)


def pair(*shape):
    return {"prediction": rng.standard_normal(shape), "target": rng.standard_normal(shape)}


mae = Entry(
    "MeanAbsoluteError",
    "loss",
    {
        "a batch with two outputs": Case(pair(4, 2)),
        "a single sample": Case(pair(1, 3)),
        "one output": Case(pair(5, 1)),
        "a prediction that is exact": Case(
            {"prediction": array([1, 2], [0, -1]), "target": array([1, 0], [3, -1])},
            truth={"backward": None},
        ),
    },
    reread="lecture 01, “Where people go wrong”: the absolute value at 0",
)


@mae.correct
class MeanAbsoluteError(Loss):
    def _output(self):
        return np.sum(np.abs(self.prediction - self.target)) / len(self.prediction)

    def _input_grad(self):
        return np.sign(self.prediction - self.target) / len(self.prediction)


@mae.correct
class MaeRows(Loss):
    def _output(self):
        return np.abs(self.target - self.prediction).sum(axis=1).mean()

    def _input_grad(self):
        above = self.prediction > self.target
        below = self.prediction < self.target
        return (above.astype(float) - below) / self.prediction.shape[0]


@mae.correct
class MaeLoop(Loss):
    def _output(self):
        total = 0.0
        for p, t in zip(self.prediction.ravel(), self.target.ravel(), strict=True):
            total += abs(p - t)
        return total / self.prediction.shape[0]

    def _input_grad(self):
        grad = np.zeros_like(self.prediction)
        for index in np.ndindex(grad.shape):
            difference = self.prediction[index] - self.target[index]
            if difference != 0:
                grad[index] = difference / abs(difference) / len(self.prediction)
        return grad


@mae.mistake()
class sum_not_mean(MeanAbsoluteError):
    """the errors are summed, not averaged.

    Divide by the number of samples, len(self.prediction).
    """

    def _output(self):
        return np.sum(np.abs(self.prediction - self.target))


@mae.mistake()
class mean_over_entries(MeanAbsoluteError):
    """np.mean divides by the number of entries.

    This course divides by the number of samples (rows), also when there are several outputs.
    """

    def _output(self):
        return np.mean(np.abs(self.prediction - self.target))


@mae.mistake()
class abs_forgotten(MeanAbsoluteError):
    """the absolute value is missing.

    Errors of opposite sign cancel, and the loss can be negative.
    """

    def _output(self):
        return np.sum(self.prediction - self.target) / len(self.prediction)


@mae.mistake()
class abs_of_sum(MeanAbsoluteError):
    """the absolute value is taken after the sum.

    Errors of opposite sign cancel first: take np.abs of every entry, then sum.
    """

    def _output(self):
        return abs(np.sum(self.prediction - self.target)) / len(self.prediction)


@mae.mistake()
class squared(MeanAbsoluteError):
    """the errors are squared.

    That is MeanSquaredError; here it is np.abs.
    """

    def _output(self):
        return np.sum((self.prediction - self.target) ** 2) / len(self.prediction)


@mae.mistake(named="wrong_shape")
class not_reduced(MeanAbsoluteError):
    def forward(self, prediction, target):
        self.prediction, self.target = prediction, target
        return np.abs(prediction - target).sum(axis=1)


@mae.mistake()
class off_by_factor_n(MeanAbsoluteError):
    """every value is too large by the number of samples.

    forward divides by len(self.prediction), so its derivative does too.
    """

    def _input_grad(self):
        return np.sign(self.prediction - self.target)


@mae.mistake()
class gradient_over_entries(MeanAbsoluteError):
    """the gradient is divided by the number of entries, forward by the number of samples.

    They have to match: the gradient is the derivative of the loss you return.
    """

    def _input_grad(self):
        return np.sign(self.prediction - self.target) / self.prediction.size


@mae.mistake()
class sign_flipped(MeanAbsoluteError):
    """every value has the wrong sign.

    This is the gradient for the target. When a prediction above its target grows, the loss
    grows.
    """

    def _input_grad(self):
        return np.sign(self.target - self.prediction) / len(self.prediction)


@mae.mistake()
class nan_at_kink(MeanAbsoluteError):
    """a prediction that is exactly right gives NaN.

    difference / abs(difference) is 0 / 0 there; np.sign gives the 0 that the statement asks
    for.
    """

    def _input_grad(self):
        difference = self.prediction - self.target
        return difference / np.abs(difference) / len(self.prediction)


@mae.mistake()
class kink_not_zero(MeanAbsoluteError):
    """a prediction that is exactly right gets a gradient.

    The statement asks for 0 where prediction and target are equal.
    """

    def _input_grad(self):
        return np.where(self.prediction > self.target, 1.0, -1.0) / len(self.prediction)


@mae.mistake()
class difference_for_sign(MeanAbsoluteError):
    """the gradient grows with the error.

    That is half the gradient of the squared error. The absolute value has slope 1 or -1,
    however large the error is.
    """

    def _input_grad(self):
        return (self.prediction - self.target) / len(self.prediction)


@mae.mistake()
class squared_gradient(MeanAbsoluteError):
    """this is the gradient of the squared error.

    The absolute value has slope 1 or -1, however large the error is.
    """

    def _input_grad(self):
        return 2 * (self.prediction - self.target) / len(self.prediction)


@mae.mistake()
class sign_of_prediction(MeanAbsoluteError):
    """the sign of the prediction is taken, not that of prediction - target."""

    def _input_grad(self):
        return np.sign(self.prediction) / len(self.prediction)


@mae.mistake(named="wrong_shape")
class summed_gradient(MeanAbsoluteError):
    def _input_grad(self):
        return np.sign(self.prediction - self.target).mean(axis=0)


@mae.mistake()
class gradient_of_mean(MeanAbsoluteError):
    """every row has the same values: the gradient is averaged over the batch.

    Each sample keeps the sign of its own error.
    """

    def _input_grad(self):
        signs = np.sign(self.prediction - self.target)
        return np.ones_like(signs) * signs.mean(axis=0) / len(signs)
