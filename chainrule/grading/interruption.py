"""Ctrl-C: the first time a run is asked to stop, the second time it is ended."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable

SAID = "Finishing what is being graded; press Ctrl-C again to stop at once"


class Interruption:
    """Notes the first Ctrl-C in a block, and says so; a second one raises KeyboardInterrupt.

    Outside of the main thread, where Python lets nobody handle signals, it notes nothing.

    Parameters
    ----------
    say : callable
        Is told what the first Ctrl-C will lead to, from another thread.

    Examples
    --------
    ::

        with Interruption(print) as interruption:
            while not interruption.asked():
                ...
    """

    def __init__(self, say: Callable[[str], None]):
        self._say = say
        self._asked = False
        self._before = None
        # A signal comes in the midst of anything, another `put` or a half-printed line included:
        # this queue is made for that, and a thread of its own does the talking.
        self._queue: queue.SimpleQueue = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._talk, daemon=True, name="interruption")

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._thread.start()
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
            self._queue.put(None)
            self._thread.join()

    def asked(self) -> bool:
        """Whether there was a Ctrl-C."""
        return self._asked

    def _note(self, *_) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        self._queue.put(SAID)

    def _talk(self) -> None:
        while (text := self._queue.get()) is not None:
            self._say(text)
