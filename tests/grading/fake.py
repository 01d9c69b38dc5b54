"""An engine for tests: cells run in this process, at once, with nothing around them."""

import ast
import os
import signal
import time
from pathlib import Path

from nbformat.v4 import new_output

from chainrule.grading.course import CourseError


class FakeEngine:
    """Runs the cells of a notebook; what runs where is written into the course's runs.txt."""

    description = "none: for tests"
    limits = {"seconds for a cell": 1}  # noqa: RUF012

    def __init__(self, root: Path):
        self.runs = root / "runs.txt"

    def run(self, nb, folder, files):
        with self.runs.open("a", encoding="utf-8") as log:
            log.write(f"{os.getpid()}\n")
        space = {}
        for number, cell in enumerate(cell for cell in nb.cells if cell.cell_type == "code"):
            cell.execution_count = number
            cell.outputs = _outputs(cell.source, space)


def fake_engines(root, *, unsafe=False):
    return FakeEngine(root)


def slow_engines(root, *, unsafe=False):
    """The same, slow enough to be killed in the middle."""
    engine = FakeEngine(root)
    run = engine.run
    engine.run = lambda *arguments: (time.sleep(0.004), run(*arguments))
    return engine


def sleepy_engines(root, *, unsafe=False):
    """The same, so slow that a run does not end by itself."""
    engine = FakeEngine(root)
    run = engine.run
    engine.run = lambda *arguments: (run(*arguments), time.sleep(300))
    return engine


def steady_engines(root, *, unsafe=False):
    """The same, slow enough that there is time to interfere."""
    engine = FakeEngine(root)
    run = engine.run
    engine.run = lambda *arguments: (time.sleep(0.15), run(*arguments))
    return engine


def refusing_engines(root, *, unsafe=False):
    raise CourseError("there is no box")


def runs(course) -> int:
    """How many notebooks have been run in this course."""
    path = course.root / "runs.txt"
    return len(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else 0


def _outputs(source: str, space: dict) -> list:
    if "ENGINE_FAILS" in source:
        raise RuntimeError("the engine has failed")
    if "PROCESS_DIES" in source:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    if "PARENT_DIES" in source:  # of an examiner on a cluster: the worker that started it
        os.kill(os.getppid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        time.sleep(60)
    try:
        body = ast.parse(source).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), "<cell>", "exec"), space)
        if last is None:
            return []
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), space)
    except Exception as error:
        return [
            new_output(
                "error", ename=type(error).__name__, evalue=str(error), traceback=[f"{error!r}"]
            )
        ]
    data = {"text/plain": repr(value)}
    return [] if value is None else [new_output("execute_result", data=data)]
