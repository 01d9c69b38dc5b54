"""Make nbgrader's gradebook say what the journal says, and leave what people said.

This is the only writer of automatic points. It compares first: what is as it should be is not
touched, so doing it again changes nothing, and a gradebook that was lost, restored from a copy, or
written to by `nbgrader autograde` comes back to the same. One submission is one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)  # fmt: skip
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    String,
    Table,
    Update,
    bindparam,
    insert,
    select,
    update,
)  # fmt: skip
from traitlets.config import Config

from chainrule.grading.course import Course, CourseError
from chainrule.grading.journal import FAILED, Entry

NO_RESPONSE = "No response."  # in nbgrader's words

_assignments, _notebooks, _cells, _students, _submissions, _handed_in, _grades, _comments = (
    kind.__table__
    for kind in (
        *(Assignment, Notebook, BaseCell, Student),
        *(SubmittedAssignment, SubmittedNotebook, Grade, Comment),
    )
)
# Which answer the points were given for. nbgrader looks at its own tables only.
_ours = MetaData()
_seen = Table(
    "chainrule_answer",
    _ours,
    Column("grade_id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),
)


@dataclass
class Points:
    """What the gradebook holds for one cell.

    Attributes
    ----------
    auto, manual, extra : float or None
    waiting : bool
        Whether a person has to look at it.
    answer : str or None
        A digest of the answer it is about.
    """

    id: str
    auto: float | None
    manual: float | None
    extra: float | None
    waiting: bool
    answer: str | None

    @property
    def total(self) -> float | None:
        """The points that count, as nbgrader adds them up; None while there are none."""
        given = self.auto if self.manual is None else self.manual
        return None if given is None else given + (self.extra or 0.0)


@dataclass
class Remark:
    """What the gradebook says about one answer, by itself and by hand."""

    id: str
    auto: str | None
    manual: str | None

    @property
    def text(self) -> str | None:
        return self.auto if self.manual is None else self.manual


@dataclass
class Part:
    """One notebook of a recorded submission."""

    id: str
    penalty: float | None
    points: dict[str, Points] = field(default_factory=dict)
    remarks: dict[str, Remark] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return sum(points.total or 0.0 for points in self.points.values())


@dataclass
class Record:
    """What the gradebook holds of one submission."""

    id: str
    student: str
    timestamp: datetime | None
    extension: timedelta | None
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Points so far, without what is taken off for being late."""
        return sum(part.score for part in self.parts.values())

    @property
    def penalty(self) -> float:
        return sum(part.penalty or 0.0 for part in self.parts.values())


class Recorder:
    """The gradebook, for one assignment, kept open for a whole run.

    Parameters
    ----------
    course : Course
    assignment : str
        It must be in the gradebook.
    config : Config
        Names the plugin for late submissions.

    Raises
    ------
    CourseError
        If the gradebook does not hold the assignment.
    """

    def __init__(self, course: Course, assignment: str, config: Config):
        self.assignment = assignment
        self.gradebook = Gradebook(course.db_url)
        self.engine = self.gradebook.engine
        _ours.create_all(self.engine)
        with self.engine.connect() as db:
            found = db.execute(
                select(_assignments).where(_assignments.c.name == assignment)
            ).first()
            if found is None:
                self.close()
                raise CourseError(f"the gradebook does not hold {assignment!r}: release it first")
            self.id, self.duedate = found.id, found.duedate
            self._titles = {
                row.id: row.name
                for row in db.execute(
                    select(_notebooks).where(_notebooks.c.assignment_id == self.id)
                )
            }
            self._cells = {
                row.id: row
                for row in db.execute(select(_cells).where(_cells.c.notebook_id.in_(self._titles)))
            }
        self._late = AssignLatePenalties(config=config, log=logging.getLogger("chainrule.grading"))
        self._late.init_plugin()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *what) -> None:
        self.close()

    def close(self) -> None:
        self.gradebook.close()

    def students(self) -> list[str]:
        """Everybody on the roster."""
        with self.engine.connect() as db:
            return sorted(db.scalars(select(_students.c.id)))

    def read(self, student: str | None = None) -> dict[str, Record]:
        """What is recorded of everybody (or of one), by student."""
        with self.engine.connect() as db:
            return self._read(db, student)

    def record(self, entry: Entry, known: Record | None = None) -> Record:
        """Make the gradebook say what `entry` says.

        Points, credits and comments that people gave stay; where the answer is no longer the one
        they saw, they are asked to look again.

        Parameters
        ----------
        entry : Entry
        known : Record, optional
            What is recorded, if that has just been read: if it is as it should be, nothing is done.

        Returns
        -------
        Record
            What is recorded now.

        Raises
        ------
        sqlalchemy.exc.SQLAlchemyError
            If it cannot be written; then nothing of it is.
        """
        if known and not list(self._changes(entry, known)):
            return known
        with self._transaction() as db:
            record = self._read(db, entry.student).get(entry.student)
            if record is None:
                self._create(db, entry)
                record = self._read(db, entry.student)[entry.student]
            self._write(db, self._changes(entry, record))
            return self._read(db, entry.student)[entry.student]

    def _write(self, db: Connection, changes: Iterable[tuple[Table, str | None, dict]]) -> None:
        """Write what :meth:`_changes` says, rows of a kind at once."""
        kinds: dict[tuple, list[dict]] = {}
        for table, key, values in changes:
            if key is not None:  # a parameter may not be called as its column is
                values = {"key": key} | {f"new_{name}": one for name, one in values.items()}
            kinds.setdefault((table, key is None, tuple(values)), []).append(values)
        for (table, new, names), rows in kinds.items():
            db.execute(insert(table) if new else _update_by_key(table, names), rows)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self.engine.connect() as db:
            if self.engine.dialect.name == "sqlite":
                # Otherwise formgrader could write between what is read here and what is written.
                db.exec_driver_sql("BEGIN IMMEDIATE")
            yield db
            db.commit()

    def _read(self, db: Connection, student: str | None) -> dict[str, Record]:
        chosen = select(_submissions).where(_submissions.c.assignment_id == self.id)
        if student is not None:
            chosen = chosen.where(_submissions.c.student_id == student)
        records = {
            row.id: Record(row.id, row.student_id, row.timestamp, row.extension)
            for row in db.execute(chosen)
        }
        ids = chosen.with_only_columns(_submissions.c.id)
        parts = {}
        # nbgrader's indices begin with the notebook or the cell: without these, the database reads
        # through the points of the whole class for every submission.
        ours, cells = list(self._titles), list(self._cells)
        chosen = select(_handed_in).where(
            _handed_in.c.notebook_id.in_(ours), _handed_in.c.assignment_id.in_(ids)
        )
        for row in db.execute(chosen):
            parts[row.id] = Part(row.id, row.late_submission_penalty)
            records[row.assignment_id].parts[self._titles[row.notebook_id]] = parts[row.id]
        ids = chosen.with_only_columns(_handed_in.c.id)
        both = _grades.outerjoin(_seen, _seen.c.grade_id == _grades.c.id)
        chosen = select(_grades, _seen.c.digest).select_from(both)
        of_ours = _grades.c.cell_id.in_(cells), _grades.c.notebook_id.in_(ids)
        for row in self._in_order(db.execute(chosen.where(*of_ours))):
            parts[row.notebook_id].points[self._cells[row.cell_id].name] = Points(
                row.id, row.auto_score, row.manual_score, row.extra_credit,
                row.needs_manual_grade, row.digest,
            )  # fmt: skip
        of_ours = _comments.c.cell_id.in_(cells), _comments.c.notebook_id.in_(ids)
        for row in self._in_order(db.execute(select(_comments).where(*of_ours))):
            parts[row.notebook_id].remarks[self._cells[row.cell_id].name] = Remark(
                row.id, row.auto_comment, row.manual_comment
            )
        return {record.student: record for record in records.values()}

    def _in_order(self, rows: Iterable) -> list:
        """Rows about cells, in the order of the notebooks: an index has its own."""
        places = {name: place for place, name in enumerate(self._cells)}
        return sorted(rows, key=lambda row: places[row.cell_id])

    def _create(self, db: Connection, entry: Entry) -> None:
        """Add the submission as `Gradebook.add_submission` does, within the transaction."""
        known = db.scalar(select(_students.c.id).where(_students.c.id == entry.student))
        if known is None:
            db.execute(insert(_students).values(id=entry.student))
        submission = new_uuid()
        ids = {"id": submission, "assignment_id": self.id, "student_id": entry.student}
        db.execute(insert(_submissions).values(ids))
        for notebook in self._titles:
            part = new_uuid()
            ids = {"id": part, "assignment_id": submission, "notebook_id": notebook}
            db.execute(insert(_handed_in).values(**ids, flagged=False))
            for table, kinds, values in (
                (_grades, ("GradeCell", "TaskCell"), {"needs_manual_grade": True}),
                (_comments, ("SolutionCell", "TaskCell"), {}),
            ):
                rows = [
                    {"id": new_uuid(), "cell_id": cell.id, "notebook_id": part, **values}
                    for cell in self._cells.values()
                    if cell.notebook_id == notebook and cell.type in kinds
                ]
                if rows:
                    db.execute(insert(table), rows)

    def _changes(self, entry: Entry, record: Record) -> Iterator[tuple[Table, str | None, dict]]:
        """What has to be written: table, key of the row (None for a new one), values."""
        time = datetime.fromisoformat(entry.timestamp) if entry.timestamp else record.timestamp
        if time != record.timestamp:
            yield _submissions, record.id, {"timestamp": time}
        for title, part in record.parts.items():
            marks = entry.marks.get(title, {})
            score = 0.0
            for name, points in part.points.items():
                mark = marks.get(name)
                auto = mark.points if mark else None
                # What we could not grade is no reason for a person to look again.
                answer = mark.answer if mark else points.answer
                given = auto if points.manual is None else points.manual
                score += 0.0 if given is None else given + (points.extra or 0.0)
                waiting = _waits(points, auto, answer)
                if (auto, waiting) != (points.auto, points.waiting):
                    values = {"auto_score": auto, "needs_manual_grade": waiting}
                    yield _grades, points.id, values
                if answer is None:
                    continue
                if points.answer is None:
                    yield _seen, None, {"grade_id": points.id, "digest": answer}
                elif points.answer != answer:
                    yield _seen, points.id, {"digest": answer}
            blanks = entry.blanks.get(title, [])
            for name, remark in part.remarks.items():
                said = NO_RESPONSE if name in blanks else None
                if said != remark.auto:
                    yield _comments, remark.id, {"auto_comment": said}
            penalty = self._penalty(entry, record, time, score)
            if penalty != part.penalty:
                yield _handed_in, part.id, {"late_submission_penalty": penalty}

    def _penalty(
        self, entry: Entry, record: Record, time: datetime | None, score: float
    ) -> float | None:
        """What is taken off for being late, by nbgrader's plugin; None if nothing."""
        if time is None or self.duedate is None or entry.status == FAILED:
            return None
        late = (time - self.duedate - (record.extension or timedelta())).total_seconds()
        if late <= 0:
            return None
        penalty = self._late.plugin_inst.late_submission_penalty(entry.student, score, late)
        if penalty is None:
            return None
        return float(self._late._check_late_penalty(SimpleNamespace(score=score), penalty))


@cache
def _update_by_key(table: Table, names: tuple[str, ...]) -> Update:
    """The statement that sets columns of the row with a key, by these parameters."""
    column = next(iter(table.primary_key.columns))
    values = {name.removeprefix("new_"): bindparam(name) for name in names if name != "key"}
    return update(table).where(column == bindparam("key")).values(values)


def _waits(points: Points, auto: float | None, answer: str | None) -> bool:
    """Whether a person has to look at a cell."""
    if points.manual is None:
        return auto is None
    if points.answer is None:  # graded by hand, and nobody knows which answer
        return points.waiting or points.auto != auto
    return points.waiting or points.answer != answer
