"""Run a notebook's cells so that one bad cell costs its own points and nothing else.

nbgrader's ``Execute`` gives every cell its full time again and again, loses the whole submission
when a loop ignores the interrupt or the kernel dies, and a warning on stderr in a check cell
costs a right answer its points. :class:`RunCells` keeps the time of a whole notebook bounded,
restarts the kernel and goes on, and lets warnings be warnings.

A cell that needs more time than the others, because it trains a network, says so in its metadata,
``{"chainrule": {"seconds": 60}}``, in ``source/``: what a submission says of itself does not come
through the transplant. An own cell of a student has the time of the marked cell above it.
"""

import copy
import time

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade, is_solution
from traitlets import Integer

from chainrule.grading.notes import add_notes
from chainrule.grading.stops import DIED, ENDED, IGNORED, TIMEOUT, USED_UP, Stops, looped, timed_out


def seconds_of(cell: NotebookNode, default: int) -> int:
    """The time that a cell asks for in its metadata, else the default.

    Raises
    ------
    ValueError
        If it asks for something else than whole seconds, no fewer than the default.
    """
    seconds = cell.metadata.get("chainrule", {}).get("seconds", default)
    if type(seconds) is not int or seconds < default:
        raise ValueError(
            f"the metadata of cell {cell.get('id')} ask for {seconds!r} seconds: it must be a "
            f"whole number, at least the usual {default}"
        )
    return seconds


def seconds_by_cell(nb: NotebookNode, default: int) -> list[int]:
    """What every cell may take; one without a mark of nbgrader has the time of the one above."""
    limits: list[int] = []
    for cell in nb.cells:
        asks = "seconds" in cell.metadata.get("chainrule", {})
        own = "nbgrader" not in cell.metadata and not asks
        limits.append(limits[-1] if own and limits else seconds_of(cell, default))
    return limits


def extra_seconds(nb: NotebookNode, default: int) -> int:
    """How much more than usual the cells of a notebook ask for, together."""
    return sum(seconds_of(cell, default) - default for cell in nb.cells)


class RunCells(Execute):
    """Execute a notebook within a time limit per cell and one for the whole."""

    timeout_after_first = Integer(
        3,
        help="Seconds for each further cell of an exercise, once one of its cells has run into "
        "the time limit: several check cells call the method that loops for ever.",
    ).tag(config=True)
    total_time = Integer(180, help="Seconds for all cells of one notebook together.").tag(
        config=True
    )
    max_restarts = Integer(
        10, help="How often a dead or stuck kernel is started again in one notebook."
    ).tag(config=True)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.shutdown_kernel = "immediate"
        self.timeout_func = self._limit

    def preprocess(self, nb: NotebookNode, resources: dict | None = None, km=None):
        """Run all cells of `nb` in place; also says in a note which were stopped."""
        self._seconds = seconds_by_cell(nb, self.timeout)
        self._deadline = time.monotonic() + self.total_time + extra_seconds(nb, self.timeout)
        self._stops = Stops({TIMEOUT: [], DIED: []})
        self._done: list[int] = []
        self._restarts = 0
        self._hung = False
        nb, resources = super().preprocess(nb, resources, km)
        add_notes(nb, self._stops.notes())
        return nb, resources

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int):
        """Run one cell; whatever it does to the kernel, the next one can run."""
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        if time.monotonic() > self._deadline or self._restarts > self.max_restarts:
            self._stops.stop(cell, USED_UP)
            return cell, resources
        if is_solution(cell):
            self._hung = False  # a new exercise begins, with its full time
        began = time.monotonic()
        self._allowed = self._seconds[index]
        try:
            super().preprocess_cell(cell, resources, index)
        except (CellTimeoutError, DeadKernelError) as error:
            self._revive(cell, resources, error)
        else:
            self._finish(cell, time.monotonic() - began)
            self._done.append(index)
        return cell, resources

    def _limit(self, cell: NotebookNode) -> int:
        """Seconds that the cell at hand may take."""
        limit = min(self._allowed, self.timeout_after_first) if self._hung else self._allowed
        return max(1, min(limit, round(self._deadline - time.monotonic())))

    def _finish(self, cell: NotebookNode, seconds: float) -> None:
        for output in cell.outputs:
            # nbgrader reads any text on stderr as a failed check; a warning is not one.
            if output.output_type == "stream" and output.name == "stderr" and is_grade(cell):
                output.name = "stdout"
        if timed_out(cell):
            self._hung = True
            # The interrupt's own traceback points into whatever line happened to run.
            self._stops.stop(cell, looped(seconds))

    def _revive(self, cell: NotebookNode, resources: dict, error: Exception) -> None:
        """Replace the kernel that `cell` killed or holds, and rebuild what was defined so far."""
        if isinstance(error, CellTimeoutError):
            self._hung = True
            self._stops.stop(cell, IGNORED)
        else:
            self._stops.stop(cell, ENDED, DIED)
        while self._restarts < self.max_restarts and time.monotonic() < self._deadline:
            self._restarts += 1
            self.log.warning("Restarting the kernel: %s", error)
            if self._replay(resources):
                return
        self._restarts = self.max_restarts + 1

    def _replay(self, resources: dict) -> bool:
        """Start a kernel and run the finished cells again, except the checks."""
        self._cleanup_kernel()
        self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        for index in list(self._done):
            cell = self.nb.cells[index]
            if is_grade(cell):
                continue
            self._allowed = self._seconds[index]
            try:
                super().preprocess_cell(copy.deepcopy(cell), resources, index)
            except (CellTimeoutError, DeadKernelError):
                self._done.remove(index)  # it ran once; do without it from here on
                return False
            finally:
                self.nb.cells[index] = cell  # keep the first run's output
        return True
