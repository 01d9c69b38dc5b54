"""What is done to data before training: split them, standardise them, write classes as rows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule import arguments
from chainrule.data.dataset import Dataset


def split(data: Dataset, rng, fractions: Sequence[float] = (0.6, 0.2, 0.2)) -> list[Dataset]:
    """Deal the samples out at random.

    Parameters
    ----------
    data : Dataset
    rng : numpy.random.Generator
        Or anything with ``permutation``.
    fractions : sequence of float
        One part for each, in this order; they add up to 1. By default training, validation, test:
        to learn from, to choose with, to judge by (lecture 09).

    Returns
    -------
    list of Dataset
        Every sample is in exactly one of them.

    Raises
    ------
    ValueError
        If the fractions are not above 0 or do not add up to 1, or a part would be empty.

    Examples
    --------
    >>> data = Dataset(np.zeros((10, 1)), np.zeros((10, 1)))
    >>> [len(part) for part in split(data, np.random.default_rng(0), (0.7, 0.3))]
    [7, 3]
    """
    shares = np.asarray(fractions, dtype=float)
    if shares.ndim != 1 or not (shares > 0).all() or not abs(shares.sum() - 1) < 1e-9:
        raise ValueError(f"fractions must be above 0 and add up to 1, got {fractions!r}")
    ends = np.round(np.cumsum(shares) * len(data)).astype(int)
    parts = np.split(rng.permutation(len(data)), ends[:-1])
    if not all(map(len, parts)):
        raise ValueError(
            f"{len(data)} samples are too few to split by {fractions!r}: a part would be empty"
        )
    return [data.take(rows) for rows in parts]


class Standardiser:
    """Gives columns mean 0 and standard deviation 1, by the statistics of one array.

    That array is the training part alone. With the statistics of all samples, the training would
    know something of those it is judged by.

    Parameters
    ----------
    array : array (n_samples, n_columns) of floats

    Attributes
    ----------
    mean, std : arrays (1, n_columns)
        ``std`` divides by n_samples. A column that is constant has a ``std`` of 1, so that it
        becomes 0.

    Examples
    --------
    >>> prices = np.array([[1.0], [3.0]])
    >>> standardiser = Standardiser(prices)
    >>> standardiser.apply(prices)
    array([[-1.],
           [ 1.]])
    >>> standardiser.undo(np.array([[2.0]]))
    array([[4.]])
    """

    def __init__(self, array: np.ndarray):
        if np.ndim(array) != 2 or len(array) == 0:
            raise ValueError(
                f"array must be (n_samples, n_columns) with at least one sample, "
                f"got shape {np.shape(array)}"
            )
        self.mean = array.mean(axis=0, keepdims=True)
        self.std = array.std(axis=0, keepdims=True)
        # The mean of equal numbers may be off by round-off, and so their deviation.
        round_off = 10 * np.finfo(self.std.dtype).eps * np.abs(array).max(axis=0, keepdims=True)
        self.std[self.std <= round_off] = 1

    def apply(self, array: np.ndarray) -> np.ndarray:
        """Standardise the columns of an array, (n_samples, n_columns), the same as before."""
        self._check(array)
        return (array - self.mean) / self.std

    def undo(self, array: np.ndarray) -> np.ndarray:
        """Turn standardised columns, predictions for example, back into the original units."""
        self._check(array)
        return array * self.std + self.mean

    def _check(self, array) -> None:
        if np.ndim(array) != 2 or np.shape(array)[1] != self.mean.shape[1]:
            raise ValueError(
                f"array must have shape (n_samples, {self.mean.shape[1]}), got {np.shape(array)}"
            )


def standardise(train: Dataset, *others: Dataset) -> list[Dataset]:
    """Standardise the features of several parts by the statistics of the first.

    Parameters
    ----------
    train, *others : Dataset
        As ``split`` returns them: ``train, val, test = standardise(train, val, test)``.

    Returns
    -------
    list of Dataset
        New ones; ``y`` is as it was.
    """
    standardiser = Standardiser(train.X)
    return [replace(part, X=standardiser.apply(part.X)) for part in (train, *others)]


def one_hot(ids, n_classes: int) -> np.ndarray:
    """Write ids of classes as rows of zeros with a single one, at the id.

    Parameters
    ----------
    ids : array (n_samples,) or (n_samples, 1) of integers
    n_classes : int
        Not guessed from the ids: a batch need not hold every class.

    Returns
    -------
    array (n_samples, n_classes) of float64

    Raises
    ------
    TypeError
        If the ids, or ``n_classes``, are not integers.
    ValueError
        If an id is none of 0 to ``n_classes - 1``, or the shape is another.

    Examples
    --------
    >>> one_hot(np.array([[2], [0]]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    n_classes = arguments.count("n_classes", n_classes)
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu":
        raise TypeError(f"ids must be integers, got {ids.dtype}")
    if ids.ndim not in (1, 2) or (ids.ndim == 2 and ids.shape[1] != 1):
        raise ValueError(f"ids must have shape (n_samples,) or (n_samples, 1), got {ids.shape}")
    wrong = ids[(ids < 0) | (ids >= n_classes)]
    if wrong.size:
        raise ValueError(f"ids must lie from 0 to {n_classes - 1}, got {wrong[0]}")
    return np.eye(n_classes)[ids.reshape(-1)]
