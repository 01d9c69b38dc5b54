"""A temporary course folder in which nbgrader's converters run.

nbgrader works on one course folder: it changes into it, deletes a result before making it anew,
and matches paths as glob patterns. In a workshop it does so on copies; what came out well then
replaces the last result in one step. So an interrupted run leaves the last good result, and a
checkout in a folder called ``[2026]`` works.
"""

import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.converters import BaseConverter
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import rmtree
from traitlets.config import PyFileConfigLoader

from chainrule.grading.course import CONFIG, Course

LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class Workshop:
    """nbgrader's converters on a copy of one assignment, recording into the course's gradebook."""

    def __init__(self, course: Course, assignment: str, root: Path, log: logging.Logger):
        self.course = course
        self.assignment = assignment
        self.root = root
        self.log = log
        self.config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
        self.config.CourseDirectory.root = str(root)
        self.config.CourseDirectory.db_url = course.db_url
        ignore = shutil.ignore_patterns(*self.config.CourseDirectory.get("ignore", []))
        for step, folder in (("source", course.source), ("release", course.release)):
            if (folder / assignment).is_dir():
                shutil.copytree(folder / assignment, root / step / assignment, ignore=ignore)

    def folder(self, step: str) -> Path:
        """Where nbgrader looks for, or puts, the assignment at one step."""
        return self.root / step / self.assignment

    def run(self, converter: type[BaseConverter]) -> None:
        """Run one nbgrader converter.

        Raises
        ------
        Exception
            Whatever the converter raises; the details are in the log.
        """
        place = CourseDirectory(config=self.config)
        place.assignment_id = self.assignment
        place.student_id = "."
        work = converter(coursedir=place, config=self.config, log=self.log)
        work.force = True
        work.start()

    def publish(self, step: str, folder: Path) -> None:
        """Put what a converter made into `folder`, replacing what is there."""
        replace_tree(self.folder(step), folder)


@contextmanager
def workshop(course: Course, assignment: str) -> Iterator[Workshop]:
    """Open a workshop; afterwards the working directory and the environment are as before."""
    prefix = "chainrule-"
    with (
        quiet(course) as log,
        tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder,
    ):
        yield Workshop(course, assignment, Path(folder).resolve(), log)


@contextmanager
def quiet(course: Course) -> Iterator[logging.Logger]:
    """Let nbgrader say to the log what it has to say, and undo what it does to this process."""
    log = logging.getLogger("chainrule.grading")
    log.setLevel(logging.INFO)
    log.propagate = False
    course.log.parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(course.log, encoding="utf-8", errors="backslashreplace")
    to_file.setFormatter(logging.Formatter(LOG_FORMAT))
    outer = list(log.handlers)
    if not outer:
        log.addHandler(to_file)
    here, environment = Path.cwd(), dict(os.environ)
    # nbgrader makes a gradebook with the help of a command found on PATH; and one thread for
    # linear algebra gives every run the same last digits.
    commands = Path(sys.executable).parent
    os.environ["PATH"] = os.pathsep.join([str(commands), environment.get("PATH", "")])
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        with warnings.catch_warnings():
            # What nbgrader and its libraries warn about is for the log, not for the terminal.
            warnings.simplefilter("default")
            warnings.showwarning = lambda message, category, *where: log.warning(
                "%s: %s", category.__name__, message
            )
            yield log
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)
        log.removeHandler(to_file)
        to_file.close()


def replace_tree(new: Path, place: Path) -> None:
    """Put a copy of the folder `new` at `place`; no mixture of old and new is ever there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    arriving = place.with_name(f".{place.name}.new")
    for leftover in (arriving, arriving.with_suffix(".old")):
        if leftover.exists():
            rmtree(str(leftover))
    shutil.copytree(new, arriving)
    if place.exists():
        leaving = arriving.with_suffix(".old")
        place.rename(leaving)
        arriving.rename(place)
        rmtree(str(leaving))
    else:
        arriving.rename(place)
