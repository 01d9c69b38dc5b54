"""Data that come with scikit-learn."""

import subprocess
import sys

import numpy as np
import pytest

from chainrule.data import load_breast_cancer, load_diabetes, load_digits

EVERY = [load_diabetes, load_breast_cancer, load_digits]


@pytest.mark.parametrize(
    ("load", "shape", "n_classes"),
    [
        (load_diabetes, (442, 10), None),
        (load_breast_cancer, (569, 30), 2),
        (load_digits, (1797, 64), 10),
    ],
)
def test_shapes_and_names(load, shape, n_classes):
    data = load()
    assert data.X.shape == shape
    assert data.y.shape == (shape[0], 1)
    assert len(data.feature_names) == shape[1]
    assert data.has_classes is (n_classes is not None)
    assert len(data.target_names) == (n_classes or 1)
    assert all(type(name) is str for name in data.feature_names + data.target_names)
    assert data.description
    assert not data.substitute_for


def test_diabetes_comes_in_the_units_of_its_measurements():
    data = load_diabetes()
    age, sex = data.X[:, data.feature_names.index("age")], data.X[:, 1]
    assert 18 < age.min() < age.max() < 100
    assert set(sex) == {1.0, 2.0}
    assert (data.y.min(), data.y.max()) == (25, 346)


def test_a_benign_tumour_has_the_id_1():
    data = load_breast_cancer()
    assert data.target_names == ("malignant", "benign")
    assert np.bincount(data.y[:, 0]).tolist() == [212, 357]
    mean_radius = data.X[:, data.feature_names.index("mean radius")]
    assert mean_radius[data.y[:, 0] == 0].mean() > mean_radius[data.y[:, 0] == 1].mean()


def test_digits_are_pictures_row_by_row():
    data = load_digits()
    assert (data.X.min(), data.X.max()) == (0, 16)
    assert data.feature_names[9] == "pixel 1 1"
    assert np.bincount(data.y[:, 0]).min() > 170
    zeros = data.X[data.y[:, 0] == 0].reshape(-1, 8, 8).mean(axis=0)
    assert zeros[4, 4] < 1  # a zero is hollow
    assert zeros[4, 2] > 8


@pytest.mark.parametrize("load", EVERY)
def test_every_call_returns_arrays_of_its_own(load):
    first, second = load(), load()
    first.X[0, 0] += 1
    assert first.X[0, 0] != second.X[0, 0]


def without_sklearn(code):
    hidden = f"import sys; sys.modules['sklearn'] = None; {code}"
    return subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True)


@pytest.mark.parametrize("call", ["load_digits()", "fetch_boston(fallback=False)", "fetch_mnist()"])
def test_without_scikit_learn_the_error_says_how_to_install_it(call):
    done = without_sklearn(f"from chainrule.data import *; {call}")
    last = done.stderr.strip().splitlines()[-1]
    assert last == (
        "ImportError: this data set comes with scikit-learn, which is not installed: "
        'pip install "chainrule[lectures]"'
    )


def test_generated_data_do_without_scikit_learn():
    code = "from chainrule.data import *; import numpy as np; "
    code += "print(*split(make_moons(10, np.random.default_rng(0)), np.random.default_rng(0)))"
    done = without_sklearn(code)
    assert done.returncode == 0, done.stderr
    assert "moons: 6 samples" in done.stdout
