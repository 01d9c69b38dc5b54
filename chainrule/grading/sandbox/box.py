"""How the box is made on this system, or why it cannot be.

bubblewrap gives the zygote a file system of its own: the system's libraries, Python, the installed
packages and the course's package, read-only, and nothing else; no network, no other processes.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chainrule.grading.course import CourseError
from chainrule.grading.sandbox import confine, seccomp

BUBBLEWRAP, NONE = "bubblewrap", "none"

ENVIRONMENT = {
    "HOME": confine.HOME,
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "USER": "student",
    "TMPDIR": "/tmp",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "IPYTHONDIR": "/tmp/ipython",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the order of a set of strings is the same in every run
}
# What OpenBLAS needs on some processors to compute right, and what picks the numbers' last digits.
INHERITED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NPY_DISABLE_CPU_FEATURES")

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
ETC = ("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/alternatives")
STORES = ("/nix/store", "/home/linuxbrew/.linuxbrew")  # where libraries may live beside /usr
PACKAGES = ("site-packages", "dist-packages")
DEVICES = ("null", "zero", "full", "random", "urandom")

INSTALL = {
    "linux": """\
Students' code is run in a box made by bubblewrap, which {problem}.

Install it with one of
  sudo apt install bubblewrap
  sudo dnf install bubblewrap
  sudo pacman -S bubblewrap
and try again; `chainrule doctor` proves that the box holds. Ubuntu keeps ordinary users from making
boxes since 23.10, and so do most containers: there, grade as root (sudo) or in a virtual machine,
or have the administrator set kernel.apparmor_restrict_unprivileged_userns to 0.

With --unsafe students' code runs with your own rights and limits on its resources only.""",
    "darwin": """\
Students' code is run in a box made by bubblewrap, which macOS does not have: grade in a Linux
virtual machine, which any container tool for macOS brings along.

With --unsafe students' code runs with your own rights and limits on its resources only.""",
    "other": """\
Students' code is run in a box made by bubblewrap, which needs Linux: grade in WSL 2 (Windows) or
in a Linux virtual machine.""",
}

_START = """\
import sys, json
settings = json.loads(sys.argv[2])
sys.path += [path for path in settings["path"] if path not in sys.path]
from chainrule.grading.sandbox import zygote
zygote.main(int(sys.argv[1]), settings)
"""

_PROBE = """\
import os, sys, json
sys.path += json.loads(sys.argv[1])
from chainrule.grading.sandbox import confine
from chainrule.grading.sandbox.limits import Limits
confine.separate(sys.argv[2])
child=os.fork()
if child == 0:
    try:
        confine.confine(sys.argv[2], Limits(), int(sys.argv[3]))
    except BaseException as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@dataclass(frozen=True)
class Box:
    """One way to run students' code.

    Attributes
    ----------
    kind : str
        ``"bubblewrap"`` or ``"none"``.
    description : str
        What protects whom, for reports: what it is, a colon, what that means.
    program : str
        Path of bubblewrap.
    """

    kind: str
    description: str
    program: str = ""

    @property
    def mode(self) -> str:
        """How workers get their namespaces: as ``"root"``, as ``"user"``, or ``"none"``."""
        if self.kind == NONE:
            return "none"
        return "root" if os.geteuid() == 0 else "user"

    def command(self, python: list[str]) -> list[str]:
        """The command line that runs `python`, a command line, inside; give it no environment."""
        if self.kind == NONE:
            return python
        return [self.program, *_namespaces(self.mode), *_files(self.mode), "--", *python]

    def environment(self) -> dict[str, str]:
        """All the variables that are set inside."""
        return ENVIRONMENT | {name: os.environ[name] for name in INHERITED if name in os.environ}

    def zygote(self, control: int, imports: tuple[str, ...], serve: str) -> list[str]:
        """The command line that starts a zygote which takes requests on a descriptor."""
        settings = {
            "mode": self.mode,
            "path": python_path() if self.kind == NONE else path_inside(),
            "imports": list(imports),
            "serve": serve,
        }
        python = [*_python(), "-c", _START, str(control), json.dumps(settings)]
        return self.command(python)


def find_box(unsafe: bool = False) -> Box:
    """The best box that works here.

    Parameters
    ----------
    unsafe : bool
        Whether to run students' code without one where there is none.

    Raises
    ------
    CourseError
        If there is none, with what to do about it.
    """
    problem = _problem()
    if problem is None:
        return Box(
            BUBBLEWRAP,
            "Sandbox made by bubblewrap: no network, none of this machine's files but the system "
            "and Python, both read-only; limits on memory, time and processes.",
            shutil.which("bwrap") or "",
        )
    kind = sys.platform if sys.platform in INSTALL else "other"
    if unsafe and kind != "other":
        return no_box()
    raise CourseError(INSTALL[kind].format(problem=problem))


def no_box() -> Box:
    """Run students' code without a box."""
    return Box(
        NONE,
        "No sandbox: students' code ran with the grader's own rights. It could read and change "
        "this machine's files and reach the network; only its memory, time and processes were "
        "limited.",
    )


def python_path() -> list[str]:
    """Where this process finds packages, this one's last; modules beside its scripts are not."""
    path = [os.path.abspath(one) for one in sys.path if one]
    path = [one for one in path if os.path.basename(one) in PACKAGES and os.path.isdir(one)]
    package = str(_package().parent)
    return list(dict.fromkeys(path if package in path else [*path, package]))


def path_inside() -> list[str]:
    """The same places as a boxed process sees them."""
    return [_inside(place, number) for number, place in enumerate(python_path())]


def _inside(place: str, number: int) -> str:
    """What is not the system's is shown in a neutral place: paths tell of people."""
    return place if place.startswith("/usr/") else f"/course/{number}"


def user_number(count: int) -> int:
    """A user number that no worker on this machine has at the moment, for the `count`-th of ours.

    The limit on processes counts all of a user's, wherever they are, so no two workers share one.
    """
    mapped = _mapped_users()
    if mapped > 2**31 - 1:
        return 1_900_000_000 + (os.getpid() % 32768) * 1024 + count % 1024
    return max(1, mapped - 2 - (os.getpid() * 64 + count) % max(1, mapped // 2))


def _mapped_users() -> int:
    """How many user numbers there are: fewer in some containers."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            starts, _, counts = zip(*(map(int, line.split()) for line in file), strict=True)
        return max(start + count for start, count in zip(starts, counts, strict=True))
    except (OSError, ValueError):
        return 65536


@functools.lru_cache(maxsize=1)
def _problem() -> str | None:
    """Why there is no box here; None if there is one."""
    if sys.platform != "linux":
        return "needs Linux"
    program = shutil.which("bwrap")
    if program is None:
        return "is not installed"
    if platform.machine() not in seccomp.ARCHITECTURES:
        return f"needs a filter of system calls that is not there for {platform.machine()}"
    if any(one.startswith(f"{place}/") for one in _interpreter() for place in confine.COVERED):
        return f"gives students a {confine.COVERED[0]} of their own, where this Python lies"
    box = Box(BUBBLEWRAP, "", program)
    python = [*_python(), "-c", _PROBE, json.dumps(path_inside()), box.mode, str(user_number(0))]
    try:
        run = subprocess.run(
            box.command(python),
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"could not be run here ({error})"
    if run.returncode:
        said = run.stderr.strip().splitlines() or [f"exit code {run.returncode}"]
        return f"is installed but does not work here ({said[-1][:300]})"
    return None


def interpreter() -> str:
    """The Python that everything inside is run with."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def _python() -> list[str]:
    """Python itself, without an environment's start-up files."""
    return [interpreter(), "-s", "-P", "-S", "-B"]


def _package() -> Path:
    return Path(__file__).resolve().parents[2]


def _namespaces(mode: str) -> list[str]:
    common = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    common += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv"]
    common += ["--hostname", "sandbox", "--cap-drop", "ALL"]
    if mode == "user":
        return ["--unshare-user", *common]
    needed = ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP")
    return [*common, *(word for name in needed for word in ("--cap-add", f"CAP_{name}"))]


def _files(mode: str) -> list[str]:
    """What is seen inside, read-only: the system, Python, packages, the course's package."""
    words: list[str] = []
    for path in SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    shown = {path: path for path in (*ETC, *_interpreter()) if os.path.exists(path)}
    package = _package()
    for place, inside in zip(python_path(), path_inside(), strict=True):
        if os.path.basename(place) in PACKAGES:
            shown.setdefault(inside, place)
        else:  # a checkout: no more of it than the package
            shown[f"{inside}/{package.name}"] = str(package)
    devices = [f"/dev/{name}" for name in DEVICES]
    for folder in _above([*shown, *devices, *confine.COVERED]):
        words += ["--dir", folder]  # made on the way, they would be for root alone
    for inside, place in shown.items():
        if not inside.startswith("/usr/"):
            words += ["--ro-bind", os.path.realpath(place), inside]
    for path in devices:
        words += ["--dev-bind", path, path]
    for path in (*confine.COVERED, "/proc"):
        words += ["--dir", path]
    if mode == "user":
        words += ["--proc", "/proc"]  # to say which users its user namespaces have
    for name, value in ENVIRONMENT.items():
        words += ["--setenv", name, value]
    for name in INHERITED:
        if name in os.environ:
            words += ["--setenv", name, os.environ[name]]
    return [*words, "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/"]


def _interpreter() -> list[str]:
    """Folders of the Python that everything is run with, apart from /usr."""
    executable = _python()[0]
    prefix = os.path.realpath(sys.base_prefix)
    folders = [os.path.dirname(executable), *(f"{prefix}/{name}" for name in ("lib", "lib64"))]
    folders += [store for store in STORES if prefix.startswith(f"{store}/")]
    return [folder for folder in folders if os.path.isdir(folder)]


def _above(paths: Iterable[str]) -> list[str]:
    """The folders that paths lie in, outer ones first."""
    found = {str(folder): None for path in paths for folder in reversed(Path(path).parents)}
    return [folder for folder in found if folder != "/"]
