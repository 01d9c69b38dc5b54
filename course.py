#!/usr/bin/env python3
"""Set up the course and run it: ``python3 course.py demo`` is all a fresh machine needs.

The first command builds an environment in ``.venv`` beside this file, from ``requirements.lock``;
later commands use it as it is until something it was built from changes. Only the standard
library is used, and only syntax that Python 3.6 can parse, so that an old Python gets a
sentence to act on instead of a SyntaxError.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

MINIMUM = (3, 11)
SETUP_VERSION = 1  # raise it when the set-up below changes what it builds
WINDOWS = os.name == "nt"
ROOT = Path(__file__).resolve().parent
ENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"

NO_NETWORK = (
    "name resolution",
    "getaddrinfo",
    "nodename nor servname",
    "name or service not known",
    "dns error",
    "failed to lookup address",
    "network is unreachable",
    "newconnectionerror",
    "connection refused",
    "connection reset",
    "error sending request",
    "timed out",
    "proxyerror",
)

# BLAS splits sums among threads, which changes last digits; for these sizes one is also fastest.
ONE_THREAD = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class CourseError(Exception):
    """Something the person at the keyboard can act on; the text is one line."""


class StepFailed(Exception):
    """A set-up command ended with an error; the text is what it printed."""


# --- the environment: what it was built from, and whether it still holds ----------------------


def check_python(version=None):
    """Raise CourseError unless `version` (of this interpreter, by default) is new enough."""
    version = tuple(version or sys.version_info)
    if version < MINIMUM:
        raise CourseError(
            "Python {}.{} or newer is needed, this is {}.{} ({})".format(
                *MINIMUM, *version[:2], sys.executable
            )
        )


def base_python():
    """Return the interpreter to build with: never the one inside the environment itself."""
    if sys.prefix != sys.base_prefix:
        return getattr(sys, "_base_executable", None) or sys.executable
    return sys.executable


def env_bin():
    """Return the folder of the environment's commands."""
    return ENV / ("Scripts" if WINDOWS else "bin")


def env_python():
    """Return the environment's interpreter."""
    return env_bin() / ("python.exe" if WINDOWS else "python")


def fingerprint():
    """Return what an environment built now would be made of, as a dict of strings."""
    made_of = hashlib.sha256()
    for path in (LOCK, ROOT / "pyproject.toml"):
        # Line ends differ between checkouts of one commit; they change nothing.
        made_of.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return {
        "setup": str(SETUP_VERSION),
        "python": "{}.{}".format(*sys.version_info),
        "root": str(ROOT),  # scripts record their own place: a moved environment is broken
        "requirements": made_of.hexdigest(),
    }


def is_ready():
    """Return whether the environment is complete, up to date and runs."""
    try:
        stamp = json.loads((ENV / "course.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if stamp != fingerprint():
        return False
    try:
        check = [str(env_python()), "-I", "-S", "-c", ""]
        return subprocess.call(check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


# --- building it --------------------------------------------------------------------------------


def step(*command):
    """Run one set-up command quietly, adding its output to the log; raise StepFailed if it fails.

    Interrupting it stops the command too.
    """
    env = task_env()
    # Settings that would send packages elsewhere than into the environment.
    env.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", UV_PYTHON_DOWNLOADS="never")
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=str(ROOT),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise StepFailed(str(error)) from error
    output = done.stdout.decode("utf-8", "replace")
    if ENV.is_dir():
        with open(str(ENV / "course.log"), "a", encoding="utf-8") as log:
            log.write("$ {}\n{}\n".format(" ".join(str(part) for part in command), output))
    if done.returncode:
        raise StepFailed(output)


def remove_env():
    """Remove what stands at the environment's place, whatever it is."""
    try:
        if ENV.is_symlink() or ENV.is_file():
            ENV.unlink()
        elif ENV.exists():
            shutil.rmtree(str(ENV))
    except OSError as error:
        raise CourseError(
            "cannot remove the old .venv ({}): close what still uses it, for example an open "
            "JupyterLab, and run the same command again".format(error)
        ) from error


def install(*installer):
    """Install the locked packages, then the course itself, with `installer` ("uv pip install")."""
    step(*installer, "--no-deps", "-r", LOCK)
    step(*installer, "--no-deps", "--no-build-isolation", "-e", ROOT)


def install_with_uv(uv):
    """Install everything with the uv at `uv`."""
    install(uv, "pip", "install", "--python", env_python(), "--compile-bytecode")


def build_with_uv_on_path(uv):
    """Make the environment and fill it with a uv that is there already."""
    step(uv, "venv", "--python", base_python(), ENV)
    install_with_uv(uv)


def build_with_pip():
    """Make the environment with venv; fill it with a uv installed there, else with pip."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise CourseError(
            "this Python cannot make environments: install its venv module (Debian, Ubuntu: "
            "sudo apt install python3-venv) or uv, and run the same command again"
        )
    step(base_python(), "-m", "venv", ENV)
    pip = (env_python(), "-m", "pip", "install", "--no-input")
    step(*pip, "uv")
    try:
        install_with_uv(env_bin() / ("uv.exe" if WINDOWS else "uv"))
    except StepFailed:  # an index set up for pip alone, for example
        install(*pip)


def prepare():
    """Write what belongs into a filled environment: settings, font cache, trusted notebooks."""
    profile = ENV / "share" / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text(
        "# ipykernel warns about unencrypted TCP at every start; kernels here serve this machine.\n"
        "c = get_config()\n"
        "c.IPKernelApp.log_level = 40\n",
        encoding="utf-8",
    )
    # Built now, so that no lecture or graded cell shows matplotlib's message about building it.
    step(env_python(), "-c", "import matplotlib.font_manager")
    trust_notebooks()


def trust_notebooks():
    """Mark the lectures' stored outputs as trusted (in the environment, not in the home folder)."""
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    if notebooks:
        step(env_python(), "-m", "jupyter", "trust", *notebooks)


def explain(output):
    """Return the one line that says why a set-up command failed, from its `output`."""
    if any(sign in output.lower() for sign in NO_NETWORK):
        return (
            "could not download the packages: is there a network? Connect (or set HTTPS_PROXY) "
            "and run the same command again"
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "fatal", "x ", "× "))]
    return "setting up .venv failed: {} (everything it said: .venv/course.log)".format(
        (errors or lines or ["no message"])[-1]
    )


def build():
    """Build the environment from nothing, in the best way this machine offers; stamp it at last."""
    remove_env()
    uv = shutil.which("uv")
    try:
        try:
            if not uv:
                raise StepFailed("no uv on PATH")
            build_with_uv_on_path(uv)
        except StepFailed as failure:
            if uv and any(sign in str(failure).lower() for sign in NO_NETWORK):
                raise
            remove_env()
            build_with_pip()
        prepare()
    except StepFailed as failure:
        raise CourseError(explain(str(failure))) from failure
    unfinished = ENV / "course.json.new"
    unfinished.write_text(json.dumps(fingerprint(), indent=1) + "\n", encoding="utf-8")
    os.replace(str(unfinished), str(ENV / "course.json"))


@contextlib.contextmanager
def only_one_setup():
    """Hold the set-up lock: a second set-up in the same folder waits and says so.

    The system lets go of the lock when its holder ends, however it ends.
    """
    try:
        handle = open(str(ROOT / ".venv.lock"), "a+", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise CourseError(
            "cannot write into {} ({}): copy the course to a folder of your own and run it there, "
            "since its environment is built beside course.py".format(ROOT, error.strerror)
        ) from error
    with handle:
        waiting = False
        while not try_lock(handle):
            if not waiting:
                say("another set-up is at work in this folder; waiting for it ...")
            waiting = True
            time.sleep(0.2)
        yield


def try_lock(handle):
    """Return whether the lock on `handle` is ours now; False while another process has it."""
    try:
        if WINDOWS:
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a file system without locks: better unguarded than stuck
    return True


def set_up():
    """Make sure that the environment is there, complete and up to date."""
    if is_ready():
        return
    with only_one_setup():
        if is_ready():  # the one we waited for has done it
            return
        started = time.monotonic()
        say("Setting up .venv from requirements.lock, once ... ", end="")
        try:
            build()
        except BaseException:
            say("")
            raise
        say("done in {:.0f} s.".format(time.monotonic() - started))


# --- running tasks in it --------------------------------------------------------------------------


def task_env():
    """Return the environment variables for everything that runs inside the environment."""
    env = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"):
        env.pop(name, None)
    share = ENV / "share"
    env.update(
        VIRTUAL_ENV=str(ENV),
        # nbgrader calls alembic by its bare name
        PATH=os.pathsep.join([str(env_bin()), env.get("PATH", os.defpath)]),
        PYTHONUTF8="1",
        # Nothing is written to, or depends on, the home folder.
        IPYTHONDIR=str(share / "ipython"),
        JUPYTER_CONFIG_DIR=str(share / "jupyter-config"),
        JUPYTER_DATA_DIR=str(share / "jupyter-data"),
        MPLCONFIGDIR=str(share / "matplotlib"),
    )
    env.update(dict.fromkeys(ONE_THREAD, "1"))
    return env


def run(*command):
    """Run a command inside the environment, in the course's folder; return its exit code."""
    child = subprocess.Popen([str(part) for part in command], cwd=str(ROOT), env=task_env())
    previous = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        while True:
            try:
                code = child.wait()
                break
            except KeyboardInterrupt:
                continue  # Ctrl-C reached the child too; it decides when to end
    finally:
        signal.signal(signal.SIGTERM, previous)
    return code if code >= 0 else 128 - code


def run_python(*arguments):
    """Run the environment's Python with `arguments`; return its exit code."""
    return run(env_python(), *arguments)


def lab(arguments):
    """Open JupyterLab on the lectures, their stored outputs trusted."""
    trust_notebooks()
    places = ["--ServerApp.root_dir=" + str(ROOT), "--LabApp.default_url=/lab/tree/notebooks"]
    return run_python("-m", "jupyterlab", *places, *arguments)


def execute(arguments):
    """Run the lectures and store their outputs; notebook paths are relative to the caller."""
    paths = [str(Path(each).resolve()) if os.path.exists(each) else each for each in arguments]
    return run_python("tools/lectures.py", "execute", *paths)


def test(arguments, quick):
    """Run the groups of checks in turn and stop at the first that fails; return its exit code.

    With `arguments`, pytest alone runs, with them.
    """
    pytest = ["-m", "pytest", "-q"]
    lectures = [*pytest, "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    lectures += ["--nbval-sanitize-with", "tests/nbval_sanitize.cfg", "notebooks"]
    groups = [
        ("lint", ["-m", "ruff", "check", "--quiet", "."]),
        ("format", ["-m", "ruff", "format", "--check", "--quiet", "."]),
        ("tests", [*pytest, *(["-m", "not slow"] if quick else [])]),
        ("lectures", lectures),
    ]
    if arguments:
        groups = [("tests", [*pytest, *arguments])]
    elif quick:
        groups.remove(("lectures", lectures))
    started = time.monotonic()
    for name, command in groups:
        print("--- {} ---".format(name), flush=True)
        code = run_python(*command)
        if code:
            print("Stopped: {} failed (exit code {}).".format(name, code))
            return code
    names = ", ".join(name for name, _ in groups)
    print("All hold: {}; {:.0f} s.".format(names, time.monotonic() - started))
    return 0


# --- the command line -----------------------------------------------------------------------------


def say(text, end="\n"):
    """Tell the person at the keyboard, apart from the task's own output."""
    print(text, end=end, file=sys.stderr, flush=True)


def parse(argv):
    """Return the parsed command line; what we do not know ourselves is left for the task."""
    parser = argparse.ArgumentParser(
        prog="course.py",
        description="Set up the course (once) and run it.",
        epilog="More arguments are handed to the task: `course.py test -k relu`.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    for name, text in (
        ("demo", "release the problem sets, grade a sample class, show the grades"),
        ("test", "run all checks: lint, format, tests, lectures"),
        ("lab", "open JupyterLab on the lectures"),
        ("execute", "run the lectures (all, or those named) and store their outputs"),
        ("release", "write the students' problem sets from source/ into release/"),
    ):
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        if name == "test":
            command.add_argument("--quick", action="store_true", help="leave out what is slow")
    return parser.parse_known_args(argv)


def main(argv=None):
    """Run one command; return its exit code."""
    try:
        check_python()
        sys.stderr.reconfigure(errors="replace")
        options, arguments = parse(argv)
        set_up()
        if options.command == "test":
            return test(arguments, options.quick)
        if options.command == "lab":
            return lab(arguments)
        if options.command == "execute":
            return execute(arguments)
        return run_python("-m", "chainrule.cli", options.command, *arguments)
    except CourseError as error:
        say("course.py: {}".format(error))
        return 1
    except KeyboardInterrupt:
        say("\ncourse.py: stopped; run the same command again to go on")
        return 130


if __name__ == "__main__":
    sys.exit(main())
