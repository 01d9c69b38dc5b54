"""Right ways and wrong ways to put gradients together from those of mini-batches."""

import functools

import numpy as np

from chainrule.checks.bank import Entry
from chainrule.checks.exercise import Case

rng = np.random.default_rng(204)


def cloud(samples, features, batch_size, dtype=float):
    params = {"C": rng.standard_normal((1, features)), "R": rng.standard_normal((1, 1))}
    return Case(
        {
            "gradients_of": "cloud_gradients",
            "X": (3 * rng.standard_normal((samples, features))).astype(dtype),
            "y": (3 * rng.standard_normal((samples, 1))).astype(dtype),
            "params": {name: one.astype(dtype) for name, one in params.items()},
            "batch_size": batch_size,
        }
    )


batches = Entry(
    "accumulated_gradients",
    "function",
    {
        "7 samples in batches of 3": cloud(7, 3, 3),
        "6 samples in batches of 2": cloud(6, 2, 2),
        "3 samples in one batch": cloud(3, 2, 10),
        "5 samples one by one": cloud(5, 3, 1),
        "22 samples in batches of 4": cloud(22, 2, 4),
        "float32": cloud(7, 2, 4, np.float32),
    },
    reread="lecture 04, “Training”",
    returns=("gradients[]",),
)


@batches.correct
def sums_then_divided(gradients_of, X, y, params, batch_size):
    total = {name: np.zeros_like(one) for name, one in params.items()}
    for start in range(0, len(X), batch_size):
        X_batch, y_batch = X[start : start + batch_size], y[start : start + batch_size]
        for name, grad in gradients_of(X_batch, y_batch, params).items():
            total[name] += len(X_batch) * grad
    return {name: grad / len(X) for name, grad in total.items()}


@batches.correct
def weighted_means(gradients_of, X, y, params, batch_size):
    pieces = np.array_split(np.arange(len(X)), range(batch_size, len(X), batch_size))
    parts = [gradients_of(X[rows], y[rows], params) for rows in pieces]
    weights = [len(rows) / len(X) for rows in pieces]
    return {
        name: sum(weight * part[name] for weight, part in zip(weights, parts, strict=True))
        for name in params
    }


@batches.correct
def running_mean(gradients_of, X, y, params, batch_size):
    seen, mean = 0, {name: 0.0 * one for name, one in params.items()}
    while seen < len(X):
        size = min(batch_size, len(X) - seen)
        part = gradients_of(X[seen : seen + size], y[seen : seen + size], params)
        seen += size
        for name in mean:
            mean[name] = mean[name] + (part[name] - mean[name]) * (size / seen)
    return mean


@batches.correct
def sample_by_sample(gradients_of, X, y, params, batch_size):
    each = [gradients_of(X[[i]], y[[i]], params) for i in range(len(X))]
    return {name: sum(one[name] for one in each) / len(X) for name in params}


def proper(n, size):
    return [slice(start, start + size) for start in range(0, n, size)]


def over(cut, combine):
    """The gradients of batches that are cut in some way, combined in some way.

    ``combine`` gets a list of pairs, how many samples and the gradient of their mean loss, and the
    number of all samples.
    """

    def answer(gradients_of, X, y, params, batch_size):
        pieces = [(len(X[rows]), X[rows], y[rows]) for rows in cut(len(X), batch_size)]
        parts = [(k, gradients_of(*arrays, params)) for k, *arrays in pieces]
        return {
            name: np.asarray(
                combine([(k, part[name]) for k, part in parts], len(X), batch_size),
                dtype=params[name].dtype,
            )
            for name in params
        }

    return answer


def combined(change):
    """A mistake in how the gradients of the right batches are combined."""
    batches.mistake()(functools.wraps(change)(over(proper, change)))
    return change


def cut(change):
    """A mistake in how the samples are cut into batches."""
    batches.mistake()(functools.wraps(change)(over(change, added_up)))
    return change


def added_up(parts, n, size):
    return sum(k * grad for k, grad in parts) / n


@combined
def mean_of_means(parts, n, size):
    """the mean of the batches' gradients is taken, as if all batches were of one size.

    The samples of a smaller last batch count for more then. Weigh each batch by its size.
    """
    return sum(grad for _, grad in parts) / len(parts)


@combined
def batch_means_added(parts, n, size):
    """the batches' gradients are added up and never divided.

    Each is a mean over its batch. Asked for is the mean over all samples.
    """
    return sum(grad for _, grad in parts)


@combined
def divided_by_n_only(parts, n, size):
    """the batches' gradients are added up and divided by the number of samples.

    Each is the mean of its batch already: multiply it by the size of its batch first.
    """
    return sum(grad for _, grad in parts) / n


@combined
def never_divided(parts, n, size):
    """this is the gradient of the sum of all losses.

    The mean is asked for: divide by the number of samples.
    """
    return sum(k * grad for k, grad in parts)


@combined
def weighed_by_batch_size(parts, n, size):
    """every batch is weighed by batch_size, the last one too.

    The last batch may be smaller: take the number of rows that it really has.
    """
    return sum(size * grad for _, grad in parts) / n


@combined
def divided_by_padded_number(parts, n, size):
    """it is divided by the number of batches times batch_size.

    With a smaller last batch that is more than there are samples.
    """
    return sum(k * grad for k, grad in parts) / (len(parts) * size)


@combined
def divided_by_number_of_batches(parts, n, size):
    """sums over the batches are divided by the number of batches.

    Divide by the number of samples.
    """
    return sum(k * grad for k, grad in parts) / len(parts)


@combined
def divided_by_batch_size(parts, n, size):
    """the sum over all samples is divided by batch_size.

    The mean runs over all samples.
    """
    return sum(k * grad for k, grad in parts) / size


@combined
def last_batch_wins(parts, n, size):
    """this is the gradient of the last batch.

    Inside the loop add to the gradient (+=), do not replace it (=).
    """
    return parts[-1][1]


@combined
def last_batch_and_share(parts, n, size):
    """this is the last batch's share of the gradient.

    Inside the loop add to the gradient (+=), do not replace it (=).
    """
    k, grad = parts[-1]
    return k * grad / n


@combined
def first_batch_only(parts, n, size):
    """this is the gradient of the first batch.

    A return inside the loop ends it in its first round.
    """
    return parts[0][1]


@combined
def first_batch_counts_twice(parts, n, size):
    """the first batch counts twice.

    Start from zeros, or let the loop begin with the second batch.
    """
    k, grad = parts[0]
    return added_up([(k, grad), *parts], n, size)


@combined
def halved_with_every_batch(parts, n, size):
    """every batch is averaged with the result so far.

    So the last batch has a weight of one half, and the one before it a quarter.
    """
    result = parts[0][1]
    for _, grad in parts[1:]:
        result = (result + grad) / 2
    return result


@combined
def sign_flipped(parts, n, size):
    """every value has the wrong sign: add the gradients, do not step along them."""
    return -added_up(parts, n, size)


@combined
def largest_batch_wins(parts, n, size):
    """of the batches the largest gradient is kept.

    Add them up, weighed by the sizes of the batches.
    """
    return np.max([grad for _, grad in parts], axis=0)


@cut
def last_batch_dropped(n, size):
    """the samples of the last, smaller batch are left out.

    range(0, n - size + 1, size) stops before it. range(0, n, size) does not, and a slice may reach
    beyond the end.
    """
    return [slice(start, start + size) for start in range(0, n - size + 1, size)]


@batches.mistake()
def last_batch_forgotten(gradients_of, X, y, params, batch_size):
    """the last, smaller batch is left out, and n counts the other samples only.

    Every sample belongs into the mean.
    """
    n = len(X) - len(X) % batch_size
    if not n:
        return {name: np.zeros_like(one) for name, one in params.items()}
    return sums_then_divided(gradients_of, X[:n], y[:n], params, batch_size)


@cut
def one_short(n, size):
    """each batch lacks its last sample.

    The end of a slice is not included: start : start + batch_size.
    """
    return [
        slice(start, min(start + size, n) - (1 if size > 1 else 0)) for start in range(0, n, size)
    ]


@cut
def gap_after_each(n, size):
    """one sample is lost between every two batches.

    The start moves on by batch_size exactly.
    """
    return [slice(start, start + size) for start in range(0, n, size + 1)]


@cut
def overlapping(n, size):
    """the batches overlap, and samples count several times.

    The start moves on by batch_size, not by 1.
    """
    return [slice(start, start + size) for start in range(n)]


@cut
def always_the_first(n, size):
    """every batch is the first one.

    The slice has to move on: start : start + batch_size.
    """
    return [slice(0, min(size, n - start)) for start in range(0, n, size)]


@cut
def first_sample_left_out(n, size):
    """the first sample is left out.

    Rows are counted from 0.
    """
    return [slice(start, start + size) for start in range(1, n, size)]


@batches.mistake(named="raises")
def all_at_once(gradients_of, X, y, params, batch_size):
    return gradients_of(X, y, params)


@batches.mistake(named="raises")
def to_the_end(gradients_of, X, y, params, batch_size):
    total = {name: np.zeros_like(one) for name, one in params.items()}
    for start in range(0, len(X), batch_size):
        part = gradients_of(X[start:], y[start:], params)
        for name in total:
            total[name] += part[name] * batch_size / len(X)
    return total


@batches.mistake(named="raises")
def an_empty_batch(gradients_of, X, y, params, batch_size):
    total = {name: np.zeros_like(one) for name, one in params.items()}
    for k in range(len(X) // batch_size + 1):
        rows = slice(k * batch_size, (k + 1) * batch_size)
        part = gradients_of(X[rows], y[rows], params)
        for name in total:
            total[name] += part[name] * (len(X[rows]) / len(X))
    return total


@batches.mistake(named="wrong_dtype")
def always_float64(gradients_of, X, y, params, batch_size):
    parts = sums_then_divided(gradients_of, X, y, params, batch_size)
    return {name: one.astype(float) for name, one in parts.items()}


@batches.mistake(named="modifies_input")
def steps_at_once(gradients_of, X, y, params, batch_size):
    result = sums_then_divided(gradients_of, X, y, params, batch_size)
    for name in params:
        params[name] -= 0.1 * result[name]
    return result


@batches.mistake(named="modifies_input")
def collected_in_params(gradients_of, X, y, params, batch_size):
    result = sums_then_divided(gradients_of, X, y, params, batch_size)
    for name, one in params.items():
        one[...] = result[name]
    return params


@batches.mistake(named="wrong_type")
def a_list_of_parts(gradients_of, X, y, params, batch_size):
    return [gradients_of(X[rows], y[rows], params) for rows in proper(len(X), batch_size)]
