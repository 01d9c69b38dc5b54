import copy
import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from chainrule.layers import BatchNorm, Dense
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork
from chainrule.operations import Tanh
from chainrule.optimizers import SGD
from chainrule.storage import PARAMETERS, load_params, read_npz, save_params, write_npz


def rng(seed=0):
    return np.random.default_rng(seed)


def network(seed=0, hidden=4):
    layers = [Dense(hidden, Tanh()), BatchNorm(), Dense(2)]
    return NeuralNetwork(layers, MeanSquaredError(), rng(seed))


def data(dtype=float):
    return rng(5).standard_normal((9, 3)).astype(dtype), rng(6).standard_normal((9, 2))


def trained(dtype=float, seed=0):
    """A network whose parameters and running averages are not the ones it began with."""
    net, (X, y) = network(seed), data(dtype)
    for _ in range(3):
        net.train_batch(X, y)
        SGD(0.1).step(net.params(), net.param_grads())
    return net.eval()


def arrays_of(net):
    return [array.copy() for array in net.params() + net.buffers()]


def assert_same(ones, others):
    assert len(ones) == len(others)
    for one, other in zip(ones, others, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.npz"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loaded_network_predicts_the_same_to_the_last_bit(path, dtype):
    saved, (X, _) = trained(dtype), data(dtype)
    save_params(saved, path)
    loaded = network(seed=1)
    loaded.forward(X)
    load_params(loaded, path)
    assert_same(arrays_of(loaded), arrays_of(saved))
    assert_same([loaded.eval().forward(X)], [saved.forward(X)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_without_parameters_is_built_for_the_file(path, dtype):
    saved, (X, _) = trained(dtype), data(dtype)
    save_params(saved, path)
    loaded = network(seed=1)
    load_params(loaded, path)
    assert loaded.training
    assert_same([loaded.eval().forward(X)], [saved.forward(X)])


def test_parameters_are_loaded_into_the_arrays_that_are_there(path):
    save_params(trained(), path)
    loaded = network(seed=1).build(3)
    held = loaded.params() + loaded.buffers()
    load_params(loaded, path)
    for one, other in zip(held, loaded.params() + loaded.buffers(), strict=True):
        assert one is other


def test_the_file_is_one_that_numpy_reads_with_a_name_for_every_array(path):
    saved = trained()
    save_params(saved, path)
    with np.load(path, allow_pickle=False) as archive:
        assert archive.files == [
            "kind",
            "n_features",
            "layer0.Dense.param0",
            "layer0.Dense.param1",
            "layer1.BatchNorm.param0",
            "layer1.BatchNorm.param1",
            "layer1.BatchNorm.buffer0",
            "layer1.BatchNorm.buffer1",
            "layer2.Dense.param0",
            "layer2.Dense.param1",
        ]
        np.testing.assert_array_equal(archive["layer0.Dense.param0"], saved.params()[0])


def test_saving_changes_nothing(path):
    saved = trained()
    before, state = arrays_of(saved), saved.rng.bit_generator.state
    save_params(saved, path)
    assert_same(arrays_of(saved), before)
    assert saved.rng.bit_generator.state == state


def test_the_path_is_taken_as_it_is_and_may_be_text(tmp_path):
    save_params(trained(), str(tmp_path / "net.params"))
    assert [file.name for file in tmp_path.iterdir()] == ["net.params"]
    load_params(network(), str(tmp_path / "net.params"))


def test_a_file_that_is_there_is_replaced_and_nothing_is_left_over(path):
    save_params(trained(seed=1), path)
    save_params(second := trained(seed=2), path)
    load_params(loaded := network(), path)
    assert_same(arrays_of(loaded), arrays_of(second))
    assert [file.name for file in path.parent.iterdir()] == ["net.npz"]


@pytest.mark.parametrize("moment", ["savez", "fsync"])
def test_a_save_that_fails_leaves_the_old_file_whole(path, monkeypatch, moment):
    save_params(first := trained(seed=1), path)

    def fail(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(np if moment == "savez" else os, moment, fail)
    with pytest.raises(OSError, match="no space left"):
        save_params(trained(seed=2), path)
    load_params(loaded := network(), path)
    assert_same(arrays_of(loaded), arrays_of(first))
    assert [file.name for file in path.parent.iterdir()] == ["net.npz"]


# What is refused. Every refusal leaves the network as it was, whether it had parameters or not.


@pytest.fixture(params=["built", "unbuilt"])
def untouched(request):
    """A network that must look the same at the end of the test."""
    net = network(seed=3)
    if request.param == "built":
        net.build(3)
    before = arrays_of(net), copy.deepcopy(net.rng.bit_generator.state)
    yield net
    assert_same(arrays_of(net), before[0])
    assert net.rng.bit_generator.state == before[1]


def test_a_network_without_parameters_cannot_be_saved(path):
    with pytest.raises(RuntimeError, match="no parameters yet: run a batch through it or build"):
        save_params(network(), path)
    assert not path.exists()


@pytest.mark.parametrize("strange", [None, "net", [Dense(3)], NeuralNetwork])
def test_what_is_no_network_is_refused(path, strange):
    save_params(trained(), path)
    before = path.read_bytes()
    for store in (save_params, load_params):
        with pytest.raises(TypeError, match="network must be a network, got "):
            store(strange, path)
    assert path.read_bytes() == before


def test_a_file_that_is_not_there_is_reported_as_such(path, untouched):
    with pytest.raises(FileNotFoundError, match=r"net\.npz"):
        load_params(untouched, path)


@pytest.mark.parametrize(
    "content",
    [b"", b"not an archive", b"PK\x03\x04", pickle.dumps([1, 2]), b"\x93NUMPY\x01\x00" + bytes(50)],
    ids=["empty", "text", "stub", "pickle", "header"],
)
def test_something_else_is_refused(path, untouched, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.npz is damaged, or no \.npz file"):
        load_params(untouched, path)


def test_a_single_array_is_refused(path, untouched):
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(ValueError, match=r"net\.npz is damaged, or no \.npz file"):
        load_params(untouched, path)


def test_an_archive_of_somebody_else_is_refused(path, untouched):
    np.savez(path, weights=np.ones(3))
    with pytest.raises(ValueError, match=r"net\.npz is no file of 'chainrule parameters 1'"):
        load_params(untouched, path)


@pytest.mark.parametrize("kind", ["chainrule checkpoint 1", "chainrule parameters 2"])
def test_a_file_of_another_kind_is_refused(path, untouched, kind):
    write_npz(path, kind, {"n_features": np.array(3)})
    with pytest.raises(ValueError, match="is no file of 'chainrule parameters 1'"):
        load_params(untouched, path)


def test_a_pickle_in_an_array_is_never_opened(path, untouched):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    trap = np.empty(1, dtype=object)
    trap[0] = Trap()
    np.savez(path, kind=np.array(PARAMETERS), n_features=trap)
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        load_params(untouched, path)


def test_a_file_cut_off_anywhere_is_refused(path):
    save_params(trained(), path)
    whole, net = path.read_bytes(), network(seed=3).build(3)
    before = arrays_of(net)
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged"):
            load_params(net, path)
    assert_same(arrays_of(net), before)


def test_a_byte_changed_anywhere_is_noticed_or_does_no_harm(path):
    save_params(saved := trained(), path)
    whole, expected = bytearray(path.read_bytes()), arrays_of(saved)
    noticed = 0
    for position in range(0, len(whole), 11):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        net = network(seed=3).build(3)
        before = arrays_of(net)
        try:
            load_params(net, path)
        except ValueError:
            noticed += 1
            assert_same(arrays_of(net), before)
        else:  # dates and flags of the archive
            assert_same(arrays_of(net), expected)
    assert noticed > len(whole) / 11 / 2


@pytest.mark.parametrize("shape", [(2**62,), (2**40, 2**10)])
def test_an_array_that_only_claims_to_be_huge_is_refused(path, untouched, shape):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"shape": shape, "fortran_order": False, "descr": "<f8"}
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("n_features.npy", header.getvalue())
    with pytest.raises(ValueError, match="damaged"):
        load_params(untouched, path)


def test_the_parameters_of_other_layers_are_refused(path):
    save_params(trained(), path)
    net = NeuralNetwork([Dense(4), Dense(2)], MeanSquaredError(), rng()).build(3)
    before = arrays_of(net)
    with pytest.raises(
        ValueError, match=r"does not fit the network: it has .*layer1\.BatchNorm.*, the network .*"
    ):
        load_params(net, path)
    assert_same(arrays_of(net), before)


@pytest.mark.parametrize("build", [True, False])
def test_parameters_of_another_shape_are_refused_by_name_with_both_shapes(path, build):
    save_params(trained(), path)
    net = network(hidden=5)
    if build:
        net.build(3)
    before = arrays_of(net)
    with pytest.raises(ValueError, match=r"layer0\.Dense\.param0 has shape \(3, 4\).*\(3, 5\)"):
        load_params(net, path)
    assert_same(arrays_of(net), before)


def test_parameters_of_another_dtype_are_refused(path):
    save_params(trained(np.float32), path)
    net = network().build(3)
    before = arrays_of(net)
    with pytest.raises(ValueError, match=r"has shape \(3, 4\) and dtype float32, .* and float64"):
        load_params(net, path)
    assert_same(arrays_of(net), before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("n_features"), "'n_features'"),
        (lambda arrays: arrays.pop("layer2.Dense.param1"), "it has .*, the network"),
        (lambda arrays: arrays.update(n_features=np.ones(3)), "does not fit the network"),
        (lambda arrays: arrays.update(n_features=np.array(0)), "does not fit the network"),
        (lambda arrays: arrays.update(n_features=np.array(4)), "does not fit the network"),
        (lambda arrays: arrays.update(n_features=np.array(10**17)), "does not fit the network"),
        (lambda arrays: arrays.update(more=np.ones(3)), "it has .*more, the network"),
    ],
)
def test_a_file_that_lacks_or_has_too_much_is_refused(path, untouched, change, message):
    save_params(trained(), path)
    arrays = read_npz(path, PARAMETERS)
    change(arrays)
    write_npz(path, PARAMETERS, arrays)
    with pytest.raises(ValueError, match=message):
        load_params(untouched, path)


def test_a_file_without_any_array_is_refused(path, untouched):
    write_npz(path, PARAMETERS, {"n_features": np.array(3)})
    with pytest.raises(ValueError, match="does not fit the network"):
        load_params(untouched, path)
