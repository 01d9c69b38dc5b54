"""One notebook under examination: the student's cells in their process, the checks at ours.

The student's and the given cells run in order in the student's process; the given ones also here,
for the checks that use what they define. A check cell runs here. One that holds hidden checks waits
until all of the student's cells have run, and then calls a fork of the student's process taken at
its place in the notebook: what it shows to the student's code has no way back into any output.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import is_solution

from chainrule.grading.bench import Bench
from chainrule.grading.check_cells import holds_hidden_tests, is_check
from chainrule.grading.execute import extra_seconds, seconds_by_cell
from chainrule.grading.notes import add_notes
from chainrule.grading.outputs import as_outputs
from chainrule.grading.proxies import Ended, OutOfTime, Session, StudentPeer
from chainrule.grading.stops import DIED, ENDED, MEMORY, TOO_MUCH, USED_UP, Stops, looped, timed_out
from chainrule.grading.transplant import is_students


@dataclass(frozen=True)
class Allowance:
    """Time, in seconds: for a cell, for further ones of an exercise that hangs, for a notebook.

    `restarts` is how often a process that died is replaced.
    """

    cell: int = 15
    after_first: int = 3
    total: int = 180
    restarts: int = 10


def _answers(cells: list[NotebookNode]) -> Iterator[int]:
    """For every cell, the place of the answer that it is about: itself, or the nearest one above.

    -1 above the first.
    """
    answer = -1
    for index, cell in enumerate(cells):
        answer = index if is_solution(cell) else answer
        yield answer


@dataclass
class _Waiting:
    """A check cell that waits for its turn, and the fork that it will call."""

    index: int
    names: dict
    peer: StudentPeer | None = None


@dataclass
class Sitting:
    """Executes the cells of one notebook, in place.

    Attributes
    ----------
    nb : NotebookNode
        The assignment with a student's answers.
    new_worker : callable
        Starts a student's process, a :class:`~chainrule.grading.sandbox.worker.Worker`.
    folder : Path
        Where check cells run.
    files : mapping of str to bytes
        What lies beside the notebook, for the student's code.
    allowance : Allowance
    peak_memory : int
        Bytes that the student's processes took together, once :meth:`run` is done; 0 if not known.
    """

    nb: NotebookNode
    new_worker: Callable[[], object]
    folder: Path
    files: Mapping[str, bytes]
    allowance: Allowance = Allowance()
    peak_memory: int = 0
    _done: list[int] = field(default_factory=list)
    _waiting: list[_Waiting] = field(default_factory=list)
    _stops: Stops = field(default_factory=Stops)
    _restarts: int = 0
    _count: int = 0  # processes in a fresh box
    _hung: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Run all cells; afterwards their outputs are what a kernel would have given them."""
        cells = self.nb.cells
        self._seconds = seconds_by_cell(self.nb, self.allowance.cell)
        extra = extra_seconds(self.nb, self.allowance.cell)
        self._deadline = time.monotonic() + self.allowance.total + extra
        self._answers = list(_answers(cells))
        self._session, self._worker = Session(), None
        given = [
            cell.source for cell in cells if cell.cell_type == "code" and not is_students(cell)
        ]
        self._bench = Bench(self._session, given, self.folder)
        try:
            self._start()
            for index, cell in enumerate(cells):
                if cell.cell_type == "code":
                    cell.outputs = []
                    if cell.source.strip():
                        self._run_in_order(index, cell)
            self._session.peer = None  # from here on, nothing of the student's is shown any more
            self._run_waiting()
        finally:
            self._end()
        add_notes(self.nb, self._stops.notes())

    def _run_in_order(self, index: int, cell: NotebookNode) -> None:
        if time.monotonic() > self._deadline or self._restarts > self.allowance.restarts:
            self._stops.stop(cell, USED_UP)
        elif is_check(cell):
            if holds_hidden_tests(cell):
                self._waiting.append(self._fork(_Waiting(index, self._bench.remember())))
            else:
                done = self._run_check(index, cell)
                if self._session.peer is None or not (done or self._is_alone()):
                    self._restart()
        else:
            self._run_students(index, cell)

    def _run_students(self, index: int, cell: NotebookNode) -> None:
        self._session.begin(self._limit(index))
        try:
            outputs, _ = self._session.run(cell.source)
        except (OutOfTime, Ended) as error:
            self._note_end(index, error)
            self._restart()
            return
        cell.outputs = as_outputs(outputs)
        self._done.append(index)
        if timed_out(cell):
            self._hung.add(self._answers[index])
            self._stops.stop(cell, looped(self._session.seconds))
        if not is_students(cell):
            self._run_given(index, cell)

    def _run_given(self, index: int, cell: NotebookNode) -> None:
        """Run a given cell here as well; the student has seen its outputs from over there."""
        self._session.begin(self._limit(index))
        with contextlib.suppress(OutOfTime, Ended):
            self._bench.run(cell, self._limit(index))
        if self._session.peer is None:
            self._restart()

    def _run_check(self, index: int, cell: NotebookNode) -> bool:
        """Run a check cell; whether it came to its end."""
        done = False
        before = len(self._bench.verdicts())
        seconds = self._limit(index)
        self._session.begin(seconds)
        try:
            cell.outputs = self._bench.run(cell, seconds)
            done = True
        except (OutOfTime, Ended) as error:
            self._note_end(index, error)
        found = [vars(one) for one in self._bench.verdicts()[before:]]
        if found:
            cell.metadata.setdefault("chainrule", {})["verdicts"] = found
        return done

    def _run_waiting(self) -> None:
        """Run the cells with hidden checks, each on its fork."""
        for waiting in self._waiting:
            cell = self.nb.cells[waiting.index]
            if time.monotonic() > self._deadline:
                self._stops.stop(cell, USED_UP)
                continue
            if waiting.peer is None or not self._worker_lives():
                # An earlier one has ended the box with all forks in it: make it and them anew.
                self._restart()
            self._session.peer = waiting.peer
            self._bench.return_to(waiting.names)
            done = self._run_check(waiting.index, cell)
            self._bench.leave()
            self._session.peer = None
            if not done:
                self._end()  # what it has started in the box may still be at work there
            elif waiting.peer is not None:
                waiting.peer.sock.close()  # it ends itself, or with the box

    def _is_alone(self) -> bool:
        """Whether nothing runs in the box but the student's process and its forks that wait.

        What a check that was stopped has started there would take time and memory from the others.
        """
        forks = sum(waiting.peer is not None for waiting in self._waiting)
        return self._worker_lives() and self._worker.count() <= self._count + forks

    def _worker_lives(self) -> bool:
        return self._worker is not None and self._worker.alive

    def _fork(self, waiting: _Waiting) -> _Waiting:
        """Have the student's process fork, for a cell that will be run later."""
        ours, theirs = socket.socketpair()
        session = self._session
        session.begin(5.0)
        parent = session.peer
        try:
            session.request("fork", fds=[theirs.fileno()])
        except (OutOfTime, Ended, Exception):  # it says that it cannot, whatever the reason
            ours.close()
            return waiting
        finally:
            theirs.close()
        waiting.peer = parent.fork(ours)
        return waiting

    def _limit(self, index: int) -> float:
        allowed = self._seconds[index]
        hung = self._answers[index] in self._hung
        limit = min(allowed, self.allowance.after_first) if hung else allowed
        return max(1.0, min(limit, self._deadline - time.monotonic()))

    def _start(self) -> None:
        self._worker = self.new_worker()
        self._count = self._worker.count()
        self._session.peer = StudentPeer(self._worker.sock, self._session)
        self._session.begin(10.0)
        with contextlib.suppress(OutOfTime, Ended, Exception):
            self._session.request("files", dict(self.files))

    def _restart(self) -> None:
        """Replace a process that died or hangs, and rebuild what was defined so far."""
        while self._restarts <= self.allowance.restarts and time.monotonic() < self._deadline:
            self._restarts += 1
            self._end()
            self._start()
            if self._session.peer is not None and self._replay():
                return
        self._session.peer = None

    def _replay(self) -> bool:
        waiting = {one.index: one for one in self._waiting}
        for index in sorted([*self._done, *waiting]):
            if index in waiting:
                waiting[index].names = self._bench.remember()
                self._fork(waiting[index])
                continue
            cell = self.nb.cells[index]
            self._session.begin(self._limit(index))
            try:
                self._session.run(cell.source)
                if not is_students(cell):  # what it made of the student's is gone, too
                    self._bench.run(cell, self._limit(index))
            except (OutOfTime, Ended):
                self._done.remove(index)  # it ran once; do without it from here on
                return False
        return True

    def _end(self) -> None:
        for waiting in self._waiting:
            if waiting.peer is not None:
                waiting.peer.sock.close()
                waiting.peer = None
        if self._worker is not None:
            self._worker.look_back()
            self.peak_memory = max(self.peak_memory, self._worker.memory)
            self._worker.kill()
            self._worker = None
        self._session.peer = None

    def _note_end(self, index: int, error: BaseException) -> None:
        cell = self.nb.cells[index]
        if getattr(self._worker, "why", "") == MEMORY:
            self._stops.stop(cell, TOO_MUCH, MEMORY)
        elif isinstance(error, OutOfTime):
            self._hung.add(self._answers[index])
            self._stops.stop(cell, looped(self._session.seconds))
        else:
            self._stops.stop(cell, ENDED, DIED)
