"""Where a course keeps its things."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONFIG = "nbgrader_config.py"


class CourseError(Exception):
    """The command cannot do what it was asked for; the text tells the instructor why."""

    users_mistake = True  # asked for what is not there: a course, a problem set, a student


@dataclass(frozen=True)
class Course:
    """A checkout of the course: what is read from it and where results go.

    The default places are nbgrader's own (and those of ``nbgrader_config.py``), so formgrader and
    the plain commands find what ``chainrule`` wrote.
    """

    root: Path
    release: Path
    submitted: Path
    autograded: Path
    feedback: Path
    gradebook: Path
    grades: Path
    journal: Path
    log: Path

    @classmethod
    def at(cls, root: Path | str, *, submitted: Path | None = None) -> Course:
        """The course whose top folder is `root`, with everything in its usual place.

        Raises
        ------
        CourseError
            If `root` is not the top of a course.
        """
        root = Path(root).resolve()
        if not _is_course(root):
            raise CourseError(
                f"{root} is not a course: expected {CONFIG} and a folder source/ in it"
            )
        return cls(
            root=root,
            release=root / "release",
            submitted=submitted.resolve() if submitted else root / "submitted",
            autograded=root / "autograded",
            feedback=root / "feedback",
            gradebook=root / "gradebook.db",
            grades=root / "grades.csv",
            journal=root / ".chainrule" / "journal",
            log=root / ".nbgrader.log",
        )

    @classmethod
    def around(cls, folder: Path | str) -> Course:
        """The course that `folder` lies in.

        Raises
        ------
        CourseError
            If neither `folder` nor any folder above it is the top of a course.
        """
        start = Path(folder).resolve()
        for root in (start, *start.parents):
            if _is_course(root):
                return cls.at(root)
        raise CourseError(
            f"no course in {start} or above: expected a folder with {CONFIG} and source/ in it"
        )

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def reports(self) -> Path:
        """The reports on the class, beside the feedback that they link to."""
        return self.feedback.with_name("reports")

    @property
    def cells(self) -> Path:
        """The table of every graded cell, beside the one of grades."""
        return self.grades.with_name(f"{self.grades.stem}_by_cell.csv")

    @property
    def db_url(self) -> str:
        """The gradebook for SQLAlchemy; it waits while formgrader writes."""
        return f"sqlite:///{self.gradebook.as_posix()}?timeout=60"

    def problem_sets(self) -> list[str]:
        """Names of the folders in source/ that hold a notebook."""
        if not self.source.is_dir():
            return []
        return sorted(
            folder.name for folder in self.source.iterdir() if any(folder.glob("*.ipynb"))
        )

    def notebooks(self, assignment: str) -> list[str]:
        """Names of the notebooks of one problem set, without ``.ipynb``.

        Raises
        ------
        CourseError
            If source/ has no such problem set.
        """
        names = sorted(path.stem for path in (self.source / assignment).glob("*.ipynb"))
        if not names:
            known = ", ".join(self.problem_sets()) or "none"
            raise CourseError(f"no problem set {assignment!r} in source/ (there is: {known})")
        return names


def _is_course(folder: Path) -> bool:
    return (folder / CONFIG).is_file() and (folder / "source").is_dir()
