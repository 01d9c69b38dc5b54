"""Assessing is a pure function, whose arguments and result can travel to other processes."""

import os
import pickle

import nbformat
import pytest
from classroom import CANARIES, NAME, hand_in
from fake import FakeEngine

from chainrule.checks.notebook import Verdict
from chainrule.grading import assess as assess_module
from chainrule.grading import parcel as parcel_module
from chainrule.grading.assess import assess, examine
from chainrule.grading.assignment import read_assignment
from chainrule.grading.kernel import read_config
from chainrule.grading.notes import read_notes
from chainrule.grading.parcel import collect, fingerprint


@pytest.fixture
def assignment(released):
    return read_assignment(released, NAME, read_config(released.root))


@pytest.fixture
def graded(released, student, assignment):
    """Assess what a student hands in."""

    def work(work=student, engine=None):
        hand_in(released, "anna", work.nb)
        parcel = collect(released.submitted / "anna" / NAME, "anna", [NAME])
        return assess(parcel, assignment, engine or FakeEngine(released.root))

    return work


def test_arguments_and_result_can_travel(released, student, assignment):
    hand_in(released, "anna", student.solve().nb)
    parcel = pickle.loads(pickle.dumps(collect(released.submitted / "anna" / NAME, "anna", [NAME])))
    entry = assess(parcel, pickle.loads(pickle.dumps(assignment)), FakeEngine(released.root))
    assert pickle.loads(pickle.dumps(entry)) == entry


def test_it_is_the_same_every_time(graded, student):
    student.solve()
    one, other = graded(), graded()
    assert one.digest == other.digest
    assert one.seconds >= 0


def test_it_opens_no_gradebook(released, graded, student):
    student.solve()
    released.gradebook.unlink()
    assert graded().marks[NAME]["double-hidden"].points == 3.0
    assert not released.gradebook.exists()


def test_the_checks_are_those_of_the_source(graded, student):
    student.solve()
    nb = graded().notebook(NAME)
    hidden = next(cell for cell in nb.cells if cell.id == "double-hidden")
    assert CANARIES[0] in hidden.source
    assert CANARIES[3] not in nbformat.writes(nb)  # the solution


def test_points_verdicts_and_words_are_kept(graded, student):
    student.solve().answer("square", "def square(x): return 1 / 0")
    marks = graded().marks[NAME]
    assert [(mark.points, mark.verdict) for mark in marks.values()] == [
        (2.0, "passed"), (3.0, "passed"), (0.0, "failed"), (None, "by hand"),
    ]  # fmt: skip
    assert marks["square-check"].said == "ZeroDivisionError: division by zero"


class Says(FakeEngine):
    """Makes a check say what it says, whatever the answers are."""

    def __init__(self, *outputs):
        self.outputs = outputs

    def run(self, nb, folder, files):
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs = []
            if cell.id == "double-hidden":
                cell.outputs = [nbformat.from_dict(output) for output in self.outputs]


def value(text):
    return {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": text}}


@pytest.mark.parametrize("number", ["nan", "-1.0", "4.0", "inf", "1e999"])
def test_a_number_that_cannot_be_points_is_none(graded, number):
    """nbgrader gives full marks for the first two and ends its run over the others."""
    entry = graded(engine=Says(value(number)))
    assert entry.marks[NAME]["double-hidden"].points == 0.0
    assert entry.notes[-1].cells == ["double-hidden"]
    assert "A check gave" in entry.notes[-1].text


@pytest.mark.parametrize(("shown", "points"), [("1.5", 1.5), ("0", 0.0), ("'done'", 3.0)])
def test_other_values_count_as_nbgrader_counts_them(graded, shown, points):
    assert graded(engine=Says(value(shown))).marks[NAME]["double-hidden"].points == points


def test_what_every_check_found_is_kept(graded):
    found = [
        {"exercise": "double", "stage": "forward", "share": 1.0, "mistake": ""},
        {"exercise": "double", "stage": "backward", "share": 0.0, "mistake": "upstream_forgotten"},
    ]

    class Names(Says):
        def run(self, nb, folder, files):
            super().run(nb, folder, files)
            cell = next(c for c in nb.cells if c.id == "double-hidden")
            cell.metadata["chainrule"] = {"verdicts": found}

    mark = graded(engine=Names()).marks[NAME]["double-hidden"]
    assert mark.checks == [Verdict(**one) for one in found]
    assert mark.mistake == "upstream_forgotten"


def test_what_is_suspicious_is_for_the_instructor_only(graded, student):
    student.own("import gc\nfound = gc.get_objects()", after="double")
    entry = graded()
    (note,) = entry.notes
    assert note.kind == "suspicious"
    assert "gc.get_objects" in note.text
    assert "gc.get_objects" not in str(read_notes(entry.notebook(NAME)))
    assert "suspicious" not in entry.notebooks[NAME]


def test_a_flood_of_output_is_cut(graded, monkeypatch):
    monkeypatch.setattr(assess_module, "MAX_OUTPUT", 1000)
    flood = {"output_type": "stream", "name": "stdout", "text": "x" * 5000}
    cell = next(
        c for c in graded(engine=Says(flood)).notebook(NAME).cells if c.id == "double-hidden"
    )
    assert [output.text for output in cell.outputs] == [
        "(output of more than 0.001 million characters is not kept)"
    ]


def test_files_beside_the_notebook_are_there_but_ours_come_first(released, graded, student):
    seen = {}

    class Looks(FakeEngine):
        def run(self, nb, folder, files):
            seen.update(files)
            super().run(nb, folder, files)

    folder = released.submitted / "anna" / NAME
    folder.mkdir(parents=True)
    (folder / "helper.py").write_text("x = 1", encoding="utf-8")
    (folder / "numbers.txt").write_text("forged", encoding="utf-8")
    entry = graded(engine=Looks(released.root))
    assert seen["helper.py"] == b"x = 1"
    assert seen["numbers.txt"] == b"1 2 3\n"
    assert entry.files == {"helper.py": b"x = 1"}


def test_text_that_no_file_can_hold_is_replaced(released, student, assignment):
    student.solve().answer("why", "Because HALF.")
    text = nbformat.writes(student.nb).replace("HALF", "\\ud800")
    hand_in(released, "anna", text)
    parcel = collect(released.submitted / "anna" / NAME, "anna", [NAME])
    entry = assess(parcel, assignment, FakeEngine(released.root))
    assert entry.marks[NAME]["why"].verdict == "by hand"
    assert "Because \ufffd." in entry.notebooks[NAME]


def test_what_goes_wrong_on_our_side_is_an_entry(released, student, assignment):
    hand_in(released, "anna", student.nb)
    entry = examine(
        collect(released.submitted / "anna" / NAME, "anna", [NAME]), assignment, object()
    )
    assert entry.status == "not graded"
    assert "AttributeError" in entry.notes[-1].text


# --- fingerprints ---------------------------------------------------------------------------------


def test_a_fingerprint_depends_on_names_and_contents_only(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "sub").mkdir(parents=True)
        (folder / "a").write_text("a")
        (folder / "sub" / "b").write_text("b")
    (other / "timestamp.txt").write_text("2026-01-01")
    assert look(one) == look(other)
    (other / "a").write_text("b")
    assert look(one) != look(other)
    (other / "a").write_text("a")
    (other / "sub" / "b").rename(other / "b")
    assert look(one) != look(other)
    assert look(tmp_path / "none") not in (look(one), look(other))


def test_a_fingerprint_follows_no_link_and_waits_for_no_pipe(tmp_path):
    secret, folder = tmp_path / "secret", tmp_path / "in"
    secret.write_text("one")
    folder.mkdir()
    try:
        (folder / "link").symlink_to(secret)
        (folder / "loop").symlink_to(folder)
        (tmp_path / "elsewhere").symlink_to(folder)
        os.mkfifo(folder / "pipe")
    except (OSError, AttributeError):
        pytest.skip("this system has no links or pipes")
    before, through = look(folder), look(tmp_path / "elsewhere")
    secret.write_text("two")
    assert look(folder) == before
    (folder / "new").write_text("new")
    assert look(folder) != before
    assert look(tmp_path / "elsewhere") == through


def test_of_a_flood_of_files_the_notebook_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(parcel_module, "MAX_ENTRIES", 10)
    for number in range(20):
        (tmp_path / str(number)).write_text("x")
    notebook = tmp_path / f"{NAME}.ipynb"
    notebook.write_text("one")
    before = look(tmp_path)
    (tmp_path / "1").write_text("y")
    assert look(tmp_path) == before
    notebook.write_text("two")
    assert look(tmp_path) != before


def look(folder):
    return fingerprint(folder, [NAME])
