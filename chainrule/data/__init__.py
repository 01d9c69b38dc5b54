"""Data sets, all of one type, and what is done to them before training.

Bundled with scikit-learn: ``load_diabetes``, ``load_breast_cancer``, ``load_digits``. Generated:
``make_sin``, ``make_friedman1``, ``make_moons``, ``make_circles``, ``make_spirals``. Downloaded if
there is a network, and replaced by a bundled one if not: ``fetch_california_housing``,
``fetch_boston``, ``fetch_mnist``. No lecture needs a download.

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> train, val, test = standardise(*split(make_friedman1(100, rng), rng))
>>> train.X.shape, val.X.shape, test.y.shape
((60, 10), (20, 10), (20, 1))
"""

from chainrule.data.bundled import load_breast_cancer, load_diabetes, load_digits
from chainrule.data.dataset import Dataset
from chainrule.data.downloads import fetch_boston, fetch_california_housing, fetch_mnist
from chainrule.data.generated import (
    make_circles,
    make_friedman1,
    make_moons,
    make_sin,
    make_spirals,
)
from chainrule.data.network import DownloadError
from chainrule.data.preparation import Standardiser, one_hot, split, standardise

__all__ = [
    "Dataset",
    "DownloadError",
    "Standardiser",
    "fetch_boston",
    "fetch_california_housing",
    "fetch_mnist",
    "load_breast_cancer",
    "load_diabetes",
    "load_digits",
    "make_circles",
    "make_friedman1",
    "make_moons",
    "make_sin",
    "make_spirals",
    "one_hot",
    "split",
    "standardise",
]
