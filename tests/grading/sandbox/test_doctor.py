"""The proof of the box, and that it notices when the box does not hold."""

import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chainrule import cli
from chainrule.grading.course import CourseError
from chainrule.grading.sandbox import box as boxes
from chainrule.grading.sandbox import doctor
from chainrule.grading.sandbox.box import Box
from chainrule.grading.sandbox.limits import Limits
from chainrule.grading.sandbox.nursery import Nursery

ROOT = Path(__file__).resolve().parents[3]
PLAIN_PYTHON = Path("/usr/bin/python3")
NOBODY = 65534


@dataclass(frozen=True)
class Leaky(Box):
    """A box with a hole."""

    hole: tuple[str, ...] = ()

    def command(self, python):
        words = super().command(python)
        place = words.index("--remount-ro")
        return [*words[:place], *self.hole, *words[place:]]


def test_the_box_holds_against_everything(box, capsys):
    findings = list(doctor.examine(box, root=ROOT))
    assert len(findings) >= 20
    assert [one for one in findings if not one.holds] == []


@pytest.mark.slow
def test_an_end_for_another_reason_does_not_count(box):
    limits = replace(Limits(), cpu_seconds=1)
    with Nursery(box, limits, serve=doctor.SERVE, imports=()) as nursery:
        found = doctor._ended_by("memory", "fill", nursery, limits, do="run_for_ever")
    assert "(cpu)" in found.happened
    assert not found.holds


def test_without_a_box_it_says_what_does_not_hold():
    gives = {one.tried for one in doctor.examine(boxes.no_box(), root=ROOT) if not one.holds}
    assert "connect to a listener on this machine" in gives
    assert "see the course, homes and passwords" in gives
    assert "signal the grader's process" in gives


def test_without_a_box_time_memory_and_leftover_processes_are_still_limited():
    holds = {one.tried for one in doctor.examine(boxes.no_box(), root=ROOT) if one.holds}
    assert "compute beyond the limit of time (1 s)" in holds
    assert "fill 512 MB in four processes (limit 256 MB)" in holds
    assert "leave processes behind that cut all ties" in holds
    assert "get 5 GB at once" in holds


def test_the_quick_proof_is_quick_and_made_once(box, monkeypatch):
    doctor.quick_proof(box, root=ROOT)
    monkeypatch.setattr(doctor, "Nursery", None)  # would fail if it were used
    doctor.quick_proof(box, root=ROOT)


@pytest.mark.parametrize(
    ("what", "place"),
    # Not where this checkout is: that may be below /tmp, which every worker has of its own.
    [(str(ROOT / "source"), "/srv/course/source"), ("/etc/passwd", "/etc/passwd")],
)
def test_a_hole_is_noticed(box, what, place):
    folders = [word for folder in boxes._above([place]) for word in ("--dir", folder)]
    leaky = Leaky(box.kind, box.description, box.program, (*folders, "--ro-bind", what, place))
    with pytest.raises(CourseError, match=f"see the course.*saw {place}"):
        doctor.quick_proof(leaky, root=Path("/srv/course"))


def test_the_command_says_what_was_tried_and_what_came_of_it(box, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert cli.main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "holds  start 500 processes" in text
    assert "held against all" in text
    assert "GIVES" not in text


def test_without_a_box_the_command_says_so(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert cli.main(["doctor", "--unsafe"]) == 3
    text = capsys.readouterr().out
    assert text.startswith("No sandbox")
    assert "GIVES" in text


@pytest.mark.skipif(sys.platform != "linux", reason="users are changed as on Linux")
def test_the_box_of_an_ordinary_user_holds(box, tmp_path):
    """Run the whole proof as nobody, by a Python that nobody can read."""
    if box.mode != "root":
        pytest.skip("this is not run by root: the other tests are the ordinary user's")
    program = shutil.which("setpriv")
    if program is None or not PLAIN_PYTHON.exists():
        pytest.skip("no setpriv or no /usr/bin/python3")
    version = "import sys; print(*sys.version_info[:2], sep='.')"
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    theirs = subprocess.run([PLAIN_PYTHON, "-c", version], capture_output=True, text=True).stdout
    if theirs.strip() != ours:
        pytest.skip(f"/usr/bin/python3 is Python {theirs.strip()}, not {ours}")
    run = subprocess.run(
        [
            *(program, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
            *(PLAIN_PYTHON, "-m", "chainrule", "doctor"),
        ],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": "/"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "No module named" in run.stderr or "Permission denied" in run.stderr:
        pytest.skip(f"the checkout is not readable for nobody: {run.stderr.splitlines()[-1]}")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "held against all" in run.stdout
