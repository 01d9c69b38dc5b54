"""The text of a cell: what counts as the same text, and which names it defines."""

import re

# What no Python source and no UTF-8 file can hold: NUL, and halves of surrogate pairs.
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")
_DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_ASSIGNMENT = re.compile(r"^([^\W\d]\w*)[ \t]*(?::[^=\n]+)?=(?!=)", re.MULTILINE)


def plain(text: str) -> str:
    r"""`text` as it can be written to any file: ``\n`` ends lines, the impossible is marked."""
    return _IMPOSSIBLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def text_of(cell: dict) -> str:
    """The source of a cell without the line ends and trailing blanks that editors change."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return plain(source).rstrip() if isinstance(source, str) else ""


def essence(text: str) -> str:
    """What stays of a text when an editor trims blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def definitions(text: str) -> list[str]:
    """The functions and classes that a cell defines at its top level, syntax errors or not."""
    return _DEFINITION.findall(text)


def names(text: str) -> set[str]:
    """All that a cell defines at its top level: functions, classes, plain variables."""
    return {*definitions(text), *_ASSIGNMENT.findall(text)}
