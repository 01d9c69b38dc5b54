"""The network: whether it is there, and never waiting for it too long."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PROBE_LIMIT = 3.0  # seconds to find out whether there is a network


class DownloadError(OSError):
    """A data set could not be had from the network."""


def reachable(server: str, seconds: float = PROBE_LIMIT) -> bool:
    """Whether a server answers at all, found out within some seconds."""

    def ask():
        with suppress(HTTPError):  # an answer, if not a kind one
            urlopen(Request(server, method="HEAD"), timeout=seconds).close()

    try:
        within(seconds, ask)
    except DownloadError:
        return False
    return True


def within(seconds: float, action: Callable):
    """Return what a function returns, unless it takes longer or fails.

    It runs in a thread of its own, since looking up the name of a server may hang whatever time
    limit it was given. Past the limit the thread is left to itself.

    Raises
    ------
    DownloadError
        If it takes longer, or fails; then with the reason.
    """
    results: queue.SimpleQueue = queue.SimpleQueue()

    def run():
        try:
            results.put((action(), None))
        except Exception as error:
            results.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        value, error = results.get(timeout=seconds)
    except queue.Empty:
        raise DownloadError(f"it takes longer than {seconds:g} s") from None
    if isinstance(error, DownloadError):
        raise error
    if error is not None:
        raise DownloadError(f"{type(error).__name__}: {error}")
    return value
