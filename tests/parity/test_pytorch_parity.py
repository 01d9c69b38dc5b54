"""The framework computes what PyTorch computes, to 1e-12 in float64."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import replay

RECORDED = replay.load()
GIVEN = {"X", "y", "W", "b", "upstream", "kept", "batches", "scale", "shift", "start"}
GIVEN |= {"prediction", "target"}
COMPUTED = [name for name in RECORDED if name.rpartition("/")[2] not in GIVEN]


@pytest.fixture(scope="module")
def replayed():
    return replay.replay(RECORDED)


def test_all_that_was_recorded_is_compared(replayed):
    assert sorted(replayed) == sorted(COMPUTED)


@pytest.mark.parametrize("name", COMPUTED)
def test_the_framework_computes_what_pytorch_computed(replayed, name):
    assert replay.difference(replayed[name], RECORDED[name]) < 1e-12


@pytest.mark.parametrize("part", ["operation", "loss", "optimizer"])
def test_a_small_mistake_in_any_part_would_show(part, monkeypatch):
    targets = {
        "operation": (replay.operations.Tanh, "_input_grad", "activations/Tanh/X_grad"),
        "loss": (replay.losses.MeanSquaredError, "_output", "losses/MeanSquaredError/loss"),
        "optimizer": (replay.Adam, "_update", "training/Adam/params"),
    }
    kind, method, name = targets[part]
    right = getattr(kind, method)

    def slightly_wrong(self, *arguments, **memory):
        if part == "optimizer":
            arguments[0][...] *= 1 + 1e-11
            return right(self, *arguments, **memory)
        return right(self, *arguments) * (1 + 1e-11)

    monkeypatch.setattr(kind, method, slightly_wrong)
    assert replay.difference(replay.replay(RECORDED)[name], RECORDED[name]) > 1e-12


def test_the_recording_is_small_and_in_float64():
    assert replay.REFERENCE.stat().st_size < 100_000
    floats = [array for name, array in RECORDED.items() if array.dtype.kind == "f"]
    assert {array.dtype for array in floats} == {np.dtype(np.float64)}


def test_a_difference_is_relative_to_what_is_large_and_absolute_for_what_is_small():
    assert replay.difference([1000.0], [1001.0]) == pytest.approx(1 / 1001)
    assert replay.difference([0.001], [0.002]) == pytest.approx(0.001)
    assert replay.difference([[1.0]], [1.0]) == np.inf


def test_pytorch_still_computes_what_was_recorded():
    pytest.importorskip("torch", reason="recorded values are compared where PyTorch is missing")
    path = Path(__file__).parents[2] / "tools" / "record_parity.py"
    spec = importlib.util.spec_from_file_location("record_parity", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.largest_difference(tool.record(), RECORDED) < 1e-12
