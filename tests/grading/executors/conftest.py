"""A class, what grading it in this process leaves, and how to grade it elsewhere."""

import kill
import nbformat
import pytest
from classroom import NAME, Student, hand_in
from fake import fake_engines

from chainrule.grading import publish
from chainrule.grading.grade import grade

NAMES = [f"s{number:02}" for number in range(12)]


@pytest.fixture(autouse=True)
def _plain_pages(monkeypatch):
    monkeypatch.setattr(publish, "feedback_page", kill.page)


@pytest.fixture
def blank(released):
    """Makes students with nothing written yet."""
    path = released.release / NAME / f"{NAME}.ipynb"
    return lambda: Student(nbformat.read(path, as_version=4))


@pytest.fixture
def klass(released, blank):
    """Twelve who handed in: every third nothing, one something unreadable."""
    for number, name in enumerate(NAMES):
        student = blank() if number % 3 == 0 else blank().solve()
        hand_in(released, name, student.nb if number != 5 else "{")
    return released


@pytest.fixture
def wanted(klass):
    """What the course holds after a run in this process, of a copy."""
    twin = kill._copy(klass.root, klass.root.parent / "here")
    grade(twin, NAME, engines=fake_engines)
    return kill.dump(twin)
