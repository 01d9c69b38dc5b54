"""Who is who: students by their folder's name, and the lines of a roster.

Nothing is guessed: a student who fits two lines, or a line that fits two students, is left alone
and told.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from chainrule.grading.exports.rows import Person


@dataclass
class Matches:
    """Who was found where.

    Attributes
    ----------
    lines : dict of str to int
        By student, the line.
    unclear : dict of str to list of int
        By student, several lines that fit, or one that fits other students, too.
    absent : list of str
        Students whom no line fits.
    strangers : list of int
        Lines that no student fits.
    """

    lines: dict[str, int] = field(default_factory=dict)
    unclear: dict[str, list[int]] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    strangers: list[int] = field(default_factory=list)


def match(people: Mapping[str, Person], lines: Mapping[int, list[str]]) -> Matches:
    """Find students in a roster.

    A student fits a line that holds the student's id, e-mail address or number in the other system,
    as the gradebook has them; upper and lower case are the same. Failing that, one whose e-mail
    address begins with the id, or the other way round.

    Parameters
    ----------
    people : mapping of str to Person
        By student id.
    lines : mapping of int to list of str
        What may name a person, by number of the line.
    """
    exact, begins = defaultdict(set), defaultdict(set)
    for number, values in lines.items():
        for value in filter(None, map(_plain, values)):
            exact[value].add(number)
            if "@" in value:
                begins[_before_at(value)].add(number)
    fits = {}
    for student, person in people.items():
        names = {_plain(name) for name in (student, person.email, person.lms_id)} - {""}
        found = set().union(*(exact.get(name, set()) for name in names))
        if not found:
            name = _plain(student)
            found = begins.get(name, set()) | exact.get(_before_at(name), set())
        fits[student] = sorted(found)
    claims = defaultdict(list)
    for student, found in fits.items():
        for number in found:
            claims[number].append(student)
    matches = Matches(strangers=sorted(set(lines) - set(claims)))
    for student, found in fits.items():
        if not found:
            matches.absent.append(student)
        elif len(found) > 1 or len(claims[found[0]]) > 1:
            matches.unclear[student] = found
        else:
            matches.lines[student] = found[0]
    return matches


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()


def _before_at(name: str) -> str:
    return name.partition("@")[0]
