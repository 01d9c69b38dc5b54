"""How long the lectures take to run and how much memory they need, beside what they may.

    python benchmarks/lectures.py [--json FILE] [NOTEBOOK ...]

Each lecture runs in a kernel of its own, on one thread, as ``course.py execute`` runs it; nothing
is stored. *Seconds* are from the start of the kernel to its end, as a reader waits for them. *CPU*
is what the kernel itself has used: on a busy machine, look at this one. *MiB* is the most memory
that the kernel has held at any moment, Python and the libraries included.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import lectures  # noqa: E402

SECONDS_EACH, SECONDS_IN_ALL, MIB = 20, 180, 1024

# Runs last in every kernel. Windows has no `resource`, and its memory's peak is psutil's to tell.
# On Linux getrusage tells the peak of the process that started this one, where that was larger.
USAGE = """
import json as _json, sys as _sys
try:
    import resource as _resource
    _used = _resource.getrusage(_resource.RUSAGE_SELF)
    _cpu, _peak = _used.ru_utime + _used.ru_stime, _used.ru_maxrss
    _peak *= 1 if _sys.platform == "darwin" else 1024
    if _sys.platform == "linux":
        with open("/proc/self/status", encoding="ascii") as _status:
            _lines = dict(_line.split(":", 1) for _line in _status)
        _peak = int(_lines["VmHWM"].split()[0]) * 1024
except ImportError:
    import psutil as _psutil
    _process = _psutil.Process()
    _cpu, _peak = sum(_process.cpu_times()[:2]), _process.memory_info().peak_wset
print(_json.dumps({"cpu": _cpu, "mib": _peak / 2**20}))
"""


def measure(path: Path) -> dict[str, float]:
    """Run a lecture; return its seconds, its seconds of CPU and its peak memory in MiB.

    Raises
    ------
    LectureError
        If it does not run.
    """
    notebook = lectures.read(path)
    notebook.cells.append(new_code_cell(USAGE))
    began = time.perf_counter()
    lectures.run(notebook, path)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, **json.loads(notebook.cells[-1].outputs[0].text)}


def row(name: str, used: dict[str, float], may: float) -> str:
    """One line of the table, with what is over a limit named at its end."""
    over = [f"over {may} s"] if used["seconds"] > may else []
    over += [f"over {MIB} MiB"] if used["mib"] > MIB else []
    return (
        f"| {name} | {used['seconds']:.1f} | {may} | {used['cpu']:.1f} | {used['mib']:.0f} | {MIB} "
        f"| {', '.join(over)} |"
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure the lectures, print the table, write it to a file if asked to."""
    parser = argparse.ArgumentParser(prog="lectures", description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path, help="write the numbers to this file, too")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all, in order")
    options = parser.parse_args(arguments)
    print("| lecture | seconds | limit | CPU | MiB | limit | |\n|---|---:|---:|---:|---:|---:|---|")
    results = {}
    for path in options.notebooks or sorted(lectures.LECTURES.glob("*.ipynb")):
        results[path.stem] = measure(path)
        print(row(path.stem, results[path.stem], SECONDS_EACH), flush=True)
    total = {key: sum(used[key] for used in results.values()) for key in ("seconds", "cpu")}
    total["mib"] = max(used["mib"] for used in results.values())
    print(row("**all, one after the other**", total, SECONDS_IN_ALL))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
