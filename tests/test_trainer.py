import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from chainrule.layers import Dense
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.operations import Sigmoid
from chainrule.optimizers import SGD
from chainrule.trainer import Trainer


def rng(seed=0):
    return np.random.default_rng(seed)


def noise(n_samples=20, seed=1):
    generator = rng(seed)
    return generator.standard_normal((n_samples, 3)), generator.standard_normal((n_samples, 1))


def small_trainer(generator=None, lr=0.1):
    layers = [Dense(4, Sigmoid()), Dense(1)]
    generator = rng() if generator is None else generator
    return Trainer(NeuralNetwork(layers, MeanSquaredError(), generator), SGD(lr))


# Training


def test_one_dense_layer_converges_to_the_linear_regression_of_scikit_learn():
    X, y = load_diabetes(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = ((y - y.mean()) / y.std()).reshape(-1, 1)
    network = NeuralNetwork([Dense(1)], MeanSquaredError(), rng())
    Trainer(network, SGD(lr=0.2)).fit(X, y, epochs=6000, batch_size=len(X))
    W, b = network.params()
    reference = LinearRegression().fit(X, y)
    np.testing.assert_allclose(W.T, reference.coef_, atol=1e-8)
    np.testing.assert_allclose(b, [reference.intercept_], atol=1e-8)
    np.testing.assert_allclose(network.forward(X), reference.predict(X), atol=1e-8)


def test_a_hidden_layer_learns_what_a_line_cannot():
    X = np.linspace(-1, 1, 40).reshape(-1, 1)
    trainer = small_trainer(lr=0.3)
    trainer.fit(X, X**2, epochs=2000, batch_size=40)
    residual = np.mean((trainer.network.forward(X) - X**2) ** 2)
    assert residual < 0.02 * np.var(X**2)  # the best line leaves all of the variance


def test_the_training_loss_is_the_mean_over_samples_and_not_over_batches():
    class Still(SGD):
        def step(self, params, param_grads):
            pass  # the network stays, so that the batches' losses add up to the whole batch's

    X, y = noise(10)
    trainer = small_trainer()
    trainer.optimizer = Still(0.1)
    history = trainer.fit(X, y, epochs=2, batch_size=7)
    expected = np.mean((trainer.network.forward(X) - y) ** 2)
    np.testing.assert_allclose(history.train_loss, [expected] * 2, rtol=1e-12)


def test_the_same_seed_gives_the_same_training_and_another_seed_another():
    X, y = noise()
    runs = []
    for seed in (4, 4, 5):
        trainer = small_trainer(rng(seed))
        history = trainer.fit(X, y, epochs=3, batch_size=8)
        runs.append(np.concatenate([p.ravel() for p in trainer.network.params()]))
        runs.append(np.array(history.train_loss))
    np.testing.assert_array_equal(runs[0], runs[2])
    np.testing.assert_array_equal(runs[1], runs[3])
    assert not np.isclose(runs[0], runs[4]).any()


def test_the_legacy_generator_trains_and_repeats_itself():
    X, y = noise()
    first, second = (
        small_trainer(np.random.RandomState(8)).fit(X, y, epochs=3).train_loss for _ in "12"
    )
    assert first == second


def test_training_leaves_the_data_and_the_global_random_state_alone():
    X, y = noise()
    before, state = (X.copy(), y.copy()), np.random.get_state()  # noqa: NPY002
    small_trainer().fit(X, y, X, y, epochs=3, patience=1)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(after[1], state[1])
    assert after[2:] == state[2:]


@pytest.mark.parametrize("lr", [0.1, np.float64(0.1)])
def test_float32_data_keeps_the_network_in_float32(lr):
    X, y = (array.astype(np.float32) for array in noise())
    trainer = small_trainer(lr=lr)
    trainer.fit(X, y, epochs=2)
    arrays = [*trainer.network.params(), *trainer.network.param_grads(), trainer.network.forward(X)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


# Validation and early stopping, on a network of which every step is known: its weight starts at 0
# and walks to 2 as 2 (1 - 0.9^k), past the 1 that the validation targets ask for. Closest is
# epoch 7.

X_KNOWN = np.array([[1.0], [-1.0]])
BEST = 2 * (1 - 0.9**7)


class FromZero:
    """Stands in for a generator: all zeros, no shuffling."""

    def standard_normal(self, shape):
        return np.zeros(shape)

    def permutation(self, n):
        return np.arange(n)


def known_trainer():
    return Trainer(NeuralNetwork([Dense(1)], MeanSquaredError(), FromZero()), SGD(lr=0.05))


def fit_known(trainer, y_val=X_KNOWN, **options):
    return trainer.fit(X_KNOWN, 2 * X_KNOWN, X_KNOWN, y_val, **options)


def weight(trainer):
    return trainer.network.params()[0].item()


def test_the_history_tells_every_loss():
    trainer = known_trainer()
    history = fit_known(trainer, epochs=3)
    weights = [2 * (1 - 0.9**k) for k in range(4)]
    np.testing.assert_allclose(history.train_loss, [(w - 2) ** 2 for w in weights[:3]])
    np.testing.assert_allclose(history.val_loss, [(w - 1) ** 2 for w in weights[1:]])
    assert (history.val_epochs, history.best_epoch) == ([1, 2, 3], 3)
    assert not history.stopped_early


def test_early_stopping_waits_for_its_patience_and_restores_the_best_weights():
    trainer = known_trainer()
    history = fit_known(trainer, epochs=100, patience=3)
    assert (len(history.train_loss), history.best_epoch) == (10, 7)
    assert history.stopped_early
    assert weight(trainer) == pytest.approx(BEST, rel=1e-12)


def test_the_best_weights_come_back_into_the_arrays_the_caller_holds():
    trainer = known_trainer()
    network = trainer.network
    network.forward(X_KNOWN)
    held = network.params()
    fit_known(trainer, epochs=100, patience=3)
    assert trainer.network is network
    assert all(a is b for a, b in zip(held, network.params(), strict=True))
    assert held[0].item() == pytest.approx(BEST, rel=1e-12)


def test_the_best_weights_come_back_even_when_the_epochs_end_before_the_patience():
    trainer = known_trainer()
    history = fit_known(trainer, epochs=9, patience=50)
    assert not history.stopped_early
    assert weight(trainer) == pytest.approx(BEST, rel=1e-12)


def test_without_patience_the_last_weights_stay():
    trainer = known_trainer()
    history = fit_known(trainer, epochs=9)
    assert history.best_epoch == 7
    assert weight(trainer) == pytest.approx(2 * (1 - 0.9**9), rel=1e-12)


def test_validation_every_few_epochs_counts_the_patience_in_measurements():
    history = fit_known(known_trainer(), epochs=100, eval_every=4, patience=2)
    assert history.val_epochs == [4, 8, 12, 16]
    assert history.best_epoch == 8
    assert len(history.train_loss) == 16


def test_a_new_best_renews_the_patience():
    bumps = iter([5.0, 6.0, 4.0, 6.0, 3.0, 6.0, 6.0])

    class Scripted(MeanSquaredError):
        def _output(self):
            return next(bumps) if self.target is y_val else super()._output()

    y_val = X_KNOWN.copy()
    trainer = known_trainer()
    trainer.network.loss = Scripted()
    history = fit_known(trainer, y_val, epochs=100, patience=2)
    assert history.val_loss == [5, 6, 4, 6, 3, 6, 6]
    assert history.best_epoch == 5


def test_a_loss_that_only_stays_the_same_is_not_an_improvement():
    trainer = known_trainer()
    history = trainer.fit(X_KNOWN, 0 * X_KNOWN, X_KNOWN, X_KNOWN, epochs=100, patience=4)
    assert (len(history.train_loss), history.best_epoch) == (5, 1)


def test_a_validation_loss_of_nan_is_no_best_and_stops():
    class NotANumber(MeanSquaredError):
        def _output(self):
            return np.nan if self.target is X_KNOWN else super()._output()

    trainer = known_trainer()
    trainer.network.loss = NotANumber()
    history = fit_known(trainer, epochs=100, patience=2)
    assert (history.best_epoch, history.stopped_early) == (None, True)
    assert weight(trainer) == pytest.approx(2 * (1 - 0.9**2), rel=1e-12)


def test_without_validation_data_there_is_no_best_epoch():
    history = known_trainer().fit(X_KNOWN, X_KNOWN, epochs=3)
    assert (history.val_epochs, history.val_loss, history.best_epoch) == ([], [], None)
    assert len(history.train_loss) == 3


# What is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((4, 2)), np.zeros((3, 1))), "X_train has 4 samples, but y_train has 3"),
        ((np.zeros((4, 2)), np.zeros(4)), r"y_train does not suit MeanSquared.* \(4,\)"),
        ((np.zeros(4), np.zeros((4, 1))), r"X_train must have shape .*, got \(4,\)"),
        ((np.zeros((0, 2)), np.zeros((0, 1))), r"X_train must have shape .*, got \(0, 2\)"),
    ],
)
def test_training_data_that_do_not_fit_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        small_trainer().fit(*arguments)


def test_validation_data_that_do_not_fit_are_refused_by_name():
    X, y = noise(4)
    with pytest.raises(ValueError, match="X_val has 4 samples, but y_val has 3"):
        small_trainer().fit(X, y, X, y[:3])


@pytest.mark.parametrize("missing", ["X_val", "y_val"])
def test_half_a_validation_set_is_refused(missing):
    X, y = noise(4)
    validation = {"X_val": X, "y_val": y, missing: None}
    with pytest.raises(ValueError, match="X_val and y_val come together"):
        small_trainer().fit(X, y, **validation)


def test_patience_without_validation_data_is_refused():
    with pytest.raises(ValueError, match="patience needs validation data"):
        small_trainer().fit(*noise(4), patience=3)


@pytest.mark.parametrize("name", ["epochs", "batch_size", "eval_every", "patience"])
def test_a_count_below_one_is_refused_by_name(name):
    X, y = noise(4)
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        small_trainer().fit(X, y, X, y, **{name: 0})
