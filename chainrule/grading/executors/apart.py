"""An examiner in a process of its own, for places that have processes but not their main threads.

Check cells are timed, run in their own folder and print: each takes a whole process, and its first
thread. A Dask worker has threads to offer, and may not fork.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import subprocess
import sys
import threading
from typing import IO

from chainrule.grading.course import CourseError
from chainrule.grading.examiners import Examiner, Work
from chainrule.grading.executors.local import deaf_to_ctrl_c
from chainrule.grading.journal import Entry
from chainrule.grading.parcel import Parcel

_LENGTH = struct.Struct(">Q")


class Died(Exception):
    """The process has ended before it answered."""


class Apart:
    """The near end of an examiner that works in another process.

    Parameters
    ----------
    work : Work
    """

    def __init__(self, work: Work):
        paths = os.pathsep.join(path for path in sys.path if path)
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads, "PYTHONPATH": paths},
        )
        try:
            _send(self._process.stdin, work)
        except OSError:
            self.close()
            raise Died from None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def examine(self, parcel: Parcel) -> Entry:
        """Assess one submission.

        Raises
        ------
        Died
            If the process ends over it.
        CourseError
            If it has no engine.
        """
        try:
            _send(self._process.stdin, parcel)
            answer = _receive(self._process.stdout)
        except (OSError, EOFError, ValueError):  # the last: it has been closed before
            self.close()
            raise Died from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(5)  # it has boxes to close
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def _send(stream: IO[bytes], what: object) -> None:
    content = pickle.dumps(what)
    stream.write(_LENGTH.pack(len(content)) + content)
    stream.flush()


def _receive(stream: IO[bytes]) -> object:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return pickle.loads(content)


def main() -> None:
    """The far end: answer parcels with entries until nobody asks any more."""
    deaf_to_ctrl_c()
    asked = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what anybody prints must not come among the answers
    requests: list = []
    there = threading.Semaphore(0)

    def listen() -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                requests.append(_receive(asked))
                there.release()
        if busy.is_set():
            os._exit(1)  # whoever asked is gone, and nobody wants the answer
        requests.append(None)
        there.release()

    busy = threading.Event()
    busy.set()
    threading.Thread(target=listen, daemon=True).start()
    there.acquire()
    work = requests.pop(0)
    if work is None:
        return
    try:
        examiner = Examiner(work)
    except CourseError as refusal:
        examiner = None
        answer: object = refusal
    while True:
        busy.clear()
        there.acquire()
        parcel = requests.pop(0)
        if parcel is None:
            break
        busy.set()
        if examiner is not None:
            answer = examiner.examine(parcel)
        _send(answers, answer)
    if examiner is not None:
        examiner.close()


if __name__ == "__main__":
    main()
