"""Grade the submissions of one problem set, one after the other, in this process."""

import time
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.utils import compute_checksum, is_locked

from chainrule.grading.course import Course, CourseError
from chainrule.grading.gradesheet import FAILED, Row, read_rows, write_csv
from chainrule.grading.intake import Submission, receive
from chainrule.grading.notes import Note, add_notes
from chainrule.grading.release import release
from chainrule.grading.workshop import Workshop, workshop


class Progress:
    """What :func:`grade` tells while it works; this one keeps quiet."""

    def say(self, text: str) -> None:
        """Something else to know."""

    def start(self, total: int) -> None:
        """`total` submissions are going to be graded."""

    def begin(self, student: str) -> None:
        """The submission of `student` is being graded."""

    def end(self, row: Row, seconds: float) -> None:
        """It is done, with this result."""


def grade(
    course: Course,
    assignment: str,
    students: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> list[Row]:
    """Grade submissions, write ``autograded/``, ``feedback/`` and the grade table.

    One submission's failure is its own: the others are graded, and it gets a row with a reason.
    Grading again replaces the automatic points and keeps those given by hand.

    Parameters
    ----------
    course : Course
    assignment : str
        The problem set.
    students : iterable of str, optional
        Whose; by default everybody with a folder in ``course.submitted``.
    progress : Progress, optional
        Is told what happens.

    Returns
    -------
    list of Row
        One row per student graded now, in the order given.

    Raises
    ------
    CourseError
        If there is no such problem set, or nobody to grade.
    ReleaseError
        If it had to be released first and could not.
    """
    progress = progress or Progress()
    titles = course.notebooks(assignment)
    students = [_plain(name) for name in students or submitters(course)]
    if not students:
        raise CourseError(f"nobody to grade: no folders in {course.submitted}")
    if not _is_released(course, assignment):
        progress.say(f"Releasing {assignment}: the gradebook does not hold it as it is in source/")
        release(course, assignment)
    pristine = {
        title: nbformat.read(course.release / assignment / f"{title}.ipynb", as_version=4)
        for title in titles
    }
    rows = []
    progress.start(len(students))
    with workshop(course, assignment) as shop:
        for student in students:
            began = time.monotonic()
            progress.begin(student)
            rows.append(_grade_one(shop, student, pristine))
            progress.end(rows[-1], time.monotonic() - began)
    recorded = [row for name in course.problem_sets() for row in read_rows(course, name)]
    table = {(row.assignment, row.student): row for row in recorded + rows}
    write_csv((table[key] for key in sorted(table)), course.grades)
    return rows


def submitters(course: Course) -> list[str]:
    """Everybody with a folder in ``course.submitted``."""
    if not course.submitted.is_dir():
        return []
    return sorted(
        path.name
        for path in course.submitted.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )


def _is_released(course: Course, assignment: str) -> bool:
    """Whether release/ and gradebook hold the problem set, with the given cells of source/."""
    titles = course.notebooks(assignment)
    if not all((course.release / assignment / f"{name}.ipynb").is_file() for name in titles):
        return False
    if not course.gradebook.is_file():
        return False
    with Gradebook(course.db_url) as book:
        try:
            recorded = {
                (title, cell.name): cell.checksum
                for title in titles
                for cell in book.find_notebook(title, assignment).source_cells
            }
        except MissingEntry:
            return False
    current = {
        (title, cell.metadata.nbgrader["grade_id"]): compute_checksum(cell)
        for title in titles
        for cell in nbformat.read(course.source / assignment / f"{title}.ipynb", as_version=4).cells
        if is_locked(cell)
    }
    return all(recorded.get(name) == checksum for name, checksum in current.items())


def _grade_one(shop: Workshop, student: str, pristine: dict[str, NotebookNode]) -> Row:
    """Grade one submission; whatever happens, a row comes out."""
    course, assignment = shop.course, shop.assignment
    shop.log.info("---- %s, %s", student, assignment)
    try:
        _refuse_name(student)
        taken = receive(course.submitted / student / assignment, student, pristine)
        if taken.notebooks:
            taken.write(shop.folder("submitted", student))
            shop.run(Autograde, student)
        _complete(shop, taken, pristine)
        shop.run(GenerateFeedback, student)
        for step, place in (("autograded", course.autograded), ("feedback", course.feedback)):
            shop.publish(step, student, place / student / assignment)
        (row,) = read_rows(course, assignment, student)
        return row
    except Exception as error:
        shop.log.exception("could not grade %s", student)
        reason = f"{error}" if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        note = Note(FAILED, f"{' '.join(reason.split())} (details in {course.log.name})")
        _leave_word(shop, student, pristine, note)
        return Row(assignment, student, FAILED, notes=[note])
    finally:
        shop.clear(student)


def _plain(student: str) -> str:
    if Path(student).name != student or student in (".", ".."):
        raise CourseError(f"{student!r} is not a student id: expected the name of a folder")
    return student


def _refuse_name(student: str) -> None:
    """nbgrader matches folder names as patterns, and strips them."""
    if student != student.strip() or not student.isprintable() or set(student) & set("*?["):
        raise ValueError(f"The folder name {student!r} cannot be a student id; rename the folder")


def _complete(shop: Workshop, taken: Submission, pristine: dict[str, NotebookNode]) -> None:
    """Add what intake has to say; give notebooks that could not be read their zero and a page."""
    absent = [title for title in pristine if title not in taken.notebooks]
    if absent:
        _record_zero(shop, taken.student, absent)
    folder = shop.folder("autograded", taken.student)
    folder.mkdir(parents=True, exist_ok=True)
    for title, blank in pristine.items():
        path = folder / f"{title}.ipynb"
        if title in absent:
            _write(blank, taken.notes, path)
        elif taken.notes:
            _write(nbformat.read(path, as_version=4), taken.notes, path)


def _record_zero(shop: Workshop, student: str, titles: list[str]) -> None:
    """Points for notebooks that were not there or not readable; a person's grades stay."""
    with Gradebook(shop.course.db_url) as book:
        book.update_or_create_student(student)
        submission = book.update_or_create_submission(shop.assignment, student)
        for notebook in submission.notebooks:
            if notebook.name not in titles:
                continue
            for grade in notebook.grades:
                grade.auto_score = 0.0
                grade.needs_manual_grade = grade.manual_score is not None
        book.db.commit()


def _leave_word(
    shop: Workshop, student: str, pristine: dict[str, NotebookNode], note: Note
) -> None:
    """Write down where others look that grading failed, and not because of the student."""
    folder = shop.course.autograded / student / shop.assignment
    try:
        with Gradebook(shop.course.db_url) as book:
            book.update_or_create_student(student)
            book.update_or_create_submission(shop.assignment, student)
        folder.mkdir(parents=True, exist_ok=True)
        for title, blank in pristine.items():
            _write(blank, [note], folder / f"{title}.ipynb")
    except Exception:  # what made grading fail may do so here too; the row still tells
        shop.log.exception("could not write down that grading failed")


def _write(nb: NotebookNode, notes: list[Note], path: Path) -> None:
    """Write a notebook with notes on top."""
    nb = nbformat.from_dict(nb)
    add_notes(nb, notes)
    if path.exists():
        path.chmod(0o644)  # nbgrader leaves it read-only
    nbformat.write(nb, path)
