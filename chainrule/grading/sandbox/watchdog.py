"""Limits on what a worker's processes take together: the kernel's are for each process alone."""

from __future__ import annotations

import contextlib
import threading
import weakref

from chainrule.grading.sandbox import processes
from chainrule.grading.sandbox.worker import Worker

INTERVAL = 0.1 if processes.LINUX else 0.5  # seconds; asking `ps` takes longer


class Watchdog:
    """A thread that looks at all living workers every tenth of a second, while there are any."""

    def __init__(self):
        self._workers: weakref.WeakSet[Worker] = weakref.WeakSet()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def watch(self, worker: Worker) -> None:
        """Look after a worker until it is gone."""
        with self._changed:
            self._workers.add(worker)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Stop looking, and end the workers that are left."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        for worker in list(self._workers):
            worker.kill()

    def _run(self) -> None:
        while not self._closed:
            with self._changed:
                workers = [worker for worker in self._workers if not worker.over]
                if not workers:
                    self._changed.wait(1.0 if self._workers else None)
                    continue
            for worker in workers:
                with contextlib.suppress(OSError):
                    worker.look()
            del workers
            with self._changed:
                if not self._closed:
                    self._changed.wait(INTERVAL)
