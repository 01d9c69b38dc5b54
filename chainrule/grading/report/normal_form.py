"""A program without what can be changed and leaves it the same program: its normal form.

Names of one's own are numbered in the order in which they appear; comments, docstrings, formatting,
annotations, imports and lines that only print are dropped. What stays is the syntax tree, as words.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_TEXT = 60_000  # characters of one answer that are looked at
_MAGIC = re.compile(r"^[ \t]*[%!].*$|^[^#\n'\"]*\?{1,2}[ \t]*$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d]\w*|\d[\d.]*|[^\w\s]")
_COMMENT = re.compile(r"#.*")
_PROSE = re.compile(r"\w+")
_SKIPPED = (ast.expr_context, ast.Pass)
_LEFT_OUT = {"annotation", "returns"}
_USUAL = {"np": "numpy"}


@dataclass
class Words:
    """A normal form.

    Attributes
    ----------
    exact : list of str
        With names of one's own numbered: ``V0``, ``V1``, ...
    coarse : list of str
        With all of them alike, so that a line more does not change what comes after it.
    """

    exact: list[str] = field(default_factory=list)
    coarse: list[str] = field(default_factory=list)


def of_code(text: str) -> Words:
    """The normal form of Python code; of what does not parse, its words without comments.

    Examples
    --------
    >>> of_code("def f(x):  # twice\\n    return 2 * x").exact
    ['FunctionDef', 'V0', 'arguments', 'V1', 'Return', 'BinOp', '2', 'Mult', 'V1']
    >>> of_code("def g(a):\\n    return 2*a").exact == of_code("def f(x):\\n    return 2 * x").exact
    True
    """
    text = _MAGIC.sub("", text[:MAX_TEXT])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return _Tree(tree).words
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _of_broken(text)


def of_prose(text: str) -> Words:
    """The words of a written answer, in small letters."""
    words = [word.casefold() for word in _PROSE.findall(text[:MAX_TEXT])]
    return Words(words, words)


def _of_broken(text: str) -> Words:
    words, known = Words(), {}
    for word in _WORD.findall(_COMMENT.sub("", text)):
        if word.isidentifier() and not keyword.iskeyword(word):
            number = known.setdefault(word, len(known))
            words.exact.append(f"V{number}")
            words.coarse.append("V")
        else:
            words.exact.append(word)
            words.coarse.append(word)
    return words


class _Tree:
    """Writes down a syntax tree."""

    def __init__(self, tree: ast.Module):
        self.words = Words()
        self.modules = dict(_USUAL)
        self.own: set[str] = set()  # names that the code binds
        self.kept: set[str] = set()  # attributes that it makes
        self.numbers: dict[str, int] = {}
        nodes = list(self._nodes(tree))
        for node in nodes:  # all names before the first word: code may use one before it binds it
            self._learn(node)
        for node in nodes:
            self._word(node)

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.own.add(node.name)
        elif isinstance(node, ast.arg):
            self.own.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            self.own.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            self.own.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            self.kept.add(node.attr)

    def _nodes(self, tree: ast.Module) -> Iterator[ast.AST]:
        """What counts, from top to bottom."""
        waiting: list[ast.AST] = [tree]  # not by recursion: an expression may be deep
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            elif not isinstance(node, _SKIPPED) and not _says_nothing(node):
                yield node
                waiting += reversed(list(_below(node)))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        base = f"{node.module or ''}." if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            self.modules[alias.asname or alias.name] = f"{base}{alias.name}"

    def _word(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            self._name(node.id)
        elif isinstance(node, ast.arg):
            self._name(node.arg)
        elif isinstance(node, ast.Attribute):
            self._say("Attribute")
            if node.attr in self.kept:
                self._number("A", f".{node.attr}")
            else:
                self._say(node.attr)
        elif isinstance(node, ast.Constant):
            self._say(repr(node.value)[:80])
        elif isinstance(node, ast.keyword):
            self._say(f"{node.arg}=")
        elif isinstance(node, ast.AnnAssign):
            self._say("Assign")
        elif not isinstance(node, ast.Module | ast.Load | ast.Expr):
            self._say(type(node).__name__)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._name(node.name)

    def _name(self, name: str) -> None:
        if name in self.own:
            self._number("V", name)
        else:
            self._say(self.modules.get(name, name))

    def _number(self, kind: str, name: str) -> None:
        self.words.exact.append(f"{kind}{self.numbers.setdefault(name, len(self.numbers))}")
        self.words.coarse.append(kind)

    def _say(self, word: str) -> None:
        self.words.exact.append(word)
        self.words.coarse.append(word)


def _below(node: ast.AST) -> Iterator[ast.AST]:
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            yield from (each for each in value if isinstance(each, ast.AST))
        elif isinstance(value, ast.AST) and name not in _LEFT_OUT:
            yield value


def _says_nothing(node: ast.AST) -> bool:
    """Whether a statement is a docstring, another bare constant, or a print."""
    if not isinstance(node, ast.Expr):
        return False
    called = getattr(node.value, "func", None)
    return isinstance(node.value, ast.Constant) or getattr(called, "id", "") in ("print", "display")
