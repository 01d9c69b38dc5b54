"""Which mistakes a class made, how often, and what its students read about them.

A mistake is what a check recognised, an id of the mistake bank. What a check has no name for is
counted by what it said, with numbers and names left out so that the same counts as the same.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chainrule.checks.bank import BANK_NAME, DATA_NAME
from chainrule.checks.message import MARKS
from chainrule.grading.course import Course
from chainrule.grading.journal import FAILS, PARTLY, Entry, Mark
from chainrule.grading.plaintext import one_line
from chainrule.grading.stops import is_reason

NOT_WRITTEN = "not_implemented"  # no mistake: nothing is there yet
FOLLOWS = "cannot be judged while forward is not right"  # of a check that another one holds up
LONGEST = 400  # characters of what a check said
SAYINGS = 3  # ways of saying one mistake that are shown

_HIDDEN = re.compile(r"^\d+ of \d+ hidden checks passed\.\s*")
_SUBJECT = re.compile(r"^\w+(?: (?:forward|backward))?: ")
_STAGE = re.compile(r"^(?:forward|backward|result): ")
_NUMBER = re.compile(r"(?<!\w)[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
_QUOTED = re.compile(r"'[^'\n]{1,80}'|\"[^\"\n]{1,80}\"|`[^`\n]{1,80}`")


@dataclass
class Mistake:
    """One mistake, or one thing that checks said.

    Attributes
    ----------
    exercise : str
        The exercise's name in the notebook.
    subject : str
        What was checked: a class or function.
    id : str
        Of the mistake bank; empty where there is none.
    stages : Counter of str
        In which part of the work it was found: how many students' first check that found it.
    explanation : str
        What students read, headline first; empty if the bank has no words of its own for it.
    sayings : Counter of str
        What the checks said in its place, generalised.
    students : list of str
    """

    exercise: str
    subject: str
    id: str = ""
    stages: Counter[str] = field(default_factory=Counter)
    explanation: str = ""
    sayings: Counter[str] = field(default_factory=Counter)
    students: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """What students read, the most usual first."""
        if self.explanation:
            return [self.explanation]
        return [text.replace(". ", ".\n", 1) for text, _ in _by_count(self.sayings)[:SAYINGS]]

    @property
    def headline(self) -> str:
        """The first line of what students read."""
        line = self.words[0].split("\n")[0] if self.words else self.id
        first = line.partition(" ")[0]
        return line[:1].upper() + line[1:] if first.isalpha() else line

    @property
    def text(self) -> list[str]:
        """The other lines."""
        return self.words[0].split("\n")[1:] if self.words else []

    @property
    def others(self) -> list[str]:
        """What else checks said of the same mistake."""
        return [" ".join(words.split("\n")) for words in self.words[1:]]


class Mistakes:
    """Collects the mistakes of a class, entry by entry.

    Parameters
    ----------
    exercise_of : mapping of str to str
        By graded cell: its exercise.
    explanations : mapping of (str, str) to str
        What students read, by what was checked and id: see :func:`read_explanations`.
    """

    def __init__(self, exercise_of: Mapping[str, str], explanations: Mapping[tuple, str]):
        self._exercise_of = exercise_of
        self._explanations = explanations
        self._named: dict[tuple, Mistake] = {}
        self._unnamed: dict[tuple, Mistake] = {}
        self.unwritten: dict[str, list[str]] = {}

    def add(self, entry: Entry) -> None:
        """Count what the checks of one submission found."""
        failing: set[str] = set()  # exercises in which something has been said already
        for _, name, mark in entry.all_marks():
            if mark.verdict not in (FAILS, PARTLY):
                continue
            exercise = self._exercise_of.get(name, name)
            ids = {check.mistake for check in mark.checks if check.mistake}
            for check in mark.checks:
                if check.mistake and check.mistake != NOT_WRITTEN:
                    self._add_named(entry.student, exercise, check, mark)
            if NOT_WRITTEN in ids:
                _once(self.unwritten.setdefault(exercise, []), entry.student)
            elif not ids and exercise not in failing:
                self._add_unnamed(entry.student, exercise, mark)
            failing.add(exercise)

    def named(self) -> list[Mistake]:
        """Recognised mistakes, the most frequent first."""
        return _in_order(self._named.values())

    def unnamed(self) -> list[Mistake]:
        """What checks said that recognised nothing, the most frequent first."""
        return _in_order(self._unnamed.values())

    def _add_named(self, student: str, exercise: str, check, mark: Mark) -> None:
        key = (exercise, check.exercise, check.mistake)
        if key not in self._named:
            mistake = self._named[key] = Mistake(exercise, check.exercise, check.mistake)
            known = self._explanations.get((check.exercise, check.mistake))
            mistake.explanation = known or self._explanations.get(("", check.mistake), "")
        mistake = self._named[key]
        if _once(mistake.students, student):
            mistake.stages[check.stage] += 1
            mistake.sayings[generalised(mark.said)] += 1

    def _add_unnamed(self, student: str, exercise: str, mark: Mark) -> None:
        if FOLLOWS in mark.said or is_reason(mark.said.partition(": ")[2]):
            return
        said = generalised(mark.said)
        subject = next((check.exercise for check in mark.checks if check.share < 1), "")
        stage = next((check.stage for check in mark.checks if check.share < 1), "")
        key = (exercise, subject, said)
        found = self._unnamed.setdefault(key, Mistake(exercise, subject))
        if _once(found.students, student):
            found.sayings[said] += 1
            if stage:
                found.stages[stage] += 1


def generalised(said: str) -> str:
    """What a check said, in a line, without evidence, numbers and quoted names.

    Examples
    --------
    >>> generalised("CheckFailed: ✗ ReLU forward: the values are wrong.\\n    got  [1, 2]")
    'the values are wrong.'
    >>> generalised("✗ Tanh: 0 of 10 hidden checks passed.\\n  backward: a minus is missing.")
    'a minus is missing.'
    >>> generalised("IndexError: index 7 is out of bounds for axis 0 with size 7")
    'IndexError: index … is out of bounds for axis … with size …'
    """
    text = said.removeprefix("CheckFailed: ").lstrip()
    lines = text.split("\n")
    if text.startswith(MARKS):
        kept = []
        for line in lines:  # the evidence below is set in, and what to reread comes last
            if line.startswith(("    ", "  Reread:")):
                break
            kept.append(line.strip())
        text = _SUBJECT.sub("", " ".join(kept).lstrip("".join(MARKS)).strip())
        text = _STAGE.sub("", _HIDDEN.sub("", text)) or "some hidden checks did not pass"
    else:
        text = lines[0]
        text = _QUOTED.sub(lambda found: f"{found[0][0]}…{found[0][0]}", text)
    return one_line(_NUMBER.sub("…", text), LONGEST) or "nothing"


def read_explanations(course: Course, assignment: str) -> dict[tuple[str, str], str]:
    """What students read about each mistake, by what is checked and the mistake's id.

    From the released data file; for what only hidden checks can tell, from the bank, which is read
    and not run. The latter stand under the name of what is checked if the bank says it, else "".
    """
    found: dict[tuple[str, str], str] = {}
    for path in sorted((course.source / assignment / BANK_NAME).rglob("*.py")):
        found |= _in_bank(path)
    for folder in (course.source, course.release):
        found |= _in_data(folder / assignment / DATA_NAME)
    return found


def _in_data(path: Path) -> dict[tuple[str, str], str]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {
            (exercise["name"], mistake["id"]): mistake["says"]
            for exercise in data["exercises"]
            for mistake in exercise["mistakes"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _in_bank(path: Path) -> dict[tuple[str, str], str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return {}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.decorator_list:
            head, _, rest = (ast.get_docstring(node) or "").partition("\n\n")
            text = "\n".join(" ".join(part.split()) for part in (head, rest) if part)
            if text:
                found["", node.name] = text
    return found


def _once(names: list[str], name: str) -> bool:
    """Add a name unless it was the last one added."""
    if names and names[-1] == name:
        return False
    names.append(name)
    return True


def _in_order(mistakes) -> list[Mistake]:
    return sorted(
        mistakes, key=lambda one: (-len(one.students), one.exercise, one.subject, one.id, one.words)
    )


def _by_count(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
