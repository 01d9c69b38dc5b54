"""Fixtures: a course before and after its release, and a student's notebook."""

import os
import shutil

import nbformat
import pytest

pytest.importorskip("nbgrader")

from classroom import NAME, Student, make_course

from chainrule.grading.course import Course
from chainrule.grading.release import release


@pytest.fixture
def course(tmp_path):
    """A course that has not been released yet."""
    return make_course(tmp_path / "course")


@pytest.fixture(scope="session")
def released_once(tmp_path_factory):
    made = make_course(tmp_path_factory.mktemp("released") / "course")
    release(made)
    return made


@pytest.fixture
def released(released_once, tmp_path):
    """A fresh copy of a released course, gradebook included."""
    shutil.copytree(released_once.root, tmp_path / "course")
    return Course.at(tmp_path / "course")


@pytest.fixture
def pristine(released_once):
    """The released notebook."""
    path = released_once.release / NAME / f"{NAME}.ipynb"
    return nbformat.read(path, as_version=4)


@pytest.fixture
def student(pristine):
    """A student with the released notebook, nothing written yet."""
    return Student(nbformat.from_dict(pristine))


@pytest.fixture(scope="module")
def zygote(tmp_path_factory):
    """Forks students' processes without a box."""
    if not hasattr(os, "fork"):
        pytest.skip("needs processes that fork")
    from forked import Zygote

    made = Zygote(tmp_path_factory.mktemp("homes"))
    yield made
    made.end()
