"""Whatever is handed in becomes notebooks to grade, or a reason the student can act on."""

import json
import os
import pickle
import sys

import nbformat
import pytest
from classroom import NAME

from chainrule.grading import belongings, intake
from chainrule.grading import folder as folder_module
from chainrule.grading.folder import RELATIVE, Folder, Refused
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


# ------------------------------------------------------------------ nothing is followed
def link(path, target):
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("needs the right to make links")


def kinds(taken):
    return [note.kind for note in taken.notes]


@pytest.mark.parametrize("part", ["problem set", "student"])
def test_a_folder_that_is_a_link_is_refused(folder, student, pristine, tmp_path, part):
    nbformat.write(student.solve().nb, folder / FILE)
    neighbour = folder.parent
    other = tmp_path / "submitted" / "other"
    if part == "student":
        link(other, neighbour)
    else:
        other.mkdir()
        link(other / NAME, folder)
    taken = receive(other / NAME, "other", {NAME: pristine})
    assert taken.notebooks == {}
    assert kinds(taken) == ["unreadable"]
    assert "is a link, not a file of its own" in str(taken.notes[0])


def test_the_folder_of_all_submissions_may_be_a_link(folder, student, pristine, tmp_path):
    nbformat.write(student.solve().nb, folder / FILE)
    link(tmp_path / "elsewhere", tmp_path / "submitted")
    taken = receive(tmp_path / "elsewhere" / "somebody" / NAME, "somebody", {NAME: pristine})
    assert list(taken.notebooks) == [NAME]


def test_a_file_in_place_of_the_folder_is_refused(folder, pristine):
    folder.rmdir()
    folder.write_text("x", encoding="utf-8")
    assert "is a file, not a folder" in reason(folder, pristine)


def test_a_folder_called_like_a_notebook_is_refused(folder, pristine):
    (folder / FILE).mkdir()
    assert "is a folder, not a file of its own" in reason(folder, pristine)


def test_a_hard_link_is_refused_and_says_how_to_get_rid_of_it(folder, student, pristine, tmp_path):
    nbformat.write(student.solve().nb, folder / FILE)
    os.link(folder / FILE, tmp_path / "second name")
    assert "has a second name elsewhere on the disk (a hard link)" in reason(folder, pristine)


@pytest.mark.parametrize("name", ["link", "loop", "device", "folder"])
def test_a_link_among_the_other_files_is_noted(folder, student, pristine, name):
    nbformat.write(student.solve().nb, folder / FILE)
    targets = {"link": "/etc/hostname", "loop": name, "device": "/dev/zero", "folder": "/etc"}
    link(folder / name, targets[name])
    taken = take(folder, pristine)
    assert kinds(taken) == ["links"]
    assert taken.files == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["pipe", "timestamp.txt"])
def test_a_pipe_beside_is_not_waited_for(folder, student, pristine, name):
    nbformat.write(student.solve().nb, folder / FILE)
    os.mkfifo(folder / name)
    assert take(folder, pristine).files == {}


@pytest.mark.skipif(not hasattr(os, "truncate"), reason="needs sparse files")
def test_sparse_files_are_not_read(folder, student, pristine):
    nbformat.write(student.solve().nb, folder / FILE)
    put(folder, "", "data.bin")
    os.truncate(folder / "data.bin", 10**12)
    taken = take(folder, pristine)
    assert list(taken.notebooks) == [NAME]
    assert kinds(taken) == ["large"]


def test_a_file_that_grows_while_it_is_read_is_refused(folder, pristine, monkeypatch):
    put(folder, nbformat.writes(pristine))
    size = os.fstat

    def smaller(descriptor):
        known = list(size(descriptor))
        known[6] = 10
        return os.stat_result(known)

    with Folder.within(folder.parent, NAME) as opened:
        monkeypatch.setattr(os, "fstat", smaller)
        monkeypatch.setattr(os.path, "samestat", lambda one, other: True)
        with pytest.raises(intake.TooLarge, match="too large"):
            opened.read(FILE, 1000)


@pytest.mark.skipif(not RELATIVE, reason="needs O_NOFOLLOW")
def test_a_file_exchanged_for_a_link_after_a_look_at_it_is_refused(
    folder, pristine, monkeypatch, tmp_path
):
    secret = put(tmp_path, "secret", "secret.txt")
    link(folder / "own.txt", secret)
    with Folder.within(folder.parent, NAME) as opened:
        monkeypatch.setattr(Folder, "_stat", lambda self, name: secret.stat())
        with pytest.raises(Refused, match="cannot be opened"):
            opened.read("own.txt", 1000)


def test_thousands_of_files_leave_the_notebook(folder, student, pristine, monkeypatch):
    monkeypatch.setattr(intake, "MAX_ENTRIES", 50)
    nbformat.write(student.solve().nb, folder / FILE)
    for number in range(60):
        put(folder, "x", f"file{number}.txt")
    taken = take(folder, pristine)
    assert list(taken.notebooks) == [NAME]
    assert taken.files == {}
    assert kinds(taken) == ["large"]


def test_deep_folders_are_not_entered(folder, student, pristine):
    nbformat.write(student.solve().nb, folder / FILE)
    here = folder
    for _ in range(30):
        here = here / "deeper"
        here.mkdir()
        put(here, "x", "x.txt")
    taken = take(folder, pristine)
    assert len(taken.files) == intake.MAX_DEPTH - 1
    assert kinds(taken) == ["large"]


def test_it_works_where_files_cannot_be_opened_relative_to_a_folder(
    folder, student, pristine, monkeypatch, tmp_path
):
    """As on Windows."""
    monkeypatch.setattr(folder_module, "RELATIVE", False)
    nbformat.write(student.solve().nb, folder / FILE)
    (folder / "data").mkdir()
    put(folder / "data", "1", "own.txt")
    link(folder / "secret.txt", tmp_path)
    taken = take(folder, pristine)
    assert list(taken.notebooks) == [NAME]
    assert taken.files == {"data/own.txt": b"1"}
    assert kinds(taken) == ["links"]


# ------------------------------------------------------------------ one submission, one digest
def test_the_digest_is_one_of_names_and_contents(folder, student, pristine):
    nbformat.write(student.solve().nb, folder / FILE)
    put(folder, "1", "own.txt")
    first = take(folder, pristine).digest
    os.utime(folder / FILE, (0, 0))
    put(folder, "2026-11-05 10:00:00 UTC", "timestamp.txt")
    put(folder, "", ".DS_Store")
    assert take(folder, pristine).digest == first
    put(folder, "2", "own.txt")
    second = take(folder, pristine).digest
    (folder / "own.txt").rename(folder / "other.txt")
    assert len({first, second, take(folder, pristine).digest}) == 3


def test_the_order_in_which_a_disk_lists_files_is_of_no_matter(
    folder, student, pristine, monkeypatch
):
    for name in ("b.ipynb", "a.ipynb", "c.ipynb"):
        nbformat.write(student.solve().nb, folder / name)
    for number in range(9):
        put(folder, "x", f"{number}.txt")
    first = take(folder, pristine)
    scandir = os.scandir

    class Reversed:
        def __init__(self, place):
            self.entries = list(scandir(place))[::-1]

        def __enter__(self):
            return self.entries

        def __exit__(self, *exception):
            pass

    monkeypatch.setattr(os, "scandir", Reversed)
    assert take(folder, pristine) == first


def test_a_submission_can_be_sent_to_another_process(folder, student, pristine):
    nbformat.write(student.solve().nb, folder / FILE)
    put(folder, "1", "own.txt")
    taken = take(folder, pristine)
    assert pickle.loads(pickle.dumps(taken)) == taken


# ------------------------------------------------------------------ names
ODD_NAMES = [
    "=1+1\n*?[a]{x}$(id)<b>.ipynb", "x" * 240 + ".ipynb", "nai\u0308ve.ipynb", " .ipynb",
    "-rf.ipynb", "MINI.IPYNB", "mini.ipynb.txt", "mini.ipynb.json", "mini.json", "mini.txt", "mini",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_notebook_of_any_name_is_found(folder, student, pristine, name):
    try:
        nbformat.write(student.solve().nb, put(folder, "", name))
    except OSError:
        pytest.skip("this system has no such names")
    taken = take(folder, pristine)
    assert list(taken.notebooks) == [NAME]
    assert kinds(taken) == ["renamed"]
    assert str(taken.notes[0]).isprintable()
    assert len(str(taken.notes[0])) < 200


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX systems only")
def test_names_that_are_no_text_are_written_so_that_they_can_be_read(folder, student, pristine):
    try:
        (folder / os.fsdecode(b"m\xffni.ipynb")).write_text(nbformat.writes(student.solve().nb))
    except OSError:
        pytest.skip("this disk takes no such names")
    put(folder, "x", os.fsdecode(b"d\xffta.txt"))
    taken = take(folder, pristine)
    assert [str(note) for note in taken.notes] == [
        "m\\udcffni.ipynb was graded as mini.ipynb",
        "Files were left out since their names are no text: d\\udcffta.txt",
    ]
    assert taken.files == {}


def test_a_notebook_in_a_folder_of_its_own_is_found_with_what_lies_beside_it(
    folder, student, pristine
):
    inner = folder / "work" / NAME
    inner.mkdir(parents=True)
    nbformat.write(student.solve().nb, inner / FILE)
    put(inner, "1", "helper.txt")
    put(folder, "2", "helper.txt")
    put(folder, "3", "other.txt")
    taken = take(folder, pristine)
    assert list(taken.notebooks) == [NAME]
    assert taken.files == {"helper.txt": b"1", "other.txt": b"3"}


def test_what_systems_leave_behind_is_not_looked_at(folder, student, pristine):
    nbformat.write(student.solve().nb, folder / FILE)
    for name in (".ipynb_checkpoints", "__MACOSX", "__pycache__", ".git"):
        (folder / name).mkdir()
        put(folder / name, "x", FILE)
    put(folder, "x", f"._{FILE}")
    put(folder, "x", ".DS_Store")
    taken = take(folder, pristine)
    assert (taken.files, taken.notes) == ({}, [])


def test_an_archive_is_to_be_unpacked(folder, pristine):
    put(folder, b"PK\x03\x04", "mini.zip")
    assert "Unpack it and hand in mini.ipynb" in reason(folder, pristine)


def test_a_notebook_of_another_problem_set_is_refused_though_ids_agree(folder, pristine):
    other = nbformat.from_dict(pristine)
    for number, cell in enumerate(other.cells):
        if "nbgrader" in cell.metadata and number != 2:
            cell.metadata.nbgrader.grade_id = cell.id = f"other-{number}"
            cell.source = f"other {number}"
    nbformat.write(other, folder / FILE)
    assert "holds none of the exercises" in reason(folder, pristine)


# ------------------------------------------------------------------ other files
@pytest.mark.parametrize(
    ("name", "noted"),
    [
        ("numpy.py", True),
        ("random.py", True),
        ("sitecustomize.py", True),
        ("numpy/linalg.py", True),
        ("json/__init__.py", True),
        ("code/helper.py", False),
        ("helper.py", False),
        ("numpy.txt", False),
        ("data/random.py", False),
    ],
)
def test_files_that_shadow_modules_come_along_and_are_noted(folder, student, pristine, name, noted):
    nbformat.write(student.solve().nb, folder / FILE)
    (folder / name).parent.mkdir(exist_ok=True)
    put(folder, "x = 1", name)
    taken = take(folder, pristine)
    assert list(taken.files) == [name]
    assert kinds(taken) == (["shadows"] if noted else [])


@pytest.mark.parametrize(
    ("name", "content", "noted"),
    [
        ("checks.json", '{"a":\r\n 1}', False),  # Windows ends lines so
        ("checks.json", "{}", True),
        ("CHECKS.json", "{}", True),
        ("checks.json/x", "{}", True),
        ("mini.ipynb.d/x", "", None),
    ],
)
def test_files_of_the_problem_set_stay_as_released(folder, student, pristine, name, content, noted):
    nbformat.write(student.solve().nb, folder / FILE)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8", newline="")
    taken = receive(folder, "somebody", {NAME: pristine}, {"checks.json": b'{"a":\n 1}'})
    assert list(taken.files) == ([name] if noted is None else [])
    assert kinds(taken) == (["replaced"] if noted else [])


@pytest.mark.skipif(sys.platform != "linux", reason="other disks know one of the two only")
def test_names_that_some_disks_cannot_tell_apart_are_taken_once(folder, student, pristine):
    nbformat.write(student.solve().nb, folder / FILE)
    for name in ("\u00e9.txt", "e\u0301.txt", "A.txt", "a.txt"):
        put(folder, name, name)
    taken = take(folder, pristine)
    assert list(taken.files) == ["A.txt", "e\u0301.txt"]
    assert kinds(taken) == ["extra"]


def test_no_more_is_taken_along_than_is_sane(folder, student, pristine, monkeypatch):
    monkeypatch.setattr(belongings, "MAX_BYTES", 100)
    monkeypatch.setattr(belongings, "MAX_FILES", 3)
    nbformat.write(student.solve().nb, folder / FILE)
    for name, size in [("a", 60), ("b", 60), ("c", 40), ("d", 0), ("e", 0)]:
        put(folder, "x" * size, name)
    taken = take(folder, pristine)
    assert list(taken.files) == ["a", "c", "d"]
    assert [note.cells for note in taken.notes] == [["b"], ["e"]]
