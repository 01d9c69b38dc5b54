"""Put grades into the roster that another system exported."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chainrule.grading.course import CourseError
from chainrule.grading.exports.matching import Matches, match
from chainrule.grading.exports.roster import Line, Roster, read_roster
from chainrule.grading.exports.rows import (
    Grades,
    Outcome,
    Wishes,
    concerns_of,
    is_settled,
    number,
    remarks_of,
)  # fmt: skip
from chainrule.grading.exports.system import System, as_number
from chainrule.grading.files import write_if_new
from chainrule.grading.gradesheet import MISSING, Row


def fill(grades: Grades, to: Path, wishes: Wishes, system: System) -> Outcome:
    """Write `wishes.roster` with the grades in it to `to`.

    Raises
    ------
    CourseError
        If there is no roster, it cannot be read, or it does not have the columns.
    """
    if wishes.roster is None:
        raise CourseError(f"needs the roster of {system.name}: {system.get_roster}")
    if to.exists() and wishes.roster.exists() and to.samefile(wishes.roster):
        raise CourseError(f"{to} is the roster itself: write to another file")
    roster = read_roster(wishes.roster, wishes.encoding)
    return _Filling(grades, wishes, system, roster).write(to)


@dataclass
class _Filling:
    grades: Grades
    wishes: Wishes
    system: System
    roster: Roster

    def write(self, to: Path) -> Outcome:
        columns = self._columns()
        lines = {
            line.number: line
            for line in self.roster.lines
            if self.system.is_person(self.roster, line)
        }
        matches = self._matches(lines, set(columns.values()))
        rows = [row for row in self.grades.rows if row.assignment in columns]
        done = Outcome([to], concerns_of(rows, self.wishes.partial))
        done.concerns += self._not_found(matches, lines, rows)
        done.concerns += self._without_column(columns)
        done.concerns += self._other_maxima(columns)
        done.remarks = remarks_of(rows, self.wishes.partial)
        written = changed = 0
        for row in rows:
            line = lines.get(matches.lines.get(row.student, 0))
            if line is None or not is_settled(row, self.wishes.partial):
                continue
            column = columns[row.assignment]
            refusal = self.system.refuses(self.roster, line, column)
            if refusal:
                told = done.remarks if row.status == MISSING else done.concerns
                told.append(f"{row.student}, {row.assignment}: {refusal}")
                continue
            if self.system.takes(row):
                done.concerns.append(f"{row.student}, {row.assignment}: {self.system.takes(row)}")
            before = as_number(line.get(column))
            changed += before is not None and not math.isclose(before, row.score)
            written += 1
            self.roster.put(line, column, number(row.score))
        other = f", {changed} of them other than what stood there" if changed else ""
        done.remarks.append(f"Filled in: {written}{other}")
        write_if_new(to, self.roster.content())
        return done

    def _columns(self) -> dict[str, int]:
        """The column of each problem set."""
        names = self.grades.assignments
        asked = dict(_asked(self.wishes.columns, names))
        only = self.system.only_column(self.roster)
        found: dict[str, int] = {}
        for name in names:
            if name in asked:
                found[name] = self._index(asked[name])
                continue
            fits = [
                index
                for index, header in enumerate(self.roster.header)
                if name.casefold() in {title.casefold() for title in self.system.titles(header)}
            ]
            if len(fits) > 1:
                raise CourseError(
                    f"{self._file} has {len(fits)} columns for {name}: name one with --column"
                )
            if fits:
                found[name] = fits[0]
            elif only and len(names) == 1:
                found[name] = self._index(only)
        if not found:
            raise CourseError(
                f"{self._file} has no column for {', '.join(names)}: name it with --column "
                f"(there is: {', '.join(self.roster.header)})"
            )
        for column in found.values():
            sharing = [name for name in found if found[name] == column]
            if len(sharing) > 1:
                header = self.roster.header[column]
                raise CourseError(f"{' and '.join(sharing)} would both go into {header!r}")
        return found

    def _index(self, header: str) -> int:
        found = [at for at, one in enumerate(self.roster.header) if one == header.strip()]
        if len(found) != 1:
            times = f"{len(found)} columns" if found else "no column"
            there = ", ".join(self.roster.header)
            raise CourseError(f"{self._file} has {times} {header!r} (there is: {there})")
        return found[0]

    def _matches(self, lines: dict[int, Line], taken: set[int]) -> Matches:
        """Where every student stands: what is clear must not depend on who is asked for."""
        names = [self.wishes.match] if self.wishes.match else self.system.match
        known = [name for name in names if name in self.roster.header]
        if not known:
            raise CourseError(
                f"{self._file} has none of the columns {', '.join(names)}, so nobody can be found: "
                f"name the one that holds the student ids with --match (there is: "
                f"{', '.join(self.roster.header)})"
            )
        indices = [self._index(name) for name in known]
        for index in taken.intersection(indices):
            header = self.roster.header[index]
            raise CourseError(f"points cannot go into {header!r}: it says who a line is about")
        students = sorted({*self.grades.people, *self.grades.students})
        people = {student: self.grades.person(student) for student in students}
        values = {at: [line.get(index) for index in indices] for at, line in lines.items()}
        return match(people, values)

    def _not_found(
        self, matches: Matches, lines: dict[int, Line], rows: Iterable[Row]
    ) -> Iterable[str]:
        scores: dict[str, list[str]] = {}
        for row in rows:
            scores.setdefault(row.student, []).append(
                f"{row.assignment} {number(row.score) or '-'}"
            )
        for student in matches.absent:
            if student in scores:
                yield f"{student}: not in the roster ({', '.join(scores[student])})"
        for student, found in matches.unclear.items():
            if student not in scores:
                continue
            where = "; ".join(self.system.who(self.roster, lines[at]) for at in found)
            what = "several lines fit" if len(found) > 1 else "this line fits others, too"
            yield f"{student}: left out, {what}: {where}"
        for at in matches.strangers if self.grades.everybody else []:
            if not self.system.may_go_unmatched(self.roster, lines[at]):
                yield f"{self.system.who(self.roster, lines[at])} of the roster: no such student"

    def _without_column(self, columns: dict[str, int]) -> Iterable[str]:
        for name in self.grades.assignments:
            if name not in columns:
                yield f"{name}: left out, the roster has no column for it"

    def _other_maxima(self, columns: dict[str, int]) -> Iterable[str]:
        for name, column in columns.items():
            there = self.system.maximum(self.roster, column)
            ours = max(row.max_score for row in self.grades.rows if row.assignment == name)
            if there is not None and not math.isclose(there, ours):
                yield f"{name}: {number(ours)} points, but {number(there)} in {self.system.name}"

    @property
    def _file(self) -> str:
        return f"the roster {self.roster.path.name}"


def _asked(columns: Iterable[str], names: list[str]) -> Iterable[tuple[str, str]]:
    """Problem set and header of each column that was asked for."""
    for asked in columns:
        name, equals, header = asked.partition("=")
        if equals and name in names:
            yield name, header
        elif len(names) == 1:
            yield names[0], asked
        else:
            raise CourseError(
                f"which problem set goes into {asked!r}? Say PROBLEM_SET=COLUMN, with one of "
                f"{', '.join(names)}"
            )
