"""What one submission costs does not depend on how many there are: neither time nor memory."""

import gc
import sqlite3

import kill
import nbformat
import pytest
from classroom import NAME, Student, hand_in
from fake import fake_engines
from sqlalchemy import event

from chainrule.grading import grade as grade_module
from chainrule.grading import publish
from chainrule.grading.grade import grade
from chainrule.grading.journal import Entry, Journal
from chainrule.grading.kernel import read_config
from chainrule.grading.progress import Progress
from chainrule.grading.record import Recorder

LARGE = ("grade", "comment", "submitted_notebook", "submitted_assignment", "chainrule_answer")


@pytest.fixture
def klass(released, monkeypatch):
    monkeypatch.setattr(publish, "feedback_page", kill.page)
    student = Student(nbformat.read(released.release / NAME / f"{NAME}.ipynb", as_version=4))
    for number in range(12):
        hand_in(released, f"s{number}", student.solve().nb)
    return released


def test_the_database_looks_for_one_student_without_reading_through_the_class(klass):
    grade(klass, NAME, engines=fake_engines)
    entry = Journal(klass.journal, NAME).read("s1")
    asked = []
    with Recorder(klass, NAME, read_config(klass.root)) as recorder:
        event.listen(
            recorder.engine, "before_cursor_execute",
            lambda _, cursor, text, values, *more: asked.append((text, values)),
        )  # fmt: skip
        recorder.record(entry)
    queries = [one for one in asked if one[0].lstrip().startswith("SELECT")]
    assert len(queries) >= 4
    with sqlite3.connect(klass.gradebook) as book:
        for text, values in queries:
            for *_, step in book.execute(f"explain query plan {text}", values):
                assert not [name for name in LARGE if step.startswith(f"SCAN {name}")], text
    book.close()


@pytest.mark.parametrize("regrade", [False, True])
def test_no_more_than_a_few_entries_are_in_memory_at_once(klass, regrade):
    class Counts(Progress):
        most = 0

        def end(self, row, seconds):
            gc.collect()
            alive = sum(isinstance(one, Entry) for one in gc.get_objects())
            Counts.most = max(Counts.most, alive)

    if regrade:
        grade(klass, NAME, engines=fake_engines)
    grade(klass, NAME, engines=fake_engines, progress=Counts(), regrade=regrade)
    assert 1 <= Counts.most <= 3


def test_a_run_reads_no_entry_that_it_has_just_written(klass, monkeypatch):
    read, names = Journal.read, []
    monkeypatch.setattr(
        Journal, "read", lambda self, name: names.append(name) or read(self, name)
    )  # fmt: skip
    monkeypatch.setattr(grade_module, "write_report", lambda *_: None)  # which reads each once
    grade(klass, NAME, engines=fake_engines)
    assert len(names) == 12  # to see that there is none
    names.clear()
    grade(klass, NAME, engines=fake_engines)
    assert len(names) == 24  # what is known of it, and what it says
