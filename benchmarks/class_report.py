"""How long the report on a large class takes, how much memory, and how large its page is.

    python benchmarks/class_report.py COURSE PROBLEM_SET [STUDENTS ...]

COURSE is a course in which some submissions have been graded, such as what `python3 course.py demo`
leaves. Their entries in the journal are multiplied under other names in a temporary course, with
other notes, answers and points, and written through the project's own journal and gradebook; no
submission is run. Every report is written by a process of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from chainrule.grading.course import Course
from chainrule.grading.journal import Entry, Journal
from chainrule.grading.kernel import read_config
from chainrule.grading.notes import Note
from chainrule.grading.record import Recorder
from chainrule.grading.release import release

ODD = ["Zoë Ångström", "O'Brien & Söhne", "50% <b>bold</b>", "#1 ?", "李雷", "عمر"]
NOTES = [
    Note("edited", "Given cells had been edited; their own text was put back", ["relu_hidden"]),
    Note(
        "suspicious", "The code looks into Python's own workings (f_back)", ["own cell at the top"]
    ),
    Note("timeout", "Cells ran longer than allowed and were stopped", ["numerical_check"]),
    Note("renamed", "ps (1).ipynb was graded as ps.ipynb"),
]
MEASURE = """
import re, resource, sys, time
began = time.perf_counter()
from chainrule.grading.course import Course
from chainrule.grading.report.writing import write_report
loaded = time.perf_counter()
path = write_report(Course.at(sys.argv[1]), sys.argv[2])
done = time.perf_counter()
try:  # what `resource` says holds the peak of the process that started this one, too
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{loaded - began:.2f} {done - loaded:.2f} {peak:.0f} {path.stat().st_size / 1e6:.2f}")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("course", type=Path)
    parser.add_argument("problem_set")
    parser.add_argument("students", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--keep", type=Path, help="leave the largest course here")
    options = parser.parse_args()
    print("students  import s  report s  peak MB  page MB")
    for count in options.students:
        with tempfile.TemporaryDirectory() as folder:
            made = multiply(Course.at(options.course), options.problem_set, count, Path(folder))
            command = [sys.executable, "-c", MEASURE, str(made.root), options.problem_set]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            loaded, took, peak, size = done.stdout.split()
            print(f"{count:8}  {loaded:>8}  {took:>8}  {peak:>7}  {size:>7}")
            if options.keep and count == max(options.students):
                shutil.copytree(made.root, options.keep, dirs_exist_ok=True)


def multiply(course: Course, assignment: str, count: int, folder: Path) -> Course:
    """A course of `count` students, made from the entries of another."""
    shutil.copy(course.root / "nbgrader_config.py", folder)
    shutil.copytree(course.source / assignment, folder / "source" / assignment)
    made = Course.at(folder)
    release(made, assignment)
    entries = list(Journal(course.journal, assignment).entries())
    rng, journal = random.Random(7), Journal(made.journal, assignment)
    with closing(Recorder(made, assignment, read_config(folder))) as recorder:
        for number in range(count):
            name = ODD[number] if number < len(ODD) else f"student{number:04}"
            entry = vary(rng.choice(entries), name, rng)
            journal.write(entry)
            recorder.record(entry)
    return made


def vary(entry: Entry, name: str, rng: random.Random) -> Entry:
    """An entry under another name, with answers, notes, points and times of its own."""
    time = f"2026-{rng.randint(9, 10):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:15:00"
    notes = [*entry.notes, *rng.sample(NOTES, rng.choice([0, 0, 0, 0, 0, 0, 1, 2]))]
    marks = {
        title: {
            cell: replace(mark, points=0.0, verdict="failed", said=_said(rng))
            if mark.points and rng.random() < 0.04
            else mark
            for cell, mark in marks.items()
        }
        for title, marks in entry.marks.items()
    }
    notebooks = {title: _other(text, rng) for title, text in entry.notebooks.items()}
    return replace(
        entry, student=name, timestamp=time, notes=notes, marks=marks, notebooks=notebooks
    )


def _said(rng: random.Random) -> str:
    kind, number = rng.choice(["IndexError", "ValueError", "TypeError"]), rng.randint(1, 99)
    return f"{kind}: index {number} is out of bounds for 'name{number}'"


def _other(text: str, rng: random.Random) -> str:
    """A notebook whose answers have lines more than before, so that few are the same."""
    nb = json.loads(text)
    for cell in nb["cells"]:
        if cell["cell_type"] != "code" or not cell["metadata"].get("nbgrader", {}).get("solution"):
            continue
        lines = "".join(cell["source"]).split("\n")
        for place in range(len(lines) - 1, 0, -1):
            indent = re.match(r" +(?=\w)", lines[place])
            if indent and lines[place - 1].endswith(":") and rng.random() < 0.8:
                extra = f"{indent[0]}step_{rng.randint(1, 50)} = {rng.randint(1, 10**6)} / 7"
                lines[place:place] = [extra] * rng.randint(1, 4)
        cell["source"] = "\n".join(lines)
    return json.dumps(nb)


if __name__ == "__main__":
    main()
