"""Workers to try things in, with and without a box."""

import sys

import pytest

from chainrule.grading.course import CourseError
from chainrule.grading.sandbox import box as boxes
from chainrule.grading.sandbox.doctor import SERVE, ask
from chainrule.grading.sandbox.limits import MIB, Limits
from chainrule.grading.sandbox.nursery import Nursery

LIMITS = Limits(memory=512 * MIB, processes=24, tmp_size=16 * MIB, tmp_files=100)


@pytest.fixture(scope="session")
def box():
    """The real one."""
    try:
        return boxes.find_box()
    except CourseError as error:
        pytest.skip(f"bubblewrap is missing: {str(error).splitlines()[0]}")


@pytest.fixture(scope="session")
def nursery(box):
    """Workers that do as `attempts.serve` is told, in the box."""
    with Nursery(box, LIMITS, serve=SERVE, imports=()) as made:
        yield made


@pytest.fixture(scope="session")
def bare_nursery():
    """The same without a box."""
    if sys.platform != "linux":
        pytest.skip("what is left of workers is looked for in /proc")
    with Nursery(boxes.no_box(), LIMITS, serve=SERVE, imports=()) as made:
        yield made


@pytest.fixture
def worker(nursery):
    with nursery.worker() as made:
        yield made


@pytest.fixture
def bare_worker(bare_nursery):
    with bare_nursery.worker() as made:
        yield made


@pytest.fixture
def inside(worker):
    """Runs Python source inside a worker; what it leaves in `result`."""
    return lambda source: ask(worker, run=source)
