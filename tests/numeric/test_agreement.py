"""What the lectures print when two results are put side by side."""

import numpy as np
import pytest

from chainrule.numeric import compare


def test_agreement_prints_the_tolerance_and_not_the_error(capsys):
    compare("sum", np.array([1.0, 2.0]) + 1e-12, [1.0, 2.0])
    assert capsys.readouterr().out == "sum: agree within 1e-07\n"


def test_disagreement_prints_how_large_it_is(capsys):
    compare("slope", 3.0, 4.0)
    assert capsys.readouterr().out == "slope: DISAGREE, relative error 0.25\n"


def test_the_tolerance_is_the_callers(capsys):
    compare("float32", 1.0, 1.0001, tolerance=1e-3)
    assert "agree within 0.001" in capsys.readouterr().out


def test_a_nan_never_agrees(capsys):
    compare("lost", np.nan, 1.0)
    assert "DISAGREE" in capsys.readouterr().out


def test_shapes_must_be_the_same():
    with pytest.raises(ValueError, match=r"shapes differ: actual \(2,\), expected \(3,\)"):
        compare("shapes", [1.0, 2.0], [1.0, 2.0, 3.0])
