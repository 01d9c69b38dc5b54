"""Make what students get from what instructors write."""

import sys
from contextlib import closing
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateAssignment
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_locked, is_solution

from chainrule.checks.bank import BANK_NAME, compile_bank
from chainrule.grading.check_cells import is_check
from chainrule.grading.course import Course, CourseError
from chainrule.grading.engine import files_beside, make_engine
from chainrule.grading.workshop import Workshop, workshop

SECRETS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")


class ReleaseError(CourseError):
    """The student version could not be made, or would have given something away."""

    users_mistake = False


def release(
    course: Course, assignment: str | None = None, *, try_solutions: bool = False
) -> list[Path]:
    """Generate the student version of one problem set, or of all, and record it in the gradebook.

    The check data is compiled first; a version that fails or leaks leaves the last one in place.

    Parameters
    ----------
    course : Course
    assignment : str, optional
        The problem set; by default all.
    try_solutions : bool
        First grade the reference solutions as submissions are graded: a check cell that cannot
        reach into a student's process shows here, and not when a class has handed in.

    Returns
    -------
    list of Path
        The folders written, below ``release/``.

    Raises
    ------
    CourseError
        If there is no such problem set.
    ReleaseError
        If nbgrader cannot generate it, the result holds a solution or a hidden check, or the
        reference solutions do not earn all points.
    """
    names = [assignment] if assignment else course.problem_sets()
    if not names:
        raise CourseError(f"no problem sets in {course.source}")
    return [_release_one(course, name, try_solutions) for name in names]


def is_recorded(course: Course, assignment: str) -> bool:
    """Whether the gradebook has submissions of a problem set that has been released."""
    if not course.gradebook.is_file():
        return False
    with Gradebook(course.db_url) as book:
        try:
            found = book.find_assignment(assignment)
        except MissingEntry:
            return False
        return bool(found.submissions) and (course.release / assignment).is_dir()


def is_released(course: Course, assignment: str) -> bool:
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


def _release_one(course: Course, assignment: str, try_solutions: bool) -> Path:
    notebooks = course.notebooks(assignment)
    compile_bank(course.source / assignment)
    with workshop(course, assignment) as shop:
        if try_solutions and sys.platform != "win32":
            _try_solutions(shop, notebooks)
        course.gradebook.parent.mkdir(parents=True, exist_ok=True)
        try:
            shop.run(GenerateAssignment)
        except Exception as error:
            raise ReleaseError(
                f"nbgrader could not generate {assignment}: {_cause(error)} "
                f"(details in {course.log})"
            ) from error
        _refuse_leaks(shop, notebooks)
        place = course.release / assignment
        shop.publish("release", place)
    return place


def _try_solutions(shop: Workshop, notebooks: list[str]) -> None:
    folder = shop.folder("source")  # without what no student gets
    files = files_beside(folder)
    # The solutions are the instructor's own: they run without a box where there is none.
    with closing(make_engine(shop.config, unsafe=True)) as engine:
        for name in notebooks:
            try:
                nb = nbformat.read(folder / f"{name}.ipynb", as_version=4)
            except Exception as error:
                why = f"could not generate {shop.assignment}: {_cause(error)}"
                raise ReleaseError(why) from error
            for cell in nb.cells:
                if cell.cell_type == "code" and is_grade(cell) and is_solution(cell):
                    cell.source = ""  # for a person to grade, and often slow
            engine.run(nb, folder, files)
            _refuse_lost_points(nb, name)


def _refuse_lost_points(nb: nbformat.NotebookNode, name: str) -> None:
    for cell in nb.cells:
        if not is_check(cell):
            continue
        points, full = determine_grade(cell)
        if points is not None and points < full:
            errors = [out for out in cell.outputs if out.output_type == "error"]
            why = f": {errors[0].ename}: {errors[0].evalue}" if errors else ""
            raise ReleaseError(
                f"the reference solution of {name} earns {points:g} of {full:g} points in the cell "
                f"{cell.metadata.nbgrader['grade_id']}{why}"
            )


def _refuse_leaks(shop: Workshop, notebooks: list[str]) -> None:
    folder = shop.folder("release")
    for path in sorted(folder.rglob("*")):
        if path.name.startswith(BANK_NAME):
            raise ReleaseError(f"{path.name} would be released; see CourseDirectory.ignore")
    for name in notebooks:
        nb = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        for cell in nb.cells:
            leaked = [secret for secret in SECRETS if secret in cell.source]
            if leaked or cell.get("outputs"):
                what = leaked[0] if leaked else "an output"
                raise ReleaseError(
                    f"{what} would be released in {name}.ipynb: {cell.source[:60]!r}"
                )


def _cause(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
