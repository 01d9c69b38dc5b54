"""Whatever becomes of a notebook on its way, it is graded or refused; nothing else ever happens.

CHAINRULE_FUZZ=20000 tries that many of each kind instead of a few hundred, from a random start.
"""

import copy
import json
import os
import time

import nbformat
import pytest
from classroom import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.grading.notebook import Unreadable, read_notebook
from chainrule.grading.suspicions import suspicions
from chainrule.grading.transplant import compare, is_students, transplant

DEEP = int(os.environ.get("CHAINRULE_FUZZ", "0"))
SECONDS = 2.0  # for one notebook, some 40 kB; it takes 10 to 30 milliseconds

NAME = "ps3_activations_losses"
PRISTINE = nbformat.read(ROOT / "release" / NAME / f"{NAME}.ipynb", as_version=4)
SOLVED = ROOT / "tests" / "sample_class" / "full_solution_a" / NAME / f"{NAME}.ipynb"
BYTES = SOLVED.read_bytes()
RAW = json.loads(BYTES)
COUNT = len(RAW["cells"])


def some(examples):
    return settings(
        max_examples=DEEP or examples,
        derandomize=not DEEP,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def survives(content: bytes) -> None:
    """The whole promise, about one file."""
    began = time.monotonic()
    try:
        nb = read_notebook(content, f"{NAME}.ipynb")
    except Unreadable as refusal:
        tells_what_to_do(str(refusal))
        return
    nbformat.validate(nb)
    before = json.dumps(nb)
    graded, notes = transplant(nb, PRISTINE)
    compare(nb, PRISTINE)
    suspicions(graded)
    assert time.monotonic() - began < SECONDS
    holds_the_assignment(graded)
    assert all(note.cells for note in notes)
    assert json.dumps(nb) == before, "what was handed in stays as it is"
    again, _ = transplant(read_notebook(content, "x.ipynb"), PRISTINE)
    assert nbformat.writes(again) == nbformat.writes(graded)


def tells_what_to_do(reason: str) -> None:
    assert reason.startswith(f"{NAME}.ipynb ")
    assert ". " in reason  # what is wrong, and what to do
    reason.encode("utf-8")


def holds_the_assignment(graded) -> None:
    nbformat.validate(graded)
    nbformat.writes(graded).encode("utf-8")
    assert len({cell.id for cell in graded.cells}) == len(graded.cells)
    ours = {cell.id: cell for cell in PRISTINE.cells}
    kept = [cell for cell in graded.cells if cell.id in ours]
    assert [cell.id for cell in kept] == list(ours), "every cell once, in the order of the release"
    for cell in kept:
        pristine = ours[cell.id]
        assert cell.metadata == pristine.metadata
        assert cell.cell_type == pristine.cell_type
        if not pristine.metadata.nbgrader.solution:
            assert cell == pristine
        assert is_students(cell) is pristine.metadata.nbgrader.solution
    for cell in graded.cells:
        if cell.id not in ours and cell.id != "grading-notes":
            assert is_students(cell)
            assert "nbgrader" not in cell.metadata
            assert "tags" not in cell.metadata


# ------------------------------------------------------------------ bytes
spots = st.integers(0, len(BYTES))
TELLING = [
    *(b"\0", b"\xff", b"\\ud800", b'"', b"\\", b"{", b"}", b"]", b",", b"\r\n", b"\xef\xbb\xbf"),
    *(b"NaN", b"-" * 50, b"9" * 5000, b'"cells":[],', b'"metadata":', b"<<<<<<< HEAD\n"),
]
pieces = st.binary(max_size=40) | st.sampled_from(TELLING)
cuts = st.tuples(spots, st.integers(0, 300), pieces)


@some(150)
@given(st.lists(cuts, min_size=1, max_size=5))
def test_bytes_cut_out_and_put_in(changes):
    content = BYTES
    for spot, length, piece in changes:
        content = content[:spot] + piece + content[spot + length :]
    survives(content)


@some(60)
@given(spots, st.sampled_from(["utf-8", "utf-16", "utf-16-be", "utf-32", "utf-8-sig", "cp1252"]))
def test_a_part_of_it_in_another_encoding(length, encoding):
    text = BYTES.decode("utf-8")
    survives(text.encode(encoding, "replace"))
    survives(text.encode(encoding, "replace")[:length])


@some(150)
@given(st.binary(max_size=400))
def test_any_bytes(content):
    survives(content)


# ------------------------------------------------------------------ JSON
texts = st.one_of(
    st.text(st.characters(), max_size=60),  # lone surrogates among them
    st.sampled_from(["\ud800", "\0", "\r", "def tanh(x):\n    return 1", "class ReLU:\n  pass"]),
    st.sampled_from([cell["id"] for cell in RAW["cells"]]),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
keys = st.sampled_from(
    ["source", "cell_type", "id", "metadata", "outputs", "attachments", "input", "level"]
)
marks = st.sampled_from(
    ["grade_id", "points", "grade", "solution", "locked", "schema_version", "task", "checksum"]
)
cell_numbers = st.integers(0, COUNT - 1)
types = st.sampled_from(["raw", "markdown", "code", 3])
tops = st.sampled_from(["nbformat", "metadata", "cells", "worksheets"])
nothing = st.none()
edits = st.one_of(
    st.tuples(st.just("set"), cell_numbers, keys, values),
    st.tuples(st.just("mark"), cell_numbers, marks, values),
    st.tuples(st.just("drop"), cell_numbers, keys | st.just("everything"), nothing),
    st.tuples(st.just("copy"), cell_numbers, cell_numbers, texts | nothing),
    st.tuples(st.just("move"), cell_numbers, cell_numbers, nothing),
    st.tuples(st.just("retype"), cell_numbers, types, nothing),
    st.tuples(st.just("swap marks"), cell_numbers, cell_numbers, nothing),
    st.tuples(st.just("merge"), cell_numbers, cell_numbers, nothing),
    st.tuples(st.just("top"), st.just(0), tops, values),
)


def apply(raw: dict, edit: tuple) -> None:
    what, place, other, value = edit
    if what == "top":
        raw[other] = value
        return
    cells = raw.get("cells")
    if not isinstance(cells, list) or not cells:
        return
    cell = cells[place % len(cells)]
    if not isinstance(cell, dict):
        return
    if what == "set":
        cell[other] = value
    elif what == "mark" and isinstance(cell.get("metadata"), dict):
        found = cell["metadata"].setdefault("nbgrader", {})
        if isinstance(found, dict):
            found[other] = value
    elif what == "drop":
        if other == "everything":
            cells.remove(cell)
        else:
            cell.pop(other, None)
    elif what == "copy":
        twin = copy.deepcopy(cell)
        if value is not None:
            twin["source"] = value
        cells.insert(other, twin)
    elif what == "move":
        cells.remove(cell)
        cells.insert(other, cell)
    elif what == "retype":
        cell["cell_type"] = other
    elif what in ("swap marks", "merge"):
        partner = cells[other % len(cells)]
        if not isinstance(partner, dict) or partner is cell:
            return
        if what == "swap marks":
            cell["metadata"], partner["metadata"] = partner.get("metadata"), cell.get("metadata")
        elif isinstance(cell.get("source"), list) and isinstance(partner.get("source"), list):
            cell["source"] = [*cell["source"], "\n\n", *partner["source"]]
            cells.remove(partner)


@some(150)
@given(st.lists(edits, min_size=1, max_size=8))
def test_cells_edited_copied_moved_and_dropped(changes):
    raw = copy.deepcopy(RAW)
    for change in changes:
        apply(raw, change)
    survives(json.dumps(raw).encode())


@some(100)
@given(
    st.permutations(range(COUNT)),
    st.sets(st.sampled_from(["id", "metadata"])),
    st.integers(0, COUNT),
)
def test_cells_in_any_order_with_marks_or_ids_lost(order, lost, kept):
    raw = copy.deepcopy(RAW)
    raw["cells"] = [raw["cells"][number] for number in order][:kept]
    for cell in raw["cells"]:
        for key in lost:
            cell.pop(key)
    survives(json.dumps(raw).encode())


@some(100)
@given(values)
def test_any_json(value):
    survives(json.dumps(value).encode())
    survives(json.dumps({"cells": value}).encode())
    survives(json.dumps({"cells": [value, RAW["cells"][5]], "worksheets": value}).encode())


# ------------------------------------------------------------------ size
@pytest.mark.parametrize(
    "cells",
    [
        [RAW["cells"][7]] * 5000,
        [{"cell_type": "code", "source": "x = 1\n" * 20}] * 5000,
        [{"cell_type": "code", "source": "class ReLU:\n    pass\n" * 50}] * 3000,
        [{"cell_type": "markdown", "source": "a" * 9_000_000}],
        [{"cell_type": "code", "source": "\n" * 9_000_000}],
        [{"cell_type": "code", "source": " " * 4_500_000 + "x = 1" + " " * 4_500_000}],
        [{"cell_type": "code", "source": "x " * 4_500_000}],
        [{"cell_type": "code", "source": "%" * 9_000_000}],
        [{"cell_type": "code", "source": ["x"] * 3_000_000}],
    ],
)
def test_a_lot_of_it_takes_seconds_at_most(cells):
    began = time.monotonic()
    nb = read_notebook(
        json.dumps({"cells": [*RAW["cells"][:3], *cells[:-3]] or cells}).encode(), "x"
    )
    graded, _ = transplant(nb, PRISTINE)
    suspicions(graded)
    assert time.monotonic() - began < 10
    holds_the_assignment(graded)
