"""Text from a stranger, made fit to be looked at: nothing invisible, nothing endless.

Escaping is the template's business; what is here would still deceive or bury a reader then.
"""

from __future__ import annotations

import re

MAX_LINE = 400  # characters of a line
MAX_LINES = 120
MAX_CHARACTERS = 20_000

# Colours and cursor movements, titles of a terminal's window, other escapes.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
# What a reader cannot see or what turns text around: other controls, directions, blanks without
# width, tags, private use. Joiners (U+200C, U+200D) stay: some scripts need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff\ue000-\uf8ff]"
)
_HALF = re.compile("[\ud800-\udfff]")  # of a pair of surrogates, which no file can hold
_ACCENT = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_TOWER = re.compile(f"({_ACCENT}{{4}}){_ACCENT}+")  # of accents, over the lines above


def visible(text: str) -> str:
    r"""`text` with what cannot be seen written out: ``⟨U+202E⟩`` for a switch of direction.

    Colours of a terminal are dropped; of a line that was written over (``\r``), the last writing
    stays, as on a terminal.

    Examples
    --------
    >>> visible("\x1b[31mred\x1b[0m, \u202edlo")
    'red, ⟨U+202E⟩dlo'
    >>> visible("10 %\r20 %\n")
    '20 %\n'
    """
    text = text.replace("\r\n", "\n")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    text = _HALF.sub("\ufffd", text)
    text = _TOWER.sub(r"\1", text)
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def one_line(text: str, limit: int = 120) -> str:
    """`text` on a line, cut to about `limit` characters: for names and headings."""
    line = " ".join(visible(text[: 8 * limit]).split())
    return line if len(line) <= limit else f"{line[:limit]}…"


def excerpt(
    text: str, lines: int = MAX_LINES, width: int = MAX_LINE, characters: int = MAX_CHARACTERS
) -> str:
    """The beginning and the end of `text`, and in between how much is not shown.

    Parameters
    ----------
    text : str
    lines : int
        At most so many; a third of them from the end, where errors stand.
    width : int
        Characters of one line.
    characters : int
        Of all.
    """
    size = len(text)
    if size > 8 * characters:  # do not even look at what will not be shown
        tail = text[-2 * characters :]
        text = f"{text[: 6 * characters]}\n{tail}"
    rows = [_cut(line, width) for line in visible(text).rstrip("\n").split("\n")]
    total = len(rows)
    head = _as_many(rows, lines - lines // 3, characters * 2 // 3)
    rest = rows[head:]
    tail = _as_many(rest[::-1], lines // 3, characters // 3)
    left_out = len(rest) - tail
    if size > 8 * characters:
        gap = [f"… {size:,} characters in all, most of them not shown …"]
    elif left_out:
        gap = [f"… {left_out:,} of {total:,} lines not shown …"]
    else:
        gap = []
    return "\n".join([*rows[:head], *gap, *rest[len(rest) - tail :]])


def _cut(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    return f"{line[:width]} … {len(line) - width:,} more characters"


def _as_many(rows: list[str], lines: int, characters: int) -> int:
    """How many rows fit."""
    for count, row in enumerate(rows[:lines]):
        characters -= len(row) + 1
        if characters < 0:
            return count
    return min(len(rows), lines)
