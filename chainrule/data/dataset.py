"""What every loader returns."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples with their targets, and what the columns mean.

    Attributes
    ----------
    X : array (n_samples, n_features) of float64
    y : array (n_samples, n_outputs)
        float64 for numbers to predict; int64, a single column, for the ids of classes.
    feature_names : tuple of str
        One for each column of ``X``, or none.
    target_names : tuple of str
        One for each column of ``y``; for classes, one for each id. Or none.
    name : str
    description : str
        Where the data come from and what units they have.
    substitute_for : str
        The name of the data that were asked for, where these stand in; else empty.

    Raises
    ------
    TypeError
        If ``X`` or ``y`` has another dtype.
    ValueError
        If shapes, lengths or numbers of names do not match, there is no sample, or a value is not
        finite.

    Examples
    --------
    >>> Dataset(np.zeros((4, 2)), np.ones((4, 1)), name="nothing much")
    <Dataset nothing much: 4 samples, 2 features, 1 output>
    """

    X: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    name: str = "data"
    description: str = ""
    substitute_for: str = ""

    def __post_init__(self):
        _check_table("X", self.X, {"float64"})
        _check_table("y", self.y, {"float64", "int64"})
        if len(self.X) != len(self.y):
            raise ValueError(f"X has {len(self.X)} samples, but y has {len(self.y)}")
        if self.has_classes and self.y.shape[1] != 1:
            raise ValueError(f"ids of classes need a single column, got y of shape {self.y.shape}")
        if self.has_classes and self.y.min() < 0:
            raise ValueError(f"ids of classes begin with 0, got {self.y.min()}")
        _check_names("feature_names", self.feature_names, self.X.shape[1], "column of X")
        if not self.has_classes:
            _check_names("target_names", self.target_names, self.y.shape[1], "column of y")
        elif self.target_names and self.y.max() >= len(self.target_names):
            raise ValueError(
                f"target_names has {len(self.target_names)} names, but y holds the id "
                f"{self.y.max()}"
            )

    @property
    def has_classes(self) -> bool:
        """Whether ``y`` holds ids of classes rather than numbers to predict."""
        return self.y.dtype.kind == "i"

    @property
    def n_classes(self) -> int:
        """How many classes there are: named ones, or else one more than the largest id.

        Raises
        ------
        TypeError
            If there are no classes.
        """
        if not self.has_classes:
            raise TypeError(f"{self.name} has no classes: its y holds numbers to predict")
        return len(self.target_names) or int(self.y.max()) + 1

    def take(self, rows) -> "Dataset":
        """Return a data set of some of the samples, chosen as by ``X[rows]``."""
        return replace(self, X=self.X[rows], y=self.y[rows])

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        outputs = self.n_classes if self.has_classes else self.y.shape[1]
        kind = "class" if self.has_classes else "output"
        plural = "" if outputs == 1 else "es" if self.has_classes else "s"
        features = "1 feature" if self.X.shape[1] == 1 else f"{self.X.shape[1]} features"
        stands_in = f" (in place of {self.substitute_for})" if self.substitute_for else ""
        return (
            f"<Dataset {self.name}{stands_in}: {len(self)} samples, {features}, "
            f"{outputs} {kind}{plural}>"
        )


def _check_table(name: str, array, dtypes: set[str]) -> None:
    if not isinstance(array, np.ndarray) or str(array.dtype) not in dtypes:
        got = f"{array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name} must be an array of {' or '.join(sorted(dtypes))}, got {got}")
    if array.ndim != 2 or array.size == 0:
        hint = f": use {name}[:, np.newaxis]" if array.ndim == 1 and array.size else ""
        raise ValueError(
            f"{name} must have a row for every sample and a column for every number, at least one "
            f"of each, got shape {array.shape}{hint}"
        )
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(f"{name}[{row}, {column}] is {array[row, column]}: drop or fill it first")


def _check_names(what: str, names: tuple, count: int, of: str) -> None:
    if names and len(names) != count:
        raise ValueError(f"{what} must have one name for each {of}, {count}, got {len(names)}")
