"""A training function is judged by what its network predicts for data it has not seen."""

import numpy as np
import pytest
from small_exercises import checks_of

from chainrule.checks.training import judge_training

rng = np.random.default_rng(4)
X, y = rng.uniform(-1, 1, (40, 2)), rng.uniform(-1, 1, (40, 1))
X_HELD, Y_HELD = rng.uniform(-1, 1, (30, 2)), rng.uniform(-1, 1, (30, 1))
TASK = {
    "data": (X, y),
    "held_out": (X_HELD, Y_HELD),
    "baseline": 0.5,
    "target": 0.1,
    "seed": 3,
    "reread": "lecture 09",
}


class Network:
    """Predicts what it is told to."""

    def __init__(self, predict):
        self.predict = predict

    def forward(self, X):
        return self.predict(X)


def predicting(predict):
    return lambda X, y, rng: Network(predict)


def off_by(error):
    """A network whose mean squared error on the held-out data is the square of ``error``."""
    return predicting(lambda X: Y_HELD + error)


def raising(error):
    def train(X, y, rng):
        raise error

    return train


@pytest.mark.parametrize(
    ("error", "share", "mark"),
    [(0.0, 1.0, "✓"), (0.6, 0.5, "◐"), (0.67, 0.0, "✗"), (0.8, 0.0, "✗")],
)
def test_the_target_earns_all_clearly_below_the_baseline_half_and_more_nothing(error, share, mark):
    earned, message, _ = judge_training("train", off_by(error), **TASK)
    assert earned == share
    assert message.mark == mark
    shown = dict(message.evidence)
    assert float(shown["held-out loss"]) == pytest.approx(error**2, abs=1e-6)
    assert (shown["single layer"], shown["for all points"]) == ("0.5", "0.1")


@pytest.mark.parametrize(
    ("train", "mistake", "says"),
    [
        (raising(NotImplementedError()), "not_implemented", "not written yet"),
        (raising(ValueError("CANARY")), "raises", "your code stops with a ValueError"),
        (raising(ValueError("the loss is nan: the batch")), "diverged", "a smaller learning rate"),
        (lambda X, y, rng: None, "returns_nothing", "is the return statement at the end missing?"),
        (lambda X, y, rng: {"W1": X}, "wrong_type", "returns a dict: return the trained network."),
        (lambda X, y, rng: [1, 2], "wrong_type", "a list of 2 values, not all of them layers"),
        (lambda X, y, rng: [], "wrong_type", "returns a list of 0 values: return the trained"),
        (predicting(lambda X: None), "wrong_type", "the network predicts nothing where numbers"),
        (predicting(lambda X: "0"), "wrong_type", "the network predicts a str"),
        (predicting(lambda X: X.tolist()), "wrong_type", "np.array(...) makes one of it."),
        (predicting(lambda X: Y_HELD[:, 0]), "wrong_shape", "shape (30,), where (30, 1) is needed"),
        (predicting(lambda X: 0.0), "wrong_shape", "shape ()"),
        (predicting(lambda X: Y_HELD * np.nan), "diverged", "diverged to NaN"),
        (predicting(lambda X: Y_HELD * np.inf), "diverged", "smaller learning rate"),
        (predicting(lambda X: np.abs(X[:, :1])), "sigmoid_output", "With a sigmoid at the output"),
        (predicting(lambda X: 0 * X[:, :1] - 5), "constant_output", "the same for every sample"),
        (predicting(lambda X: 9 * X[:, :1]), "untrained", "Are the parameters updated"),
        (off_by(0.6), "undertrained", "more epochs"),
        (predicting(lambda X: 1e300 * X[:, :1]), "untrained", "far worse than a single layer"),
    ],
)
def test_what_went_wrong_is_told(train, mistake, says):
    share, message, found = judge_training("train", train, **TASK)
    assert found == mistake
    assert share < 1
    assert says in str(message)
    assert message.headline.startswith("train: ")
    assert message.reread == "lecture 09"


@pytest.mark.parametrize(
    ("train", "headline"),
    [
        (predicting(lambda X: np.abs(X[:, :1])), "train: all predictions lie between 0 and 1,"),
        (predicting(lambda X: 0 * X[:, :1] - 5), "train: the network predicts the same for"),
        (predicting(lambda X: 9 * X[:, :1]), "train: the network is far worse than a single"),
        (off_by(0.75), "train: not clearly better than the single layer."),
    ],
)
def test_the_headline_says_what_is_seen(train, headline):
    _, message, _ = judge_training("train", train, **TASK)
    assert message.headline.startswith(headline)


def test_what_is_seen_is_told_where_half_is_earned_too():
    task = TASK | {"baseline": 100.0}
    _, message, _ = judge_training("train", predicting(lambda X: 0 * X[:, :1] - 5), **task)
    assert message.headline == "train: better than the single layer, above the target."
    assert message.lines[0] == "The network predicts the same for every sample."


def test_what_is_asked_for_is_said_in_the_words_of_the_exercise():
    _, message, _ = judge_training("train", lambda *_: {"W1": X}, **TASK, asked="the layers")
    assert message.headline == "train: it returns a dict: return the layers."


@pytest.mark.parametrize("error", [0.6, 0.7])  # for half of the points, and for none
def test_where_the_network_is_given_nobody_is_told_to_change_it(error):
    _, message, _ = judge_training("train", off_by(error), **TASK)
    assert message.lines == ("Try more epochs, another learning rate or more hidden neurons.",)
    _, message, _ = judge_training("train", off_by(error), **TASK, given=True)
    assert message.lines == ("Try more epochs or another learning rate.",)


@pytest.mark.parametrize(("count", "share"), [(2, 0.0), (3, 1.0), (4, 1.0)])
@pytest.mark.parametrize("as_list", [False, True])
def test_a_network_may_be_asked_to_be_deep(count, share, as_list):
    def train(X, y, rng):
        rows = [Network(lambda X: X) for _ in range(count - 1)] + [Network(lambda X: Y_HELD)]
        if as_list:
            return rows
        network = Network(lambda X: Y_HELD)
        network.layers = rows
        return network

    earned, message, mistake = judge_training("train", train, **TASK, layers=3)
    assert earned == share
    assert mistake == ("" if share else "too_shallow")
    assert ("fewer than the 3 layers" in str(message)) == (share == 0)


def test_the_generator_and_the_data_are_those_asked_for():
    seen = {}

    def train(X, y, rng):
        seen.update(X=X.copy(), y=y.copy(), draw=rng.standard_normal())
        X[:] = y[:] = 0  # copies: the next check is given the same data
        return Network(lambda X: Y_HELD)

    for _ in range(2):
        assert judge_training("train", train, **TASK)[0] == 1.0
        assert np.array_equal(seen["X"], X)
        assert np.array_equal(seen["y"], y)
        assert seen["draw"] == np.random.default_rng(3).standard_normal()


def test_held_out_targets_are_not_changed_by_the_network():
    def vandal(X):
        X[:] = 0
        return np.zeros((30, 1))

    before = Y_HELD.copy(), X_HELD.copy()
    judge_training("train", predicting(vandal), **TASK)
    assert np.array_equal(Y_HELD, before[0])
    assert np.array_equal(X_HELD, before[1])


def test_an_exceptions_text_is_shown_but_not_where_the_data_is_hidden():
    for hidden in (False, True):
        _, message, _ = judge_training(
            "train", raising(ValueError("CANARY")), **TASK, hidden=hidden
        )
        assert ("CANARY" in str(message)) is not hidden
        assert "CANARY" not in message.headline


@pytest.fixture
def grade(tmp_path, capsys):
    def run(train):
        namespace = {} if train is None else {"train": train}
        checks = checks_of(tmp_path, **namespace)
        earned = checks.training("train", 8, **TASK)
        shown = capsys.readouterr()
        assert shown.err == ""
        assert type(earned) is float
        return earned, shown.out, checks.verdicts[-1]

    return run


@pytest.mark.parametrize(("error", "points"), [(0.0, 8.0), (0.6, 4.0), (0.8, 0.0)])
def test_a_check_cell_gets_the_points_and_shows_the_message(grade, error, points):
    earned, shown, verdict = grade(off_by(error))
    assert earned == points
    assert shown[0] in "✓◐✗"
    assert verdict.share == points / 8


def test_a_missing_function_and_one_that_is_none_earn_nothing(grade):
    earned, shown, verdict = grade(None)
    assert (earned, verdict.mistake) == (0.0, "not_defined")
    assert shown.startswith("✗ train is not defined.")
    earned, shown, verdict = grade(Network(None))
    assert (earned, verdict.mistake) == (0.0, "wrong_type")
    assert shown.startswith("✗ train should be a function, but it is an object.")


def test_what_training_prints_is_not_shown(grade):
    def loud(X, y, rng):
        print("epoch 1")
        return Network(lambda X: Y_HELD)

    assert "epoch" not in grade(loud)[1]


# --- classes --------------------------------------------------------------------------------------

IDS = rng.integers(0, 3, 30)
CLASSES = {
    **TASK,
    "held_out": (X_HELD, IDS),
    "baseline": 0.4,
    "target": 0.1,
    "measure": "misclassified",
}


def scoring(ids):
    """A network that gives these classes the highest score."""
    return predicting(lambda X: np.eye(3)[ids])


def with_wrong(count):
    ids = IDS.copy()
    ids[:count] = (ids[:count] + 1) % 3
    return ids


@pytest.mark.parametrize(("wrong", "share"), [(0, 1.0), (3, 1.0), (4, 0.5), (9, 0.5), (10, 0.0)])
def test_classes_are_judged_by_the_share_of_misclassified_samples(wrong, share):
    earned, message, _ = judge_training("train", scoring(with_wrong(wrong)), **CLASSES)
    assert earned == share
    shown = dict(message.evidence)
    assert shown["misclassified, of the held-out samples"] == f"{100 * wrong / 30:.3g} %"
    assert shown["for all points"] == "10 %"


@pytest.mark.parametrize(
    ("train", "mistake", "says"),
    [
        (predicting(lambda X: IDS.astype(float)), "wrong_shape", "(30, 3), a score for every"),
        (predicting(lambda X: np.eye(2)[IDS % 2]), "wrong_shape", "shape (30, 2), where (30, 3)"),
        (predicting(lambda X: np.zeros((30, 3))), "constant_output", "the same for every"),
    ],
)
def test_what_is_wrong_with_scores_is_said(train, mistake, says):
    share, message, found = judge_training("train", train, **CLASSES)
    assert (share, found) == (0.0, mistake)
    assert says in message.headline


def test_a_list_of_layers_is_a_network():
    layers = [Network(lambda X: X[:, :1] * 0), Network(lambda zeros: zeros + Y_HELD)]
    assert judge_training("train", lambda X, y, rng: layers, **TASK)[0] == 1.0
    _, _, mistake = judge_training("train", lambda X, y, rng: [], **TASK)
    assert mistake == "wrong_type"
