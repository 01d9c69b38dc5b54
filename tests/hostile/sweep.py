"""Grade a class, and look for whatever it has left, changed or carried out."""

from __future__ import annotations

import contextlib
import csv
import ctypes
import hashlib
import json
import os
import random
import shutil
import stat
import sysconfig
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from case import RIGHT, Case, Notebook
from listener import Listener
from setting import NAME, PROJECT, SECRETS, ZERO, found_secrets, make_course, plant_in_environment

from chainrule.grading.course import Course
from chainrule.grading.grade import Progress, grade
from chainrule.grading.gradesheet import Row
from chainrule.grading.release import release

# Where a run may write; everything else stays as it was.
RESULTS = {
    *("autograded", "feedback", "reports", ".chainrule", "gradebook.db", ".nbgrader.log"),
    *("grades.csv", "grades_by_cell.csv"),
}
# What cases try to leave outside.
TRACES = ("PWNED", "pwned", "answer_for_friends", "seen.txt", "sitecustomize", "usercustomize")
SANDBOX = PROJECT / "chainrule" / "grading" / "sandbox"
OUTSIDE = ("/", "/tmp", "/dev/shm", "/var/tmp", "/etc", "/root", "/opt", "/run", "/etc/cron.d")


@dataclass
class Result:
    """What came of grading a class.

    Attributes
    ----------
    course : Course
    rows : dict of str to Row
        By the name of the student's folder.
    seconds : dict of str to float
        That each submission took.
    total : float
        Seconds of the whole run.
    heard : list of bytes
        What was sent to the listener.
    leftovers : list of str
        Processes that go on, files in the wrong places.
    changed : list of str
        What is no longer as it was before the run.
    """

    course: Course
    rows: dict[str, Row] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    total: float = 0.0
    heard: list[bytes] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def sentinels(number: int) -> dict[str, dict[str, str]]:
    """Honest students who have done more or less of it, by name: their answers."""
    found = {}
    for place in range(number):
        answers = dict(RIGHT)
        for bit, exercise in enumerate(("tanh", "softmax", "slope", "describe", "why")):
            if place >> bit & 1:
                del answers[exercise]
        if "why" in answers:
            answers["why"] = f"Because of {SECRETS['classmate']}, number {place}."
        found[f"sentinel_{place}"] = answers
    return found


def sentinel_points(answers: dict[str, str]) -> dict[str, float | None]:
    """What a sentinel deserves."""
    given = {name: None if name == "why" else 10.0 for name in answers}
    return {**ZERO, **given}


def grade_class(
    folder: Path, cases: Iterable[Case], honest: int = 10, seed: int = 1, jobs: int = 2
) -> Result:
    """Hand in the work of a class in a new course, grade it in random order, look around."""
    plant_in_environment()
    course = make_course(folder / "course")
    release(course, NAME)
    _fill_gradebook(course)
    pristine = nbformat.read(course.release / NAME / f"{NAME}.ipynb", as_version=4)
    drop = folder / "drop"
    drop.mkdir()
    drop.chmod(0o777)
    result = Result(course)
    names = []
    for name, answers in sentinels(honest).items():
        Notebook(pristine).answer(**answers).save(course.submitted / name / NAME)
        names.append(name)
    listener = Listener(drop)
    words = {"@ROOT@": str(course.root), "@DROP@": str(drop), "@PORT@": str(listener.port)}
    for case in cases:
        place = course.submitted / case.folder / NAME
        case.make(place, pristine)
        _fill_in(place / f"{NAME}.ipynb", words)
        names.append(case.folder)
    random.Random(seed).shuffle(names)
    _adopt_orphans(True)
    before, processes = _snapshot(course.root), set(_descendants())
    began = time.monotonic()
    try:
        rows = grade(course, NAME, names, _Clock(result.seconds), jobs=jobs)
    finally:
        result.total = time.monotonic() - began
        listener.close()
    result.heard = listener.heard
    result.rows = {row.student: row for row in rows}
    result.changed = _differences(before, _snapshot(course.root))
    result.leftovers = [
        *(f"process {_command(pid)}" for pid in _descendants() if pid not in processes),
        *(f"file {path}" for path in _traces(drop)),
    ]
    _adopt_orphans(False)
    return result


class _Clock(Progress):
    """Keeps how long each submission took."""

    def __init__(self, seconds: dict[str, float]):
        self._seconds = seconds

    def end(self, row: Row, seconds: float) -> None:
        """Keep it; and say where we are if anybody watches."""
        self._seconds[row.student] = seconds
        if os.environ.get("HOSTILE_SHOW"):
            print(f"{seconds:6.2f} s  {row.student}", flush=True)


def _fill_gradebook(course: Course) -> None:
    """Give the gradebook a secret of its own."""
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url) as book:
        book.add_student("teacher", first_name=SECRETS["gradebook"])


def _fill_in(path: Path, words: dict[str, str]) -> None:
    """Put what is only known now into a notebook."""
    known = os.lstat(path) if os.path.lexists(path) else None
    if known is None or not stat.S_ISREG(known.st_mode) or known.st_size > 10_000_000:
        return
    content = path.read_bytes()
    if any(word.encode() in content for word in words):
        for word, value in words.items():
            content = content.replace(word.encode(), value.encode())
        path.write_bytes(content)


def _adopt_orphans(adopts: bool) -> None:
    """Make this process the parent of whatever its children leave behind, or let it be."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(36, int(adopts), 0, 0, 0)


def _descendants() -> list[int]:
    """Processes that stem from this one, but for Python's own helpers."""
    parents: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    parents[int(path.name)] = int(fields[1])
    found, fresh = [], {os.getpid()}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh}
        found += fresh
    return [pid for pid in found if "multiprocessing" not in _command(pid)]


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return f"{pid}: {b' '.join(words).decode(errors='replace')[:200]}"
    except OSError:
        return f"{pid}: gone"


def _snapshot(root: Path) -> dict[str, tuple]:
    """Everything in the course and in the environment that has to stay as it is."""
    found = {}
    for path in _walk(root):
        if path.relative_to(root).parts[0] not in RESULTS:
            found[str(path)] = _look(path)
    packages = Path(sysconfig.get_paths()["purelib"])
    found[str(packages)] = tuple(sorted(name for name in os.listdir(packages)))
    modules = [packages / name / "__init__.py" for name in ("numpy", "IPython", "nbgrader")]
    for path in [*packages.glob("*.pth"), *modules, *SANDBOX.glob("*.py")]:
        found[str(path)] = _look(path)
    for path in (Path("/dev/shm"), Path("/etc/passwd"), Path.home() / ".bashrc"):
        if path.exists():
            found[str(path)] = (path.stat().st_mode,)
    return found


def _walk(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(PermissionError):
                yield from _walk(path)


def _look(path: Path) -> tuple:
    known = path.lstat()
    if not stat.S_ISREG(known.st_mode) or known.st_size > 100_000_000:
        return known.st_mode, known.st_size if stat.S_ISREG(known.st_mode) else 0
    return known.st_mode, hashlib.sha256(path.read_bytes()).hexdigest()


def _differences(before: dict, after: dict) -> list[str]:
    names = sorted({*before, *after})
    return [name for name in names if before.get(name) != after.get(name)]


def _traces(drop: Path) -> list[str]:
    """Files that only a hostile submission leaves."""
    found = [str(path) for path in drop.iterdir() if path.name != "socket"]
    for place in (*OUTSIDE, str(Path.home()), sysconfig.get_paths()["purelib"]):
        with contextlib.suppress(OSError):
            found += [f"{place}/{name}" for name in os.listdir(place) if name.startswith(TRACES)]
    return found


def leaks(result: Result) -> dict[str, list[str]]:
    """Secrets that stand where a student may read, by file; and in an instructor's outputs."""
    course, found = result.course, {}

    def look(where: str, text: str, *known: str) -> None:
        secrets = found_secrets(text, *known)
        if secrets:
            found[where] = secrets

    for path in sorted(course.feedback.rglob("*")):
        if path.is_file():
            student = path.relative_to(course.feedback).parts[0]
            known = ("classmate",) if student.startswith("sentinel_") else ()
            look(f"feedback of {student}", path.read_text(encoding="utf-8"), *known)
    for path in sorted(course.autograded.rglob("*.ipynb")):
        student = path.relative_to(course.autograded).parts[0]
        known = ("classmate",) if student.startswith("sentinel_") else ()
        look(f"graded notebook of {student}", _students_part(path), *known)
    look(course.grades.name, course.grades.read_text(encoding="utf-8"))
    with course.cells.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            if line["cell"].endswith("_hidden"):
                line["said"] = ""  # what a hidden check said is for the instructor
            look(f"{course.cells.name} of {line['student']}", " ".join(map(str, line.values())))
    for path in sorted(course.submitted.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 5_000_000:
            student = path.relative_to(course.submitted).parts[0]
            if not student.startswith("sentinel_") and path.stat().st_nlink == 1:
                look(f"submission of {student}", path.read_text(errors="replace"))
    return found


def _students_part(path: Path) -> str:
    """Of a graded notebook all but the hidden checks, which only instructors see."""
    nb = json.loads(path.read_text(encoding="utf-8"))
    parts = [json.dumps(nb["metadata"])]
    for cell in nb["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        hidden = marks.get("grade_id", "").endswith("_hidden") and not marks.get("solution")
        if not hidden:
            parts += [
                "".join(cell["source"]),
                json.dumps(cell.get("outputs", []), ensure_ascii=False),
            ]
    return "\n".join(parts)


def honest_part(result: Result, names: Iterable[str]) -> dict[str, tuple]:
    """All that honest students get: points, remarks, and the bytes of page and notebook."""
    found = {}
    for name in names:
        row = result.rows[name]
        files = {
            str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
            for place in (result.course.feedback, result.course.autograded)
            for path in sorted((place / name).rglob("*"))
            if path.is_file()
        }
        found[name] = (row.status, row.score, row.exercises, row.remark, files)
    return found


def clear(folder: Path) -> None:
    """Remove a graded class, whatever lies in it."""
    shutil.rmtree(folder, ignore_errors=True)
