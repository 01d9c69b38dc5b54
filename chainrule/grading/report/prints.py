"""Prints of answers: what of them is compared with others, small enough to keep a class's.

A print is a digest of the answer's normal form and fingerprints of its parts, chosen as in
Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting" (SIGMOD
2003). What was handed out, what is short and what is the course's own solution leaves none.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chainrule.grading.report.normal_form import Words, of_code, of_prose

SHORT = 24  # words of the normal form beyond what was handed out: fewer are no evidence
PROSE = 3  # words of code that a word of prose is worth: it could have been any
GRAM = 10  # words in a fingerprint
WINDOW = 5  # of so many neighbouring fingerprints one is kept

_BASE, _MODULUS = 1_000_003, (1 << 61) - 1


@dataclass(frozen=True)
class Print:
    """What of an answer is compared.

    Attributes
    ----------
    whole : int
        A digest of its normal form.
    parts : frozenset of int
        Fingerprints, those of what was handed out left out.
    size : int
        Words of the normal form beyond what was handed out, in words of code.
    """

    whole: int
    parts: frozenset[int]
    size: int


class Printer:
    """Takes prints of the answers to one question.

    Parameters
    ----------
    released : str
        The answer as it was handed out.
    known : iterable of str
        Answers that are no evidence, such as the course's own.
    prose : bool
        Whether the answer is written in words.
    """

    def __init__(self, released: str = "", known: Iterable[str] = (), *, prose: bool = False):
        self._form = of_prose if prose else of_code
        self._worth = PROSE if prose else 1
        stub = self._form(released)
        self._given = frozenset(_parts(stub))
        self._length = len(stub.coarse)
        self._known = {_whole(self._form(text)) for text in known}
        self._cache: dict[str, Print | None] = {}

    def take(self, text: str) -> Print | None:
        """The print of an answer; None if there is nothing in it to compare."""
        key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]
        if key not in self._cache:
            self._cache[key] = self._take(text)
        return self._cache[key]

    def _take(self, text: str) -> Print | None:
        words = self._form(text)
        size = (len(words.coarse) - self._length) * self._worth
        whole = _whole(words)
        if size < SHORT or whole in self._known:
            return None
        return Print(whole, frozenset(_parts(words)) - self._given, size)


def _whole(words: Words) -> int:
    text = "\0".join(words.exact).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def _parts(words: Words) -> Iterator[int]:
    """Fingerprints: of every few neighbouring runs of words, the one with the smallest hash."""
    hashes = list(_hashes([zlib.crc32(word.encode("utf-8", "replace")) for word in words.coarse]))
    for start in range(max(1, len(hashes) - WINDOW + 1)):
        window = hashes[start : start + WINDOW]
        if window:
            yield min(window)


def _hashes(words: list[int]) -> Iterator[int]:
    """A hash of every run of `GRAM` words, each from the one before."""
    first = pow(_BASE, GRAM - 1, _MODULUS)
    value = 0
    for place, word in enumerate(words):
        if place >= GRAM:
            value -= words[place - GRAM] * first
        value = (value * _BASE + word) % _MODULUS
        if place >= GRAM - 1:
            yield value
