"""Which box there is, and what is said where there is none."""

import subprocess
import sys

import pytest

from chainrule.grading.course import CourseError
from chainrule.grading.sandbox import box as boxes

TRUSTED = ("limits", "box", "processes", "worker", "watchdog", "nursery", "doctor", "confine")


@pytest.fixture(autouse=True)
def fresh():
    """What was found out is remembered within a process."""
    boxes._problem.cache_clear()
    yield
    boxes._problem.cache_clear()


def test_without_bubblewrap_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(boxes.shutil, "which", lambda name: None)
    with pytest.raises(CourseError, match="not installed") as error:
        boxes.find_box()
    assert "apt install bubblewrap" in str(error.value)
    assert "--unsafe" in str(error.value)


def test_a_bubblewrap_that_does_not_work_is_quoted(monkeypatch, tmp_path):
    if sys.platform != "linux":
        pytest.skip("Linux only")
    broken = tmp_path / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setattr(boxes.shutil, "which", lambda name: str(broken))
    with pytest.raises(CourseError, match="setting up uid map: Permission denied"):
        boxes.find_box()


def test_unsafe_is_no_box_and_says_so(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(boxes.shutil, "which", lambda name: None)
    box = boxes.find_box(unsafe=True)
    assert box.kind == "none"
    assert box.description.startswith("No sandbox")


def test_unsafe_still_takes_the_box_that_there_is(box):
    assert boxes.find_box(unsafe=True) == box


def test_macos_is_pointed_to_a_virtual_machine(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(CourseError, match="virtual machine"):
        boxes.find_box()
    assert boxes.find_box(unsafe=True).kind == "none"


@pytest.mark.parametrize("unsafe", [False, True])
def test_windows_is_pointed_to_wsl(monkeypatch, unsafe):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(CourseError, match="WSL"):
        boxes.find_box(unsafe)


def test_the_trusted_side_can_be_imported_without_what_only_unix_has():
    names = [f"chainrule.grading.sandbox.{name}" for name in TRUSTED]
    code = (
        "import sys, socket, os\n"
        "for name in ('fcntl', 'resource', 'pwd', 'grp', 'termios'): "
        "sys.modules[name] = None\n"
        "for name in ('sysconf', 'fork', 'getuid', 'geteuid', 'pidfd_open', 'uname'):\n"
        "    if hasattr(os, name): delattr(os, name)\n"
        "for name in ('AF_UNIX', 'SO_PASSCRED', 'SCM_CREDENTIALS', 'send_fds', 'recv_fds'):\n"
        "    if hasattr(socket, name): delattr(socket, name)\n"
        "import signal\n"
        "for name in ('SIGKILL', 'SIGCHLD', 'SIGSTOP', 'SIGXCPU'):\n"
        "    if hasattr(signal, name): delattr(signal, name)\n"
        "import importlib\n"
        f"for name in {names!r}: importlib.import_module(name)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
