import copy
import json

import numpy as np
import pytest

from chainrule import losses, operations
from chainrule.description import ACTIVATIONS, INITIALISERS, LOSSES, network_from_description
from chainrule.layers import BatchNorm, Dense, Dropout
from chainrule.network import NeuralNetwork

DESCRIPTION = [
    {"type": "input", "neurons": 4},
    {"type": "fully connected", "neurons": 8, "activation": "tanh"},
    {"type": "output", "neurons": 3, "loss": "mean squared error"},
]


def rng():
    return np.random.default_rng(3)


def described(*changes, **of_the_middle):
    """The description above with a changed layer in the middle, or other layers there."""
    middle = changes or ({**DESCRIPTION[1], **of_the_middle},)
    return [DESCRIPTION[0], *middle, DESCRIPTION[2]]


def test_a_description_gives_the_network_that_code_would_build():
    network = network_from_description(DESCRIPTION, rng())
    layers = [Dense(8, operations.Tanh()), Dense(3)]
    same = NeuralNetwork(layers, losses.MeanSquaredError(), rng())
    X, y = rng().standard_normal((5, 4)), rng().standard_normal((5, 3))
    assert network.train_batch(X, y) == same.train_batch(X, y)
    for one, other in zip(network.param_grads(), same.param_grads(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_described_network_has_its_parameters_from_the_start():
    network = network_from_description(DESCRIPTION, rng(), dtype=np.float32)
    assert [param.shape for param in network.params()] == [(4, 8), (1, 8), (8, 3), (1, 3)]
    assert {param.dtype for param in network.params()} == {np.dtype(np.float32)}


def test_a_described_network_takes_data_of_the_described_width_only():
    network = network_from_description(DESCRIPTION, rng())
    with pytest.raises(ValueError, match=r"input_ has shape \(2, 5\).*need \(n_samples, 4\)"):
        network.forward(np.zeros((2, 5)))


def test_a_description_can_come_from_json_and_stays_as_it_is():
    read = json.loads(json.dumps(DESCRIPTION))
    network_from_description(read, rng())
    assert read == DESCRIPTION


def test_input_and_output_alone_are_linear_regression():
    network = network_from_description([DESCRIPTION[0], DESCRIPTION[2]], rng())
    assert [type(layer.activation) for layer in network.layers] == [operations.Linear]


def test_every_layer_gets_an_activation_of_its_own():
    middle = {"type": "fully connected", "neurons": 2, "activation": "relu"}
    network = network_from_description(described(middle, middle), rng())
    first, second, _ = network.layers
    assert first.activation is not second.activation


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_can_be_described(name):
    network = network_from_description(described(activation=name), rng())
    assert type(network.layers[0].activation) is ACTIVATIONS[name]


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_can_be_described(name):
    output = {**DESCRIPTION[2], "loss": name}
    network = network_from_description([DESCRIPTION[0], output], rng())
    assert type(network.loss) is LOSSES[name]


def test_every_activation_and_loss_of_the_framework_has_a_name():
    parts = {operations.WeightMultiply, operations.BiasAdd, operations.ParamOperation}
    known = {operations.Operation: ({*ACTIVATIONS.values()} | parts), losses.Loss: LOSSES.values()}
    for base, names in known.items():
        module = operations if base is operations.Operation else losses
        defined = {
            part
            for part in vars(module).values()
            if isinstance(part, type)
            and issubclass(part, base)
            and part.__module__ == base.__module__
        }
        assert defined - {base} == {*names}


@pytest.mark.parametrize("name", INITIALISERS)
def test_every_initialiser_can_be_described(name):
    network = network_from_description(described(initialiser=name), rng())
    weights, bias = INITIALISERS[name](rng(), 4, 8)
    np.testing.assert_array_equal(network.params()[0], weights)
    np.testing.assert_array_equal(network.params()[1], bias)


def test_dropout_and_batch_normalisation_can_be_described():
    network = network_from_description(
        described(
            DESCRIPTION[1],
            {"type": "batch normalisation", "momentum": 0.3},
            {"type": "dropout", "rate": 0.2},
            {"type": "batch normalisation"},
        ),
        rng(),
    )
    assert [type(x) for x in network.layers] == [Dense, BatchNorm, Dropout, BatchNorm, Dense]
    assert [network.layers[1].momentum, network.layers[2].rate] == [0.3, 0.2]
    assert network.training


# What is refused


def without(position, key):
    changed = copy.deepcopy(DESCRIPTION)
    del changed[position][key]
    return changed


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (
            described(neuron=3),
            r'description\[1\] \(fully connected\) has the unknown key "neuron"; '
            'did you mean "neurons"',
        ),
        (described(Activation="tanh"), 'unknown key "Activation"; did you mean "activation"'),
        (described(loss="x"), r'unknown key "loss"; known are "type", "neurons", "act'),
        (described({**DESCRIPTION[1], 7: 1}), 'has the unknown key "7"; known are'),
        (
            described(type="fully conected"),
            r"description\[1\]: type is the unknown name "
            '"fully conected"; did you mean "fully connected"',
        ),
        (described(type="dense"), 'the unknown name "dense"; known are "input", "fully connected"'),
        (
            described(activation="TanH"),
            r'description\[1\]: activation is the unknown name "TanH"; '
            'did you mean "tanh"',
        ),
        (described(activation="xyz"), 'unknown name "xyz"; known are "linear", "sigmoid", "tanh"'),
        (described(initialiser="glorot"), 'unknown name "glorot"; known are "norm'),
        (
            [DESCRIPTION[0], {**DESCRIPTION[2], "loss": "mean square error"}],
            r'description\[1\]: loss is .* did you mean "mean squared error"',
        ),
        (without(0, "neurons"), r'description\[0\] \(input\) needs the key "neurons"; it has'),
        (without(1, "neurons"), r'description\[1\] \(fully connected\) needs the key "neurons"'),
        (without(2, "loss"), r'description\[2\] \(output\) needs the key "loss"'),
        (without(1, "type"), r'description\[1\] needs the key "type"; it has "neuro'),
        (described({}), r'description\[1\] needs the key "type"; it has none'),
        (described(neurons=0), r"description\[1\]: neurons must be at least 1, got 0"),
        (described({"type": "dropout", "rate": 1}), r"description\[1\] \(dropout\): rate must be"),
        (
            described({"type": "batch normalisation", "eps": 0}),
            r"description\[1\] \(batch normalisation\): eps must be above 0, got 0",
        ),
        ([], "input must come once and first, got it at: nowhere"),
        (DESCRIPTION[1:], "input must come once and first, got it at: nowhere"),
        (DESCRIPTION[:2], "output must come once and last, got it at: nowhere"),
        (DESCRIPTION[::-1], r"input must come once and first, got it at: description\[2\]"),
        ([DESCRIPTION[0], *DESCRIPTION], r"input .* got it at: description\[0\], description\[1\]"),
        ([*DESCRIPTION, DESCRIPTION[1]], r"output must come once and last, got it at: desc.*\[2\]"),
        ([DESCRIPTION[0]], "output must come once and last"),
    ],
)
def test_a_bad_description_is_refused_with_place_and_remedy(description, message):
    with pytest.raises(ValueError, match=message):
        network_from_description(description, rng())


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("input", "a description must be a list of dicts, got 'input'"),
        (DESCRIPTION[0], "a description must be a list of dicts, got {'type'"),
        (None, "a description must be a list of dicts, got None"),
        ([DESCRIPTION[0], "output"], r"description\[1\] must be a dict, got 'output'"),
        (described(type=3), r"description\[1\]: type must be a name, as text, got 3"),
        (described(activation=None), r"description\[1\]: activation must be a name"),
        (described(neurons="8"), r"description\[1\]: neurons must be a whole number, got '8'"),
        (described(neurons=8.0), r"description\[1\]: neurons must be a whole number, got 8.0"),
        (described(neurons=True), r"description\[1\]: neurons must be a whole number, got True"),
        (
            [{**DESCRIPTION[0], "neurons": None}, DESCRIPTION[2]],
            r"description\[0\]: neurons must be a whole number, got None",
        ),
        (described({"type": "dropout", "rate": "0.5"}), r"\(dropout\): rate must be a number"),
    ],
)
def test_a_description_of_wrong_types_is_refused_with_the_place(description, message):
    with pytest.raises(TypeError, match=message):
        network_from_description(description, rng())


def test_a_dtype_that_is_no_float_is_refused():
    with pytest.raises(TypeError, match="dtype must be one of floats, got int64"):
        network_from_description(DESCRIPTION, rng(), dtype=np.int64)


def test_a_bad_description_draws_nothing():
    generator = rng()
    with pytest.raises(ValueError, match="unknown"):
        network_from_description(
            [*copy.deepcopy(DESCRIPTION[:2]), {**DESCRIPTION[2], "loss": "?"}], generator
        )
    assert generator.standard_normal() == rng().standard_normal()
