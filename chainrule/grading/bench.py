"""Where check cells run: the trusted process, with the instructor's names before the student's."""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import io
import re
import signal
import sys
import threading
import traceback
import types
import warnings
from collections.abc import Iterator
from numbers import Real
from pathlib import Path

from nbformat import NotebookNode

from chainrule.checks import CheckFailed, Checks
from chainrule.checks.message import Message, screen
from chainrule.grading.proxies import OutOfTime, Session
from chainrule.grading.unvalidated import new_output

_MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)
MAX_PRINTED = 100_000  # characters


class Names(dict):
    """What the instructor's cells define; then Python's own; then what the student's notebook has.

    So no student can put something in the place of ``abs``, ``np`` or a helper of a check: not even
    where the instructor's own cell has failed to define it.
    """

    def __init__(self, session: Session, own: set[str]):
        super().__init__({"__name__": "__main__", "__builtins__": builtins})
        self._session = session
        self._own = own

    def _is_students(self, name: object) -> bool:
        return (
            isinstance(name, str)
            and name not in self._own
            and not hasattr(builtins, name)
            and not (name.startswith("__") and name.endswith("__"))
        )

    def __missing__(self, name: str):
        if not self._is_students(name) or not self._session.knows(name):
            raise KeyError(name)
        return self._session.lookup(name)

    def __contains__(self, name: object) -> bool:
        if dict.__contains__(self, name):
            return True
        return self._is_students(name) and self._session.knows(name)


class Bench:
    """Runs the instructor's cells of one notebook.

    Parameters
    ----------
    session : Session
        With the student's process.
    sources : list of str
        All cells that the instructor wrote: the names that they define are never the student's.
    folder : Path
        Where they run.
    """

    def __init__(self, session: Session, sources: list[str], folder: Path):
        own = {name for source in sources for name in defined_names(source)}
        self.names = Names(session, own)
        self.folder = Path(folder)
        self._later: list[tuple[dict, dict]] = []  # names before and after a cell run late

    def run(self, cell: NotebookNode, seconds: float) -> list[NotebookNode]:
        """Run a cell; its outputs, as a Jupyter kernel would give them.

        Raises
        ------
        OutOfTime, Ended
            If the student's code does not come back.
        """
        outputs: list[NotebookNode] = []
        printed = _Printed()

        def flush() -> None:
            text = printed.getvalue()
            if text:
                outputs.append(new_output("stream", name="stdout", text=writable(text)))
            printed.seek(0)
            printed.truncate()

        def show(message: Message) -> None:
            flush()
            data = {
                "text/plain": writable(str(message)),
                "text/html": writable(message._repr_html_()),
            }
            outputs.append(new_output("display_data", data))

        with self._at_home(), _one_output(printed), screen(show), _time_limit(seconds):
            try:
                result = _shown(self._execute(cell.source))
            except KeyboardInterrupt:  # also OutOfTime and Ended; a student's is none of these
                raise
            except BaseException as error:
                if isinstance(error, CheckFailed):
                    show(error.message)
                flush()
                outputs.append(_as_output(error, cell.source))
                return outputs
        flush()
        if result:
            outputs.append(new_output("execute_result", {"text/plain": result}))
        return outputs

    def remember(self) -> dict:
        """All names as they are now, for a cell that will run later."""
        return dict(self.names)

    def return_to(self, then: dict) -> None:
        """Make the names what they were, but for what cells run late have defined since.

        A given cell further down may use a name again; the cell above it must not see that.
        """
        missing = object()
        names = dict(then)
        for before, after in self._later:
            for name, value in after.items():
                if names.get(name, missing) is before.get(name, missing):
                    names[name] = value
        self._before = names
        self.names.clear()
        self.names.update(names)

    def leave(self) -> None:
        """The end of a cell run late."""
        missing = object()
        before = self._before
        after = {
            name: value
            for name, value in self.names.items()
            if before.get(name, missing) is not value
        }
        self._later.append((before, after))

    def verdicts(self) -> list:
        """What the checks have found so far."""
        values = dict.values(self.names)
        return [one for value in values if type(value) is Checks for one in value.verdicts]

    def _execute(self, source: str):
        body, last = _compiled(source)
        exec(body, self.names)
        return None if last is None else eval(last, self.names)

    @contextlib.contextmanager
    def _at_home(self) -> Iterator[None]:
        before = list(sys.path)
        sys.path.insert(0, str(self.folder))
        try:
            with contextlib.chdir(self.folder):
                yield
        finally:
            sys.path[:] = before


@functools.lru_cache(maxsize=1000)  # the given cells are the same in every notebook of a class
def defined_names(source: str) -> frozenset[str]:
    """Every name that the text of a cell binds for the whole notebook.

    Examples
    --------
    >>> sorted(defined_names("import numpy as np\\nfor i in range(3):\\n    def f(x): y = x"))
    ['f', 'i', 'np']
    """
    try:
        tree = _parsed(source)
    except SyntaxError:
        return frozenset()
    found: set[str] = set()
    _collect(tree, found)
    return frozenset(found)


@functools.lru_cache(maxsize=1000)
def _compiled(source: str) -> tuple[types.CodeType, types.CodeType | None]:
    """The code of a cell, and that of the expression at its end, if there is one."""
    tree = _parsed(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    body = compile(tree, "<check>", "exec")
    if last is None:
        return body, None
    return body, compile(ast.Expression(last.value), "<check>", "eval")


def _parsed(source: str) -> ast.Module:
    """The syntax of a cell, without lines that only IPython understands."""
    try:
        return ast.parse(source)  # a line may well begin with an operator
    except SyntaxError:
        return ast.parse(_MAGIC.sub(r"\1pass", source))


def _collect(node: ast.AST, found: set[str]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(child.name)
            for inner in ast.walk(child):
                if isinstance(inner, ast.Global):
                    found.update(inner.names)
            continue
        if isinstance(child, ast.Lambda):
            continue
        if isinstance(child, ast.alias):
            found.add((child.asname or child.name).partition(".")[0])
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            found.add(child.id)
        elif isinstance(child, ast.MatchAs | ast.MatchStar) and child.name:
            found.add(child.name)
        elif isinstance(child, ast.MatchMapping) and child.rest:
            found.add(child.rest)
        elif isinstance(child, ast.comprehension):
            # Its variable is bound in there only; a student may have one of the same name.
            for part in (child.iter, *child.ifs):
                _collect(ast.Expression(part), found)
            continue
        _collect(child, found)


def _shown(value) -> str:
    """What a cell's last expression is shown as; "" for None. A number is points (nbgrader)."""
    if value is None:
        return ""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return writable(repr(float(value)) if is_number else repr(value))


def writable(text: str) -> str:
    """What of a text can be written into a file, and not too much of it.

    A student's code may put half a pair of surrogates into whatever is shown.
    """
    return text[:MAX_PRINTED].encode("utf-8", "replace").decode("utf-8")


class _Printed(io.StringIO):
    """Takes what is printed until there is too much."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, MAX_PRINTED - self.tell())])
        return len(text)


@contextlib.contextmanager
def _one_output(printed: io.StringIO) -> Iterator[None]:
    """Standard output and error in one: a warning is no failed check."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, category, *_: printed.write(
            f"{category.__name__}: {message}\n"
        )
        yield


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Bound what a check itself does with a student's values."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def stop(*_):
        raise OutOfTime("time is up")

    before = signal.signal(signal.SIGALRM, stop)
    # Again and again: an exception that comes up while an object is deleted is lost.
    signal.setitimer(signal.ITIMER_REAL, seconds + 5.0, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _as_output(error: BaseException, source: str) -> NotebookNode:
    name, text = type(error).__name__, _text_of(error)
    if isinstance(error, CheckFailed):
        line = writable(f"{name}: {error.message.headline}")
        return new_output("error", ename=name, evalue=text, traceback=[line])
    if isinstance(error, TypeError) and "Remote" in text:
        text = text.replace("Remote", "an object of the student's")
    lines = []
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == "<check>" and 0 < number <= len(source.splitlines()):
            lines = [f"line {number}:    {source.splitlines()[number - 1].strip()}"]
    said = getattr(error, "trace", "")
    shown = "\n".join([*lines, said.rstrip() or f"{name}: {text}"])
    return new_output("error", ename=name, evalue=text, traceback=[writable(shown)])


def _text_of(error: BaseException) -> str:
    try:
        return writable(str(error)[:2000])
    except Exception:  # a number of too many digits, say
        return ""
