"""Read a notebook from bytes, whatever wrote them: clean cells come out, or a reason.

Formats 1 to 4 and whatever later ones still look like them are read by hand. nbformat's own
conversion trusts every type in the file, and nothing is needed but what the cells say.
"""

from __future__ import annotations

import ast
import codecs
import json
import re
import warnings
from itertools import count

import nbformat
from nbformat import NotebookNode

from chainrule.grading.celltext import plain
from chainrule.grading.notes import shown
from chainrule.grading.slots import BAD_TAGS, MARKS, marks_of, tags_of
from chainrule.grading.transplant import are_pictures

MAX_CELLS = 5_000
MAX_TEXT = 10_000_000  # characters of all cells and their pictures; outputs do not count
MAX_PARTS = 5_000_000  # lists, dictionaries and values; some bytes of JSON become 60 in memory
SAVE_AGAIN = "Open your own copy in Jupyter, save it, and hand in that file"

_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
_BOMS = (  # UTF-32 before UTF-16, whose mark it begins with
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What a file really is, by its first bytes, and what to do about it.
_OTHER_KINDS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "a compressed file (gzip)",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"{\\rtf": "an RTF document",
    b"version https://git-lfs": "a placeholder of Git LFS",
}


class Unreadable(Exception):
    """A notebook cannot be graded; the text says why and what the student can do."""


def read_notebook(content: bytes, name: str) -> NotebookNode:
    """Read a notebook, keeping only cells with type, text, pictures, id, tags and nbgrader's marks.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What it is called, for the reason.

    Returns
    -------
    NotebookNode
        A valid notebook of format 4.5 without outputs; all its text can be written as UTF-8.

    Raises
    ------
    Unreadable
        If it is empty, cut off, not JSON, not a notebook, or holds more than is sane.
    """
    name = shown(name)
    raw = _parse(_decode(content, name), name)
    cells = _cells_of(raw) if isinstance(raw, dict) else None
    if cells is None:
        raise Unreadable(f"{name} is not a notebook: it has no cells. {SAVE_AGAIN}")
    if len(cells) > MAX_CELLS:
        raise Unreadable(
            f"{name} has {len(cells)} cells, at most {MAX_CELLS} are taken. "
            "Delete those that are not needed, and hand in again"
        )
    return _clean(cells, name)


def _decode(content: bytes, name: str) -> str:
    if not content.strip(b"\0 \t\r\n"):
        size = "0 bytes" if not content else "nothing but blanks"
        raise Unreadable(f"{name} is empty ({size}). {SAVE_AGAIN}")
    for start, kind in _OTHER_KINDS.items():
        if content.startswith(start):
            raise Unreadable(f"{name} is {kind}, not a notebook. {SAVE_AGAIN}")
    encoding = next((found for mark, found in _BOMS if content.startswith(mark)), None)
    encoding = encoding or json.detect_encoding(content)
    # Bytes that are no UTF-8 come from an old editor, or the file was cut off within a letter.
    # Code is ASCII in every old encoding; at worst letters in comments are wrong.
    for attempt in (encoding, "cp1252", "latin-1"):
        try:
            text = content.decode(attempt)
            break
        except UnicodeDecodeError:
            continue
    if attempt != encoding and not text.lstrip().startswith("{"):
        raise Unreadable(f"{name} is not text: the file is damaged. {SAVE_AGAIN}")
    # A crash or a broken copy may leave zeros behind the end of a file.
    return text.strip("\ufeff\0 \t\r\n")


def _parse(text: str, name: str) -> object:
    if text.count("[") + text.count("{") > MAX_PARTS or text.count(",") > MAX_PARTS:
        raise Unreadable(
            f"{name} has too much in it: more than {MAX_PARTS / 1e6:.0f} million values. Clear all "
            "outputs in Jupyter, save, and hand in again"
        )
    try:
        # Line ends and tabs within strings are no JSON, but there is no doubt what they mean.
        # Numbers are of no interest, and Python refuses to read very long ones.
        return json.loads(text, strict=False, parse_int=_small)
    except json.JSONDecodeError as error:
        raise Unreadable(_why_not_json(name, text, error)) from None
    except (RecursionError, ValueError, MemoryError) as error:  # nested too deep
        raise Unreadable(
            f"{name} cannot be read as a notebook ({type(error).__name__}). {SAVE_AGAIN}"
        ) from None


def _small(digits: str) -> int:
    return int(digits) if len(digits) < 10 else 0


def _why_not_json(name: str, text: str, error: json.JSONDecodeError) -> str:
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        return (
            f"{name} holds the marks of a merge conflict (line {line}). Decide which version is "
            "yours, remove the marks, open it in Jupyter and save it"
        )
    if text.startswith("<"):
        return f"{name} is an HTML page, not a notebook. {SAVE_AGAIN}"
    if not text.startswith("{"):
        kind = "a Python script, not a notebook" if _is_python(text) else "not a notebook"
        return f"{name} is {kind}. {SAVE_AGAIN}"
    # A file that was cut off fails at its end, or in a string that never ends.
    if not text.endswith("}") or error.pos >= len(text):
        return f"{name} is cut off: it ends in line {text.count(chr(10)) + 1}. {SAVE_AGAIN}"
    return f"{name} is damaged in line {error.lineno}. {SAVE_AGAIN}"


def _is_python(text: str) -> bool:
    if "\n" not in text or len(text) > 200_000:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _cells_of(raw: dict) -> list | None:
    """The cells, wherever a format keeps them: formats 2 and 3 have worksheets."""
    if isinstance(raw.get("cells"), list):
        return raw["cells"]
    if not isinstance(raw.get("worksheets"), list):
        return None
    sheets = [sheet.get("cells") for sheet in raw["worksheets"] if isinstance(sheet, dict)]
    return [cell for cells in sheets if isinstance(cells, list) for cell in cells]


def _clean(cells: list, name: str) -> NotebookNode:
    nb = nbformat.v4.new_notebook()
    taken: set[str] = set()
    # No released notebook has such ids, so that nothing is recognised by one.
    fresh = (f"without-id-{number}" for number in count(1))
    room = MAX_TEXT
    for raw in cells:
        cell = _clean_cell(raw)
        if cell is None:
            continue
        wanted = raw.get("id")
        usable = isinstance(wanted, str) and _CELL_ID.fullmatch(wanted) and wanted not in taken
        cell.id = wanted if usable else next(word for word in fresh if word not in taken)
        taken.add(cell.id)
        room -= len(cell.source) + sum(map(_length, cell.get("attachments", {}).values()))
        if room < 0:
            raise Unreadable(
                f"{name} holds more than {MAX_TEXT / 1e6:.0f} MB of text and pictures in its "
                "cells. Take large data out of them, and hand in again"
            )
        nb.cells.append(cell)
    if not nb.cells:
        raise Unreadable(f"{name} has no cells. {SAVE_AGAIN}")
    return nb


def _length(bundle: dict) -> int:
    return sum(map(len, bundle.values()))


def _clean_cell(raw: object) -> NotebookNode | None:
    """A cell with nothing in it that is not known, or None if it has not the shape of one."""
    if not isinstance(raw, dict):
        return None
    source = raw.get("source", raw.get("input", ""))  # `input` until format 3
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return None
    source = plain(source)
    kind = raw.get("cell_type")
    if kind == "heading":  # format 3
        level = raw.get("level")
        level = level if type(level) is int and 1 <= level <= 6 else 1
        source = f"{'#' * level} {' '.join(source.splitlines())}"
    # Only a text can be looked up: a list would be an error.
    kind = kind if kind in ("code", "raw") else "markdown"
    cell = NotebookNode(cell_type=kind, metadata=_marks(raw), source=source)
    if kind == "code":
        cell.execution_count, cell.outputs = None, []
    if kind == "markdown" and are_pictures(raw.get("attachments")):
        cell.attachments = NotebookNode(
            {
                plain(name): NotebookNode({plain(kind): plain(data) for kind, data in one.items()})
                for name, one in raw["attachments"].items()
            }
        )
    return cell


def _marks(raw: dict) -> NotebookNode:
    """Of the metadata, what recognises a cell and what may have been tampered with."""
    metadata = NotebookNode()
    marks = marks_of(raw)
    if isinstance(marks.get("grade_id"), str):
        kept = {name: marks[name] for name in MARKS if isinstance(marks.get(name), int | float)}
        metadata.nbgrader = NotebookNode(grade_id=plain(marks["grade_id"]), **kept)
    tags = [tag for tag in BAD_TAGS if tag in tags_of(raw)]
    if tags:
        metadata.tags = tags
    return metadata
