"""Grade the hostile class and print what came of it, by group: python tests/hostile/table.py

Words on the command line choose cases; without any, the whole class is graded.
"""

import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

for _name in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")
# nbgrader starts alembic by its bare name, and the environment need not be activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

from cases import ALL  # noqa: E402
from judge import faults, undue  # noqa: E402
from sweep import Result, grade_class, leaks  # noqa: E402


def table(cases: list, result: Result) -> str:
    """One line for every group: cases, points, leaks, what is left, seconds."""
    found = leaks(result)
    groups = defaultdict(list)
    for case in cases:
        groups[case.group].append(case)
    head = "group         cases  as due  undue points  leaks  s each  s most"
    lines = [head, "-" * len(head)]
    for group, members in groups.items():
        rows = [(case, result.rows[case.folder]) for case in members if case.folder in result.rows]
        seconds = [result.seconds.get(case.folder, 0.0) for case in members]
        leaked = sum(any(where.endswith(f" {case.folder}") for where in found) for case in members)
        lines.append(
            f"{group:12}{len(members):7}{sum(not faults(case, result) for case in members):8}"
            f"{sum(undue(case, row) for case, row in rows):14g}{leaked:7}"
            f"{sum(seconds) / len(seconds):8.2f}{max(seconds):8.1f}"
        )
    lines += [
        "-" * len(head),
        f"{len(cases)} cases in {result.total:.0f} s; left behind: {len(result.leftovers)}; "
        f"changed: {len(result.changed)}; heard on sockets: {len(result.heard)}; "
        f"places with a secret: {len(found)}",
    ]
    for case in cases:
        lines += [f"  {case.folder[:50]!r}: {fault}" for fault in faults(case, result)]
    lines += [f"  {where}: {what}" for where, what in found.items()]
    lines += [f"  {what}" for what in [*result.leftovers, *result.changed]]
    return "\n".join(lines)


def main(words: list[str]) -> int:
    """Print the table; whether something is amiss."""
    cases = [case for case in ALL if not words or any(word in case.folder for word in words)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        result = grade_class(Path(folder), cases)
        print(table(cases, result))
    return int(any(faults(case, result) for case in cases))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
