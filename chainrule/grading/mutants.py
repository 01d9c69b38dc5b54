"""Mechanical mutants of the reference solutions: small changes that the graded cells must notice.

The mistake bank holds what people do; mutants are what nobody thought of. Each is the reference
solution with one operator, constant, comparison, name or statement changed. One that earns full
marks is either the same function written differently, or a hole in the checks.
"""

import _thread
import ast
import copy
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from chainrule.checks.attempt import Case
from chainrule.checks.exercise import Exercise
from chainrule.grading.proof import Grader

PATIENCE = 5.0  # seconds for one mutant: without its `index += 1` a loop never ends
SAME = 1e-9  # how near two outcomes count as one behaviour

_OPERATORS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.Mult],
}
_COMPARISONS = {
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
}
_NAMES = {
    "maximum": ["minimum"],
    "minimum": ["maximum"],
    "max": ["min", "mean"],
    "min": ["max"],
    "sum": ["mean", "max"],
    "mean": ["sum"],
    "zeros_like": ["ones_like"],
    "zeros": ["ones"],
    "ones": ["zeros"],
    "reversed": ["list"],
    "sin": ["cos"],
    "cos": ["sin"],
}
_UNARY_CALLS = {"abs", "sqrt", "exp", "log", "log1p", "expm1", "sign", "tanh", "copy", "reversed"}
_STATEMENTS = (ast.Assign, ast.AugAssign, ast.Expr, ast.If)


@dataclass(frozen=True)
class Mutant:
    """A reference solution with one change.

    Attributes
    ----------
    exercise : str
    label : str
        The exercise, and the statement before and after the change, as code.
    source : str
        The whole cell.
    """

    exercise: str
    label: str
    source: str


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: "caught", "same" (it behaves as the reference) or "survives"."""

    mutant: Mutant
    fate: str


def mutants_of(grader: Grader, exercise: str) -> list[Mutant]:
    """Every mutant of one exercise's reference solution, each written out once."""
    cell = grader.solution(exercise)
    lines = _solution_lines(cell)
    tree = ast.parse(cell)
    found: dict[str, Mutant] = {}
    for change in _changes(tree, lines):
        mutated = copy.deepcopy(tree)
        statement = change(mutated)
        source = ast.unparse(ast.fix_missing_locations(mutated))
        before = ast.unparse(_statement_at(tree, statement))
        after = ast.unparse(_statement_at(mutated, statement))
        label = f"{exercise}: {before.splitlines()[0]} → {after.splitlines()[0]}"
        if label in found:  # the same line stands twice, or the change is further down
            label = f"{exercise}: {before} → {after}"
        found.setdefault(label, Mutant(exercise, label, source))
    return list(found.values())


def try_mutants(grader: Grader, exercises: dict[str, Exercise]) -> list[Fate]:
    """Run the graded cells of every exercise on every mutant of its solution.

    Parameters
    ----------
    grader : Grader
    exercises : dict of str to Exercise
        As compiled from the bank. Training functions, judged by what they reach, have none.
    """
    return [
        Fate(mutant, _fate(grader, exercise, mutant))
        for name, exercise in exercises.items()
        for mutant in mutants_of(grader, name)
    ]


def _fate(grader: Grader, exercise: Exercise, mutant: Mutant) -> str:
    try:
        with _time_limit(PATIENCE):
            answer = grader.answer(exercise.name, mutant.source)
            visible, hidden, _ = grader.grade(exercise.name, answer)
    except (Exception, KeyboardInterrupt):
        return "caught"  # the cell itself fails or never ends: no points
    if visible < 1 or hidden < 1:
        return "caught"
    try:
        with _time_limit(PATIENCE):
            return "same" if _behaves_alike(grader, exercise, answer) else "survives"
    except KeyboardInterrupt:
        return "survives"


def _behaves_alike(grader: Grader, exercise: Exercise, answer: Callable) -> bool:
    """Whether an answer does what the reference does on inputs that no check has."""
    namespace = grader.namespace()
    reference = namespace[exercise.name]
    for case in _more_cases(exercise):
        tried = Exercise(exercise.name, exercise.kind, "", {"a try": case}, [], exercise.returns)
        for stage in exercise.stages:
            ours = tried.observe(reference, stage, namespace)["a try"]
            theirs = tried.observe(answer, stage, namespace)["a try"]
            if not ours.same(theirs, SAME):
                return False
    return True


def _more_cases(exercise: Exercise) -> Iterator[Case]:
    """The visible cases with other numbers: small, larger, whole, between 0 and 1, all 0."""
    rng = np.random.default_rng(97)
    draws = (
        lambda shape: rng.standard_normal(shape),
        lambda shape: 3 * rng.standard_normal(shape),
        lambda shape: rng.integers(-2, 3, shape).astype(float),
        lambda shape: rng.uniform(0.01, 0.99, shape),
        np.zeros,
    )
    for case in exercise.cases.values():
        for draw in draws:
            yield Case(
                {name: _like(value, draw) for name, value in case.inputs.items()},
                _like(case.output_grad, rng.standard_normal),
            )


def _like(value, draw: Callable):
    if type(value) is float:
        return float(draw(()))
    if isinstance(value, dict):
        return {key: _like(one, draw) for key, one in value.items()}
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    return np.asarray(draw(value.shape)).astype(value.dtype)


class _time_limit:
    """Interrupts the code inside as Ctrl-C would, on every system, if it takes too long."""

    def __init__(self, seconds: float):
        self._timer = threading.Timer(seconds, _thread.interrupt_main)

    def __enter__(self):
        # Who was started in the background of a script is deaf to Ctrl-C.
        self._before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self._timer.start()

    def __exit__(self, *_):
        self._timer.cancel()
        signal.signal(signal.SIGINT, self._before)


# --- the changes ----------------------------------------------------------------------------------


def _solution_lines(cell: str) -> set[int]:
    """The numbers, from 1, of the lines that are taken out for students."""
    found, inside = set(), False
    for number, line in enumerate(cell.splitlines(), 1):
        if line.strip().startswith("### "):
            inside = "BEGIN" in line
        elif inside:
            found.add(number)
    return found


def _changes(tree: ast.AST, lines: set[int]) -> Iterator[Callable]:
    """Functions that change a copy of the tree, and return the number of the changed statement."""
    nodes = list(ast.walk(tree))
    statements = {id(node): i for i, node in enumerate(nodes) if isinstance(node, ast.stmt)}
    owner: dict[int, int] = {}
    for node in nodes:  # walk goes down level by level, so the innermost statement comes last
        if id(node) in statements:
            for inner in ast.walk(node):
                owner[id(inner)] = statements[id(node)]
    for index, node in enumerate(nodes):
        if getattr(node, "lineno", 0) not in lines:
            continue
        for edit in _edits(node):
            yield _change(index, owner[id(node)], edit)


def _change(index: int, statement: int, edit: Callable) -> Callable:
    def change(tree: ast.AST) -> int:
        edit(tree, list(ast.walk(tree))[index])
        return statement

    return change


def _statement_at(tree: ast.AST, number: int) -> ast.AST:
    return list(ast.walk(tree))[number]


def _edits(node: ast.AST) -> Iterator[Callable]:
    """What can be done to a node: functions of the tree and the node in it."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for other in _OPERATORS.get(type(node.op), []):
            yield lambda _, n, other=other: setattr(n, "op", other())
    if isinstance(node, ast.Compare):
        for other in _COMPARISONS.get(type(node.ops[0]), []):
            yield lambda _, n, other=other: n.ops.__setitem__(0, other())
    if isinstance(node, ast.UnaryOp):
        yield lambda tree, n: _replace(tree, n, n.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda _, n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        for value in {node.value + 1, 0, -node.value, node.value * 2} - {node.value}:
            yield lambda _, n, value=value: setattr(n, "value", value)
    if isinstance(node, ast.Attribute):
        if node.attr == "T":
            yield lambda tree, n: _replace(tree, n, n.value)
        for name in _NAMES.get(node.attr, []):
            yield lambda _, n, name=name: setattr(n, "attr", name)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for name in _NAMES.get(node.id, []):
            yield lambda _, n, name=name: setattr(n, "id", name)
    if isinstance(node, ast.Call):
        yield from _edits_of_call(node)
    if isinstance(node, _STATEMENTS):
        yield lambda tree, n: _replace(tree, n, ast.Pass())
    if isinstance(node, ast.Return) and node.value is not None:
        yield lambda _, n: setattr(n, "value", None)
        if isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
            yield lambda _, n: n.value.elts.reverse()


def _edits_of_call(node: ast.Call) -> Iterator[Callable]:
    function = node.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    if name in _UNARY_CALLS and len(node.args) == 1:
        yield lambda tree, n: _replace(tree, n, n.args[0])
    elif name in _UNARY_CALLS and isinstance(function, ast.Attribute) and not node.args:
        yield lambda tree, n: _replace(tree, n, n.func.value)
    for position, keyword in enumerate(node.keywords):
        if keyword.arg in ("axis", "keepdims"):
            yield lambda _, n, position=position: n.keywords.pop(position)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
                return
            if isinstance(value, list) and any(item is old for item in value):
                value[[item is old for item in value].index(True)] = new
                return
