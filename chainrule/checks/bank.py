"""The mistake bank of a problem set: wrong and right ways to solve it, for the instructor's side.

A bank is a Python package, ``source/PROBLEM_SET/mistakes/``, that is never released. It has three
uses: the proof that the graded cells reject every mistake and accept every right variant; the
fingerprints, by which a student's check recognises a mistake without holding its code; and the
class report, which counts mistakes.
"""

import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chainrule.checks import store
from chainrule.checks.attempt import Case, observe
from chainrule.checks.exercise import Exercise, Mistake
from chainrule.checks.outcome import Outcome

BANK_NAME = "mistakes"
DATA_NAME = "checks.json"


@dataclass(frozen=True)
class Wrong:
    """A wrong answer.

    Attributes
    ----------
    id : str
        Names the mistake in reports: the name of the class or function.
    says : str
        What the student reads, headline first; empty where the check says it by what it sees.
    named : str
        The id under which the check reports it; empty if it need not be named.
    answer : class or function
    """

    id: str
    says: str
    named: str
    answer: Callable


class Entry:
    """The bank of one exercise: how it is tried, right answers, wrong answers.

    Parameters
    ----------
    name, kind, cases, reread, returns
        As of `Exercise`; the kind may also be "training". A stage named in a case's ``truth`` (as
        ``{"backward": None}``) is taken from the first right answer, and so is every forward and
        every result. Other gradients are measured.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        cases: dict[str, Case],
        reread: str,
        returns: tuple[str, ...] = (),
    ):
        self.exercise = Exercise(name, kind, reread, cases, [], returns)
        self.right: dict[str, Callable] = {}
        self.wrong: list[Wrong] = []

    def correct(self, answer: Callable) -> Callable:
        """Add the decorated class or function as a right answer; the first one is the truth."""
        self._insist_on_new(answer.__name__)
        self.right[answer.__name__] = answer
        return answer

    def mistake(self, named: str | None = None) -> Callable:
        """Add the decorated class or function as a wrong answer.

        Its name becomes the id and its docstring what a student reads, unless ``named`` gives the
        id under which the check reports it without our help ("" if it need not be named).
        """

        def add(answer):
            id_ = answer.__name__
            self._insist_on_new(id_)
            says = _headline_and_text(answer) if named is None else ""
            if named is None and not says:
                raise ValueError(f"{self.exercise.name}: mistake {id_!r} has no docstring to say")
            self.wrong.append(Wrong(id_, says, id_ if named is None else named, answer))
            return answer

        return add

    def _insist_on_new(self, id_: str) -> None:
        if id_ in self.right or any(wrong.id == id_ for wrong in self.wrong):
            raise ValueError(f"{self.exercise.name}: two answers are called {id_!r}")


class Bank:
    """The mistake bank of a problem set.

    Parameters
    ----------
    entries : list of Entry
    survivors : dict of str to str, optional
        Mechanical mutants that may earn full marks though they are not the same function to the
        last digit, as ``"EXERCISE: BEFORE → AFTER"``, and why.
    **namespace
        Objects that a case refers to by name, as the notebook defines them.
    """

    def __init__(self, entries: list[Entry], survivors: dict[str, str] | None = None, **namespace):
        self.entries = {entry.exercise.name: entry for entry in entries}
        self.survivors = survivors or {}
        self.namespace = namespace

    def compile(self) -> list[Exercise]:
        """Run every answer on every case, and keep what came out.

        Raises
        ------
        ValueError
            If two mistakes cannot be told apart, or a mistake cannot be told from a right answer,
            or a right answer differs from the first one.
        """
        return [
            self._compile(entry)
            for entry in self.entries.values()
            if entry.exercise.kind != "training"  # judged by its loss, not by a table
        ]

    def _compile(self, entry: Entry) -> Exercise:
        plan = entry.exercise
        if not entry.right:
            raise ValueError(f"{plan.name}: the bank holds no right answer")
        reference = next(iter(entry.right.values()))
        cases = {name: self._with_truth(plan, case, reference) for name, case in plan.cases.items()}
        exercise = Exercise(plan.name, plan.kind, plan.reread, cases, [], plan.returns)
        for name, answer in entry.right.items():
            self._check_right(exercise, name, answer)
        for wrong in entry.wrong:
            mistake = self._fingerprint(exercise, wrong)
            if mistake is not None:
                _insist_on_difference(exercise, mistake)
                exercise.mistakes.append(mistake)
        return exercise

    def _with_truth(self, plan: Exercise, case: Case, reference) -> Case:
        stages = {stage for stage in plan.stages if stage != "backward"} | case.truth.keys()
        truth = {
            stage: observe(plan.kind, plan.returns, reference, stage, case, self.namespace)
            for stage in plan.stages
            if stage in stages
        }
        return Case(case.inputs, case.output_grad, truth, case.tolerance)

    def _check_right(self, exercise: Exercise, name: str, answer) -> None:
        for stage in exercise.stages:
            outcomes = exercise.observe(answer, stage, self.namespace)
            expected = exercise.expect(answer, stage)
            for case, outcome in outcomes.items():
                if not exercise.agree(case, stage, outcome, expected[case]):
                    raise ValueError(
                        f"{exercise.name}: the right answer {name!r} does not pass {stage} for "
                        f"{case}: got {outcome}, expected {expected[case]}"
                    )

    def _fingerprint(self, exercise: Exercise, wrong: Wrong) -> Mistake | None:
        """What a wrong answer does in the first stage where it goes wrong."""
        if not wrong.says:
            return None
        for stage in exercise.stages:
            outcomes = exercise.observe(wrong.answer, stage, self.namespace)
            expected = exercise.expect(wrong.answer, stage)
            if not all(
                exercise.agree(case, stage, outcome, expected[case])
                for case, outcome in outcomes.items()
            ):
                if _same(outcomes, expected):
                    raise ValueError(
                        f"{exercise.name}: mistake {wrong.id!r} cannot be told from a right answer"
                    )
                return Mistake(wrong.id, stage, wrong.says, outcomes)
        return None  # right in every visible case: only the hidden check can tell


def _insist_on_difference(exercise: Exercise, mistake: Mistake) -> None:
    """Raise a ValueError if a student who made another mistake would be told of this one."""
    if not any(outcome.parts for outcome in mistake.outcomes.values()):
        raise ValueError(
            f"{exercise.name}: mistake {mistake.id!r} yields no numbers, so anything else that "
            f"ends the same way would be called by its name: use mistake(named=...)"
        )
    for other in exercise.mistakes:
        if mistake.stage == other.stage and _same(mistake.outcomes, other.outcomes):
            raise ValueError(
                f"{exercise.name}: mistakes {other.id!r} and {mistake.id!r} do the same "
                "in every case: join them, or add a case that tells them apart"
            )


def _same(one: dict[str, Outcome], other: dict[str, Outcome]) -> bool:
    return all(outcome.same(other[name]) for name, outcome in one.items())


def _headline_and_text(answer: Callable) -> str:
    """A docstring as headline and one line of text, whatever its line breaks."""
    head, _, text = inspect.cleandoc(answer.__doc__ or "").partition("\n\n")
    return "\n".join(" ".join(part.split()) for part in (head, text) if part)


def load_bank(folder: Path) -> Bank | None:
    """The bank of a problem set's source folder, None if it has none."""
    path = Path(folder) / BANK_NAME / "__init__.py"
    if not path.is_file():
        return None
    name = f"mistakes_of_{Path(folder).name}"
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[str(path.parent)]
    )
    for known in [one for one in sys.modules if one == name or one.startswith(f"{name}.")]:
        del sys.modules[known]  # compile what the files say now
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.bank


def compile_bank(folder: Path) -> Path | None:
    """Compile the bank of a source folder into its data file; returns the file's path.

    A file that differs only in round-off, as between two kinds of processor, is left as it is.
    """
    bank = load_bank(folder)
    if bank is None:
        return None
    path = Path(folder) / DATA_NAME
    text = store.dump(bank.compile(), Path(folder).name)
    if not path.is_file() or not store.equivalent(path.read_text(encoding="utf-8"), text):
        path.write_text(text, encoding="utf-8", newline="\n")
    return path


def array(*rows) -> np.ndarray:
    """An array of float64, for cases written out by hand."""
    return np.array(rows, dtype=float)
