"""Do with the framework what ``tools/record_parity.py`` did with PyTorch.

``python tests/parity/replay.py`` prints how far the two are apart.
"""

from pathlib import Path

import numpy as np

from chainrule import losses, operations
from chainrule.layers import BatchNorm, Dense, Dropout
from chainrule.network import NeuralNetwork
from chainrule.operations import LeakyReLU, Tanh
from chainrule.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, RMSProp

REFERENCE = Path(__file__).parent / "pytorch.npz"
OPTIMIZERS = {
    "SGD": lambda: SGD(0.1),
    "Momentum": lambda: Momentum(0.1, momentum=0.9),
    "Nesterov": lambda: Nesterov(0.1, momentum=0.9),
    "RMSProp": lambda: RMSProp(0.01, alpha=0.9),
    "Adam": lambda: Adam(0.02, betas=(0.8, 0.95)),
    "AdamW": lambda: AdamW(0.02, weight_decay=0.1),
    "SGD with L2": lambda: SGD(0.1),
}


def load() -> dict[str, np.ndarray]:
    """What PyTorch computed, and from what."""
    with np.load(REFERENCE, allow_pickle=False) as stored:
        return dict(stored)


def replay(recorded: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the framework computes from the same inputs, under the same names."""
    found = {}
    for part in (_activations, _dense, _dropout, _batch_norm, _losses, _training):
        prefix = f"{part.__name__[1:]}/"
        own = {name[len(prefix) :]: a for name, a in recorded.items() if name.startswith(prefix)}
        found |= {prefix + name: array for name, array in part(own).items()}
    return found


def difference(ours, theirs) -> float:
    """The largest difference between two arrays, relative to the size of the second."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    if ours.shape != theirs.shape:
        return np.inf
    return float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))


def _activations(given: dict) -> dict:
    found = {}
    for name in ("Sigmoid", "Tanh", "ReLU", "LeakyReLU", "Softmax"):
        operation = getattr(operations, name)()
        found[f"{name}/output"] = operation.forward(given["X"])
        found[f"{name}/X_grad"] = operation.backward(given["upstream"])
    return found


def _set(params: list[np.ndarray], *values: np.ndarray) -> None:
    for param, value in zip(params, values, strict=True):
        param[...] = value


def _dense(given: dict) -> dict:
    layer = Dense(4, Tanh(), np.random.default_rng(0))
    layer.forward(given["X"])
    _set(layer.params(), given["W"], given["b"])
    output, X_grad = layer.forward(given["X"]), layer.backward(given["upstream"])
    W_grad, b_grad = layer.param_grads()
    return {"output": output, "X_grad": X_grad, "W_grad": W_grad, "b_grad": b_grad}


def _dropout(given: dict) -> dict:
    class SameAgain:
        """A generator whose numbers lead to the entries that PyTorch has kept."""

        def random(self, shape):
            return given["kept"].reshape(shape).astype(float)

    layer = Dropout(0.4, SameAgain())
    output, X_grad = layer.forward(given["X"]), layer.backward(given["upstream"])
    layer.training = False
    return {"output": output, "X_grad": X_grad, "output_used": layer.forward(given["X"])}


def _batch_norm(given: dict) -> dict:
    layer = BatchNorm(momentum=0.1, eps=1e-5)
    layer._setup(given["batches"][0])
    _set(layer.params(), given["scale"], given["shift"])
    for batch in given["batches"]:
        output, X_grad = layer.forward(batch), layer.backward(given["upstream"])
    scale_grad, shift_grad = layer.param_grads()
    running_mean, running_var = layer.buffers
    layer.training = False
    return {
        "output": output,
        "X_grad": X_grad,
        "scale_grad": scale_grad,
        "shift_grad": shift_grad,
        "running_mean": running_mean,
        "running_var": running_var,
        "output_used": layer.forward(given["batches"][0]),
        "X_grad_used": layer.backward(given["upstream"]),
    }


def _losses(given: dict) -> dict:
    found = {}
    for name in {name.partition("/")[0] for name in given}:
        loss = getattr(losses, name.split()[0])()
        value = loss.forward(given[f"{name}/prediction"], given[f"{name}/target"])
        found |= {f"{name}/loss": value, f"{name}/gradient": loss.backward()}
    return found


def _training(given: dict) -> dict:
    found = {}
    for name, optimizer in OPTIMIZERS.items():
        layers = [Dense(8, Tanh()), Dense(6, LeakyReLU(0.2)), Dense(3)]
        loss = losses.SoftmaxCrossEntropy()
        network = NeuralNetwork(layers, loss, np.random.default_rng(0))
        network.forward(given["X"][0])
        _fill(network.params(), given["start"])
        optimizer = optimizer()
        values = []
        for X, y in zip(given["X"], given["y"], strict=True):
            values.append(network.train_batch(X, y))
            if name == "SGD" and len(values) == 1:
                found["grads_of_first_step"] = _flat(network.param_grads())
            if name == "SGD with L2":
                losses.L2(0.1).add_grads(network.layers)
            optimizer.step(network.params(), network.param_grads())
        found |= {f"{name}/losses": values, f"{name}/params": _flat(network.params())}
    return found


def _fill(params: list[np.ndarray], flat: np.ndarray) -> None:
    for param in params:
        own, flat = flat[: param.size], flat[param.size :]
        param[...] = own.reshape(param.shape)


def _flat(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([array.ravel() for array in arrays])


def main() -> None:
    """Print the largest difference of every group."""
    recorded, groups = load(), {}
    for name, ours in replay(recorded).items():
        group = name.rpartition("/")[0]
        groups[group] = max(groups.get(group, 0.0), difference(ours, recorded[name]))
    for group, largest in sorted(groups.items()):
        print(f"{group:40} {largest:.1e}")


if __name__ == "__main__":
    main()
