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
import re
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
STAMP = "course.json"  # in ENV, written last: without it the environment is half-made
LOG = "course.log"  # in ENV: what the set-up commands printed

# What uv and pip print, on the three systems, when they cannot reach a package index.
OFFLINE = re.compile(
    "name resolution|getaddrinfo|nodename nor servname|name or service not known|dns error"
    "|failed to lookup address|network is unreachable|newconnectionerror|connection refused"
    "|connection reset|error sending request|failed to fetch|timed out|proxyerror",
    re.IGNORECASE,
)


class CourseError(Exception):
    """Something the person at the keyboard can act on; the text is one line."""


class StepFailed(Exception):
    """A set-up command ended with an error; the text is all it printed."""


# --- what the environment is built from, and whether it still holds -------------------------------


def check_python(version):
    """Raise CourseError unless `version`, a tuple such as sys.version_info, is new enough."""
    if tuple(version) < MINIMUM:
        raise CourseError(
            "Python {}.{} or newer is needed, this is {}.{} ({})".format(
                *MINIMUM, *version[:2], sys.executable
            )
        )


def base_python():
    """Return the interpreter to build with: never the one inside the environment itself."""
    if sys.prefix != sys.base_prefix:
        return getattr(sys, "_base_executable", sys.executable)
    return sys.executable


def env_command(name):
    """Return the path of the environment's command `name`."""
    return ENV / "Scripts" / (name + ".exe") if WINDOWS else ENV / "bin" / name


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
        stamp = json.loads((ENV / STAMP).read_text(encoding="utf-8"))
        check = [str(env_command("python")), "-I", "-S", "-c", ""]
        return stamp == fingerprint() and subprocess.call(check, stderr=subprocess.DEVNULL) == 0
    except (OSError, ValueError):
        return False


# --- building it ----------------------------------------------------------------------------------


def step(*command):
    """Run one set-up command quietly, adding what it prints to the log; raise StepFailed."""
    # Settings of the person's own that would put packages elsewhere are overruled.
    env = dict(task_env(), PIP_USER="0", UV_PYTHON_DOWNLOADS="never")
    command = [str(part) for part in command]
    try:
        done = subprocess.run(
            command,
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
        with open(str(ENV / LOG), "a", encoding="utf-8") as log:
            log.write("$ {}\n{}\n".format(" ".join(command), output))
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
    """Install the locked packages, then the course itself, with `installer` ("pip install")."""
    step(*installer, "--no-deps", "-r", LOCK)
    step(*installer, "--no-deps", "--no-build-isolation", "-e", ROOT)


def install_with_uv(uv):
    """Install everything with the uv at `uv`; without a network, from its cache."""
    installer = (uv, "pip", "install", "--python", env_command("python"), "--compile-bytecode")
    try:
        install(*installer)
    except StepFailed as failure:
        if not OFFLINE.search(str(failure)):
            raise
        with contextlib.suppress(StepFailed):
            return install(*installer, "--offline")
        raise


def build_with_uv():
    """Make and fill the environment with the uv on PATH."""
    uv = shutil.which("uv")
    step(uv, "venv", "--python", base_python(), ENV)
    install_with_uv(uv)


def build_with_pip():
    """Make the environment with venv; fill it with a uv installed there, else with pip."""
    specs = [importlib.util.find_spec(name) for name in ("venv", "ensurepip")]
    if not all(spec and spec.origin for spec in specs):  # no origin: a folder left behind, empty
        raise CourseError(
            "this Python cannot make environments: install its venv module (Debian, Ubuntu: "
            "sudo apt install python3-venv) or uv, and run the same command again"
        )
    step(base_python(), "-m", "venv", ENV)
    pip = (env_command("python"), "-m", "pip", "install", "--no-input")
    try:
        step(*pip, "uv")
        install_with_uv(env_command("uv"))
    except StepFailed as failure:
        if OFFLINE.search(str(failure)) and not env_command("uv").exists():
            raise  # pip itself reaches no index
        install(*pip)  # no uv for this system, or an index set up for pip alone


def write_settings():
    """Write what belongs into a filled environment: Jupyter's settings, font cache, trust."""
    settings = {
        # ipykernel warns of unencrypted TCP at every start; kernels here serve this machine.
        "etc/ipython/ipython_kernel_config.py": "get_config().IPKernelApp.log_level = 40\n",
        # JupyterLab would ask whether it may fetch news, and look for updates of itself.
        "share/jupyter/lab/settings/overrides.json": json.dumps(
            {
                "@jupyterlab/apputils-extension:notification": {
                    "fetchNews": "false",
                    "checkForUpdates": False,
                }
            }
        ),
    }
    for name, text in settings.items():
        (ENV / name).parent.mkdir(parents=True, exist_ok=True)
        (ENV / name).write_text(text, encoding="utf-8")
    # Built now, so that no lecture or graded cell shows matplotlib's message about building it.
    step(env_command("python"), "-c", "import matplotlib.font_manager")
    trust_lectures()


def trust_lectures():
    """Mark the lectures' stored outputs as trusted (in the environment, not in the home folder)."""
    lectures = sorted((ROOT / "notebooks").glob("*.ipynb"))
    if lectures:
        step(env_command("python"), "-m", "jupyter", "trust", *lectures)


def build():
    """Build the environment from nothing, in the best way this machine offers; stamp it last."""
    builders = [build_with_uv, build_with_pip] if shutil.which("uv") else [build_with_pip]
    for builder in builders:
        remove_env()
        try:
            builder()
            break
        except StepFailed as failure:
            if builder is builders[-1] or OFFLINE.search(str(failure)):
                raise
    write_settings()
    unfinished = ENV / (STAMP + ".new")
    unfinished.write_text(json.dumps(fingerprint(), indent=1) + "\n", encoding="utf-8")
    os.replace(str(unfinished), str(ENV / STAMP))


def explain(output):
    """Return the one line that says why a set-up command failed, from all it printed."""
    if OFFLINE.search(output):
        return (
            "could not download the packages: is there a network? Connect (or set HTTPS_PROXY) "
            "and run the same command again"
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no message"]
    errors = [line for line in lines if re.match("error|fatal|×", line, re.IGNORECASE)]
    return "setting up .venv failed: {} (see {})".format((errors or lines)[-1], ENV / LOG)


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
        pass  # a file system without locks: better unguarded than stuck
    return True


@contextlib.contextmanager
def only_one_setup():
    """Hold the set-up lock, which the system lets go when its holder ends, however it ends."""
    lock = ROOT / ".venv.lock"
    if not os.access(str(ROOT), os.W_OK):
        raise CourseError(
            "cannot write into {}: copy the course to a folder of your own and run it there, "
            "since its environment is built beside course.py".format(ROOT)
        )
    with open(str(lock), "a+", encoding="utf-8") as handle:
        if not try_lock(handle):
            say("another set-up is at work in this folder; waiting for it ...")
            while not try_lock(handle):
                time.sleep(0.2)
        yield


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
    """Return the environment variables for all that runs inside the environment."""
    env = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH"):
        env.pop(name, None)
    share = ENV / "share"
    env.update(
        VIRTUAL_ENV=str(ENV),
        # nbgrader calls alembic by its bare name.
        PATH=os.pathsep.join([str(env_command("python").parent), env.get("PATH", os.defpath)]),
        PYTHONUTF8="1",
        # Nothing is written to, or depends on, the home folder.
        IPYTHONDIR=str(share / "ipython"),
        JUPYTER_CONFIG_DIR=str(share / "jupyter-config"),
        JUPYTER_DATA_DIR=str(share / "jupyter-data"),
        MPLCONFIGDIR=str(share / "matplotlib"),
        # Threads split sums differently, which changes last digits; and one is fastest here.
        OPENBLAS_NUM_THREADS="1",
        OMP_NUM_THREADS="1",
        MKL_NUM_THREADS="1",
        VECLIB_MAXIMUM_THREADS="1",
    )
    return env


def run(*arguments):
    """Run the environment's Python in the course's folder; return its exit code."""
    command = [str(env_command("python")), *map(str, arguments)]
    child = subprocess.Popen(command, cwd=str(ROOT), env=task_env())
    # Ctrl-C reaches the child too: it decides when to end. Raising here could lose its exit code.
    answers = {signal.SIGINT: lambda *_: None, signal.SIGTERM: lambda *_: child.terminate()}
    before = {sign: signal.signal(sign, answer) for sign, answer in answers.items()}
    try:
        code = child.wait()
    finally:
        for sign, answer in before.items():
            signal.signal(sign, answer)
    return code if code >= 0 else 128 - code


def lab(arguments):
    """Open JupyterLab on the lectures, their stored outputs trusted."""
    trust_lectures()
    places = ["--ServerApp.root_dir=" + str(ROOT), "--LabApp.default_url=/lab/tree/notebooks"]
    return run("-m", "jupyterlab", *places, *arguments)


def execute(arguments):
    """Run the lectures and store their outputs; notebook paths are relative to the caller."""
    paths = [os.path.abspath(each) if os.path.exists(each) else each for each in arguments]
    return run("tools/lectures.py", "execute", *paths)


def test(arguments, quick):
    """Run the groups of checks, stopping at the first that fails; return its exit code.

    With `arguments`, only pytest runs, with them.
    """
    tests = ["-m", "pytest", *(["-m", "not slow"] if quick else []), *arguments]
    lectures = ["-m", "pytest", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    lectures += ["--nbval-sanitize-with", "tests/nbval_sanitize.cfg", "notebooks"]
    groups = {"tests": tests}
    if not arguments:
        lint = {"lint": ["-m", "ruff", "check"], "format": ["-m", "ruff", "format", "--check"]}
        groups = dict(lint, tests=tests) if quick else dict(lint, tests=tests, lectures=lectures)
    started = time.monotonic()
    for name, command in groups.items():
        print("--- {} ---".format(name), flush=True)
        code = run(*command)
        if code:
            print("Stopped: {} failed with exit code {}.".format(name, code))
            return code
    print("All hold: {} ({:.0f} s).".format(", ".join(groups), time.monotonic() - started))
    return 0


# --- the command line -----------------------------------------------------------------------------

COMMANDS = {
    "demo": "release the problem sets, grade a sample class, show the grades",
    "test": "run all checks: lint, format, tests, lectures",
    "lab": "open JupyterLab on the lectures",
    "execute": "run the lectures (all, or those named) and store their outputs",
    "release": "write the students' problem sets from source/ into release/",
}


def say(text, end="\n"):
    """Tell the person at the keyboard, apart from the task's own output."""
    print(text, end=end, file=sys.stderr, flush=True)


def parse(argv):
    """Return the options we know, and the arguments left for the task."""
    parser = argparse.ArgumentParser(
        prog="course.py",
        description="Set up the course (once) and run it.",
        epilog="Further arguments go to the task: `course.py test -k relu`.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        if name == "test":
            command.add_argument("--quick", action="store_true", help="leave out what is slow")
    return parser.parse_known_args(argv)


def main(argv=None):
    """Run one command; return its exit code."""
    try:
        check_python(sys.version_info)
        sys.stderr.reconfigure(errors="replace")
        options, arguments = parse(argv)
        set_up()
        if options.command == "test":
            return test(arguments, options.quick)
        if options.command == "lab":
            return lab(arguments)
        if options.command == "execute":
            return execute(arguments)
        return run("-m", "chainrule.cli", options.command, *arguments)
    except StepFailed as failure:
        say("course.py: {}".format(explain(str(failure))))
    except (CourseError, OSError) as error:
        say("course.py: {}".format(error))
    except KeyboardInterrupt:
        say("course.py: stopped; run the same command again to go on")
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
