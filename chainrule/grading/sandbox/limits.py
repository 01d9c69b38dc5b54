"""What one worker may use."""

from __future__ import annotations

from dataclasses import asdict, dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Upper bounds for one submission's worker. Sizes are in bytes.

    Attributes
    ----------
    address_space : int
        Of each process.
    memory : int
        Of all the worker's processes together; the watchdog ends a worker that goes beyond.
    cpu_seconds : int
        Processor time, of each process and of all together.
    processes : int
        Processes and threads at a time.
    file_size : int
        Of each file.
    open_files : int
        Of each process.
    tmp_size, tmp_files : int
        Of everything in home, /tmp and /dev/shm together.
    """

    address_space: int = 4 * GIB
    memory: int = 2 * GIB
    cpu_seconds: int = 300
    processes: int = 64
    file_size: int = 64 * MIB
    open_files: int = 128
    tmp_size: int = 128 * MIB
    tmp_files: int = 4096

    def __post_init__(self):
        for name, value in asdict(self).items():
            if type(value) is not int or value < 1:
                raise ValueError(f"{name} must be a whole number, at least 1, not {value!r}")
