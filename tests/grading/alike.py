"""Answers of a mistake bank under the graded cells, here and in a process of their own."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbgrader.utils import determine_grade, is_grade, is_solution

from chainrule.checks.bank import load_bank
from chainrule.grading.bench import Bench
from chainrule.grading.check_cells import HIDDEN_MARK
from chainrule.grading.proof import Grader
from chainrule.grading.proxies import Ended, OutOfTime, Session, StudentPeer

LOAD = """
from pathlib import Path as _Path
from chainrule.checks.bank import load_bank as _load_bank
_bank = _load_bank(_Path({folder!r}))
_answers = {{
    name: entry.right | {{wrong.id: wrong.answer for wrong in entry.wrong}}
    for name, entry in _bank.entries.items()
}}
"""


class Elsewhere:
    """The graded cells of a problem set, tried on answers that live in a student's process."""

    def __init__(self, folder: Path, worker):
        self.folder, self.worker = folder, worker
        notebook = nbformat.read(folder / f"{folder.name}.ipynb", as_version=4)
        self.code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self.session = Session()
        self.main = self.session.peer = StudentPeer(worker.sock, self.session)
        self.session.begin(300)
        files = {path.name: path.read_bytes() for path in folder.glob("*.json")}
        self.session.request("files", files)
        for cell in self.code:
            if not is_grade(cell):
                self.session.run(cell.source)
        self.session.run(LOAD.format(folder=str(folder)))

    def grade(self, exercise: str, answer: str, graded: list) -> tuple[float, float, list]:
        """As `Grader.grade`, on a fork of the process."""
        with self._fork():
            self.session.run(f"{exercise} = _answers[{exercise!r}][{answer!r}]")
            given = [cell.source for cell in self.code if not is_solution(cell)]
            bench = Bench(self.session, given, self.folder)
            for cell in self.code:
                if not is_grade(cell) and not is_solution(cell):
                    bench.run(cell, 60)
            earned, possible = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
            for cell in graded:
                try:
                    cell.outputs = bench.run(cell, 60)
                    points, most = determine_grade(cell)
                except (OutOfTime, Ended):
                    points, most = 0.0, float(cell.metadata.nbgrader.points)
                hidden = HIDDEN_MARK in cell.source
                earned[hidden] += points
                possible[hidden] += most
            shares = [
                earned[one] / possible[one] if possible[one] else 1.0 for one in (False, True)
            ]
            return *shares, bench.verdicts()

    def _fork(self):
        ours, theirs = socket.socketpair()
        self.session.peer = self.main
        self.session.begin(300)
        self.session.request("fork", fds=[theirs.fileno()])
        theirs.close()
        self.session.peer = self.main.fork(ours)
        return contextlib.closing(ours)

    def graded(self, grader: Grader) -> dict[str, list]:
        """The graded cells by exercise."""
        by_source = {cell.source: cell for cell in self.code}
        return {
            name: [by_source[source] for source, _ in cells]
            for name, cells in grader._graded.items()
        }


def differences(folder: Path, worker, wanted=lambda place: True) -> Iterator[tuple]:
    """For every answer of the bank: its name, what comes of it here, what comes of it there.

    `wanted` says of which answers, by their place in the bank.
    """
    bank, grader, elsewhere = load_bank(folder), Grader(folder), Elsewhere(folder, worker)
    graded, place = elsewhere.graded(grader), -1
    for exercise, entry in bank.entries.items():
        if entry.exercise.kind == "training":
            continue
        answers = entry.right | {wrong.id: wrong.answer for wrong in entry.wrong}
        for id_, answer in answers.items():
            place += 1
            if wanted(place):
                here = grader.grade(exercise, answer)
                there = elsewhere.grade(exercise, id_, graded[exercise])
                yield f"{exercise}: {id_}", here, there
