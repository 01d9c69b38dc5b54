"""Tests of packaging: requirements agree, the wheel is complete and gives nothing away."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
NOT_FRAMEWORK = {"__init__", "__main__", "cli"}  # nor are checks/, figures/ and grading/
FRAMEWORK = sorted({path.stem for path in (ROOT / "chainrule").glob("*.py")} - NOT_FRAMEWORK)


def requirements(lines):
    """Return {name: Requirement} for requirement lines, comments left out."""
    bare = (re.sub(r"#.*", "", line).strip() for line in lines)
    found = [Requirement(line) for line in bare if line]
    return {canonicalize_name(each.name): each for each in found}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def direct():
    return requirements((ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def locked():
    """Return the lock's lines as requirements; for several Pythons, a package has several."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


# --- requirements ---------------------------------------------------------------------------------


def test_requirements_txt_and_pyproject_ask_for_the_same(project, direct):
    extras = project["optional-dependencies"].values()
    packed = requirements([*project["dependencies"], *(line for extra in extras for line in extra)])
    assert {name: each.specifier for name, each in packed.items()} == {
        name: each.specifier for name, each in direct.items()
    }


def test_every_requirement_says_why_it_is_needed():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            assert re.search(r"  # \w", line), f"no reason given: {line}"


def test_the_lock_holds_every_requirement_in_its_range(direct, locked):
    for name, wanted in direct.items():
        versions = [pin for pin in locked if canonicalize_name(pin.name) == name]
        assert versions, f"{name} is not locked"
        for pin in versions:
            (version,) = (each.version for each in pin.specifier)
            assert version in wanted.specifier, f"{pin} is outside {wanted}"


def test_the_lock_pins_exactly_and_names_no_host(locked):
    assert all([each.operator for each in pin.specifier] == ["=="] for pin in locked)
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--find-links|@ ", text)


def test_the_lock_serves_every_supported_python_and_system(project, locked):
    minors = [each.rsplit("3.")[-1] for each in project["classifiers"] if ":: 3." in each]
    for minor in minors:
        for system, name in (("linux", "posix"), ("darwin", "posix"), ("win32", "nt")):
            place = {
                "python_full_version": f"3.{minor}.0",
                "sys_platform": system,
                "os_name": name,
                "implementation_name": "cpython",
            }
            here = [pin.name for pin in locked if not pin.marker or pin.marker.evaluate(place)]
            assert len(here) == len(set(here)), f"twice on Python 3.{minor}, {system}"
            assert {"numpy", "scipy", "nbgrader"} <= set(here)


# --- imports --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FRAMEWORK)
def test_importing_the_framework_loads_numpy_alone(name):
    code = f"""if True:
        import sys
        before = set(sys.modules)
        import chainrule.{name}
        # Modules without a file are made by Cython, inside others.
        new = (sys.modules[each] for each in set(sys.modules) - before)
        print(*(each.__name__ for each in new if getattr(each, "__file__", None)))
    """
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert f"chainrule.{name}" in loaded
    tops = {each.split(".")[0] for each in loaded} - sys.stdlib_module_names
    assert tops <= {"chainrule", "numpy"}


# --- wheel and sdist ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the sdist and, from it, the wheel, without a network; return their folder."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        yield archive


def tracked(folder):
    """Return what git tracks in `folder`: what belongs to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert tracked("chainrule") <= packed, "a file of the package was left out"
    assert all(name.startswith("chainrule/") for name in packed)


def test_neither_archive_gives_solutions_away(built, wheel):
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = [name.split("/", 1)[-1] for name in sdist.getnames()] + wheel.namelist()
    for secret in ("source/", "submitted/", "autograded/", "tests/", "mistakes/"):
        assert not [name for name in names if name.startswith(secret) or f"/{secret}" in name]


def test_the_wheel_has_licence_command_and_only_numpy_as_a_must(wheel, project):
    def read(ending):
        (name,) = (name for name in wheel.namelist() if name.endswith(ending))
        return wheel.read(name).decode("utf-8")

    assert "BSD 3-Clause" in read("licenses/LICENSE")
    assert "chainrule = chainrule.cli:main" in read("entry_points.txt")
    metadata = Parser().parsestr(read("METADATA"))
    needed = [Requirement(line) for line in metadata.get_all("Requires-Dist")]
    assert [each.name for each in needed if "extra" not in str(each.marker)] == ["numpy"]
    assert set(metadata.get_all("Provides-Extra")) == set(project["optional-dependencies"])


def test_the_wheel_works_away_from_the_checkout(built, tmp_path):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        archive.extractall(tmp_path)
    code = "import chainrule.trainer; print(chainrule.__file__)"
    # -I: neither the checkout nor the editable install's path file may help out.
    path = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
    where = subprocess.check_output([sys.executable, "-I", "-c", path + code], text=True)
    assert Path(where.strip()).is_relative_to(tmp_path)
