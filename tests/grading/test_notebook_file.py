"""Notebooks of every format, encoding and state are read, or refused with a reason."""

import gzip
import io
import json
import zipfile

import nbformat
import pytest

from chainrule.grading import notebook
from chainrule.grading.notebook import Unreadable, read_notebook
from chainrule.grading.transplant import compare, transplant

FILE = "mini.ipynb"


def read(content):
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    return read_notebook(content.encode() if isinstance(content, str) else content, FILE)


def refused(content):
    with pytest.raises(Unreadable) as caught:
        read(content)
    return str(caught.value)


def code(source, **more):
    return {"cell_type": "code", "source": source, **more}


@pytest.fixture
def text(student):
    return nbformat.writes(student.solve().answer("why", "naïve ∂ 😀").nb)


# ------------------------------------------------------------------ encodings
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
def test_every_unicode_encoding_is_read(text, encoding):
    assert read(text.encode(encoding)).cells[-1].source == "naïve ∂ 😀"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1251", "gb18030"])
def test_in_an_old_encoding_the_code_is_what_it_was(student, pristine, encoding):
    word = (
        "größe" if encoding in ("cp1252", "latin-1") else "число" if "125" in encoding else "大小"
    )
    text = nbformat.writes(student.solve().answer("why", word).nb)
    nb = read(text.encode(encoding))
    assert compare(nb, pristine).answered == 3
    if encoding in ("cp1252", "latin-1"):
        assert nb.cells[-1].source == word


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("\n", "\r"),
        lambda t: t.replace("\n", ""),
        lambda t: f"\n\n  {t}\n\n",
        lambda t: t + "\0" * 4096,  # after a crash
        lambda t: t.replace('"nbformat": 4', '"nbformat": 3, "nbformat": 4'),
        lambda t: t.replace('"nbformat": 4', '"nbformat": NaN'),
        lambda t: t.replace('"nbformat": 4', '"nbformat": ' + "9" * 10_000),
        lambda t: t.replace('"nbformat": 4', '"nbformat": 5'),
        lambda t: t.replace('"nbformat": 4', '"nbformat": 99'),
        lambda t: t.replace('"nbformat_minor": 5', '"nbformat_minor": 99, "new": {"x": 1}'),
        lambda t: t.replace('"nbformat": 4', '"nbformat": "four"'),
    ],
)
def test_what_does_not_matter_does_not_matter(text, change):
    changed = change(text)
    assert changed != text
    assert read(changed).cells == read(text).cells


# ------------------------------------------------------------------ formats
@pytest.mark.parametrize("minor", range(6))
def test_every_minor_format_4_is_read(student, pristine, minor):
    old = nbformat.from_dict(student.solve().nb)
    if minor < 5:
        for cell in old.cells:
            del cell["id"]
    old.nbformat_minor = minor
    graded, notes = transplant(read(nbformat.writes(old)), pristine)
    assert notes == []
    assert "return 2 * x" in graded.cells[2].source


@pytest.mark.parametrize("version", [2, 3])
def test_old_formats_are_read_and_nothing_is_to_be_said(student, pristine, version):
    old = nbformat.convert(nbformat.from_dict(student.solve().nb), 3)
    for sheet in old.worksheets:
        for cell in sheet.cells:
            if version == 2 and cell.cell_type == "heading":
                cell.update(cell_type="markdown", source=f"{'#' * cell.level} {cell.source}")
    old.nbformat = version
    graded, notes = transplant(read(json.dumps(old)), pristine)
    assert notes == []
    assert [cell.id for cell in graded.cells] == [cell.id for cell in pristine.cells]
    assert graded.cells[-1].source == "Because two is a number."


# ------------------------------------------------------------------ odd contents
def test_text_that_no_file_can_hold_is_marked():
    nb = read({"cells": [code("'\ud800' '\0' '\ud83d\ude00'"), code("x\r\ny\rz")]})
    assert [cell.source for cell in nb.cells] == ["'\ufffd' '\ufffd' '😀'", "x\ny\nz"]
    nbformat.writes(nb).encode("utf-8")


def test_other_control_characters_are_the_students():
    source = "print('\x1b[31m\x08\x0c')\t# \x85\u2028"
    assert read({"cells": [code(source)]}).cells[0].source == source


def test_line_ends_within_strings_are_forgiven():
    assert read('{"cells": [{"source": "a\n\tb"}]}').cells[0].source == "a\n\tb"


@pytest.mark.parametrize(
    "cell",
    [
        {},
        {"cell_type": "code"},
        {"cell_type": 7, "source": ["a", None, 3, ["b"]]},
        {"cell_type": ["code"], "source": "x", "id": {"a": 1}, "metadata": [1]},
        code("x", metadata=None, outputs="none", execution_count="many"),
        code("x", metadata={"nbgrader": [1], "tags": 3}),
        code("x", metadata={"nbgrader": {"grade_id": ["a"], "points": {"a": 1}}, "tags": [3, []]}),
        code("x", id="x" * 65),
        code("x", id="not an id!"),
        {"cell_type": "markdown", "source": "x", "attachments": {"a": {"image/png": 3}}},
        {"cell_type": "markdown", "source": "x", "attachments": {"a": {"text/html": "<script>"}}},
        {"cell_type": "heading", "source": "x", "level": "three"},
        {"cell_type": "heading", "source": "x", "level": 10**9},
    ],
)
def test_cells_of_odd_types_are_valid_afterwards(pristine, cell):
    nb = read({"cells": [cell, cell]})
    nbformat.validate(nb)
    assert len({cell.id for cell in nb.cells}) == 2
    assert "attachments" not in nb.cells[0]
    nbformat.validate(transplant(nb, pristine)[0])


@pytest.mark.parametrize("cell", [None, 3, "x", [], {"source": {}}, {"source": 7}])
def test_what_is_no_cell_is_left_out(cell):
    assert len(read({"cells": [cell, code("x")]}).cells) == 1


def test_a_missing_id_is_not_taken_for_one_of_the_release(pristine):
    for number, cell in enumerate(pristine.cells):
        cell.id = f"cell-{number}"
    nb = read({"cells": [code("a"), code("b"), code("c", id="without-id-1")]})
    graded, _ = transplant(nb, pristine)
    own = [cell.source for cell in graded.cells if cell.id.startswith("own-")]
    assert own == ["a", "b", "c"]


def test_outputs_are_left_behind_however_large():
    outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * 40_000_000}]
    assert read({"cells": [code("x", outputs=outputs)]}).cells[0].outputs == []


# ------------------------------------------------------------------ refused
def archive():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(FILE, "{}")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive(), "is a ZIP archive"),
        (gzip.compress(b"{}"), "is a compressed file (gzip)"),
        (b"%PDF-1.7", "is a PDF"),
        (b"<!doctype html><html></html>", "is an HTML page"),
        (b"\xef\xbb\xbf<html>", "is an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a placeholder of Git LFS"),
        ("# %%\nimport numpy as np\n\n\ndef f(x):\n    return x\n", "is a Python script"),
        ("Dear all,\nhere is my work.", "is not a notebook"),
        (b"\0" * 5000, "is empty"),
        (b"\xff\xfe", "is not a notebook"),
        ([{"cells": []}], "it has no cells"),
        ({"cells": {"a": 1}}, "it has no cells"),
        ({"doc_id": "1", "email": "a@b.c"}, "it has no cells"),
        ('{"cells": [' + '{"a":' * 100_000, "cannot be read"),
        ('{"cells": [1,]}', "is damaged in line 1"),
        ('{"cells": []} {"cells": []}', "is damaged in line 1"),
        ('{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> mine\n}', "merge conflict (line 2)"),
        (b'{"cells": [{"source": "caf' + b"\xc3", "is cut off"),
        ({"cells": [code("x")] * 5001}, "has 5001 cells, at most 5000"),
        ({"cells": [code("x" * 10_000_001)]}, "more than 10 MB of text"),
    ],
)  # fmt: skip
def test_what_cannot_be_graded_is_named(content, words):
    reason = refused(content)
    assert reason.startswith(FILE)
    assert words in reason
    assert ". " in reason, "the student is told what to do"


def test_what_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(notebook, "MAX_PARTS", 1000)
    assert "too much in it" in refused({"cells": [code("x", outputs=[[]] * 2000)]})
    assert "Clear all outputs" in refused({"cells": [code("x", outputs=["ab"] * 2000)]})


def test_marks_of_a_merge_within_a_cell_are_that_cells_mistake():
    source = "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> mine"
    assert read({"cells": [code(source)]}).cells[0].source == source


def test_names_cannot_spoil_a_reason():
    with pytest.raises(Unreadable) as caught:
        read_notebook(b"", "a\n\udcff\x1b[31m" + "x" * 500)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300
