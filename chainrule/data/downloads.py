"""Data from the network, with a bundled substitute where there is none. No lecture needs them.

Whatever goes wrong, a ``fetch_...`` ends within its time limit, without a traceback: it says why
and returns the substitute, whose ``substitute_for`` is set. What was downloaded once is kept on the
disk, where scikit-learn keeps its data, and needs no network again.
"""

import gzip
import hashlib
import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import numpy as np

from chainrule import arguments
from chainrule.data.bundled import load_diabetes, load_digits, sklearn_datasets
from chainrule.data.dataset import Dataset
from chainrule.data.network import DownloadError, reachable, within

OFFLINE_LIMIT = 5.0  # seconds to load what was downloaded before
CALIFORNIA_SERVER = "https://ndownloader.figshare.com"
BOSTON_SERVER = "https://api.openml.org"
MNIST_SERVER = "https://ossci-datasets.s3.amazonaws.com"
# Pictures and labels, each with its MD5 sum: 60,000 training samples, then 10,000 to test with.
MNIST_FILES = (
    ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
    ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
    ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
)


def fetch_california_housing(fallback: bool = True, time_limit: float = 60.0) -> Dataset:
    """20,640 districts of California in 1990, and the median value of a house in each.

    Parameters
    ----------
    fallback : bool
        Whether to return the bundled diabetes data, and print why, if these cannot be downloaded.
    time_limit : float
        Seconds that the download may take.

    Returns
    -------
    Dataset
        ``X`` (20640, 8); ``y`` (20640, 1), in units of 100,000 dollars.

    Raises
    ------
    DownloadError
        If they cannot be downloaded and ``fallback`` is False.
    ImportError
        If scikit-learn is not installed.

    References
    ----------
    R. K. Pace and R. Barry, "Sparse spatial autoregressions", Statistics and Probability Letters
    33 (1997).
    """
    return _fetch(
        "California housing", CALIFORNIA_SERVER, _california, load_diabetes, fallback, time_limit
    )


def fetch_boston(fallback: bool = True, time_limit: float = 60.0) -> Dataset:
    """506 districts of Boston in the 1970s, and the median value of a house in each; from OpenML.

    Only to compare with what others have published. scikit-learn has removed these data: the
    feature ``B`` is built on the assumption that people's skin colour sets house prices.

    Parameters
    ----------
    fallback, time_limit
        As for ``fetch_california_housing``.

    Returns
    -------
    Dataset
        ``X`` (506, 13); ``y`` (506, 1), in units of 1,000 dollars.

    Raises
    ------
    DownloadError, ImportError
        As for ``fetch_california_housing``.

    References
    ----------
    D. Harrison and D. L. Rubinfeld, "Hedonic prices and the demand for clean air", Journal of
    Environmental Economics and Management 5 (1978).
    """
    return _fetch("Boston housing", BOSTON_SERVER, _boston, load_diabetes, fallback, time_limit)


def fetch_mnist(
    n_samples: int | None = None, fallback: bool = True, time_limit: float = 300.0
) -> Dataset:
    """70,000 handwritten digits, 28 by 28 pixels.

    Parameters
    ----------
    n_samples : int, optional
        Only the first so many. All of them take 440 MB of memory.
    fallback, time_limit
        As for ``fetch_california_housing``; the substitute is the bundled digits, 8 by 8 pixels.

    Returns
    -------
    Dataset
        ``X`` (70000, 784), grey values from 0 to 255, row by row: ``X[0].reshape(28, 28)`` is a
        picture; ``y`` (70000, 1), ids 0 to 9. The last 10,000 are meant to test with.

    Raises
    ------
    DownloadError, ImportError
        As for ``fetch_california_housing``.

    References
    ----------
    Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits" (1998).
    """
    if n_samples is not None:
        arguments.count("n_samples", n_samples)
    return _fetch(
        "MNIST",
        MNIST_SERVER,
        lambda online: _mnist(online, n_samples),
        lambda: load_digits().take(slice(n_samples)),
        fallback,
        time_limit,
    )


def _fetch(
    name: str,
    server: str,
    download: Callable[[bool], Dataset],
    substitute: Callable[[], Dataset],
    fallback: bool,
    time_limit: float,
) -> Dataset:
    sklearn_datasets()  # its absence is another matter
    time_limit = arguments.above_zero("time_limit", time_limit)
    online = reachable(server)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of attempts that are made again
            return within(time_limit if online else OFFLINE_LIMIT, lambda: download(online))
    except DownloadError as error:
        reason = str(error) if online else f"{server} does not answer"
    message = f"{name} cannot be downloaded: {reason}."
    if not fallback:
        raise DownloadError(message)
    data = replace(substitute(), substitute_for=name)
    print(f"{message}\nIn its place: {data!r}")
    return data


def _california(online: bool) -> Dataset:
    found = sklearn_datasets().fetch_california_housing(download_if_missing=online)
    return Dataset(
        found.data.astype(float),
        found.target.astype(float)[:, np.newaxis],
        feature_names=tuple(found.feature_names),
        target_names=("MedHouseVal",),
        name="California housing",
        description="20,640 districts of California in 1990: income, age of houses, rooms, people, "
        "place; median value of a house in 100,000 dollars. Pace and Barry (1997).",
    )


def _boston(online: bool) -> Dataset:
    found = sklearn_datasets().fetch_openml(
        "boston",
        version=1,
        as_frame=False,
        parser="liac-arff",
        n_retries=3 if online else 0,
    )
    X, names = found.data.astype(float), list(found.feature_names)
    # Columns of a few values come as positions in the list of these values.
    for name, values in (found.categories or {}).items():
        if name in names:
            column = names.index(name)
            X[:, column] = np.array(values, dtype=float)[X[:, column].astype(int)]
    return Dataset(
        X,
        np.asarray(found.target, dtype=float)[:, np.newaxis],
        feature_names=tuple(names),
        target_names=("MEDV",),
        name="Boston housing",
        description="506 districts of Boston in the 1970s; median value of a house in 1,000 "
        "dollars. Harrison and Rubinfeld (1978). Not for use beyond comparison.",
    )


def _mnist(online: bool, n_samples: int | None) -> Dataset:
    arrays = [_idx(_file(name, md5, online)) for name, md5 in MNIST_FILES]
    pictures, labels = np.concatenate(arrays[::2]), np.concatenate(arrays[1::2])
    pictures, labels = pictures[:n_samples], labels[:n_samples]
    rows, columns = pictures.shape[1:]
    return Dataset(
        pictures.reshape(len(pictures), -1).astype(float),
        labels.astype(np.int64)[:, np.newaxis],
        feature_names=tuple(f"pixel {r} {c}" for r in range(rows) for c in range(columns)),
        target_names=tuple(map(str, range(10))),
        name="MNIST",
        description="Handwritten digits as pictures of 28 by 28 pixels, grey values 0 to 255. "
        "LeCun, Cortes and Burges (1998).",
    )


def _file(name: str, md5: str, online: bool) -> bytes:
    """The content of a file of MNIST: the one on the disk, or else downloaded and kept."""
    path = Path(sklearn_datasets().get_data_home()) / "mnist" / name
    if path.exists():
        content = path.read_bytes()
        if hashlib.md5(content, usedforsecurity=False).hexdigest() == md5:
            return content
    if not online:
        raise DownloadError(f"{name} is not on the disk")
    with urlopen(f"{MNIST_SERVER}/mnist/{name}", timeout=30) as answer:
        content = answer.read()
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise DownloadError(f"{name} has been damaged on the way")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    return content


def _idx(content: bytes) -> np.ndarray:
    """Read the format of MNIST: two zeros, dtype (8: bytes), number of axes, sizes, values."""
    content = gzip.decompress(content)
    sizes = np.frombuffer(content, dtype=">i4", count=content[3], offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)
