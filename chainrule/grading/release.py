"""Make what students get from what instructors write."""

from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment

from chainrule.checks.bank import BANK_NAME, compile_bank
from chainrule.grading.course import Course, CourseError
from chainrule.grading.workshop import Workshop, workshop

SECRETS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")


class ReleaseError(CourseError):
    """The student version could not be made, or would have given something away."""

    users_mistake = False


def release(course: Course, assignment: str | None = None) -> list[Path]:
    """Generate the student version of one problem set, or of all, and record it in the gradebook.

    The check data is compiled first; a version that fails or leaks leaves the last one in place.

    Returns
    -------
    list of Path
        The folders written, below ``release/``.

    Raises
    ------
    CourseError
        If there is no such problem set.
    ReleaseError
        If nbgrader cannot generate it, or the result holds a solution or a hidden check.
    """
    names = [assignment] if assignment else course.problem_sets()
    if not names:
        raise CourseError(f"no problem sets in {course.source}")
    return [_release_one(course, name) for name in names]


def _release_one(course: Course, assignment: str) -> Path:
    notebooks = course.notebooks(assignment)
    compile_bank(course.source / assignment)
    with workshop(course, assignment) as shop:
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
        shop.publish("release", ".", place)
    return place


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
