"""What in a student's code a person may want to look at.

These are hints for the instructor's report. They take no points and bound nothing: whoever wants to
hide from a look at the source can, and it is the walls around a student's process that hold. A word
in here is no verdict either; :mod:`inspect` has honest uses.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator

from nbformat import NotebookNode

from chainrule.grading.celltext import text_of
from chainrule.grading.notes import Note, shown, some
from chainrule.grading.slots import marks_of
from chainrule.grading.transplant import is_students

SUSPICIOUS = "suspicious"  # the kind of these notes
MAX_TEXT = 300_000  # characters of all cells that are looked at: a second's work
EXAMPLES = 3  # that a note quotes

LOOKING = "The code looks into Python's own workings"
PROCESSES = "The code deals with processes or the network"
REPLACING = "The code replaces parts of a library"
HOOKING = "The code changes how cells are run"
EQUAL = "An object says that it equals everything"
READING = "The code reaches for files outside its folder"

_MODULES = {
    "inspect": LOOKING,
    "ctypes": LOOKING,
    "__main__": LOOKING,
    "chainrule.grading": LOOKING,
    "nbgrader": LOOKING,
    "socket": PROCESSES,
    "subprocess": PROCESSES,
    "requests": PROCESSES,
    "urllib.request": PROCESSES,
    "http.client": PROCESSES,
    "unittest.mock": REPLACING,
    "sqlite3": READING,
}
_FUNCTIONS = {
    **dict.fromkeys(("sys._getframe", "sys._current_frames", "gc.get_objects"), LOOKING),
    **dict.fromkeys(("gc.get_referrers", "gc.get_referents"), LOOKING),
    **dict.fromkeys(("sys.settrace", "sys.setprofile", "threading.settrace"), HOOKING),
    **dict.fromkeys(("sys.monitoring", "sys.meta_path", "sys.path_hooks"), HOOKING),
    **dict.fromkeys(("sys.addaudithook", "ast.NodeTransformer", "sys.excepthook"), HOOKING),
    **dict.fromkeys(("os._exit", "os.abort", "os.kill", "os.killpg", "os.fork"), PROCESSES),
    **dict.fromkeys(("os.forkpty", "os.system", "os.popen", "os.posix_spawn"), PROCESSES),
    **dict.fromkeys(("os.execv", "os.execve", "os.execl", "os.execvp"), PROCESSES),
    "importlib.reload": REPLACING,
    "importlib.machinery": REPLACING,
}
# Attributes with names so peculiar that what they belong to does not matter.
_ATTRIBUTES = {
    **dict.fromkeys(("f_back", "f_locals", "f_globals", "tb_frame", "gi_frame"), LOOKING),
    **dict.fromkeys(("__subclasses__", "__globals__", "__code__", "__closure__"), LOOKING),
    **dict.fromkeys(("ast_transformers", "input_transformers_post"), HOOKING),
    **dict.fromkeys(("input_transformers_cleanup", "input_transformer_manager"), HOOKING),
    **dict.fromkeys(("set_custom_exc", "history_manager"), HOOKING),
}
_PROTECTED = {"numpy", "builtins", "chainrule", "math", "IPython"}  # not to be assigned into
_USUAL = {"np": "numpy", "builtins": "builtins", "checks": "chainrule.checks"}
_ALWAYS = {"__eq__": True, "__ne__": False, "__le__": True, "__lt__": True, "__ge__": True}
_OPENERS = re.compile(r"open|listdir|scandir|walk|i?glob|Path|chdir|join|load\w*|read\w*", re.ASCII)
_OUTSIDE = re.compile(
    r"(^|[/\\])\.\.[/\\]|[/\\]\.\.$|gradebook\.db|(^|[/\\])(source|submitted|autograded)[/\\]|"
    r"^/(proc|etc|root|home|sys|dev(?!/null))(/|$)|\.ssh\b"
)
_SHELL = re.compile(r"^[ \t]*(?:\w+[ \t]*=[ \t]*)?!(.*)", re.MULTILINE)
_MAGIC = re.compile(r"^([ \t]*)((?:[\w, ]+=[ \t]*)?)[!%].*|^([ \t]*)[^#\n'\"]*\?{1,2}[ \t]*$", re.M)


def suspicions(nb: NotebookNode) -> list[Note]:
    """What is worth a look in the code of a transplanted notebook's student, by kind of thing."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    above, known, room = "", dict(_USUAL), MAX_TEXT
    for cell in nb.cells:
        name = marks_of(cell).get("grade_id", "")
        above = name or above
        if cell.cell_type != "code" or not is_students(cell):
            continue
        label = name or (f"own cell below {above}" if above else "own cell at the top")
        text = text_of(cell)
        room -= len(text)
        for what, evidence in look_at(text, known) if room >= 0 else ():
            quoted = found[what].setdefault(label, [])
            if evidence not in quoted:
                quoted.append(evidence)
    notes = []
    for what, cells in found.items():
        quoted = list(dict.fromkeys(each for several in cells.values() for each in several))
        examples = ", ".join(shown(each) for each in quoted[:EXAMPLES])
        notes.append(Note(SUSPICIOUS, f"{what} ({examples})", some(cells)))
    return sorted(notes, key=str)


def look_at(text: str, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What is suspicious in a cell, with the words that are.

    `known` says what names stand for that the cells above have imported; this one adds its own.
    """
    for line in _SHELL.findall(text):
        yield from ((READING, word) for word in line.split() if _OUTSIDE.search(word))
    tree = _parse(text)
    if tree is None:  # it does not run either
        return
    everything = list(ast.walk(tree))
    prose = {
        id(node.value)
        for node in everything
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }  # docstrings and the like
    nodes = [node for node in everything if _says_something(node)]
    for node in nodes:
        known.update(_imported(node))
    for node in nodes:
        yield from _imports(node)
        yield from _attributes(node, known)
        yield from _assignments(node, known)
        yield from _always_equal(node)
        yield from _wholes(node, known)
        if id(node) not in prose:
            yield from _paths(node)


def _parse(text: str) -> ast.Module | None:
    """The syntax tree without IPython's own lines, or None if it is no Python."""
    if text.lstrip().startswith("%%"):
        first, _, text = text.lstrip().partition("\n")
        if first.split()[0] not in ("%%time", "%%timeit", "%%capture", "%%prun"):
            return None
    text = _MAGIC.sub(lambda found: f"{found[1] or found[3] or ''}{found[2] or ''}None", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _says_something(node: ast.AST) -> bool:
    """Whether it is of a kind that is looked at below; most of a tree is not."""
    return isinstance(node, _LOOKED_AT) or (isinstance(node, ast.Name) and node.id[:2] == "__")


_LOOKED_AT = (
    *(ast.Import, ast.ImportFrom, ast.Attribute, ast.Call, ast.Constant, ast.Dict),
    *(ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.For, ast.FunctionDef),
)


def _imported(node: ast.AST) -> dict[str, str]:
    """What the names that an import binds stand for, in full."""
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: alias.name
            if alias.asname
            else alias.name.partition(".")[0]
            for alias in node.names
        }
    if isinstance(node, ast.ImportFrom):
        return {
            alias.asname or alias.name: f"{node.module or ''}.{alias.name}" for alias in node.names
        }
    return {}


def _full_name(node: ast.AST, known: dict[str, str]) -> str:
    """``np.linalg.norm`` as ``numpy.linalg.norm``; nothing for what is no chain of names."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([known.get(node.id, node.id), *reversed(parts)])


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [f"{node.module or ''}.{alias.name}" for alias in node.names]
    else:
        return
    for name in names:
        for module, what in _MODULES.items():
            if f"{name}.".startswith(f"{module}."):
                yield what, module
        if name in _FUNCTIONS:
            yield _FUNCTIONS[name], name


def _attributes(node: ast.AST, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Name) and node.id == "__builtins__":
        yield LOOKING, "__builtins__"
    if not isinstance(node, ast.Attribute):
        return
    if node.attr in _ATTRIBUTES:
        yield _ATTRIBUTES[node.attr], node.attr
    name = _full_name(node, known)
    if name in _FUNCTIONS:
        yield _FUNCTIONS[name], name
    asked = _full_name(node.value.func, known) if isinstance(node.value, ast.Call) else ""
    if node.attr == "events" and asked.endswith("get_ipython"):
        yield HOOKING, "get_ipython().events"


def _assignments(node: ast.AST, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Assignments into a library: ``np.allclose = ...``, ``setattr(np, ...)``, ``sys.modules``."""
    targets: list[ast.AST] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = list(node.targets)
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For):
        targets = [node.target]
    elif isinstance(node, ast.Call) and node.args:
        function, name = _full_name(node.func, known), _full_name(node.args[0], known)
        if function in ("setattr", "delattr") and _is_library(name):
            yield REPLACING, f"{function}({name}, ...)"
    for target in targets:
        for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if isinstance(part, ast.Subscript):
                name = _full_name(part.value, known)
                if name == "sys.modules" or name.endswith(".__dict__"):
                    yield REPLACING, name
            elif isinstance(part, ast.Attribute) and _is_library(_full_name(part, known)):
                yield REPLACING, _full_name(part, known)


def _is_library(name: str) -> bool:
    return name.partition(".")[0] in _PROTECTED


def _always_equal(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Comparisons that look at nothing, as methods, lambdas or entries of a dictionary."""
    if isinstance(node, ast.FunctionDef) and node.name in _ALWAYS:
        returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return)]
        pairs = [(node.name, value) for value in returned] if len(returned) == 1 else []
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        pairs = [(getattr(each, "id", ""), node.value.body) for each in node.targets]
    elif isinstance(node, ast.Dict):
        pairs = [
            (key.value, value.body)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(value, ast.Lambda)
        ]
    else:
        return
    for name, value in pairs:
        says = value.value if isinstance(value, ast.Constant) else None
        if isinstance(says, bool) and isinstance(name, str) and _ALWAYS.get(name) is says:
            yield EQUAL, name


def _wholes(node: ast.AST, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """All of the environment or of the modules; to look one up is nobody's business."""
    if isinstance(node, ast.Call):
        parts = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        gentle = isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "setdefault")
        for part in [*node.args, *(parts if not gentle else [])]:
            name = _full_name(part, known)
            if name in ("os.environ", "sys.modules"):
                yield READING if name == "os.environ" else LOOKING, name


def _paths(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        one_word = len(node.value) < 300 and not re.search(r"\s", node.value)
        if one_word and _OUTSIDE.search(node.value):
            yield READING, node.value
        if node.value in _ATTRIBUTES:  # for getattr
            yield _ATTRIBUTES[node.value], node.value
    elif isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
        called = called.id if isinstance(called, ast.Name) else called
        first = [part.value for part in node.args if isinstance(part, ast.Constant)]
        if isinstance(called, str) and _OPENERS.fullmatch(called):
            yield from ((READING, value) for value in first if value in ("..", "/", "~"))
