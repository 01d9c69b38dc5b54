"""Headings in an instructor's cells: what an exercise is called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_HEADING = re.compile(r"^(#{1,4}) +(.+?) *#*$", re.MULTILINE)
_POINTS = re.compile(r" *\(\d+ points?[^()]*\)$")


def headings_of(text: str) -> Iterator[tuple[int, str]]:
    """Level and text of the headings in Markdown, without their points.

    Examples
    --------
    >>> list(headings_of("## 1. `ReLU` (12 points)"))
    [(2, '1. ReLU')]
    """
    for signs, words in _HEADING.findall(text):
        yield len(signs), _POINTS.sub("", words).replace("`", "").replace("*", "")


def below(headings: Mapping[int, str], text: str) -> dict[int, str]:
    """The headings that hold after some Markdown, by level, given those that held before it."""
    holding = dict(headings)
    for level, words in headings_of(text):
        holding = {k: v for k, v in holding.items() if k < level} | {level: words}
    return holding


def title_of(headings: Mapping[int, str]) -> str:
    """What stands under these headings, the notebook's own left out."""
    return " · ".join(headings[level] for level in sorted(headings) if level > 1)
