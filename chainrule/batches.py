"""Batches: the data of an epoch, handed out in pieces."""

from collections.abc import Iterator

import numpy as np


def batches(X: np.ndarray, y: np.ndarray, order: np.ndarray, batch_size: int) -> Iterator[tuple]:
    """Yield the samples in this order in batches ``(X_batch, y_batch)``; the last may be smaller.

    Parameters
    ----------
    X, y : arrays with a row for every sample
    order : array (n_samples,) of int
        Row numbers.
    batch_size : int
    """
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        yield X[chosen], y[chosen]
