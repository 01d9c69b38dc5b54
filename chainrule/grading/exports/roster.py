"""A CSV file of another system, changed cell by cell: every other byte stays as it was.

The standard library's :mod:`csv` reads such files but cannot write them back with their quotes,
line ends and odd lines; so the text is taken apart here, and only what changes is replaced.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path

from chainrule.grading.course import CourseError

DELIMITERS = (
    ",",
    ";",
    "\t",
    ":",
)  # those that Canvas and Moodle know; a colon also stands in names
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
GUESSES = ("utf-8", "cp1252")  # the second is what Excel on Windows writes


@dataclass(frozen=True)
class Cell:
    """A cell: where it stands in the text, and what it says."""

    start: int
    end: int
    value: str
    quoted: bool


@dataclass(frozen=True)
class Line:
    """A record of the file; `number` is that of its first line, from 1."""

    number: int
    cells: tuple[Cell, ...]

    def get(self, column: int) -> str:
        """What a cell says, without space around it; empty if the line ends before."""
        return self.cells[column].value.strip() if column < len(self.cells) else ""

    @property
    def is_blank(self) -> bool:
        return not any(cell.value.strip() for cell in self.cells)

    @property
    def end(self) -> int:
        return self.cells[-1].end


@dataclass
class Roster:
    """The file.

    Attributes
    ----------
    mark : bytes
        The byte order mark, if there was one.
    lines : list of Line
        All but the header.
    """

    path: Path
    mark: bytes
    encoding: str
    text: str
    delimiter: str
    header: list[str]
    lines: list[Line]
    changes: dict[tuple[int, int], str] = field(default_factory=dict)

    def put(self, line: Line, column: int, value: str) -> None:
        """Have a cell say `value`, in quotes if it was; a line that is too short grows."""
        short = column - len(line.cells) + 1
        if short > 0:
            self.changes[line.end, line.end] = self.delimiter * short + value
            return
        cell = line.cells[column]
        self.changes[cell.start, cell.end] = f'"{value}"' if cell.quoted else value

    def content(self) -> bytes:
        """The file with the changes."""
        parts, at = [], 0
        for (start, end), value in sorted(self.changes.items()):
            parts += [self.text[at:start], value]
            at = end
        return self.mark + "".join([*parts, self.text[at:]]).encode(self.encoding)


def read_roster(path: Path, encoding: str = "") -> Roster:
    """Read a CSV file.

    Parameters
    ----------
    path : Path
    encoding : str
        By default UTF-8 or UTF-16 by its mark, else UTF-8, else what Windows writes in the West.

    Raises
    ------
    CourseError
        If it cannot be read, is no text, or no table.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"could not read the roster {path}: {error.strerror}") from None
    mark, encoding, text = _decode(content, path, encoding)
    if "\0" in text or not text.strip():
        what = "is empty" if not text.strip() else "is no CSV file"
        raise CourseError(f"the roster {path.name} {what}: export it as CSV")
    delimiter = _delimiter(text)
    lines = _split(text, delimiter, path)
    header = [cell.value.strip() for cell in lines[0].cells]
    if len(header) < 2:
        raise CourseError(
            f"the roster {path.name} has one column only, {header[0]!r}: expected several, between "
            "commas, semicolons, tabs or colons"
        )
    return Roster(path, mark, encoding, text, delimiter, header, lines[1:])


def _decode(content: bytes, path: Path, encoding: str) -> tuple[bytes, str, str]:
    for mark, marked in _MARKS.items():
        if content.startswith(mark):
            body, tries = content[len(mark) :], (marked,)
            break
    else:
        mark, body, tries = b"", content, (encoding,) if encoding else GUESSES
    for name in tries:
        try:
            text = body.decode(name)
            if text.encode(name) == body:
                return mark, name, text
        except UnicodeError:
            continue
        except LookupError:
            raise CourseError(f"there is no encoding {name!r}") from None
    raise CourseError(
        f"the roster {path.name} is not in {' or '.join(tries)}: export it as UTF-8, or name its "
        "encoding"
    )


def _delimiter(text: str) -> str:
    """The delimiter that makes most of the first line; a colon only if there is no other.

    One that would leave quotes in the middle of cells is none.
    """
    firsts = {mark: _record(text, 0, mark)[0] for mark in DELIMITERS}
    best = max(DELIMITERS[:-1], key=lambda mark: (_is_tidy(firsts[mark], text), len(firsts[mark])))
    return best if len(firsts[best]) > 1 else ":"


def _is_tidy(cells: list[Cell], text: str) -> bool:
    return all(
        cell.value is not None
        and (text[cell.end - 1] == '"' if cell.quoted else '"' not in cell.value)
        for cell in cells
    )


def _split(text: str, delimiter: str, path: Path) -> list[Line]:
    lines, at, number = [], 0, 1
    while at < len(text):
        cells, end = _record(text, at, delimiter)
        last = cells[-1]
        if last.quoted and last.value is None:
            raise CourseError(f"the roster {path.name}: a quote in line {number} is never closed")
        lines.append(Line(number, tuple(cells)))
        number += len(re.findall(r"\r\n|\r|\n", text[at:end]))
        at = end
    return lines


def _record(text: str, at: int, delimiter: str) -> tuple[list[Cell], int]:
    """The cells of the record that begins at `at`, and where the next one begins.

    The value of a cell whose quote is never closed is None; it is the last one.
    """
    rest = f"[^{re.escape(delimiter)}\r\n]*"
    pattern = re.compile(f'"([^"]*(?:""[^"]*)*)("?)({rest})|{rest}')
    cells = []
    while True:
        found = pattern.match(text, at)
        inside, closing, after = found.groups()
        if inside is None:
            cells.append(Cell(at, found.end(), found[0], False))
        else:
            value = inside.replace('""', '"') + after if closing else None
            cells.append(Cell(at, found.end(), value, True))
        at = found.end()
        if text.startswith(delimiter, at):
            at += 1
            continue
        ends = 2 if text.startswith("\r\n", at) else 1
        return cells, min(at + ends, len(text))
