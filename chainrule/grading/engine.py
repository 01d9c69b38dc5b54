"""What executes a submission: in the sandbox where there is one, else as well as it can be had."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool
from traitlets.config import Config

from chainrule.grading.execute import RunCells
from chainrule.grading.kernel import Engine, KernelEngine, read_config
from chainrule.grading.needs import needs_of
from chainrule.grading.sandbox.box import find_box
from chainrule.grading.sandbox.doctor import quick_proof
from chainrule.grading.sandbox.limits import Limits
from chainrule.grading.sandbox.nursery import Nursery
from chainrule.grading.sitting import Allowance, Sitting
from chainrule.grading.transplant import course_of

MAX_FILE = 10_000_000  # bytes of a file beside the notebook that goes into the sandbox


class SandboxEngine:
    """Student's code in a process of its own, check cells in this one.

    Parameters
    ----------
    config : Config
        Of the course: the limits of ``Execute`` and ``RunCells``.
    unsafe : bool
        Whether to go on where there is no sandbox.

    Raises
    ------
    CourseError
        If there is none and it was not to go on, or if it does not hold.
    """

    def __init__(self, config: Config, unsafe: bool = False):
        box, limits = find_box(unsafe), Limits()
        quick_proof(box, limits)
        self.description = box.description
        self.allowance = _allowance(config)
        self.limits = {
            "seconds for a cell": self.allowance.cell,
            "seconds for a notebook": self.allowance.total,
            "bytes of memory": limits.memory,
        }
        self.seed = 0
        self.peak_memory: int | None = None
        self._nursery = Nursery(box, limits)
        self._nursery.start()

    def run(self, nb: NotebookNode, folder: Path, files: dict[str, bytes]) -> None:
        """Fill in the outputs of all code cells of `nb`, and note which were stopped."""
        self._nursery.also(*needs_of(nb))
        sitting = Sitting(nb, self._nursery.worker, folder, files, self.allowance)
        sitting.run()
        self.peak_memory = sitting.peak_memory or None

    def close(self) -> None:
        """End the processes inside the sandbox."""
        self._nursery.close()


def engine_for(root: Path, *, unsafe: bool = False) -> Engine:
    """The engine for the course in `root`; `unsafe` allows one that protects nothing."""
    return make_engine(read_config(root), unsafe)


def make_engine(config: Config, unsafe: bool = False) -> Engine:
    """The engine that can be had on this system.

    Raises
    ------
    CourseError
        If there is no sandbox and `unsafe` is not given.
    """
    if sys.platform == "win32":
        return KernelEngine(config)
    return SandboxEngine(config, unsafe)


def _allowance(config: Config) -> Allowance:
    trial = RunCells(config=config)
    return Allowance(trial.timeout, trial.timeout_after_first, trial.total_time, trial.max_restarts)


class Examine(NbGraderPreprocessor):
    """Executes notebooks for nbgrader's own ``autograde`` as ``chainrule grade`` does.

    Takes the place of ``Execute`` in ``Autograde.autograde_preprocessors``.
    """

    unsafe = Bool(False, help="Whether to go on where there is no sandbox.").tag(config=True)

    # One for the process: a converter makes a new preprocessor for every notebook.
    _engines: ClassVar[dict[bool, Engine]] = {}

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Fill in the outputs of `nb`."""
        if self.unsafe not in self._engines:
            self._engines[self.unsafe] = make_engine(self.config, self.unsafe)
        here = Path(resources["metadata"]["path"])
        self._engines[self.unsafe].run(nb, self._source(resources), files_beside(here))
        return nb, resources

    def _source(self, resources: dict) -> Path:
        course, name = course_of(self), resources["nbgrader"]["assignment"]
        return Path(course.format_path(course.source_directory, ".", name)).resolve()


def files_beside(folder: Path) -> dict[str, bytes]:
    """What lies beside the notebooks in a folder, by relative name: no links, nothing too large."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and path.suffix != ".ipynb"
        and path.stat().st_size <= MAX_FILE
    }
