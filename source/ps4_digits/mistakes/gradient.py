"""Right ways and wrong ways to derive the gradient of the cross-entropy for the scores."""

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case
from chainrule.numeric import gradient

from .loss import CASES, batch, rows_and, shifted, softmax

grad = Entry(
    "softmax_crossentropy_grad",
    "function",
    {
        **{name: Case(inputs) for name, inputs in CASES.items()},
        "as many samples as classes": Case(batch(4, 4)),
    },
    reread="lecture 11, “The fused gradient”",
    returns=("logits_grad",),
)


def one_hot(logits, ids):
    return np.eye(logits.shape[1])[ids]


@grad.correct
def one_entry_of_every_row(logits, ids):
    p = softmax(logits)
    p[rows_and(ids)] -= 1
    return p / len(ids)


@grad.correct
def with_one_hot(logits, ids):
    return (softmax(logits) - one_hot(logits, ids)) / logits.shape[0]


@grad.correct
def sample_by_sample(logits, ids):
    result = np.zeros_like(logits)
    for i in range(len(logits)):
        shifted = logits[i] - logits[i].max()
        total = sum(np.exp(one) for one in shifted)
        for k in range(logits.shape[1]):
            result[i, k] = (np.exp(shifted[k]) / total - (k == ids[i])) / len(logits)
    return result


@grad.correct
def from_log_sum_exp(logits, ids):
    n, classes = logits.shape
    p = np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, np.newaxis])
    return np.where(np.arange(classes) == ids[:, np.newaxis], p - 1, p) / n


@grad.mistake()
def not_divided(logits, ids):
    """every value is too large by the number of samples.

    The loss is a mean over the samples, so its gradient carries 1 / n.
    """
    return softmax(logits) - one_hot(logits, ids)


@grad.mistake()
def divided_twice(logits, ids):
    """the gradient is divided by the number of samples twice.

    The mean brings one 1 / n, and no more.
    """
    return with_one_hot(logits, ids) / len(ids)


@grad.mistake()
def divided_by_entries(logits, ids):
    """the gradient is divided by the number of scores, samples times classes.

    The loss is a mean over the samples: divide by their number.
    """
    return (softmax(logits) - one_hot(logits, ids)) / logits.size


@grad.mistake()
def divided_by_classes(logits, ids):
    """the gradient is divided by the number of classes.

    The loss is a mean over the samples: divide by their number.
    """
    return (softmax(logits) - one_hot(logits, ids)) / logits.shape[1]


@grad.mistake()
def sign_flipped(logits, ids):
    """every value has the wrong sign.

    The gradient is softmax minus one-hot. It points uphill; the step goes against it.
    """
    return -with_one_hot(logits, ids)


@grad.mistake()
def softmax_diagonal(logits, ids):
    """p * (1 - p) is multiplied in.

    That is the diagonal of the softmax's Jacobian. The whole Jacobian has cancelled against the
    logarithm: what is left is softmax minus one-hot.
    """
    p = softmax(logits)
    return (p - one_hot(logits, ids)) * p * (1 - p) / len(ids)


@grad.mistake()
def true_class_alone(logits, ids):
    """only the score of the true class has a gradient.

    Every score is in the sum below the fraction, so the gradients of the other classes are their
    probabilities. This is what comes out when only the diagonal of the Jacobian is used.
    """
    return (softmax(logits) - 1) * one_hot(logits, ids) / len(ids)


@grad.mistake()
def for_the_probabilities(logits, ids):
    """this is the gradient for the probabilities, -1 / p at the true class.

    Go on, back through the softmax to the scores: softmax minus one-hot comes out.
    """
    return -one_hot(logits, ids) / softmax(logits) / len(ids)


@grad.mistake()
def no_one_hot(logits, ids):
    """the 1 at the true class is not subtracted.

    So every score seems to be too high. The gradient is softmax minus one-hot.
    """
    return softmax(logits) / len(ids)


@grad.mistake()
def one_subtracted_everywhere(logits, ids):
    """1 is subtracted at every class.

    It belongs to the true class alone: grad[np.arange(n), ids] -= 1.
    """
    return (softmax(logits) - 1) / len(ids)


@grad.mistake()
def ids_subtracted(logits, ids):
    """the class id is subtracted as if it were a number.

    An id is a name. Subtract 1 in its column, and nothing in the others.
    """
    return (softmax(logits) - ids[:, np.newaxis]) / len(ids)


@grad.mistake()
def columns_of_all_samples(logits, ids):
    """grad[:, ids] -= 1 subtracts in the columns of all samples' classes, in every row.

    One entry of every row is meant: grad[np.arange(n), ids].
    """
    p = softmax(logits)
    p[:, ids] -= 1
    return p / len(ids)


@grad.mistake()
def scores_for_probabilities(logits, ids):
    """the scores did not go through the softmax.

    The gradient is softmax(logits) minus one-hot.
    """
    return (logits - one_hot(logits, ids)) / len(ids)


@grad.mistake()
def averaged_too_early(logits, ids):
    """all samples get the same row, an average over the batch.

    Every sample keeps its own: the layers before need each sample's gradient beside its own input.
    """
    p = with_one_hot(logits, ids)
    return np.zeros_like(p) + p.mean(axis=0)


@grad.mistake()
def summed_over_samples(logits, ids):
    """one row has come out, a sum over the batch.

    The gradient has the shape of the thing: a row for every sample.
    """
    return with_one_hot(logits, ids).sum(axis=0, keepdims=True)


@grad.mistake()
def over_samples(logits, ids):
    """the softmax runs over the samples.

    Each sample's classes compete with each other: axis=1, not axis=0.
    """
    exponentials = np.exp(logits - logits.max(axis=0))
    return (exponentials / exponentials.sum(axis=0) - one_hot(logits, ids)) / len(ids)


@grad.mistake()
def sigmoid_for_softmax(logits, ids):
    """every score goes through a sigmoid of its own.

    The probabilities of a sample must add up to 1: divide its exponentials by their sum.
    """
    return (1 / (1 + np.exp(-logits)) - one_hot(logits, ids)) / len(ids)


@grad.mistake()
def overflow(logits, ids):
    """large scores give NaN.

    exp(1000) is infinite, and infinity divided by infinity is NaN. Subtract the largest score of
    every row first.
    """
    exponentials = np.exp(logits)
    p = exponentials / exponentials.sum(axis=1, keepdims=True)
    return (p - one_hot(logits, ids)) / len(ids)


@grad.mistake()
def largest_of_all(logits, ids):
    """the largest score of the whole batch is subtracted from all rows.

    In a row that lies far below it every exponential is 0, and 0 / 0 is NaN. Every row needs its
    own maximum: axis=1, keepdims=True.
    """
    exponentials = np.exp(logits - logits.max())
    p = exponentials / exponentials.sum(axis=1, keepdims=True)
    return (p - one_hot(logits, ids)) / len(ids)


@grad.mistake()
def most_probable_class(logits, ids):
    """1 is subtracted at the class with the highest score, whatever the id says.

    It is the true class whose score must rise.
    """
    return with_one_hot(logits, logits.argmax(axis=1))


@grad.mistake()
def id_off_by_one(logits, ids):
    """1 is subtracted at the class before.

    Class ids start at 0, as indices do.
    """
    return with_one_hot(logits, ids - 1)


@grad.mistake()
def squared_error(logits, ids):
    """every value is twice as large as it should be.

    2 * (p - t) is the gradient of a squared error; the cross-entropy's has no 2.
    """
    return 2 * with_one_hot(logits, ids)


@grad.mistake()
def cut_to_integers(logits, ids):
    """the result is cut to whole numbers: its array is one of integers.

    np.zeros_like(ids) and np.zeros(..., dtype=int) take the dtype of the ids.
    """
    result = np.zeros(logits.shape, dtype=ids.dtype)
    result[:] = with_one_hot(logits, ids)
    return result


@grad.mistake(named="modifies_input")
def scores_modified(logits, ids):
    logits -= logits.max(axis=1, keepdims=True)
    return with_one_hot(logits, ids)


@grad.mistake(named="")
def measured(logits, ids):
    return gradient(lambda Z: shifted(Z, ids), logits)
