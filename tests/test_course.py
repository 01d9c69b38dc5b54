"""Tests of course.py: in a small copied checkout, with a uv that installs nothing."""

import ast
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

COURSE = Path(__file__).resolve().parent.parent / "course.py"
posix_only = pytest.mark.skipif(os.name == "nt", reason="the pretended uv is a POSIX script")

# Makes an environment without packages and notes how often it was asked to.
PRETENDED_UV = """\
import os, subprocess, sys
from pathlib import Path

with open("uv-calls.txt", "a", encoding="utf-8") as calls:
    calls.write(" ".join(sys.argv[1:3]) + "\\n")
if sys.argv[1] == os.environ.get("UV_FAILS_AT"):
    sys.exit(os.environ["UV_SAYS"])
if sys.argv[1] == "venv":
    subprocess.check_call([sys.argv[3], "-m", "venv", "--without-pip", sys.argv[4]])
    package = next(Path(sys.argv[4]).glob("lib/python*/site-packages")) / "matplotlib"
    package.mkdir()
    (package / "font_manager.py").touch()
"""

# Stands where the course's own command would be.
PRETENDED_CLI = """\
import os, sys, time
if "wait" in sys.argv:
    print("waiting", flush=True)
    time.sleep(30)
print("ran", sys.argv[1], "in", sys.prefix, flush=True)
sys.exit(7 if "fail" in sys.argv else 0)
"""


@pytest.fixture
def checkout(tmp_path):
    """Return a small checkout, at a path with spaces and letters beyond ASCII."""
    root = tmp_path / "Ein Kurs für Übermütige"
    (root / "chainrule").mkdir(parents=True)
    shutil.copy(COURSE, root)
    (root / "requirements.lock").write_text("numpy==1.26.0\n", encoding="utf-8")
    (root / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (root / "chainrule" / "cli.py").write_text(PRETENDED_CLI, encoding="utf-8")
    return root


@pytest.fixture
def course(checkout):
    """Return course.py as a module that believes the small checkout to be its own."""
    spec = importlib.util.spec_from_file_location("course_under_test", checkout / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert checkout == module.ROOT
    return module


@pytest.fixture
def environment(tmp_path):
    """Return environment variables under which a pretended uv comes first on PATH."""
    uv = tmp_path / "commands" / "uv"
    uv.parent.mkdir()
    script = uv.with_name("pretended_uv.py")
    script.write_text(PRETENDED_UV, encoding="utf-8")
    # Not in the first line of a Python script: a path there must not have spaces.
    uv.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{script}' \"$@\"\n", encoding="utf-8")
    uv.chmod(0o755)
    return {**os.environ, "PATH": os.pathsep.join([str(uv.parent), os.environ["PATH"]])}


def run(checkout, environment, *arguments, prefix=()):
    """Run the checkout's course.py to its end."""
    return subprocess.run(
        [*prefix, sys.executable, checkout / "course.py", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def start(checkout, environment, *arguments):
    """Start the checkout's course.py, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, checkout / "course.py", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def uv_calls(checkout):
    return (checkout / "uv-calls.txt").read_text(encoding="utf-8").splitlines()


def assert_one_line(text, *parts):
    """Assert that `text` is one line from course.py that has all of `parts` in it."""
    lines = [line for line in text.splitlines() if line and not line.startswith("Setting up")]
    assert len(lines) == 1, text
    assert lines[0].startswith("course.py: ")
    for part in parts:
        assert part in lines[0]


# --- an old Python ------------------------------------------------------------------------------


def test_an_old_python_is_refused_with_both_versions_named(course):
    with pytest.raises(course.CourseError, match=r"3\.11 or newer is needed, this is 3\.8"):
        course.check_python((3, 8, 18, "final", 0))


def test_python_3_11_and_newer_are_accepted(course):
    course.check_python((3, 11, 0, "final", 0))
    course.check_python((4, 0, 0, "final", 0))


def test_the_file_parses_with_the_grammar_of_python_3_6():
    ast.parse(COURSE.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_a_real_old_python_gets_one_line(checkout):
    names = (f"python3.{minor}" for minor in range(6, 11))
    found = [old for old in map(shutil.which, names) if old and runs(old)]
    if not found:
        pytest.skip("no Python between 3.6 and 3.10 here")
    for old in found:
        done = subprocess.run(
            [old, checkout / "course.py", "demo"], capture_output=True, check=False
        )
        assert done.returncode == 1
        assert_one_line(done.stderr.decode(), "3.11 or newer is needed, this is 3.")


def runs(python):
    """Return whether the command `python` really starts one (version managers leave stand-ins)."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


# --- what the stamp covers ------------------------------------------------------------------------


def test_the_fingerprint_is_the_same_for_the_same_checkout(course):
    assert course.fingerprint() == course.fingerprint()


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_the_fingerprint_follows_the_requirements(course, checkout, name):
    before = course.fingerprint()
    (checkout / name).write_text("something else\n", encoding="utf-8")
    assert course.fingerprint() != before


def test_the_fingerprint_ignores_windows_line_ends(course, checkout):
    before = course.fingerprint()
    (checkout / "requirements.lock").write_bytes(b"numpy==1.26.0\r\n")
    assert course.fingerprint() == before


@pytest.mark.parametrize("what", ["python", "setup", "place"])
def test_the_fingerprint_follows_python_set_up_and_place(course, monkeypatch, tmp_path, what):
    before = course.fingerprint()
    if what == "python":
        monkeypatch.setattr(sys, "version_info", (3, 99, 0, "final", 0))
    elif what == "setup":
        monkeypatch.setattr(course, "SETUP_VERSION", course.SETUP_VERSION + 1)
    else:
        moved = shutil.copytree(course.ROOT, tmp_path / "moved")
        monkeypatch.setattr(course, "ROOT", moved)
    assert course.fingerprint() != before


# --- setting up -----------------------------------------------------------------------------------


@posix_only
def test_the_first_run_sets_up_and_the_second_uses_it(checkout, environment):
    first = run(checkout, environment, "demo")
    assert first.returncode == 0, first.stderr
    assert f"ran demo in {checkout / '.venv'}" in first.stdout
    assert first.stderr.startswith("Setting up .venv")
    assert len(first.stderr.splitlines()) == 1
    assert uv_calls(checkout) == ["venv --python", "pip install", "pip install"]

    second = run(checkout, environment, "demo")
    assert second.returncode == 0
    assert second.stderr == ""
    assert len(uv_calls(checkout)) == 3


@posix_only
def test_a_changed_lock_is_installed_anew(checkout, environment):
    run(checkout, environment, "demo")
    (checkout / "requirements.lock").write_text("numpy==2.0.0\n", encoding="utf-8")
    run(checkout, environment, "demo")
    assert len(uv_calls(checkout)) == 6


def break_nothing(env):
    """Leave a finished environment as it is: without its stamp only."""


def break_interpreter(env):
    for python in (env / "bin").glob("python*"):
        python.unlink()


def make_it_empty(env):
    shutil.rmtree(env)
    env.mkdir()


def make_it_a_file(env):
    shutil.rmtree(env)
    env.write_text("not an environment", encoding="utf-8")


def point_it_nowhere(env):
    shutil.rmtree(env)
    env.symlink_to(env.parent / "nowhere")


@posix_only
@pytest.mark.parametrize(
    "damage", [break_nothing, break_interpreter, make_it_empty, make_it_a_file, point_it_nowhere]
)
def test_a_half_made_environment_is_repaired(checkout, environment, damage):
    run(checkout, environment, "demo")
    if damage is not break_interpreter:
        (checkout / ".venv" / "course.json").unlink()
    damage(checkout / ".venv")
    again = run(checkout, environment, "demo")
    assert again.returncode == 0, again.stderr
    assert "ran demo" in again.stdout
    assert uv_calls(checkout).count("venv --python") == 2


@posix_only
def test_a_stamp_that_is_not_json_counts_as_none(checkout, environment):
    run(checkout, environment, "demo")
    (checkout / ".venv" / "course.json").write_text("{", encoding="utf-8")
    assert run(checkout, environment, "demo").returncode == 0
    assert uv_calls(checkout).count("venv --python") == 2


@posix_only
def test_a_moved_checkout_is_set_up_anew(checkout, environment):
    run(checkout, environment, "demo")
    moved = checkout.rename(checkout.with_name("moved"))
    again = run(moved, environment, "demo")
    assert f"ran demo in {moved / '.venv'}" in again.stdout
    assert uv_calls(moved).count("venv --python") == 2


@posix_only
def test_an_interrupted_installation_is_repaired_by_the_next_run(checkout, environment):
    failing = {**environment, "UV_FAILS_AT": "pip", "UV_SAYS": "dns error: no such host"}
    assert run(checkout, failing, "demo").returncode == 1
    assert (checkout / ".venv").is_dir()
    assert not (checkout / ".venv" / "course.json").exists()
    again = run(checkout, environment, "demo")
    assert again.returncode == 0
    assert "ran demo" in again.stdout


@posix_only
def test_without_a_network_one_line_says_so(checkout, environment):
    failing = {
        **environment,
        "UV_FAILS_AT": "pip",
        "UV_SAYS": "error: Failed to fetch numpy\n  Caused by: error sending request\n  dns error",
    }
    done = run(checkout, failing, "demo")
    assert done.returncode == 1
    assert_one_line(done.stderr, "network", "run the same command again")
    assert "dns error" in (checkout / ".venv" / "course.log").read_text(encoding="utf-8")


def test_without_a_network_the_cache_of_uv_is_tried(course, monkeypatch):
    steps = []

    def step(*command):
        steps.append(command)
        if "--offline" not in command:
            raise course.StepFailed("dns error")

    monkeypatch.setattr(course, "step", step)
    course.install_with_uv("uv")
    assert [("--offline" in command, "-e" in command) for command in steps] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_any_other_failure_is_told_by_its_own_error_line(course):
    line = course.explain("Resolving\nerror: No space left on device\n  while unpacking\n")
    assert "error: No space left on device" in line
    assert "course.log" in line
    assert "\n" not in line


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no permission bits here")
def test_a_read_only_checkout_is_told_in_one_line(checkout, environment):
    prefix = ()
    if os.geteuid() == 0:  # root may write anywhere, unless this right is taken away
        if not shutil.which("setpriv"):
            pytest.skip("running as root, without setpriv")
        prefix = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-all")
    checkout.chmod(0o555)
    try:
        done = run(checkout, environment, "demo", prefix=prefix)
    finally:
        checkout.chmod(0o755)
    assert done.returncode == 1
    assert_one_line(done.stderr, "cannot write into", str(checkout))


# --- which installer ------------------------------------------------------------------------------


MODULES = {"venv": "venv.py", "ensurepip": "ensurepip.py"}


def installers(course, monkeypatch, failing=(), uv=None, modules=MODULES, says="no"):
    """Build with pretended steps; return, in order, by what each step was done.

    A step fails, printing `says`, when one of `failing` is the tool that does it.
    """
    used = []

    def step(*command):
        words = [Path(str(word)).name for word in command]
        tool = "pip" if "pip" in words[1:3] and words[0].startswith("python") else words[0]
        if words[-2:] == ["install", "uv"] or words[-1] == "uv":
            tool = "pip for uv"
        elif "venv" in words and tool != "uv":
            tool = "venv"
        used.append(tool)
        if tool in failing:
            raise course.StepFailed(says)

    monkeypatch.setattr(course, "step", step)
    monkeypatch.setattr(course.shutil, "which", lambda name: uv)
    specs = {name: SimpleNamespace(origin=origin) for name, origin in modules.items()}
    monkeypatch.setattr(course.importlib.util, "find_spec", specs.get)
    monkeypatch.setattr(course, "write_settings", lambda: course.ENV.mkdir(exist_ok=True))
    course.build()
    return used


def test_uv_on_path_does_everything(course, monkeypatch):
    assert installers(course, monkeypatch, uv="/bin/uv") == ["uv"] * 3


def test_uv_on_path_needs_no_ensurepip(course, monkeypatch):
    assert installers(course, monkeypatch, uv="/bin/uv", modules={}) == ["uv"] * 3


def test_without_uv_on_path_it_is_installed_into_the_environment(course, monkeypatch):
    used = installers(course, monkeypatch)
    assert used[:2] == ["venv", "pip for uv"]
    assert {Path(tool).stem for tool in used[2:]} == {"uv"}
    assert len(used) == 4


def test_where_uv_cannot_be_had_pip_installs(course, monkeypatch):
    used = installers(course, monkeypatch, failing=["pip for uv"])
    assert used == ["venv", "pip for uv", "pip", "pip"]


def test_where_the_installed_uv_fails_pip_installs(course, monkeypatch):
    used = installers(course, monkeypatch, failing=["uv", "uv.exe"])
    assert used[-2:] == ["pip", "pip"]


def test_a_broken_uv_on_path_is_passed_over(course, monkeypatch):
    used = installers(course, monkeypatch, uv="/bin/uv", failing=["uv", "uv.exe"])
    assert used == ["uv", "venv", "pip for uv", used[3], "pip", "pip"]


def test_no_other_installer_is_tried_without_a_network(course, monkeypatch):
    with pytest.raises(course.StepFailed):
        installers(course, monkeypatch, failing=["pip for uv", "pip"], says="getaddrinfo failed")


@pytest.mark.parametrize(
    "modules",
    [
        {"venv": "venv.py"},
        {"ensurepip": "ensurepip.py"},
        {"venv": "venv.py", "ensurepip": None},  # an empty folder of that name
    ],
)
def test_a_python_without_venv_or_ensurepip_is_told_what_to_install(course, monkeypatch, modules):
    with pytest.raises(course.CourseError, match="apt install python3-venv"):
        installers(course, monkeypatch, modules=modules)


# --- two at once, and stopping --------------------------------------------------------------------


@posix_only
def test_a_second_set_up_waits_for_the_first_and_says_so(checkout, environment, course):
    with course.only_one_setup():
        second = start(checkout, environment, "demo")
        assert "another set-up is at work" in second.stderr.readline()
        assert not (checkout / ".venv").exists()
    with second:
        assert "ran demo" in second.stdout.read()
    assert second.returncode == 0


@posix_only
@pytest.mark.parametrize(("sign", "code"), [("SIGINT", 130), ("SIGTERM", 128 + signal.SIGTERM)])
def test_stopping_a_task_is_quiet_and_quick(checkout, environment, sign, code):
    run(checkout, environment, "demo")
    with start(checkout, environment, "demo", "wait") as task:
        assert task.stdout.readline() == "waiting\n"
        started = time.monotonic()
        if sign == "SIGINT":  # as a terminal does: to the whole group
            os.killpg(task.pid, signal.SIGINT)
        else:
            task.terminate()
        assert "course.py" not in task.stderr.read()
    assert time.monotonic() - started < 10
    assert task.returncode == code


# --- running tasks --------------------------------------------------------------------------------


@posix_only
def test_the_exit_code_of_the_task_is_passed_on(checkout, environment):
    assert run(checkout, environment, "demo", "fail").returncode == 7


def test_tasks_run_with_one_thread_and_the_environment_first_on_path(course, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    env = course.task_env()
    assert env["OPENBLAS_NUM_THREADS"] == env["OMP_NUM_THREADS"] == env["MKL_NUM_THREADS"] == "1"
    assert env["PATH"].split(os.pathsep)[0] == str(course.env_command("alembic").parent)
    assert "PYTHONPATH" not in env


def test_nothing_a_task_keeps_is_outside_the_environment(course):
    env = course.task_env()
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "MPLCONFIGDIR"):
        assert course.ENV in Path(env[name]).parents


def commands_of_test(course, monkeypatch, arguments=(), quick=False, failing="nothing"):
    """Return the exit code of `course.py test` and the commands it ran, each as one line."""
    commands = []

    def pretended_run(*words):
        commands.append(" ".join(words))
        return 3 if failing in commands[-1] else 0

    monkeypatch.setattr(course, "run", pretended_run)
    return course.test(list(arguments), quick), commands


def test_the_whole_test_is_lint_format_tests_and_lectures(course, monkeypatch):
    code, commands = commands_of_test(course, monkeypatch)
    assert code == 0
    assert [" ".join(line.split()[1:3]) for line in commands] == [
        "ruff check",
        "ruff format",
        "pytest",
        "pytest -p",
    ]
    assert "--nbval" in commands[-1].split()


def test_the_quick_test_leaves_out_lectures_and_slow_tests(course, monkeypatch):
    _, commands = commands_of_test(course, monkeypatch, quick=True)
    assert commands[-1] == "-m pytest -m not slow"
    assert not any("nbval" in line for line in commands)


def test_the_test_stops_at_the_first_failing_group(course, monkeypatch, capsys):
    code, commands = commands_of_test(course, monkeypatch, failing="ruff format")
    assert code == 3
    assert len(commands) == 2
    assert "format failed" in capsys.readouterr().out


def test_arguments_of_the_test_go_to_pytest_alone(course, monkeypatch):
    _, commands = commands_of_test(course, monkeypatch, arguments=["-k", "relu"])
    assert commands == ["-m pytest -k relu"]


def test_lectures_to_execute_are_found_from_where_the_caller_stands(course, monkeypatch, tmp_path):
    (tmp_path / "mine.ipynb").touch()
    monkeypatch.chdir(tmp_path)
    ran = []
    monkeypatch.setattr(course, "run", lambda *words: ran.append(words))
    course.execute(["mine.ipynb", "--check"])
    assert ran == [("tools/lectures.py", "execute", str(tmp_path / "mine.ipynb"), "--check")]


def test_help_is_given_without_setting_up(checkout, environment):
    done = run(checkout, environment, "--help")
    assert done.returncode == 0
    assert "demo" in done.stdout
    assert not (checkout / ".venv").exists()


def test_an_unknown_command_is_refused_without_setting_up(checkout, environment):
    done = run(checkout, environment, "dmeo")
    assert done.returncode == 2
    assert "dmeo" in done.stderr
    assert not (checkout / ".venv").exists()
