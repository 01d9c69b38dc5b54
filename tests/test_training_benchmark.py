"""What the training benchmark compares does the same work. No time is measured here."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("threadpoolctl")
BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def benchmark():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location(
            "training_benchmark", BENCHMARKS / "training.py"
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # where dataclasses look for it
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(BENCHMARKS))
        sys.modules.pop("training_benchmark", None)


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_the_bare_calls_train_as_the_framework_does_bit_for_bit(benchmark, name):
    work = benchmark.WORKLOADS[name]
    network, params = benchmark.network_for(work, np.float32), benchmark.parameters(work)
    for array, param in zip(network.params(), params, strict=True):
        np.testing.assert_array_equal(array, param)
    bare, ours = benchmark.bare(work, params), benchmark.ours(work, np.float32, network)
    for _ in range(3):
        bare()
        ours()
    at_first = benchmark.parameters(work)
    for array, param, first in zip(network.params(), params, at_first, strict=True):
        assert (param != first).any()
        np.testing.assert_array_equal(array, param)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_is_computed_in_the_dtype_that_is_named(benchmark, dtype):
    work = benchmark.WORKLOADS["c"]
    network = benchmark.network_for(work, dtype)
    benchmark.ours(work, dtype, network)()
    outputs = [op.output for layer in network.layers for op in layer.operations]
    arrays = [*outputs, *network.params(), *network.param_grads()]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
