"""What a process and all that descend from it take: CPU time and memory."""

import ctypes
import os
import platform
import struct
import threading
from contextlib import suppress
from functools import cache

import psutil

PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}
SOFTWARE, TASK_CLOCK, INHERIT = 1, 1, 1 << 1  # of linux/perf_event.h
EVERY = 0.5  # seconds


class Meter:
    """Watches a process that was just started, until the end of the ``with`` block.

    Processes that end in a sandbox are waited for by nobody who would add up their times, so
    `resource.getrusage` does not know of them. The kernel's own counter, handed down from parent to
    child, does.

    Parameters
    ----------
    pid : int

    Attributes
    ----------
    seconds : float
        CPU time, of all processes.
    memory : int
        The most bytes they held at a time, as seen twice a second; what several share is counted
        once.
    """

    def __init__(self, pid: int):
        self.memory = 0
        self._read: dict[tuple[int, float], float] = {}  # CPU time by process
        self._process = psutil.Process(pid)
        self._counter = open_counter(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()
        if self._counter is None:
            self.seconds = sum(self._read.values())
        else:
            self.seconds = struct.unpack("Q", os.read(self._counter, 8))[0] / 1e9
            os.close(self._counter)

    @staticmethod
    @cache
    def how() -> str:
        """How CPU time is measured here."""
        counter = open_counter(os.getpid())
        if counter is None:
            return "read twenty times a second: a little too small"
        os.close(counter)
        return "counted by the kernel"

    def _watch(self) -> None:
        turn = 0
        while not self._over.wait(EVERY if self._counter is not None else 0.05):
            if self._counter is None:
                self._read_times()
            if self._counter is not None or turn % 10 == 0:
                self.memory = max(self.memory, sum(map(memory_of, self._processes())))
            turn += 1

    def _processes(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            return [self._process, *self._process.children(recursive=True)]
        return []

    def _read_times(self) -> None:
        for process in self._processes():
            with suppress(psutil.Error):
                used = process.cpu_times()
                self._read[process.pid, process.create_time()] = used.user + used.system


def memory_of(process: psutil.Process) -> int:
    """Bytes of a process, what it shares divided among those who share it (Linux) or not at all."""
    with suppress(psutil.Error, OSError):
        try:
            with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
                return next(int(line.split()[1]) for line in file if line[:4] == b"Pss:") * 1024
        except (FileNotFoundError, StopIteration):
            return process.memory_info().rss
    return 0


def open_counter(pid: int) -> int | None:
    """A descriptor of the kernel's counter of CPU time, of a process and its future children.

    None where there is none or it is not for us.
    """
    number = PERF_EVENT_OPEN.get(platform.machine())
    if platform.system() != "Linux" or number is None:
        return None
    attributes = bytearray(128)
    struct.pack_into("=IIQ", attributes, 0, SOFTWARE, len(attributes), TASK_CLOCK)
    struct.pack_into("=Q", attributes, 40, INHERIT)
    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    found = ctypes.CDLL(None, use_errno=True).syscall(
        number, buffer, pid, -1, -1, ctypes.c_ulong(0)
    )
    return found if found >= 0 else None
