"""Which submissions are more alike than chance would have it.

An answer that two share is evidence in bits: the fewer others wrote the same, and the longer it is,
the more. Pairs with more evidence than the number of all pairs can explain are put into groups.

The bits are those of an estimate: how likely is it that somebody writes just this? As likely as
others have been seen to write it, and as chance would, which is the less likely the longer it is.
A few others who share more with both may be of one circle, so they count for less; more than a
circle holds are a custom, and count in full.

Likeness is a reason to look, not a verdict: two who learned from the same page write alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import log2
from statistics import median

from chainrule.grading.report.prints import Print

RARE = 12  # how many may have a part for all pairs of them to be compared
SHARED = 0.6  # of the parts of the larger answer, for two to be alike
PLAIN = 40  # words that there are few ways to write
WORDS_A_BIT = 7  # beyond those: chance writes a longer answer more rarely
MOST_BITS = 18  # that length alone can give
CIRCLE = 12  # people who may share one source; in a large class one in twenty
MARGIN = 10  # bits beyond: were the estimates exact, one false pair in 1,000 classes


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


def find_groups(prints: Mapping[str, Mapping[str, Print]]) -> list[Group]:
    """Groups of students whose answers are alike, the clearest first.

    Parameters
    ----------
    prints : mapping of str to mapping of str to Print
        By student and answer.
    """
    return _Search(prints).groups()


class _Search:
    def __init__(self, prints: Mapping[str, Mapping[str, Print]]):
        self.prints = {name: prints[name] for name in sorted(prints) if prints[name]}
        self.names = list(self.prints)
        count = len(self.names)
        self.circle = max(CIRCLE, count // 20)
        self.needed = log2(max(1.0, count * (count - 1) / 2)) + MARGIN
        self.wholes: dict[tuple, list[int]] = defaultdict(list)
        self.parts: dict[tuple, list[int]] = defaultdict(list)
        for place, name in enumerate(self.names):
            for answer, each in self.prints[name].items():
                self.wholes[answer, each.whole].append(place)
                for part in each.parts:
                    self.parts[answer, part].append(place)

    def groups(self) -> list[Group]:
        count = len(self.names)
        leader = list(range(count))
        found = []
        for one, other in sorted(self._candidates()):
            evidence = self._evidence(one, other)
            bits = sum(evidence.values())
            if bits >= self.needed:
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
        common = dict(self._common(one, other))
        found = {
            answer: self._bits(having, size, others=0.0, few=max(0.0, having - 2))
            for answer, (having, size) in common.items()
        }
        if sum(found.values()) < self.needed:  # not even if all the rest were of one circle
            return found
        holders = {answer: self._holders(one, answer, other) for answer in common}
        hits = Counter(place for places in holders.values() for place in places)
        fellows = {place for place, times in hits.items() if times >= min(2, len(common))}
        for answer, (having, size) in common.items():
            few = len(fellows & holders[answer])
            found[answer] = self._bits(having, size, others=max(0.0, having - 2 - few), few=few)
        return {answer: bits for answer, bits in sorted(found.items()) if bits > 0}

    def _common(self, one: int, other: int) -> Iterator[tuple[str, tuple[float, float]]]:
        """Answers that two share: how many have them, and how many words are shared."""
        ours, theirs = self._of(one), self._of(other)
        for answer in sorted(ours.keys() & theirs.keys()):
            mine, yours = ours[answer], theirs[answer]
            if mine.whole == yours.whole:
                share, having = 1.0, len(self.wholes[answer, mine.whole])
            else:
                both = mine.parts & yours.parts
                share = len(both) / max(len(mine.parts), len(yours.parts), 1)
                if share < SHARED:
                    continue
                having = median(len(self.parts[answer, part]) for part in both)
            yield answer, (having, share * min(mine.size, yours.size))

    def _holders(self, one: int, answer: str, other: int) -> set[int]:
        """Who else has an answer that two share, or most parts of it."""
        mine, yours = self._of(one)[answer], self._of(other)[answer]
        if mine.whole == yours.whole:
            places = set(self.wholes[answer, mine.whole])
        else:
            both = mine.parts & yours.parts
            times = Counter(place for part in both for place in self.parts[answer, part])
            places = {place for place, having in times.items() if having >= SHARED * len(both)}
        return places - {one, other}

    def _bits(self, having: float, size: float, others: float, few: float) -> float:
        """How unlikely it is that somebody writes what `having` wrote, two of them compared.

        Of the rest, `others` have nothing more to do with the two, and `few` have.
        """
        length = min(MOST_BITS, max(0.0, size - PLAIN) / WORDS_A_BIT)
        weight = 2.0 ** (-length / 2) if having - 2 <= self.circle else 1.0
        return log2((len(self.names) - 1) / (others + few * weight + 2.0**-length))

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
