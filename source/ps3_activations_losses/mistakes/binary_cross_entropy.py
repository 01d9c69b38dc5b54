"""Right ways and wrong ways to write the binary cross-entropy."""

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case
from chainrule.losses import Loss

rng = np.random.default_rng(304)


LOW, HIGH = 1e-7, 1 - 1e-7


def chances(*shape):
    return {
        "prediction": rng.uniform(0.1, 0.9, shape),
        "target": rng.integers(0, 2, shape).astype(float),
    }


bce = Entry(
    "BinaryCrossEntropy",
    "loss",
    {
        "a batch": Case(chances(6, 1)),
        "two outputs": Case(chances(4, 2)),
        "a single sample": Case({"prediction": array([0.8]), "target": array([1])}),
        "targets between 0 and 1": Case(
            {"prediction": array([0.3], [0.6]), "target": array([0.25], [0.9])}
        ),
        "predictions of exactly 0 and 1": Case(
            {"prediction": array([0], [1], [0], [1]), "target": array([0], [1], [1], [0])},
            truth={"backward": None},
        ),
    },
    reread="the statement of exercise 4: the formula, and what clipping is for",
)


@bce.correct
class BinaryCrossEntropy(Loss):
    def _output(self):
        p, t = np.clip(self.prediction, LOW, HIGH), self.target
        return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / len(p)

    def _input_grad(self):
        p, t = np.clip(self.prediction, LOW, HIGH), self.target
        return (p - t) / (p * (1 - p)) / len(p)


@bce.correct
class BceTwoTerms(BinaryCrossEntropy):
    def _input_grad(self):
        p = np.minimum(np.maximum(self.prediction, LOW), HIGH)
        return ((1 - self.target) / (1 - p) - self.target / p) / self.prediction.shape[0]


@bce.correct
class BceClippedOnce(Loss):
    def forward(self, prediction, target):
        return super().forward(np.clip(prediction, LOW, HIGH), target)

    def _output(self):
        ones = self.target * np.log(self.prediction)
        zeros = (1 - self.target) * np.log(1 - self.prediction)
        return np.mean(-(ones + zeros).sum(axis=1))

    def _input_grad(self):
        grad = -self.target / self.prediction
        grad += (1 - self.target) / (1 - self.prediction)
        return grad / len(grad)


@bce.mistake()
class sign_flipped(BinaryCrossEntropy):
    """the minus sign is missing.

    Logarithms of probabilities are negative; the loss is minus their mean, so that it is
    positive and falls as predictions get better.
    """

    def _output(self):
        return -super()._output()


@bce.mistake()
class half_the_formula(BinaryCrossEntropy):
    """only the samples with target 1 count.

    The second term, (1 - target) * log(1 - prediction), is missing.
    """

    def _output(self):
        p = np.clip(self.prediction, LOW, HIGH)
        return -np.sum(self.target * np.log(p)) / len(p)


@bce.mistake()
class second_term_uses_p(BinaryCrossEntropy):
    """the second term takes log(prediction) again.

    It needs log(1 - prediction).
    """

    def _output(self):
        p = np.clip(self.prediction, LOW, HIGH)
        return -np.sum(self.target * np.log(p) + (1 - self.target) * np.log(p)) / len(p)


@bce.mistake()
class roles_swapped(BinaryCrossEntropy):
    """prediction and target have changed places.

    The logarithm is taken of the prediction; the target is the weight before it.
    """

    def _output(self):
        p, t = np.clip(self.target, LOW, HIGH), self.prediction
        return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / len(p)


@bce.mistake()
class sum_not_mean(BinaryCrossEntropy):
    """the losses are summed, not averaged.

    Divide by the number of samples, len(self.prediction).
    """

    def _output(self):
        return super()._output() * len(self.prediction)


@bce.mistake()
class mean_over_entries(BinaryCrossEntropy):
    """np.mean divides by the number of entries.

    This course divides by the number of samples (rows), also when there are several outputs.
    """

    def _output(self):
        return super()._output() / self.prediction.shape[1]


@bce.mistake()
class log_of_zero(BinaryCrossEntropy):
    """a prediction of exactly 0 or 1 gives NaN.

    0 * log(0) is 0 times minus infinity. Clip the predictions as the statement says before
    you take the logarithm.
    """

    def _output(self):
        p, t = self.prediction, self.target
        return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / len(p)


@bce.mistake()
class epsilon_added(BinaryCrossEntropy):
    """1e-7 is added inside the logarithm.

    That changes every loss a little. Clip instead: it leaves predictions alone that are not
    extreme.
    """

    def _output(self):
        p, t = self.prediction, self.target
        return -np.sum(t * np.log(p + 1e-7) + (1 - t) * np.log(1 - p + 1e-7)) / len(p)


@bce.mistake()
class clipped_too_hard(BinaryCrossEntropy):
    """the predictions are clipped at another bound than 1e-7.

    The statement asks for [1e-7, 1 - 1e-7].
    """

    def _output(self):
        p, t = np.clip(self.prediction, 1e-15, 1 - 1e-15), self.target
        return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / len(p)


@bce.mistake()
class log_base_2(BinaryCrossEntropy):
    """the logarithm is to base 2.

    Use the natural one, np.log.
    """

    def _output(self):
        return super()._output() / np.log(2)


@bce.mistake()
class log_base_10(BinaryCrossEntropy):
    """the logarithm is to base 10.

    Use the natural one, np.log.
    """

    def _output(self):
        return super()._output() / np.log(10)


@bce.mistake()
class gradient_of_logits(BinaryCrossEntropy):
    """prediction - target is the gradient with respect to the input of a sigmoid.

    Here the input is the probability itself: divide by prediction * (1 - prediction).
    """

    def _input_grad(self):
        return (self.prediction - self.target) / len(self.prediction)


@bce.mistake()
class gradient_sign(BinaryCrossEntropy):
    """every value has the wrong sign.

    Where the target is 1, a larger prediction lowers the loss: the gradient is negative
    there.
    """

    def _input_grad(self):
        return -super()._input_grad()


@bce.mistake()
class off_by_factor_n(BinaryCrossEntropy):
    """every value is too large by the number of samples.

    forward divides by len(self.prediction), so its derivative does too.
    """

    def _input_grad(self):
        return super()._input_grad() * len(self.prediction)


@bce.mistake()
class gradient_over_entries(BinaryCrossEntropy):
    """the gradient is divided by the number of entries, forward by the number of samples.

    They have to match: the gradient is the derivative of the loss you return.
    """

    def _input_grad(self):
        return super()._input_grad() / self.prediction.shape[1]


@bce.mistake()
class gradient_half(BinaryCrossEntropy):
    """the gradient is 0 wherever the target is 0.

    The derivative of the second term is missing: (1 - target) / (1 - prediction).
    """

    def _input_grad(self):
        p = np.clip(self.prediction, LOW, HIGH)
        return -self.target / p / len(p)


@bce.mistake()
class inner_derivative(BinaryCrossEntropy):
    """the second term has the wrong sign.

    d log(1 - p) / dp is -1 / (1 - p): the inner derivative is -1.
    """

    def _input_grad(self):
        p = np.clip(self.prediction, LOW, HIGH)
        return -(self.target / p + (1 - self.target) / (1 - p)) / len(p)


@bce.mistake()
class gradient_not_clipped(BinaryCrossEntropy):
    """a prediction of exactly 0 or 1 has an infinite gradient.

    forward clips the predictions; use the clipped ones in backward too.
    """

    def _input_grad(self):
        p = self.prediction
        return ((1 - self.target) / (1 - p) - self.target / p) / len(p)


@bce.mistake()
class gradient_clip_zero(BinaryCrossEntropy):
    """a prediction of exactly 0 or 1 gets no gradient.

    The statement asks for the gradient at the clipped value: a prediction that is certain and
    wrong must still be pushed back.
    """

    def _input_grad(self):
        inside = (self.prediction > LOW) & (self.prediction < HIGH)
        return super()._input_grad() * inside


@bce.mistake()
class gradient_brackets(BinaryCrossEntropy):
    """brackets are missing: dividing by p * (1 - p) became dividing by p and multiplying by 1 -
    p.

    In Python a / b * c is (a / b) * c.
    """

    def _input_grad(self):
        p = np.clip(self.prediction, LOW, HIGH)
        return (p - self.target) / p * (1 - p) / len(p)
