"""Imports run one way, and the framework needs NumPy and nothing else."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "chainrule"

# A module may import those on floors below its own.
FLOORS = {
    "arguments": 0,
    "numeric": 0,
    "batches": 0,
    "initialisers": 0,
    "data": 1,
    "operations": 1,
    "dropout": 2,
    "normalisation": 2,
    "losses": 2,
    "clipping": 2,
    "optimizers": 2,
    "schedules": 2,
    "layers": 3,
    "network": 4,
    "description": 5,
    "history": 5,
    "preconditions": 5,
    "storage": 5,
    "summary": 5,
    "checkpoint": 6,
    "progress": 6,
    "trainer": 7,
}


# What a module can do without, and imports only when it is used.
OPTIONAL = {"data": {"sklearn"}, "progress": {"rich"}}


def imported(path: Path) -> set[str]:
    """Every module a file imports, at the top or inside a function, as written in full."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = ["chainrule", *path.relative_to(PACKAGE).parent.parts]
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from chainrule import checks` imports a module too.
            names |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return names


def inside(package: str, names: set[str]) -> set[str]:
    return {name for name in names if name == package or name.startswith(f"{package}.")}


def imports_of(module: str) -> set[str]:
    """What a module imports from elsewhere; it may be a package of files."""
    files = [*PACKAGE.glob(f"{module}.py"), *(PACKAGE / module).rglob("*.py")]
    assert files, f"there is no module chainrule.{module}"
    names = set().union(*map(imported, files))
    return names - inside(f"chainrule.{module}", names)


@pytest.mark.parametrize("module", FLOORS)
def test_a_framework_module_imports_only_from_the_floors_below(module):
    for name in inside("chainrule", imports_of(module)) - {"chainrule"}:
        target = name.split(".")[1]
        assert target in FLOORS, f"{module} imports {name}, which is no part of the framework"
        assert FLOORS[target] < FLOORS[module], f"{module} imports {target}: upwards"


@pytest.mark.parametrize("module", [*FLOORS, "__init__"])
def test_a_framework_module_needs_numpy_and_the_standard_library_only(module):
    tops = {name.split(".")[0] for name in imports_of(module)}
    assert tops - sys.stdlib_module_names <= {"numpy", "chainrule"} | OPTIONAL.get(module, set())


def test_what_a_student_runs_imports_nothing_of_the_instructor():
    rooms = ("checks", "review", "figures", "data")
    files = [path for room in rooms for path in PACKAGE.glob(f"{room}*")]
    files = [file for top in files for file in ([top] if top.is_file() else top.rglob("*.py"))]
    assert files
    for file in files:
        names = imported(file)
        assert not inside("chainrule.grading", names), f"{file.name} imports the instructor's side"
        assert not inside("nbgrader", names), f"{file.name} imports nbgrader"


def test_importing_the_framework_loads_nothing_heavy():
    imports = "; ".join(f"import chainrule.{module}" for module in FLOORS)
    heavy = ["matplotlib", "IPython", "jupyter_core", "nbformat", "nbgrader", "sklearn", "rich"]
    unwanted = [*heavy, "chainrule.checks", "chainrule.grading", "chainrule.figures"]
    code = f"{imports}; import sys; print(*(m for m in {unwanted} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


# --- the picture ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools" / "house_picture.py"))


def test_the_picture_of_the_house_is_what_the_tool_draws(tool):
    assert tool["PICTURE"].read_text(encoding="utf-8") == tool["draw"](), (
        "run: python tools/house_picture.py"
    )


def test_every_line_of_the_picture_leads_down(tool):
    floors, imports = tool["house"]()
    ways = tool["routes"](floors, tool["without_detours"](imports))
    assert len(ways) > 20
    for way in ways:
        heights = [floors[place] if isinstance(place, str) else place[2] for place in way]
        assert heights == list(range(heights[0], heights[-1] - 1, -1))


def test_an_import_is_left_out_only_if_it_follows_from_those_that_are_drawn(tool):
    _, imports = tool["house"]()
    drawn = tool["without_detours"](imports)

    def reached(module):
        return set(drawn[module]).union(*map(reached, drawn[module]))

    for module, own in imports.items():
        assert set(drawn[module]) <= set(own) <= reached(module)
    assert sum(map(len, drawn.values())) < sum(map(len, imports.values()))


def test_the_guide_shows_the_picture_and_says_what_is_on_it(tool):
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"![{tool['alt']()}](docs/images/house.svg)" in guide
    assert all(module in tool["alt"]() for module in FLOORS)
