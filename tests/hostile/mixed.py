"""A hundred honest and sixty hostile submissions in random order, against the honest ones alone.

    python tests/hostile/mixed.py [SEED ...]

Prints for every seed whether the honest rows, pages and notebooks are the same to the byte.
"""

import os
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

for _name in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

from cases import ALL, HONEST  # noqa: E402
from sweep import grade_class, honest_part, sentinels  # noqa: E402

HONEST_ONES, HOSTILE_ONES = 100, 60


def honest_class(number: int) -> list:
    """Honest variants, each as often as it takes; the sentinels come to these."""
    usable = [case for case in HONEST if not case.student]
    return [
        replace(usable[place % len(usable)], student=f"honest_{place}") for place in range(number)
    ]


def main(seeds: list[int]) -> int:
    """Grade a class per seed; the number of classes whose honest part differs."""
    students = honest_class(HONEST_ONES - 32)
    names = [*sentinels(32), *(case.folder for case in students)]
    others = [case for case in ALL if case.group not in ("honest", "mistakes")]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        alone = grade_class(Path(folder), students, 32, seed=0)
        due = honest_part(alone, names)
    print(f"{len(names)} honest ones alone: {alone.total:.0f} s", flush=True)
    wrong = 0
    for seed in seeds:
        hostile = random.Random(seed).sample(others, HOSTILE_ONES)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            result = grade_class(Path(folder), [*students, *hostile], 32, seed=seed)
            got = honest_part(result, names)
        odd = [name for name in names if got[name] != due[name]]
        wrong += bool(odd)
        print(
            f"seed {seed}: {result.total:.0f} s, honest rows that differ: {odd or 'none'}",
            flush=True,
        )
    return wrong


if __name__ == "__main__":
    raise SystemExit(main([int(word) for word in sys.argv[1:]] or [1, 2, 3]))
