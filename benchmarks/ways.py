"""Grade a class in one way: ``python ways.py WAY PROBLEM_SET COURSE``.

A process of its own for `grading.py`, which imports what its way needs and nothing else: what is
imported here, every examiner's process imports again.
"""

import sys
from pathlib import Path


def grade_plainly(root: Path, problem_set: str, students: list[str]) -> None:
    """As nbgrader comes: its own preprocessors, one student after the other."""
    import warnings

    from nbgrader.apps import NbGraderAPI
    from sqlalchemy.exc import SAWarning
    from traitlets.config import Config

    from chainrule.grading.course import Course
    from chainrule.grading.kernel import read_config

    warnings.simplefilter("ignore", SAWarning)  # of nbgrader's
    config = Config()
    for name in ("CourseDirectory", "ClearSolutions"):
        config[name] = read_config(Course.at(root).root)[name]
    config.Execute.timeout = 15
    api = NbGraderAPI(config=config)
    for student in students:
        for step in (api.autograde, api.generate_feedback):
            done = step(problem_set, student)
            if not done["success"]:
                raise SystemExit(f"nbgrader failed: {done}")


def bare_engine(root: Path, *, unsafe: bool = False):
    """An engine that keeps nobody in, as where there is no bubblewrap."""
    from chainrule.grading import engine
    from chainrule.grading.kernel import read_config
    from chainrule.grading.sandbox.box import no_box

    engine.find_box = lambda unsafe: no_box()
    return engine.SandboxEngine(read_config(root), unsafe=True)


def grade_ours(root: Path, problem_set: str, students: list[str], jobs: int, boxed: bool) -> None:
    """As ``chainrule grade`` does."""
    from chainrule.grading import forkserver

    if jobs > 1:
        forkserver.start()
    from chainrule.grading.course import Course
    from chainrule.grading.engine import engine_for
    from chainrule.grading.grade import grade

    engines = engine_for if boxed else bare_engine
    grade(Course.at(root), problem_set, students, jobs=jobs, unsafe=not boxed, engines=engines)


WAYS = {
    "nbgrader": grade_plainly,
    "1 worker": lambda *given: grade_ours(*given, 1, True),
    "2 workers": lambda *given: grade_ours(*given, 2, True),
    "1 worker, no sandbox": lambda *given: grade_ours(*given, 1, False),
    "2 workers, no sandbox": lambda *given: grade_ours(*given, 2, False),
}


def main(way: str, problem_set: str, root: str) -> None:
    """Grade everybody who handed in."""
    course = Path(root)
    WAYS[way](course, problem_set, sorted(path.name for path in (course / "submitted").iterdir()))


if __name__ == "__main__":
    main(*sys.argv[1:])
