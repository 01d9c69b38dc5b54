import tracemalloc

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from chainrule.layers import BatchNorm, Dense, Dropout
from chainrule.losses import L2, MeanSquaredError, SoftmaxCrossEntropy
from chainrule.network import NeuralNetwork
from chainrule.operations import Sigmoid
from chainrule.optimizers import SGD, Adam
from chainrule.schedules import ExponentialDecay
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


def test_evaluating_measures_the_loss_and_changes_nothing():
    trainer = known_trainer()
    history = fit_known(trainer, epochs=3)
    before = weight(trainer)
    assert trainer.evaluate(X_KNOWN, X_KNOWN) == history.val_loss[-1]
    assert weight(trainer) == before
    assert not trainer.network.training


# Schedules, clipping, penalties


def recorded(trainer):
    """The learning rates that the optimizer steps with from now on."""
    rates, step = [], trainer.optimizer.step

    def spy(params, param_grads):
        rates.append(trainer.optimizer.lr)
        step(params, param_grads)

    trainer.optimizer.step = spy
    return rates


def test_a_schedule_sets_the_learning_rate_of_every_epoch():
    trainer = small_trainer(lr=9.0)
    trainer.schedule = ExponentialDecay(0.8, factor=0.5)
    rates = recorded(trainer)
    history = trainer.fit(*noise(10), epochs=3, batch_size=4)
    assert rates == [0.8] * 3 + [0.4] * 3 + [0.2] * 3
    assert history.lr == [0.8, 0.4, 0.2]


def test_a_schedule_can_count_steps_instead():
    trainer = small_trainer()
    trainer.schedule, trainer.schedule_every = lambda done: np.float64(1 + done), "step"
    rates = recorded(trainer)
    history = trainer.fit(*noise(10), epochs=2, batch_size=4)
    assert rates == [1, 2, 3, 4, 5, 6]
    assert history.lr == [3, 6]
    assert {type(rate) for rate in rates} == {float}


def test_a_second_fit_starts_the_schedule_anew():
    trainer = small_trainer()
    trainer.schedule = ExponentialDecay(0.8, factor=0.5)
    assert trainer.fit(*noise(), epochs=2).lr == trainer.fit(*noise(), epochs=2).lr == [0.8, 0.4]


def test_without_a_schedule_the_learning_rate_stays():
    trainer = small_trainer(lr=0.3)
    assert trainer.fit(*noise(), epochs=2).lr == [0.3, 0.3]


def one_step(seed=4, **options):
    """How far one step of SGD with learning rate 1 moves the parameters of a new network."""
    layers = [Dense(4, Sigmoid()), Dense(1)]
    network = NeuralNetwork(layers, MeanSquaredError(), rng(seed)).build(3)
    before = [param.copy() for param in network.params()]
    X, y = noise()
    history = Trainer(network, SGD(1.0), **options).fit(X, y, epochs=1, batch_size=len(X))
    after = network.params()
    return before, [b - a for b, a in zip(before, after, strict=True)], history.train_loss


def test_gradients_are_cut_to_the_greatest_norm_and_keep_their_direction():
    _, whole, _ = one_step()
    norm = np.sqrt(sum(np.sum(step**2) for step in whole))
    _, cut, _ = one_step(max_norm=norm / 3)
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_allclose(other, one / 3, rtol=1e-9, atol=1e-15)


def test_a_penalty_adds_its_gradient_to_that_of_the_weights():
    params, whole, loss = one_step()
    _, penalised, same_loss = one_step(penalty=L2(0.3))
    for param, one, other in zip(params, whole, penalised, strict=True):
        pull = 0.3 * param if len(param) > 1 else 0  # not the biases
        np.testing.assert_allclose(other, one + pull, rtol=1e-9, atol=1e-15)
    assert same_loss == loss  # the history is without it


def test_the_penalty_counts_when_gradients_are_cut():
    _, penalised, _ = one_step(penalty=L2(100.0))
    norm = np.sqrt(sum(np.sum(step**2) for step in penalised))
    _, cut, _ = one_step(penalty=L2(100.0), max_norm=0.5)
    assert norm > 0.5
    assert np.sqrt(sum(np.sum(step**2) for step in cut)) == pytest.approx(0.5, rel=1e-9)


# Modes


class Diary(Dense):
    """A layer that notes in which mode each batch passes."""

    def forward(self, input_):
        self.modes = [*getattr(self, "modes", []), (len(input_), self.training)]
        return super().forward(input_)


def diary_trainer():
    return Trainer(NeuralNetwork([Diary(1)], MeanSquaredError(), rng()), SGD(0.01))


def test_training_and_validation_happen_each_in_its_mode_and_the_end_is_ready_for_use():
    trainer, (X, y) = diary_trainer(), noise(5)
    trainer.network.eval()
    trainer.fit(X, y, X[:2], y[:2], epochs=2, batch_size=3)
    epoch = [(3, True), (2, True), (2, False)]
    assert trainer.network.layers[0].modes == epoch * 2
    assert not trainer.network.training
    assert not trainer.network.layers[0].training


def test_a_network_whose_training_is_broken_off_is_ready_for_use():
    trainer = diary_trainer()

    def schedule(done):
        if done == 1:
            raise KeyboardInterrupt
        return 0.1

    trainer.schedule = schedule
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(*noise(), epochs=3)
    assert not trainer.network.training


def test_the_best_running_averages_come_back_with_the_best_weights():
    X, y = noise(40)
    network = NeuralNetwork([Dense(4, Sigmoid()), BatchNorm(), Dense(1)], MeanSquaredError(), rng())
    trainer = Trainer(network, SGD(0.5))
    history = trainer.fit(X[:20], y[:20], X[20:], y[20:], epochs=60, patience=5)
    assert history.stopped_early
    after = network.loss.forward(network.forward(X[20:]), y[20:])
    assert after == min(history.val_loss)


# Memory


def test_no_memory_is_taken_that_grows_with_the_epochs():
    X, y = noise(200)

    def peak(epochs):
        layers = [Dense(50, Sigmoid()), BatchNorm(), Dropout(0.1), Dense(1)]
        trainer = Trainer(NeuralNetwork(layers, MeanSquaredError(), rng()), Adam(), max_norm=1.0)
        tracemalloc.start()
        trainer.fit(X, y, X, y, epochs=epochs, patience=epochs)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few = peak(5)
    assert peak(105) - few < 100 * 100  # the numbers of the history: less than 100 bytes an epoch


# Progress (tests/test_progress.py sees to the rest)


def test_training_is_silent_unless_asked(capsys):
    small_trainer().fit(*noise(), epochs=20)
    assert capsys.readouterr() == ("", "")


def test_progress_prints_the_losses(capsys):
    history = small_trainer().fit(*noise(), *noise(), epochs=20, progress=True)
    out, err = capsys.readouterr()
    assert out.count("\n") == 10
    last = f"training loss {history.train_loss[-1]:.4g}, validation loss {history.val_loss[-1]:.4g}"
    assert out.endswith(f"epoch 20 of 20: {last}\n")
    assert err == ""


# What is refused


# Nothing is trained then, and parameters, generator and optimizer are what they were.


def assert_refused(trainer, error, message, *arguments, **options):
    network = trainer.network
    before = [array.copy() for array in network.params() + network.buffers()]
    state, lr = network.rng.bit_generator.state, trainer.optimizer.lr
    with pytest.raises(error, match=message):
        trainer.fit(*arguments, **options)
    for array, copy in zip(network.params() + network.buffers(), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert network.rng.bit_generator.state == state
    assert trainer.optimizer.lr == lr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (np.zeros((4, 2)), np.zeros((3, 1))),
            r"X_train has 4 samples, but y_train has shape \(3, 1\)",
        ),
        ((np.zeros((4, 2)), np.zeros(4)), r"y_train does not suit MeanSquared.* \(4,\)"),
        ((np.zeros(4), np.zeros((4, 1))), r"X_train must have shape .*, got \(4,\)"),
        ((np.zeros((0, 2)), np.zeros((0, 1))), r"X_train must have shape .*, got \(0, 2\)"),
    ],
)
def test_training_data_that_do_not_fit_are_refused_by_name(arguments, message):
    assert_refused(small_trainer(), ValueError, message, *arguments)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_and_infinity_are_refused_with_the_array_and_the_first_row(bad, position, dtype):
    X, y = (array.astype(dtype) for array in noise(9))
    arrays = [X, y, X.copy(), y.copy()]
    arrays[position][[4, 7], -1] = bad
    name = ("X_train", "y_train", "X_val", "y_val")[position]
    message = f"{name} holds {bad} in row 4: it must be finite"
    assert_refused(small_trainer(), ValueError, message, *arrays)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: [[1.0, 2.0, 3.0]] * 9}, "X_train must be an array, got list"),
        ({1: [[1.0]] * 9}, "y_train must be an array, got list"),
        ({0: np.full((9, 3), "1")}, "X_train must hold numbers, got an array of <U1"),
        ({1: np.full((9, 1), None)}, "y_train must hold numbers, got an array of object"),
        ({2: "X"}, "X_val must be an array, got str"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_by_name(change, message):
    arrays = [*noise(9), *noise(9)]
    for position, array in change.items():
        arrays[position] = array
    assert_refused(small_trainer(), TypeError, message, *arrays)


def test_data_of_another_width_than_the_network_was_built_for_are_refused():
    trainer = small_trainer()
    trainer.network.build(3)
    X, y = np.zeros((4, 2)), np.zeros((4, 1))
    message = "X_train has 2 features, but the network was built for 3"
    assert_refused(trainer, ValueError, message, X, y)


def test_validation_data_of_another_width_are_refused():
    (X, y), narrow = noise(4), np.zeros((4, 2))
    message = "X_val has 2 features, but X_train has 3"
    assert_refused(small_trainer(), ValueError, message, X, y, narrow, y)


@pytest.mark.parametrize("name", ["y_train", "y_val"])
def test_targets_that_the_loss_does_not_take_are_refused_before_training(name):
    X, y = noise(6)
    pair = {"y_train": y, "X_val": X, "y_val": y, name: np.zeros((6, 2))}
    message = rf"{name} does not suit MeanSquaredError and the network: .* \(6, 2\).* \(6, 1\)"
    assert_refused(small_trainer(), ValueError, message, X, **pair)


def classifier():
    network = NeuralNetwork([Dense(4, Sigmoid()), Dense(3)], SoftmaxCrossEntropy(), rng())
    return Trainer(network, SGD(0.1))


def test_class_ids_are_targets_too():
    X, ids = noise(9)[0], np.arange(9) % 3
    from_ids = classifier().fit(X, ids, X, ids, epochs=2)
    assert from_ids == classifier().fit(X, np.eye(3)[ids], X, ids.reshape(-1, 1), epochs=2)


def test_a_class_id_that_is_none_of_the_classes_is_refused_before_training():
    X, ids = noise(9)[0], np.arange(9) % 3
    message = "y_val does not suit SoftmaxCrossEntropy .*class id 3"
    assert_refused(classifier(), ValueError, message, X, ids, X, ids + 1)


def test_targets_without_rows_are_refused():
    message = r"X_train has 4 samples, but y_train has shape \(\)"
    assert_refused(small_trainer(), ValueError, message, noise(4)[0], np.array(1.0))


def test_a_network_without_neurons_leaves_the_targets_to_the_loss():
    network = NeuralNetwork([BatchNorm()], MeanSquaredError(), rng())
    Trainer(network, SGD(0.1)).fit(noise()[0], noise()[0], epochs=1)
    with pytest.raises(ValueError, match="target has shape"):
        Trainer(network, SGD(0.1)).fit(*noise(), epochs=1)


@pytest.mark.parametrize(("n_samples", "batch_size"), [(9, 4), (9, 1), (1, 4)])
def test_a_batch_of_one_sample_is_refused_where_a_layer_needs_more(n_samples, batch_size):
    network = NeuralNetwork([BatchNorm(), Dense(1)], MeanSquaredError(), rng())
    message = f"{n_samples} samples in batches of {batch_size} leave .* choose another batch_size"
    trainer = Trainer(network, SGD(0.1))
    assert_refused(trainer, ValueError, message, *noise(n_samples), batch_size=batch_size)
    small_trainer().fit(*noise(n_samples), batch_size=batch_size, epochs=1)  # without: welcome


def test_validation_data_that_do_not_fit_are_refused_by_name():
    X, y = noise(4)
    message = r"X_val has 4 samples, but y_val has shape \(3, 1\)"
    assert_refused(small_trainer(), ValueError, message, X, y, X, y[:3])


@pytest.mark.parametrize("missing", ["X_val", "y_val"])
def test_half_a_validation_set_is_refused(missing):
    X, y = noise(4)
    validation = {"X_val": X, "y_val": y, missing: None}
    assert_refused(small_trainer(), ValueError, "X_val and y_val come together", X, y, **validation)


def test_patience_without_validation_data_is_refused():
    message = "patience needs validation data"
    assert_refused(small_trainer(), ValueError, message, *noise(4), patience=3)


COUNTS = ["epochs", "batch_size", "eval_every", "patience", "checkpoint_every"]


@pytest.mark.parametrize("name", COUNTS)
def test_a_count_below_one_is_refused_by_name(name):
    X, y = noise(4)
    message = f"{name} must be at least 1, got 0"
    assert_refused(small_trainer(), ValueError, message, X, y, X, y, **{name: 0})


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [2.5, "3", True])
def test_a_count_that_is_no_whole_number_is_refused_by_name(name, value):
    X, y = noise(4)
    message = f"{name} must be a whole number, got {value!r}"
    assert_refused(small_trainer(), TypeError, message, X, y, X, y, **{name: value})


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf])
def test_a_schedule_that_gives_no_learning_rate_is_refused(rate):
    trainer = small_trainer()
    trainer.schedule = lambda done: rate
    with pytest.raises(ValueError, match="the schedule's learning rate must be"):
        trainer.fit(*noise(4))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((None, SGD()), {}, TypeError, "network must be a network, got None"),
        ((NeuralNetwork, SGD()), {}, TypeError, "network .* got the class NeuralNetwork"),
        ((0.1,), {}, TypeError, r"optimizer must be an optimizer like SGD\(lr=0.1\), got 0.1"),
        ((SGD,), {}, TypeError, "optimizer must be .*, got the class SGD"),
        ((SGD(),), {"schedule": 0.1}, TypeError, "schedule must be a function like .*: 0.1"),
        ((SGD(),), {"schedule_every": "batch"}, ValueError, "'epoch' or 'step', got 'batch'"),
        ((SGD(),), {"max_norm": 0}, ValueError, "max_norm must be above 0, got 0"),
        ((SGD(),), {"penalty": 0.1}, TypeError, r"penalty must be a penalty like L2.*, got 0.1"),
    ],
)
def test_a_part_that_is_something_else_is_refused_by_name(arguments, options, error, message):
    if len(arguments) == 1:
        arguments = (small_trainer().network, *arguments)
    with pytest.raises(error, match=message):
        Trainer(*arguments, **options)
