"""Right ways and wrong ways to compute the cross-entropy of scores."""

import math

import numpy as np

from chainrule.checks.bank import Entry, array
from chainrule.checks.exercise import Case

rng = np.random.default_rng(403)


def batch(samples, classes):
    return {
        "logits": rng.standard_normal((samples, classes)),
        "ids": rng.integers(0, classes, samples),
    }


CASES = {
    "a batch": batch(5, 4),
    "the tiny example": {"logits": np.log(array([1, 3], [1, 3])), "ids": np.array([1, 0])},
    "a single sample": batch(1, 3),
    "large scores": {
        "logits": array([1000, 0, -1000], [-1000, -1001, -1002], [0, -800, -801]),
        "ids": np.array([1, 2, 1]),
    },
    "scores far below 0": {"logits": array([-1000, -1001, -999]), "ids": np.array([1])},
    "rows far apart": {
        "logits": array([1000, 1001, 999], [-1000, -1002, -999]),
        "ids": np.array([0, 1]),
    },
}

loss = Entry(
    "softmax_crossentropy",
    "function",
    {name: Case(inputs) for name, inputs in CASES.items()},
    reread="lecture 11, “Cross-entropy for many classes, and log-sum-exp”",
    returns=("loss",),
)


def rows_and(ids):
    return np.arange(len(ids)), ids


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@loss.correct
def shifted(logits, ids):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[rows_and(ids)])


@loss.correct
def with_logaddexp(logits, ids):
    return (np.logaddexp.reduce(logits, axis=1) - logits[rows_and(ids)]).sum() / len(ids)


@loss.correct
def sample_by_sample(logits, ids):
    total = 0.0
    for z, k in zip(logits.tolist(), ids, strict=True):
        most = max(z)
        total += most + math.log(sum(math.exp(one - most) for one in z)) - z[k]
    return total / len(logits)


@loss.correct
def with_one_hot(logits, ids):
    target = np.eye(logits.shape[1])[ids]
    most = logits.max(axis=1, keepdims=True)
    log_p = logits - most - np.log(np.exp(logits - most).sum(axis=1, keepdims=True))
    return -(target * log_p).sum(axis=1).mean()


@loss.mistake()
def raw_exponentials(logits, ids):
    """exponentials are taken of the scores as they are, and overflow.

    The logarithm of the sum is right, but exp(1000) is infinite. Subtract the largest score of
    every row before you take exponentials.
    """
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[rows_and(ids)])


@loss.mistake()
def by_the_definition(logits, ids):
    """large scores make infinity divided by infinity.

    The formula as it stands holds exp(1000). Take the logarithm of the fraction on paper first:
    log-sum-exp minus the score of the class.
    """
    exponentials = np.exp(logits)
    p = exponentials / exponentials.sum(axis=1, keepdims=True)
    return -np.mean(np.log(p[rows_and(ids)]))


@loss.mistake()
def log_of_zero(logits, ids):
    """the logarithm of 0 is taken.

    A softmax with the maximum subtracted does not overflow, but a probability below 1e-324 becomes
    0 all the same. Do not compute the probability at all: the loss is log-sum-exp minus the score
    of the class.
    """
    return -np.mean(np.log(softmax(logits)[rows_and(ids)]))


@loss.mistake()
def clipped(logits, ids):
    """the loss of a very improbable class stops growing: a probability is clipped.

    Nothing needs clipping when the loss is computed from the scores: log-sum-exp minus the score
    of the class.
    """
    return -np.mean(np.log(np.maximum(softmax(logits)[rows_and(ids)], 1e-12)))


@loss.mistake()
def tiny_number_added(logits, ids):
    """a tiny number is added under the logarithm, and it shows.

    The loss of a very improbable class stops growing. From the scores nothing of the kind is
    needed: log-sum-exp minus the score of the class.
    """
    return -np.mean(np.log(softmax(logits)[rows_and(ids)] + 1e-9))


@loss.mistake()
def sum_for_mean(logits, ids):
    """the losses of the samples are added up; the mean is asked for.

    Divide by the number of samples.
    """
    return shifted(logits, ids) * len(ids)


@loss.mistake()
def mean_over_entries(logits, ids):
    """the sum is divided by the number of scores, samples times classes.

    Every sample has one loss, however many classes there are: divide by the number of samples.
    """
    return shifted(logits, ids) / logits.shape[1]


@loss.mistake()
def minus_forgotten(logits, ids):
    """the minus sign is missing.

    The logarithm of a probability is negative, and a loss should be small when the probability is
    large: -log(p), which is log-sum-exp minus the score.
    """
    return -shifted(logits, ids)


@loss.mistake()
def base_two(logits, ids):
    """the logarithm has the base 2.

    np.log is the natural one.
    """
    return shifted(logits, ids) / np.log(2)


@loss.mistake()
def maximum_not_put_back(logits, ids):
    """the maximum is subtracted in the sum only, and never put back.

    log-sum-exp is m + log(sum(exp(z - m))): add m, or subtract it from the score of the class too.
    """
    sums = np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)
    return np.mean(np.log(sums) - logits[rows_and(ids)])


@loss.mistake()
def largest_of_all(logits, ids):
    """the largest score of the whole batch is subtracted from all rows.

    In a row that lies far below it every exponential is 0. Every row needs its own maximum:
    axis=1, keepdims=True.
    """
    shifted = logits - logits.max()
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[rows_and(ids)])


@loss.mistake()
def over_samples(logits, ids):
    """the softmax runs over the samples.

    Each sample's classes compete with each other: axis=1, not axis=0.
    """
    shifted = logits - logits.max(axis=0)
    return np.mean((np.log(np.exp(shifted).sum(axis=0)) - shifted)[rows_and(ids)])


@loss.mistake()
def all_columns(logits, ids):
    """logits[:, ids] takes the classes of all samples from every row.

    One entry of every row is meant: logits[np.arange(n), ids].
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    sums = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return np.mean(sums - shifted[:, ids])


@loss.mistake()
def most_probable_class(logits, ids):
    """the loss is that of the class with the highest score, whatever the id says.

    It is the true class whose probability counts.
    """
    return shifted(logits, logits.argmax(axis=1))


@loss.mistake()
def id_off_by_one(logits, ids):
    """the score of the class before is taken.

    Class ids start at 0, as indices do.
    """
    return shifted(logits, ids - 1)


@loss.mistake()
def binary_terms(logits, ids):
    """terms for the wrong classes, log(1 - p), are added.

    They belong to yes-or-no targets. Here the probabilities add up to 1, and the true class's
    alone says it all.
    """
    p, target = softmax(logits), np.eye(logits.shape[1])[ids]
    with np.errstate(all="ignore"):
        others = np.where(target == 1, 0, -np.log(1 - p)).sum(axis=1)
    return shifted(logits, ids) + np.mean(others)


@loss.mistake()
def log_of_the_mean(logits, ids):
    """the mean is taken before the logarithm.

    Every sample has a loss of its own, -log(p); the mean of those is asked for.
    """
    return -np.log(np.mean(softmax(logits)[rows_and(ids)]))


@loss.mistake()
def score_alone(logits, ids):
    """log-sum-exp is missing: this is the mean score of the true classes.

    The loss of a sample is log(sum(exp(z))) minus that score.
    """
    return -np.mean(logits[rows_and(ids)])


@loss.mistake()
def hard_maximum(logits, ids):
    """the maximum stands where log-sum-exp belongs.

    It is near for large scores only: add log(sum(exp(z - maximum))).
    """
    return np.mean(logits.max(axis=1) - logits[rows_and(ids)])


@loss.mistake()
def one_for_each_sample(logits, ids):
    """there is one loss for every sample.

    Return their mean, a single number.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[rows_and(ids)]


@loss.mistake(named="modifies_input")
def shifted_in_place(logits, ids):
    logits -= logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[rows_and(ids)])


@loss.mistake(named="returns_nothing")
def return_forgotten(logits, ids):
    shifted(logits, ids)
