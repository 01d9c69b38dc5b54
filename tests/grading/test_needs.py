"""The modules that a notebook needs."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from chainrule.grading.needs import FIGURES, needs_of


def given(source):
    return new_code_cell(source, metadata={"nbgrader": _marks(locked=True)})


def answer(source):
    return new_code_cell(source, metadata={"nbgrader": _marks(solution=True)})


def check(source):
    return new_code_cell(source, metadata={"nbgrader": _marks(locked=True, grade=True)})


def _marks(**kind):
    marks = {"grade": False, "solution": False, "locked": False, "grade_id": "a", "points": 1}
    return marks | kind | {"schema_version": 3, "task": False}


def needed(*cells):
    return needs_of(new_notebook(cells=list(cells)))


def test_given_cells_say_what_they_import():
    source = "import numpy as np, json\nfrom sklearn.datasets import load_digits"
    assert needed(given(source)) == ["numpy", "json", "sklearn.datasets"]


def test_what_a_student_imports_is_left_to_the_student():
    assert needed(answer("import json\nimport antigravity")) == []


def test_what_checks_import_stays_hidden():
    assert needed(check("import secrets_of_the_check\nimport matplotlib.pyplot as plt")) == []


@pytest.mark.parametrize(
    "source",
    ["import matplotlib.pyplot as plt", "plt.plot(x)", "from chainrule.figures import show"],
)
def test_figures_are_made_ready_for_whoever_speaks_of_them(source):
    assert set(FIGURES) <= set(needed(answer(source)))


def test_a_cell_that_is_no_python_needs_nothing():
    assert needed(given("%pip install this\nimport json")) == []
