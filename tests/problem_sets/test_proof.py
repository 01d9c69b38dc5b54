"""The graders are proven: mistakes are rejected and named, right answers are accepted."""

from pathlib import Path

import pytest

from chainrule.grading.proof import Grader, Trial, prove, table

SOURCE = Path(__file__).parents[2] / "source"
PROBLEM_SETS = sorted(path.parent for path in SOURCE.glob("*/mistakes"))


@pytest.fixture(scope="module", params=PROBLEM_SETS, ids=lambda folder: folder.name)
def trials(request) -> list[Trial]:
    found = prove(request.param)
    print(table(found))
    return found


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


def test_every_exercise_has_mistakes_and_differently_written_right_answers(trials):
    for name in {trial.exercise for trial in trials}:
        mine = [trial for trial in trials if trial.exercise == name]
        assert sum(not trial.right for trial in mine) >= 8, name
        assert sum(trial.right for trial in mine) >= 3, name


@pytest.mark.parametrize("folder", PROBLEM_SETS, ids=lambda folder: folder.name)
def test_the_bank_covers_every_autograded_exercise(folder, trials):
    assert set(Grader(folder).exercises) <= {trial.exercise for trial in trials}


@pytest.mark.parametrize("folder", PROBLEM_SETS, ids=lambda folder: folder.name)
def test_the_notebooks_own_solutions_earn_full_marks(folder):
    grader = Grader(folder)
    for exercise in grader.exercises:
        visible, hidden, _ = grader.grade(exercise)
        assert (visible, hidden) == (1.0, 1.0), exercise
