"""What makes an export an exporter of nbgrader: ``nbgrader export --exporter=...``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins.export import ExportPlugin
from sqlalchemy.engine import make_url
from traitlets import Bool, List, Unicode

from chainrule.grading.course import Course, CourseError
from chainrule.grading.exports.rows import Grades, Outcome, Wishes, read_grades
from chainrule.grading.grade import CannotWrite

FOLDER = "exports"  # in the course, where exports go unless told otherwise


class Exporter(ExportPlugin):
    """Base class: a subclass says what it writes, and where to by default.

    Its options can stand in ``nbgrader_config.py`` or on the command line, as in
    ``--CanvasExporter.roster=roster.csv``.
    """

    file = ""  # what it writes by default
    uses_roster = False

    roster = Unicode("", help="the file that the other system exported").tag(config=True)
    match = Unicode("", help="the roster's column that holds the student ids").tag(config=True)
    column = List(
        Unicode(), help="where points go: HEADER, or PROBLEM_SET=HEADER if there are several"
    ).tag(config=True)
    encoding = Unicode("", help="of the roster; empty to find it out").tag(config=True)
    partial = Bool(False, help="whether points so far count where a person has to grade yet").tag(
        config=True
    )

    @staticmethod
    def write(grades: Grades, to: Path, wishes: Wishes) -> Outcome:
        """Write the grades to `to`.

        Raises
        ------
        CourseError
            If it cannot do that; the text says why.
        """
        raise NotImplementedError

    @classmethod
    def save(cls, grades: Grades, to: Path, wishes: Wishes) -> Outcome:
        """Do what :meth:`write` does, and say plainly if there is no room or no right to.

        Raises
        ------
        CourseError
        """
        try:
            return cls.write(grades, to, wishes)
        except OSError as error:
            where = error.filename or to
            raise CannotWrite(f"could not write {where}: {error.strerror}") from error

    def export(self, gradebook: Gradebook) -> None:
        """Export what nbgrader was asked for, and log what needs attention."""
        try:
            course = _course_of(gradebook, self.parent.coursedir.root)
            names = [str(name) for name in self.assignment]
            grades = read_grades(course, names, [str(name) for name in self.student])
            to = Path(self.to) if self.to else course.root / FOLDER / self.file
            done = self.save(grades, to, self._wishes())
        except CourseError as error:
            self.log.error("%s", error)
            sys.exit(2 if error.users_mistake else 1)
        for remark in done.remarks:
            self.log.info("%s", remark)
        for concern in done.concerns:
            self.log.warning("%s", concern)
        for path in done.files:
            self.log.info("Exported grades to %s", path)

    def _wishes(self) -> Wishes:
        roster = Path(self.roster) if self.roster else None
        return Wishes(roster, self.match, tuple(self.column), self.encoding, self.partial)


def _course_of(gradebook: Gradebook, root: str) -> Course:
    """The course that nbgrader works on, with the gradebook that it opened."""
    course = Course.at(root)
    url = gradebook.engine.url
    if make_url(course.db_url).database == url.database:
        return course
    if url.get_backend_name() != "sqlite" or not url.database:
        raise CourseError(f"the gradebook is no SQLite file: {url.get_backend_name()}")
    return replace(course, gradebook=Path(url.database).resolve())
