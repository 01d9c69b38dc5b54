"""The process that examiners are forked from: it imports once what they work with.

This module imports nothing of that, so that the process can be started before the one that grades
has imported the same, which takes a second.
"""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.context import BaseContext

WARM = "chainrule.grading.executors.warm"


def context() -> BaseContext:
    """How examiners are started on this system."""
    kinds = multiprocessing.get_all_start_methods()
    made = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    if "forkserver" in kinds:
        made.set_forkserver_preload([WARM])
    return made


def start() -> None:
    """Start it and do not wait; nothing if it runs already or this system has none.

    It is deaf to Ctrl-C from its first moment, and examiners inherit that until they ignore it
    themselves.
    """
    if context().get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
