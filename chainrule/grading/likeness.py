"""Which submissions are more alike than chance would have it.

Every answer is brought into its normal form and gets a *print*: a digest of the whole, and
fingerprints of its parts, chosen as in Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms
for document fingerprinting" (SIGMOD 2003). What was handed out, what is short and what is the
course's own solution does not count. For the rest, an answer that two share is evidence in bits:
the fewer others wrote the same, and the longer it is, the more. Pairs with more evidence than the
number of all pairs can explain are put into groups.

The bits are those of an estimate: how likely is it that somebody writes just this? As likely as
others have been seen to write it, and as chance would, which is the less likely the longer it is.
A few others with the same long answer may be of one circle, so they count for less; more than a
circle holds are a custom, and count in full.

Likeness is a reason to look, not a verdict: two who learned from the same page write alike.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import log2
from statistics import median

from chainrule.grading.normal_form import Words, of_code, of_prose

SHORT = 24  # words of the normal form beyond what was handed out: fewer are no evidence
GRAM = 10  # words in a fingerprint
WINDOW = 5  # of so many neighbouring fingerprints one is kept
RARE = 12  # how many may have a part for all pairs of them to be compared
SHARED = 0.6  # of the parts of the larger answer, for two to be alike
PLAIN = 40  # words that there are few ways to write
WORDS_A_BIT = 7  # beyond those: chance writes a longer answer more rarely
MOST_BITS = 18  # that length alone can give
PROSE = 3  # words of code that a word of prose is worth: it could have been any
CIRCLE = 12  # people who may share one source; in a large class one in twenty
MARGIN = 10  # bits above what the number of pairs explains: one false pair in 1,000 classes

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


@dataclass(frozen=True)
class Group:
    """Submissions that are alike.

    Attributes
    ----------
    students : tuple of str
        In order.
    shared : dict of str to int
        By answer: how many of them have it in one and the same normal form, or nearly.
    same : dict of str to int
        By answer: how many of them have it in exactly one normal form.
    telling : str
        The answer that says most.
    example : str
        Somebody who has that answer in the form that most of them share.
    bits : float
        Of the pair that is most alike.
    """

    students: tuple[str, ...]
    shared: dict[str, int]
    same: dict[str, int]
    telling: str
    example: str
    bits: float


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


def find_groups(prints: Mapping[str, Mapping[str, Print]]) -> list[Group]:
    """Groups of students whose answers are alike, the clearest first.

    Parameters
    ----------
    prints : mapping of str to mapping of str to Print
        By student and answer.
    """
    return _Search(prints).groups()


# --- one answer -----------------------------------------------------------------------------------


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


# --- a class --------------------------------------------------------------------------------------


class _Search:
    def __init__(self, prints: Mapping[str, Mapping[str, Print]]):
        self.prints = {name: prints[name] for name in sorted(prints) if prints[name]}
        self.names = list(self.prints)
        self.wholes: dict[tuple, list[int]] = defaultdict(list)
        self.parts: dict[tuple, list[int]] = defaultdict(list)
        for place, name in enumerate(self.names):
            for answer, each in self.prints[name].items():
                self.wholes[answer, each.whole].append(place)
                for part in each.parts:
                    self.parts[answer, part].append(place)

    def groups(self) -> list[Group]:
        count = len(self.names)
        if count < 2:
            return []
        needed = log2(count * (count - 1) / 2) + MARGIN
        leader = list(range(count))
        found = []
        for one, other in sorted(self._candidates()):
            evidence = self._evidence(one, other)
            bits = sum(evidence.values())
            if bits >= needed:
                found.append((bits, one, other, evidence))
                leader[_head(leader, one)] = _head(leader, other)
        members: dict[int, list[int]] = defaultdict(list)
        pairs: dict[int, list[tuple]] = defaultdict(list)
        for place in range(count):
            members[_head(leader, place)].append(place)
        for pair in found:
            pairs[_head(leader, pair[1])].append(pair)
        groups = [self._group(members[head], pairs[head]) for head in pairs]
        return sorted(groups, key=lambda group: (-group.bits, group.students))

    def _candidates(self) -> set[tuple[int, int]]:
        """Pairs worth comparing: near-linear in the number of students.

        Of those who share something rare, all pairs; of those who share something common,
        neighbours when they are sorted by all that they wrote, for whoever copies everything
        stands side by side then.
        """
        shared: Counter[tuple[int, int]] = Counter()
        order = sorted(range(len(self.names)), key=self._writings)
        rank = {place: position for position, place in enumerate(order)}
        for places in self.parts.values():
            shared.update(self._pairs(places, rank))
        pairs = {pair for pair, times in shared.items() if times >= 3}
        for places in self.wholes.values():
            pairs.update(self._pairs(places, rank))
        return pairs

    def _pairs(self, places: list[int], rank: Mapping[int, int]) -> Iterator[tuple[int, int]]:
        if len(places) <= RARE:
            yield from combinations(places, 2)
        else:
            neighbours = pairwise(sorted(places, key=rank.__getitem__))
            yield from ((min(pair), max(pair)) for pair in neighbours)

    def _writings(self, place: int) -> tuple:
        return tuple(sorted((answer, each.whole) for answer, each in self._of(place).items()))

    def _of(self, place: int) -> Mapping[str, Print]:
        return self.prints[self.names[place]]

    def _evidence(self, one: int, other: int) -> dict[str, float]:
        """Bits of every answer that two students share."""
        ours, theirs = self._of(one), self._of(other)
        found = {}
        for answer in ours.keys() & theirs.keys():
            mine, yours = ours[answer], theirs[answer]
            if mine.whole == yours.whole:
                share, having = 1.0, len(self.wholes[answer, mine.whole])
            else:
                common = mine.parts & yours.parts
                share = len(common) / max(len(mine.parts), len(yours.parts), 1)
                if share < SHARED:
                    continue
                having = median(len(self.parts[answer, part]) for part in common)
            bits = self._bits(having, share * min(mine.size, yours.size))
            if bits > 0:
                found[answer] = bits
        return dict(sorted(found.items()))

    def _bits(self, having: float, size: float) -> float:
        """How unlikely it is that somebody writes what `having` wrote, these two among them."""
        length = min(MOST_BITS, max(0.0, size - PLAIN) / WORDS_A_BIT)
        others = max(0.0, having - 2)
        if others <= max(CIRCLE, len(self.names) // 20):
            others *= 2.0 ** (-length / 2)
        return log2((len(self.names) - 1) / (others + 2.0**-length))

    def _group(self, places: list[int], pairs: list[tuple]) -> Group:
        weight: Counter[str] = Counter()
        near: dict[str, set[int]] = defaultdict(set)
        for _, one, other, evidence in pairs:
            weight.update(evidence)
            for answer in evidence:
                near[answer].update((one, other))
        same, example = {}, {}
        for answer in near:
            forms = Counter(
                self._of(place)[answer].whole for place in places if answer in self._of(place)
            )
            form, same[answer] = max(forms.items(), key=lambda item: (item[1], item[0]))
            example[answer] = next(
                self.names[place]
                for place in places
                if answer in self._of(place) and self._of(place)[answer].whole == form
            )
        telling = max(sorted(weight), key=weight.__getitem__)
        return Group(
            tuple(self.names[place] for place in places),
            {answer: len(having) for answer, having in sorted(near.items())},
            {answer: times for answer, times in sorted(same.items()) if times > 1},
            telling,
            example[telling],
            max(bits for bits, *_ in pairs),
        )


def _head(leader: list[int], place: int) -> int:
    while leader[place] != place:
        leader[place] = leader[leader[place]]
        place = leader[place]
    return place
