"""The graders are proven: mistakes are rejected and named, right answers are accepted."""

import re
from pathlib import Path

import pytest

from chainrule.checks.bank import load_bank
from chainrule.grading.mutants import Fate, try_mutants
from chainrule.grading.proof import Grader, Trial, prove
from chainrule.grading.proof_page import HEAD, section

ROOT = Path(__file__).parents[2]
PROBLEM_SETS = sorted(path.parent for path in (ROOT / "source").glob("*/mistakes"))


@pytest.fixture(scope="module", params=PROBLEM_SETS, ids=lambda folder: folder.name)
def folder(request) -> Path:
    return request.param


@pytest.fixture(scope="module")
def bank(folder):
    return load_bank(folder)


@pytest.fixture(scope="module")
def trials(folder) -> list[Trial]:
    return prove(folder)


@pytest.fixture(scope="module")
def fates(folder, bank) -> list[Fate]:
    exercises = {exercise.name: exercise for exercise in bank.compile()}
    return try_mutants(Grader(folder), exercises)


def ids(trials) -> list[str]:
    return [f"{trial.exercise}: {trial.answer} (named {trial.named!r})" for trial in trials]


def test_every_mistake_loses_points(trials):
    assert not ids(trial for trial in trials if not trial.right and trial.full_marks)


def test_every_right_answer_earns_full_marks(trials):
    assert not ids(trial for trial in trials if trial.right and not trial.full_marks)


def test_no_right_answer_is_called_a_mistake(trials):
    assert not ids(trial for trial in trials if trial.right and trial.named)


def test_no_mistake_is_named_wrongly(trials):
    assert not ids(t for t in trials if not t.right and t.named and t.named != t.expected)


def test_nine_of_ten_mistakes_are_named(trials):
    wrong = [trial for trial in trials if not trial.right]
    named = [trial for trial in wrong if trial.named]
    assert len(named) >= 0.9 * len(wrong), ids(trial for trial in wrong if not trial.named)


def least_mistakes(exercise: str) -> int:
    """Gradients are what the course is about, and where people go wrong in most ways."""
    return 15 if re.search("grad|slopes|backward", exercise) else 8


def test_every_exercise_has_mistakes_and_differently_written_right_answers(trials):
    for name in {trial.exercise for trial in trials}:
        mine = [trial for trial in trials if trial.exercise == name]
        assert sum(not trial.right for trial in mine) >= least_mistakes(name), name
        assert sum(trial.right for trial in mine) >= 3, name


def test_the_bank_covers_every_autograded_exercise(folder, bank):
    assert set(Grader(folder).exercises) == set(bank.entries)


def test_the_notebooks_own_solutions_earn_full_marks(folder):
    grader = Grader(folder)
    for exercise in grader.exercises:
        visible, hidden, _ = grader.grade(exercise)
        assert (visible, hidden) == (1.0, 1.0), exercise


@pytest.mark.slow
def test_99_of_100_mutants_that_change_behaviour_are_caught(fates):
    changed = [fate for fate in fates if fate.fate != "same"]
    survivors = [fate.mutant.label for fate in changed if fate.fate == "survives"]
    assert len(changed) > 50
    assert len(survivors) <= 0.01 * len(changed), survivors


@pytest.mark.slow
def test_every_survivor_is_listed_with_a_reason(fates, bank):
    survivors = {fate.mutant.label for fate in fates if fate.fate == "survives"}
    assert survivors == bank.survivors.keys()
    assert all(len(reason) > 20 for reason in bank.survivors.values())


@pytest.mark.slow
def test_the_page_says_what_was_proven(folder, trials, fates, bank):
    page = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    assert page.startswith(HEAD)
    assert section(folder.name, trials, fates, bank.survivors) in page, "run tools/proof.py"
