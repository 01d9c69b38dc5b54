"""An interrupted training run that goes on ends with the same bits as one that was not."""

import copy
import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from chainrule.checkpoint import CHECKPOINT, describe, fingerprint, flatten, unflatten
from chainrule.initialisers import he
from chainrule.layers import BatchNorm, Dense, Dropout
from chainrule.losses import L2, MeanAbsoluteError, MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.operations import LeakyReLU, Sigmoid, Tanh
from chainrule.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, RMSProp
from chainrule.schedules import CosineDecay, WarmUp
from chainrule.storage import read_npz, save_params, write_npz
from chainrule.trainer import Trainer

EPOCHS = 6
GENERATORS = {
    "default": np.random.default_rng,
    "legacy": np.random.RandomState,
    **{
        cls.__name__: lambda seed, cls=cls: np.random.Generator(cls(seed))
        for cls in (np.random.MT19937, np.random.Philox, np.random.SFC64)
    },
}


def data(dtype=float):
    rng = np.random.default_rng(9)
    X, y = rng.standard_normal((40, 3)).astype(dtype), rng.standard_normal((40, 2)).astype(dtype)
    return X[:26], y[:26], X[26:], y[26:]


def everything(rng, optimizer=Adam, own_rng=None):
    """A trainer that uses all there is to save."""
    layers = [Dense(5, Tanh()), BatchNorm(), Dropout(0.3, own_rng), Dense(2)]
    return Trainer(
        NeuralNetwork(layers, MeanSquaredError(), rng),
        optimizer(0.05),
        schedule=WarmUp(3, then=CosineDecay(0.05, length=30)),
        schedule_every="step",
        max_norm=1.0,
        penalty=L2(0.01),
    )


def plain(rng):
    return Trainer(NeuralNetwork([Dense(5, Tanh()), Dense(2)], MeanSquaredError(), rng), SGD(0.1))


def fit(trainer, path=None, dtype=float, **options):
    options = {"epochs": EPOCHS, "batch_size": 8, "patience": 4, **options}
    return trainer.fit(*data(dtype), checkpoint=path, **options)


def outcome(trainer, history):
    """All that a run leaves behind, as one comparable text."""
    network = trainer.network
    rngs = [network.rng, *(layer.rng for layer in network.layers)]
    states = [r.bit_generator.state if hasattr(r, "bit_generator") else r.get_state() for r in rngs]
    arrays = [*network.params(), *network.buffers(), *flatten(trainer.optimizer.state()).values()]
    return repr([history, states, [(array.dtype, array.tobytes()) for array in arrays]])


def ended(trainer, path=None, **options):
    """The outcome of a run that is let to its end."""
    return outcome(trainer, fit(trainer, path, **options))


class Wider(Dense):
    pass


class Interrupted(Exception):
    pass


def interrupt(trainer, after, path, **options):
    """Start a run and break it off in the middle of a batch, as a person or a power cut might."""
    network, done = trainer.network, 0
    whole = network.train_batch

    def train_batch(X, y):
        nonlocal done
        done += 1
        if done > after:
            raise Interrupted
        return whole(X, y)

    network.train_batch = train_batch
    with pytest.raises(Interrupted):
        fit(trainer, path, **options)
    del network.train_batch


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npz"


# Going on. An epoch has 4 batches: the breaks are before the first, within and between epochs.


@pytest.mark.parametrize("after", [0, 3, 4, 5, 11, 23])
def test_a_run_interrupted_anywhere_goes_on_in_another_process_bit_for_bit(path, after):
    expected = ended(everything(np.random.default_rng(1)))
    interrupt(everything(np.random.default_rng(1)), after, path)
    assert ended(everything(np.random.default_rng(1)), path) == expected


@pytest.mark.parametrize("after", [5, 11, 23])
def test_a_run_goes_on_in_the_same_trainer_bit_for_bit(path, after):
    expected = ended(everything(np.random.default_rng(1)))
    trainer = everything(np.random.default_rng(1))
    interrupt(trainer, after, path)
    assert ended(trainer, path) == expected


def test_a_run_interrupted_again_and_again_comes_to_the_same_end(path):
    expected = ended(everything(np.random.default_rng(1)))
    for _ in range(EPOCHS - 1):
        interrupt(everything(np.random.default_rng(1)), 6, path)
    assert ended(everything(np.random.default_rng(1)), path) == expected


CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from test_checkpoint import everything, fit, np
fit(everything(np.random.default_rng(1)), sys.argv[2], epochs=10**6, patience=400)
"""


@pytest.mark.slow
def test_a_run_whose_process_is_killed_goes_on_bit_for_bit(path):
    command = [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(path)]
    for kill in range(3):
        child = subprocess.Popen(command)
        while not path.exists() and child.poll() is None:
            time.sleep(0.01)
        time.sleep(0.1 * kill)
        child.kill()
        child.wait()
    done = len(unflatten(read_npz(path, CHECKPOINT))["run"]["history"]["train_loss"])
    assert done > 0
    trainer = everything(np.random.default_rng(1))
    assert ended(trainer, path, epochs=done + 5, patience=400) == ended(
        everything(np.random.default_rng(1)), epochs=done + 5, patience=400
    )


@pytest.mark.parametrize("optimizer", [SGD, Momentum, Nesterov, RMSProp, Adam, AdamW])
def test_every_optimizer_goes_on_bit_for_bit(path, optimizer):
    expected = ended(everything(np.random.default_rng(1), optimizer))
    interrupt(everything(np.random.default_rng(1), optimizer), 10, path)
    assert ended(everything(np.random.default_rng(1), optimizer), path) == expected


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
def test_every_generator_of_numpy_goes_on_bit_for_bit(path, generator):
    def build():
        return everything(generator(1), own_rng=generator(2))

    expected = ended(build())
    interrupt(build(), 10, path)
    assert ended(build(), path) == expected


def test_a_seed_other_than_that_of_the_file_plays_no_part(path):
    expected = ended(everything(np.random.default_rng(1)))
    interrupt(everything(np.random.default_rng(1)), 10, path)
    assert ended(everything(np.random.default_rng(77)), path) == expected


def test_float32_goes_on_bit_for_bit(path):
    expected = ended(everything(np.random.default_rng(1)), dtype=np.float32)
    interrupt(everything(np.random.default_rng(1)), 10, path, dtype=np.float32)
    fresh = everything(np.random.default_rng(1))
    assert ended(fresh, path, dtype=np.float32) == expected
    assert {array.dtype for array in fresh.network.params()} == {np.dtype(np.float32)}


def test_early_stopping_remembers_across_the_break_how_long_it_has_waited(path):
    def build():
        trainer = plain(np.random.default_rng(3))
        trainer.optimizer.lr = 0.9  # too large: the validation loss soon rises
        return trainer

    options = {"epochs": 60, "patience": 5}
    history = fit(trainer := build(), **options)
    assert history.stopped_early
    expected = outcome(trainer, history)
    for after in range(4 * history.best_epoch, 4 * len(history.train_loss), 4):
        path.unlink(missing_ok=True)
        interrupt(build(), after + 2, path, **options)
        assert ended(build(), path, **options) == expected


def test_a_checkpoint_does_not_disturb_the_run(path):
    expected = ended(everything(np.random.default_rng(1)))
    assert ended(everything(np.random.default_rng(1)), path) == expected


def test_a_finished_run_comes_back_without_training(path):
    expected = ended(everything(np.random.default_rng(1)), path)
    fresh = everything(np.random.default_rng(1))
    fresh.network.train_batch = None
    assert ended(fresh, path) == expected


def test_a_finished_run_can_be_made_longer(path):
    expected = ended(plain(np.random.default_rng(1)), epochs=9, patience=None)
    fit(plain(np.random.default_rng(1)), path, epochs=4, patience=None)
    assert ended(plain(np.random.default_rng(1)), path, epochs=9, patience=None) == expected


def test_the_file_is_written_every_so_many_epochs_and_at_the_end(path, monkeypatch):
    from chainrule import checkpoint

    written = []
    monkeypatch.setattr(
        checkpoint, "write_npz", lambda _, __, arrays: written.append(unflatten(arrays))
    )
    fit(plain(np.random.default_rng(1)), path, epochs=8, checkpoint_every=3, patience=None)
    assert [len(tree["run"]["history"]["train_loss"]) for tree in written] == [3, 6, 8]


def test_the_restored_arrays_are_those_the_caller_holds(path):
    interrupt(everything(np.random.default_rng(1)), 10, path)
    trainer = everything(np.random.default_rng(1))
    held = trainer.network.build(3).params()
    fit(trainer, path)
    assert all(one is other for one, other in zip(held, trainer.network.params(), strict=True))


# What is refused. Nothing is changed then, and nothing is trained.


def assert_refused(path, trainer, message, arguments=None, error=ValueError, **options):
    network = trainer.network
    before = copy.deepcopy(outcome(trainer, None))
    network.train_batch = lambda X, y: pytest.fail("trained")
    arguments = data() if arguments is None else arguments
    options = {"epochs": EPOCHS, "batch_size": 8, "patience": 4, **options}
    with pytest.raises(error, match=message):
        trainer.fit(*arguments, checkpoint=path, **options)
    assert outcome(trainer, None) == before


@pytest.mark.parametrize(
    ("name", "was", "now"),
    [("batch_size", 8, 9), ("eval_every", 1, 2), ("patience", 4, 5)],
)
def test_a_checkpoint_of_a_run_with_other_counts_is_refused(path, name, was, now):
    interrupt(plain(np.random.default_rng(1)), 10, path)
    message = rf"run\.npz is of another run: {name} was {was}, and is {now} now; delete the file"
    assert_refused(path, plain(np.random.default_rng(1)), message, **{name: now})


def changed(trainer, **attributes):
    for name, value in attributes.items():
        setattr(trainer, name, value)
    return trainer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_norm": 3.0}, "max_norm was 1.0, and is 3.0 now"),
        ({"penalty": L2(0.5)}, r"penalty was L2\(strength=0.01\), and is L2\(strength=0.5\) now"),
        ({"penalty": None}, r"penalty was L2\(strength=0.01\), and is None now"),
        ({"schedule": CosineDecay(0.1, 5)}, r"schedule was WarmUp\(length=3, then=CosineDecay\(lr"),
        ({"schedule_every": "epoch"}, "schedule_every was step, and is epoch now"),
        ({"optimizer": SGD(0.05)}, r"optimizer was Adam\(betas=\(0.9, .*, and is SGD\(\) now"),
        ({"optimizer": Adam(0.05, eps=1e-3)}, "optimizer was Adam.*eps=1e-08.*eps=0.001"),
    ],
)
def test_a_checkpoint_of_a_run_with_other_parts_is_refused(path, change, message):
    interrupt(everything(np.random.default_rng(1)), 10, path)
    trainer = changed(everything(np.random.default_rng(1)), **change)
    assert_refused(path, trainer, message)


@pytest.mark.parametrize("every", ["epoch", "step"])
def test_another_function_of_the_same_name_is_refused_by_the_rates_it_gives(path, every):
    def trainer(schedule):
        options = {"schedule": schedule, "schedule_every": every}
        return changed(plain(np.random.default_rng(1)), **options)

    expected = ended(trainer(lambda done: 0.1 / (1 + done)))
    interrupt(trainer(lambda done: 0.1 / (1 + done)), 10, path)
    message = "the schedule gave .* in epoch [12], and gives .* now; delete the file"
    assert_refused(path, trainer(lambda done: 0.2 / (1 + done)), message)
    assert_refused(path, trainer(lambda done: 0.1 if done == 0 else 0.07), message)
    assert ended(trainer(lambda done: 0.1 / (done + 1)), path) == expected


def test_another_learning_rate_is_refused_where_no_schedule_sets_it(path):
    interrupt(plain(np.random.default_rng(1)), 10, path)
    trainer = changed(plain(np.random.default_rng(1)), optimizer=SGD(0.2))
    assert_refused(path, trainer, r"optimizer was SGD\(lr=0.1\), and is SGD\(lr=0.2\) now")


@pytest.mark.parametrize(
    ("layers", "loss", "message"),
    [
        ([Dense(5, Sigmoid()), Dense(2)], MeanSquaredError(), "layers was .*Tanh.*Sigmoid"),
        ([Dense(2)], MeanSquaredError(), r"layers was .* and is \['Dense\(neurons=2,"),
        ([Dense(6, Tanh()), Dense(2)], MeanSquaredError(), "layers was .*neurons=5.*neurons=6"),
        ([Dense(5, Tanh(), init=he), Dense(2)], MeanSquaredError(), "init=normal.*init=he"),
        ([Dense(5, Tanh()), Dense(2)], MeanAbsoluteError(), "loss was MeanSquaredError"),
    ],
)
def test_a_checkpoint_of_another_network_is_refused(path, layers, loss, message):
    interrupt(plain(np.random.default_rng(1)), 10, path)
    layers = copy.deepcopy(layers)
    network = NeuralNetwork(layers, loss, np.random.default_rng(1))
    assert_refused(path, Trainer(network, SGD(0.1)), message)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (Dropout(0.1), Dropout(0.2), r"Dropout\(rate=0.1\).*Dropout\(rate=0.2\)"),
        (BatchNorm(0.1), BatchNorm(0.2), "momentum=0.1.*momentum=0.2"),
        (Dense(2, LeakyReLU(0.1)), Dense(2, LeakyReLU(0.2)), "slope=0.1.*slope=0.2"),
        (Dense(2), Wider(2), r"Dense\(.*Wider\("),
    ],
)
def test_a_layer_with_other_settings_is_noticed(path, one, other, message):
    def build(layer):
        layers = [copy.deepcopy(layer), Dense(2)]
        network = NeuralNetwork(layers, MeanSquaredError(), np.random.default_rng(1))
        return Trainer(network, SGD(0.01))

    interrupt(build(one), 10, path)
    assert_refused(path, build(other), message)
    fit(build(one), path)


def test_the_same_parameters_under_the_same_names_are_needed(path):
    """Settings alone do not tell a network built for other data."""
    interrupt(plain(np.random.default_rng(1)), 10, path)
    tree = unflatten(read_npz(path, CHECKPOINT))
    tree["network"]["layer0.Dense.param0"] = np.zeros((4, 5))
    write_npz(path, CHECKPOINT, flatten(tree))
    message = r"layer0\.Dense\.param0 has shape \(4, 5\) and dtype float64, in the network \(3, 5\)"
    assert_refused(path, plain(np.random.default_rng(1)), message)


@pytest.mark.parametrize("position", range(4))
def test_a_checkpoint_of_a_run_on_other_data_is_refused(path, position):
    interrupt(plain(np.random.default_rng(1)), 10, path)
    arguments = list(data())
    arguments[position][3, 1] += 1e-9
    assert_refused(path, plain(np.random.default_rng(1)), "data was .*, and is", arguments)


def test_a_checkpoint_of_a_run_without_validation_is_refused_by_one_with_it(path):
    trainer = plain(np.random.default_rng(1))
    trainer.fit(*data()[:2], epochs=2, batch_size=8, checkpoint=path)
    assert_refused(path, plain(np.random.default_rng(1)), "data was", patience=None)


def test_the_state_of_another_kind_of_generator_is_refused(path):
    interrupt(plain(np.random.default_rng(1)), 10, path)
    for generator in (GENERATORS["MT19937"], GENERATORS["legacy"]):
        assert_refused(path, plain(generator(1)), "is of another run")


def test_a_damaged_checkpoint_is_refused(path):
    interrupt(plain(np.random.default_rng(1)), 10, path)
    path.write_bytes(path.read_bytes()[:-100])
    assert_refused(path, plain(np.random.default_rng(1)), r"run\.npz is damaged")


def test_a_file_of_parameters_is_no_checkpoint(path):
    trainer = plain(np.random.default_rng(1))
    save_params(trainer.network.build(3), path)
    assert_refused(path, plain(np.random.default_rng(1)), "no file of 'chainrule checkpoint 1'")


@pytest.mark.parametrize("missing", ["settings", "network", "optimizer", "generators", "run"])
def test_a_checkpoint_without_one_of_its_parts_is_refused(path, missing):
    interrupt(plain(np.random.default_rng(1)), 10, path)
    tree = unflatten(read_npz(path, CHECKPOINT))
    del tree[missing]
    write_npz(path, CHECKPOINT, flatten(tree))
    assert_refused(path, plain(np.random.default_rng(1)), f"is of another run: '{missing}'")


def test_an_array_under_another_name_is_refused(path):
    interrupt(plain(np.random.default_rng(1)), 10, path)
    arrays = read_npz(path, CHECKPOINT)
    arrays["arrays/network/other"] = arrays.pop("arrays/network/layer0.Dense.param0")
    write_npz(path, CHECKPOINT, arrays)
    assert_refused(path, plain(np.random.default_rng(1)), "is of another run: .*param0")


class Zeros:
    """Offers what a network needs of a generator, but no state."""

    standard_normal = staticmethod(np.zeros)
    permutation = staticmethod(np.arange)

    def __repr__(self):
        return "Zeros()"


def test_a_generator_whose_state_nobody_knows_is_refused_before_the_first_epoch(path):
    trainer = plain(Zeros())
    trainer.network.train_batch = lambda X, y: pytest.fail("trained")
    with pytest.raises(TypeError, match=r"a generator whose state can be saved, .* got Zeros\(\)"):
        fit(trainer, path)
    assert not path.exists()


# The pieces


def test_a_tree_survives_flattening():
    tree = {
        "text": "x",
        "numbers": [1, 2**100, 0.1, float("inf"), None, True, np.int64(3), np.float32(0.5)],
        "nested": {"array": np.arange(3), "deeper": [np.zeros((0, 2)), {"a": np.ones(1, "f4")}]},
        "empty": [[], {}],
    }
    flat = flatten(tree)
    assert all(isinstance(value, np.ndarray) for value in flat.values())
    back = unflatten(flat)
    assert repr(back) == repr({**tree, "numbers": [*tree["numbers"][:6], 3, 0.5]})


def test_an_infinity_is_kept_in_the_text():
    assert "Infinity" in flatten({"best": np.inf})["tree"].tobytes().decode()
    assert json.loads("Infinity") == np.inf


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (None, "None"),
        (L2(0.1), "L2(strength=0.1)"),
        (CosineDecay(0.1, 5), "CosineDecay(lr=0.1, length=5, lowest=0.0)"),
        (WarmUp(2, 0.5), "WarmUp(length=2, then=0.5)"),
        (interrupt, "interrupt"),
        (float, "float"),
        (
            Dense(3, LeakyReLU(0.1)),
            "Dense(neurons=3, activation=LeakyReLU(slope=0.1), init=normal)",
        ),
    ],
)
def test_a_part_is_described_by_its_settings(part, text):
    assert describe(part, leave_out=("rng",)) == text


def test_a_description_is_the_same_in_every_process():
    for part in (WarmUp(2, lambda done: 1.0), partial(interrupt, after=1), Zeros()):
        assert "0x" not in describe(part)


def test_a_fingerprint_sees_values_shapes_dtypes_and_places():
    a = np.arange(6.0)
    prints = [
        fingerprint(a),
        fingerprint(a.reshape(2, 3)),
        fingerprint(a.astype("f4")),
        fingerprint(a + 1e-12),
        fingerprint(a, a),
        fingerprint(a[::-1]),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint(a, None) == fingerprint(a.copy()) == fingerprint(np.repeat(a, 2)[::2])
