"""Whatever is handed in becomes notebooks to grade, or a reason the student can act on."""

import json
import os

import nbformat
import pytest
from classroom import NAME

from chainrule.grading import intake
from chainrule.grading.intake import read_notebook, receive

FILE = f"{NAME}.ipynb"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "submitted" / "somebody" / NAME
    path.mkdir(parents=True)
    return path


def take(folder, pristine):
    return receive(folder, "somebody", {NAME: pristine})


def reason(folder, pristine):
    """Why the submission cannot be graded; it must hold no notebook."""
    taken = take(folder, pristine)
    assert taken.notebooks == {}
    (note,) = taken.notes
    return str(note)


def put(folder, content, name=FILE):
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content, encoding="utf-8")
    return path


def test_a_sound_notebook_is_taken_without_a_word(folder, student, pristine):
    nbformat.write(student.solve().nb, folder / FILE)
    taken = take(folder, pristine)
    assert [cell.source for cell in taken.notebooks[NAME].cells] == [
        cell.source for cell in student.nb.cells
    ]
    assert taken.notes == []


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_notebook_is_said_to_be_cut_off(folder, pristine, share):
    text = nbformat.writes(pristine)
    put(folder, text[: int(share * len(text))])
    assert "is cut off: it ends in line" in reason(folder, pristine)


def test_a_damaged_notebook_names_the_line(folder, pristine):
    put(folder, nbformat.writes(pristine).replace('"cells": [', '"cells" [', 1))
    assert "is damaged in line 2" in reason(folder, pristine)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"  \n\n", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF, not a notebook"),
        (b"PK\x03\x04...", "is a ZIP archive"),
        (b"<!DOCTYPE html>", "is an HTML page"),
        (b"x = 1\n", "is not a notebook"),
        (b"\x80\x81\x82\xff{", "is not text"),
        (b"{}", "has no cells"),
        (b"[]", "has no cells"),
        (b"null", "is not a notebook"),
        (b'{"cells": 3}', "has no cells"),
        (b'{"cells": []}', "has no cells"),
        (b'{"cells": [1, null, "x"]}', "has no cells"),
        (b'{"worksheets": [{"cells": 5}], "nbformat": 3}', "has no cells"),
        (b"[" * 200_000, "cannot be read"),
    ],
)
def test_what_is_no_notebook_is_named(folder, pristine, content, words):
    put(folder, content)
    assert words in reason(folder, pristine)


def test_every_reason_says_what_to_do(folder, pristine):
    put(folder, b"")
    assert "save it, and hand in that file" in reason(folder, pristine)


def test_a_missing_folder_says_what_was_found_instead(folder, pristine):
    folder.rename(folder.with_name("Mini"))
    taken = take(folder, pristine)
    assert "no folder 'mini' in the submission (found: Mini)" in str(taken.notes[0])


def test_a_folder_without_a_notebook_says_which_is_expected(folder, pristine):
    put(folder, "hello", "readme.txt")
    assert reason(folder, pristine).endswith("Hand in mini.ipynb")


@pytest.mark.parametrize("name", ["mini (1).ipynb", "mini-Copy1.ipynb", "my mini.IPYNB"])
def test_a_single_renamed_notebook_is_graded_and_said_so(folder, student, pristine, name):
    put(folder, nbformat.writes(student.solve().nb), name)
    taken = take(folder, pristine)
    assert list(taken.notebooks) == [NAME]
    assert str(taken.notes[0]) == f"{name} was graded as mini.ipynb"


def test_of_several_renamed_notebooks_the_one_with_most_answers_is_graded(
    folder, student, pristine
):
    nbformat.write(pristine, folder / "two.ipynb")
    nbformat.write(student.solve().nb, folder / "one.ipynb")
    taken = take(folder, pristine)
    assert "return 2 * x" in taken.notebooks[NAME].cells[2].source
    assert [str(note) for note in taken.notes] == [
        "one.ipynb was graded as mini.ipynb",
        "Other notebooks were not graded: two.ipynb",
    ]


def test_of_equal_copies_the_last_by_name_is_graded(folder, student, pristine):
    for number in (2, 10, 1):
        nbformat.write(student.solve().nb, folder / f"mini ({number}).ipynb")
    assert "mini (10).ipynb was graded" in str(take(folder, pristine).notes[0])


def test_beside_the_right_name_other_notebooks_are_not_graded(folder, student, pristine):
    nbformat.write(student.solve().nb, folder / FILE)
    put(folder, "", "scratch.ipynb")
    taken = take(folder, pristine)
    assert list(taken.notebooks) == [NAME]
    assert "not graded: scratch.ipynb" in str(taken.notes[0])


def test_work_done_in_a_second_download_counts_if_the_first_is_untouched(folder, student, pristine):
    nbformat.write(pristine, folder / FILE)
    nbformat.write(student.solve().nb, folder / "mini (1).ipynb")
    taken = take(folder, pristine)
    assert "return 2 * x" in taken.notebooks[NAME].cells[2].source
    assert "mini.ipynb has no answers in it" in str(taken.notes[0])


def test_a_damaged_notebook_of_the_right_name_is_replaced_by_a_sound_copy(
    folder, student, pristine
):
    put(folder, "{", FILE)
    nbformat.write(student.solve().nb, folder / "copy.ipynb")
    taken = take(folder, pristine)
    assert list(taken.notebooks) == [NAME]
    assert "copy.ipynb was graded as mini.ipynb: mini.ipynb is cut off" in str(taken.notes[0])


def test_another_assignments_notebook_is_refused(folder, pristine):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    nbformat.write(nb, folder / FILE)
    assert "holds none of the exercises of mini" in reason(folder, pristine)


def test_a_byte_order_mark_and_utf16_are_read(folder, student):
    text = nbformat.writes(student.solve().answer("why", "naïve ∂").nb)
    for encoding in ("utf-8-sig", "utf-16"):
        assert read_notebook(text.encode(encoding), FILE).cells[-1].source == "naïve ∂"


def test_format_3_is_read(folder):
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": [
            {"cell_type": "code", "input": "x = 1", "language": "python", "outputs": [],
             "metadata": {}, "collapsed": False},
        ]}],
    }  # fmt: skip
    assert read_notebook(json.dumps(old).encode(), FILE).cells[0].source == "x = 1"


def test_cells_of_strange_shape_are_left_out(folder, student):
    raw = json.loads(nbformat.writes(student.solve().nb))
    raw["cells"] += [7, None, {"cell_type": "code", "source": {"a": 1}}]
    raw["cells"][0] |= {"source": ["# Mi", 3, "ni"], "metadata": "none", "id": "not an id!"}
    nb = read_notebook(json.dumps(raw).encode(), FILE)
    assert len(nb.cells) == len(student.nb.cells)
    assert nb.cells[0].source == "# Mini"
    nbformat.validate(nb)


def test_doubled_cell_ids_become_different(folder, student):
    raw = json.loads(nbformat.writes(student.nb))
    for cell in raw["cells"]:
        cell["id"] = "cell-1"
    ids = [cell.id for cell in read_notebook(json.dumps(raw).encode(), FILE).cells]
    assert len(set(ids)) == len(ids)


def test_a_huge_file_is_refused(folder, pristine, monkeypatch):
    monkeypatch.setattr(intake, "MAX_BYTES", 1000)
    put(folder, nbformat.writes(pristine))
    assert "Clear all outputs" in reason(folder, pristine)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(folder, pristine):
    os.mkfifo(folder / FILE)
    assert "is a pipe or device, not a file of its own" in reason(folder, pristine)


def test_a_link_to_another_notebook_is_refused(folder, student, pristine, tmp_path):
    nbformat.write(student.solve().nb, tmp_path / "neighbour.ipynb")
    try:
        (folder / FILE).symlink_to(tmp_path / "neighbour.ipynb")
    except OSError:
        pytest.skip("needs the right to make links")
    assert "not a file of its own" in reason(folder, pristine)


def test_own_files_come_along_and_links_do_not(folder, student, pristine, tmp_path):
    nbformat.write(student.nb, folder / FILE)
    (folder / "data").mkdir()
    put(folder / "data", "1", "own.txt")
    secret = put(tmp_path, "secret", "secret.txt")
    try:
        (folder / "stolen.txt").symlink_to(secret)
    except OSError:
        pytest.skip("needs the right to make links")
    assert list(take(folder, pristine).files) == ["data/own.txt"]


@pytest.mark.parametrize(("stamp", "kept"), [("2026-11-05 10:00:00 UTC", True), ("soon", False)])
def test_a_time_stamp_nbgrader_cannot_read_is_left_out(folder, pristine, stamp, kept):
    nbformat.write(pristine, folder / FILE)
    put(folder, stamp, "timestamp.txt")
    assert ("timestamp.txt" in take(folder, pristine).files) is kept


def test_a_submission_is_written_out_for_nbgrader(folder, student, pristine, tmp_path):
    nbformat.write(student.solve().nb, folder / FILE)
    put(folder, "1", "own.txt")
    take(folder, pristine).write(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [FILE, "own.txt"]
