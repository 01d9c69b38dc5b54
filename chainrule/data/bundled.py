"""Real data that come with scikit-learn, and so need no network."""

import numpy as np

from chainrule.data.dataset import Dataset


def load_diabetes() -> Dataset:
    """442 patients, ten measurements, and how far their diabetes went on within a year.

    Returns
    -------
    Dataset
        ``X`` (442, 10) in the units they were measured in, sex as 1 or 2; ``y`` (442, 1), from 25
        to 346.

    Raises
    ------
    ImportError
        If scikit-learn is not installed; so for all of these.

    References
    ----------
    B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, "Least angle regression", Annals of
    Statistics 32 (2004).
    """
    found = sklearn_datasets().load_diabetes(scaled=False)
    return Dataset(
        found.data.astype(float),
        found.target.astype(float)[:, np.newaxis],
        feature_names=tuple(found.feature_names),
        target_names=("progression",),
        name="diabetes",
        description="442 patients: age, sex, body mass index, blood pressure and six blood values "
        "(s1 to s6); progression of the disease one year later. Efron et al. (2004).",
    )


def load_breast_cancer() -> Dataset:
    """569 tumours, thirty measurements of cell nuclei, and whether they were benign.

    Returns
    -------
    Dataset
        ``X`` (569, 30); ``y`` (569, 1), id 0 malignant (212), 1 benign (357).

    References
    ----------
    W. H. Wolberg, W. N. Street and O. L. Mangasarian, "Breast Cancer Wisconsin (Diagnostic)",
    UCI Machine Learning Repository (1995).
    """
    found = sklearn_datasets().load_breast_cancer()
    return Dataset(
        found.data.astype(float),
        found.target.astype(np.int64)[:, np.newaxis],
        feature_names=tuple(map(str, found.feature_names)),
        target_names=tuple(map(str, found.target_names)),
        name="breast cancer",
        description="569 tumours: mean, error and largest value of ten measures of cell nuclei in "
        "an image; malignant or benign. Wolberg, Street and Mangasarian (1995).",
    )


def load_digits() -> Dataset:
    """1,797 handwritten digits, 8 by 8 pixels.

    Returns
    -------
    Dataset
        ``X`` (1797, 64), grey values from 0 to 16, row by row: ``X[0].reshape(8, 8)`` is a picture;
        ``y`` (1797, 1), ids 0 to 9.

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository (1998).
    """
    found = sklearn_datasets().load_digits()
    return Dataset(
        found.data.astype(float),
        found.target.astype(np.int64)[:, np.newaxis],
        feature_names=tuple(f"pixel {row} {column}" for row in range(8) for column in range(8)),
        target_names=tuple(map(str, range(10))),
        name="digits",
        description="1,797 handwritten digits as pictures of 8 by 8 pixels, grey values 0 to 16. "
        "Alpaydin and Kaynak (1998).",
    )


def sklearn_datasets():
    """scikit-learn's module of data sets, loaded when it is needed.

    Raises
    ------
    ImportError
        If scikit-learn is not installed, with the way to install it.
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError(
            "this data set comes with scikit-learn, which is not installed: "
            'pip install "chainrule[lectures]"'
        ) from error
    return datasets
