"""The `chainrule` command: its exit codes, its words, and what it needs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule import cli
from chainrule.commands import release

ROOT = Path(__file__).parents[1]


def run(*arguments, cwd=ROOT, **environment):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "chainrule", *arguments], cwd=cwd, capture_output=True, text=True,
        encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip


@pytest.mark.parametrize("command", [[], ["check"], ["release"], ["grade"], ["explain"], ["demo"]])
def test_help_explains_each_command(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command, "--help"])
    assert stopped.value.code == cli.OK
    text = capsys.readouterr().out
    assert "usage: chainrule" in text
    assert len(text.splitlines()) > 6


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["grade"], ["release", "a", "b"]])
def test_wrong_use_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == cli.USAGE
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    ["a b --regrade", "--regrade a b", "a --regrade b", "--limit 3 a b", "a --limit 3 --regrade b"],
)
def test_students_may_be_named_before_options_and_after_them(arguments):
    options = cli._parse(["grade", "ps3", *arguments.split()])
    assert (options.problem_set, options.students) == ("ps3", ["a", "b"])


@pytest.mark.parametrize("arguments", ["grade ps3 a --nonsense", "report ps3 --course x y"])
def test_what_nobody_knows_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments.split())
    assert stopped.value.code == cli.USAGE
    assert "unrecognized arguments" in capsys.readouterr().err


def test_outside_of_a_course_it_says_what_is_missing(tmp_path, monkeypatch, capsys):
    pytest.importorskip("nbgrader")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["release"]) == cli.USAGE
    assert "expected a folder with nbgrader_config.py" in capsys.readouterr().err


def test_an_unknown_problem_set_is_wrong_use(capsys):
    pytest.importorskip("nbgrader")
    assert cli.main(["--course", str(ROOT), "release", "ps99"]) == cli.USAGE
    assert "no problem set 'ps99' in source/ (there is: ps" in capsys.readouterr().err


def test_without_the_instructors_packages_it_says_what_to_install(tmp_path):
    code = (
        "import sys\n"
        "sys.modules['nbgrader'] = None\n"
        "from chainrule import cli\n"
        "sys.exit(cli.main(['release']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == cli.USAGE
    assert 'needs nbgrader: pip install "chainrule[grading]"' in done.stderr


def test_an_interrupt_is_no_traceback(monkeypatch, capsys):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(release, "run", interrupt)
    assert cli.main(["release"]) == 130
    assert "stopped" in capsys.readouterr().err


def test_help_loads_nothing_heavy():
    code = (
        "import sys, contextlib\n"
        "from chainrule import cli\n"
        "with contextlib.suppress(SystemExit): cli.main(['--help'])\n"
        "print([n for n in ('rich', 'nbgrader', 'nbformat', 'numpy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.slow
def test_a_class_with_a_broken_submission_ends_with_3(tmp_path):
    pytest.importorskip("nbgrader")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "source", tmp_path / "source")
    name = "ps3_activations_losses"
    sample = ROOT / "tests" / "sample_class"
    for student in ("truncated_notebook", "blank"):
        shutil.copytree(sample / student, tmp_path / "submitted" / student)

    assert run("release", cwd=tmp_path).returncode == cli.OK
    both = run("grade", name, "--jobs", "1", cwd=tmp_path)
    assert both.returncode == cli.ATTENTION, both.stderr
    assert both.stderr == ""
    lines = both.stdout.splitlines()
    assert lines[0].startswith("[1/2] blank: 0 / 100 (")
    assert lines[1].startswith("[2/2] truncated_notebook: unreadable (")
    assert "\x1b" not in both.stdout
    assert "1 of 2 submissions need attention" in both.stdout
    assert run("grade", name, "blank", cwd=tmp_path).returncode == cli.OK
    assert run("grade", name, "nobody", cwd=tmp_path).returncode == cli.USAGE


@pytest.mark.slow
def test_an_internal_error_ends_with_1(tmp_path):
    pytest.importorskip("nbgrader")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "source" / "ps").mkdir(parents=True)
    (tmp_path / "source" / "ps" / "ps.ipynb").write_text("{", encoding="utf-8")
    done = run("release", cwd=tmp_path)
    assert done.returncode == cli.INTERNAL
    assert "could not generate ps" in done.stderr
