"""Record what PyTorch computes, for tests/parity: ``python tools/record_parity.py [--check]``.

Writes one ``.npz`` with inputs, weights, outputs, losses, gradients and parameters after optimizer
steps, all in float64 on one thread. The tests compare the framework with it where PyTorch is not
installed; where it is, they also compare the file with a fresh recording, as ``--check`` does.

Weights and biases are stored in our layout, ``(n_in, n_out)`` and ``(1, n_out)``: PyTorch's
transposed. PyTorch averages some losses over entries instead of samples, so sums are taken and
divided by the number of samples.
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

REFERENCE = Path(__file__).resolve().parents[1] / "tests" / "parity" / "pytorch.npz"
N_STEPS = 10

ACTIVATIONS = {
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "ReLU": torch.relu,
    "LeakyReLU": lambda x: functional.leaky_relu(x, 0.2),
    "Softmax": lambda x: torch.softmax(x, dim=1),
}
OPTIMIZERS = {
    "SGD": lambda params: torch.optim.SGD(params, lr=0.1),
    "Momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
    "Nesterov": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True),
    "RMSProp": lambda params: torch.optim.RMSprop(params, lr=0.01, alpha=0.9),
    "Adam": lambda params: torch.optim.Adam(params, lr=0.02, betas=(0.8, 0.95)),
    "AdamW": lambda params: torch.optim.AdamW(params, lr=0.02, weight_decay=0.1),
    # A penalty on the weights, which go in turns with the biases: our L2.
    "SGD with L2": lambda params: torch.optim.SGD(
        [{"params": params[::2], "weight_decay": 0.1}, {"params": params[1::2]}], lr=0.1
    ),
}


def record() -> dict[str, np.ndarray]:
    """Compute everything; the names are paths, such as ``losses/MeanSquaredError/gradient``."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    recorded = {}
    parts = [_activations, _dense, _dropout, _batch_norm, _losses, _training]
    for seed, part in enumerate(parts):
        rng = np.random.default_rng(seed)
        recorded |= {f"{part.__name__[1:]}/{name}": value for name, value in part(rng).items()}
    return recorded


def _there_and_back(function, upstream: np.ndarray, **tensors: torch.Tensor) -> dict:
    """Output of a function, and the gradients of all tensors for an upstream gradient."""
    for tensor in tensors.values():
        tensor.requires_grad_()
    output = function(*tensors.values())
    output.backward(torch.tensor(upstream))
    grads = {f"{name}_grad": tensor.grad.numpy() for name, tensor in tensors.items()}
    return {"upstream": upstream, "output": output.detach().numpy(), **grads}


def _activations(rng) -> dict:
    X, upstream = 2 * rng.standard_normal((6, 5)), rng.standard_normal((6, 5))
    X[0] = [0.0, -30.0, 30.0, -1e-9, 1e-9]
    found = {"X": X, "upstream": upstream}
    for name, function in ACTIVATIONS.items():
        passed = _there_and_back(function, upstream, X=torch.tensor(X))
        found |= {f"{name}/output": passed["output"], f"{name}/X_grad": passed["X_grad"]}
    return found


def _dense(rng) -> dict:
    X, W, b = rng.standard_normal((6, 5)), rng.standard_normal((5, 4)), rng.standard_normal((1, 4))
    tensors = {"X": torch.tensor(X), "W": torch.tensor(W), "b": torch.tensor(b)}
    passed = _there_and_back(
        lambda X, W, b: torch.tanh(functional.linear(X, W.T, b[0])),
        rng.standard_normal((6, 4)),
        **tensors,
    )
    return {"X": X, "W": W, "b": b, **passed}


def _dropout(rng) -> dict:
    X = 1 + rng.random((8, 5))
    layer = nn.Dropout(0.4)
    passed = _there_and_back(layer, rng.standard_normal((8, 5)), X=torch.tensor(X))
    used = layer.eval()(torch.tensor(X)).numpy()
    return {"X": X, "kept": passed["output"] != 0, **passed, "output_used": used}


def _batch_norm(rng) -> dict:
    batches = 3 + 2 * rng.standard_normal((3, 7, 4))
    scale, shift = rng.standard_normal((2, 1, 4))
    layer = nn.BatchNorm1d(4, momentum=0.1, eps=1e-5, dtype=torch.float64)
    with torch.no_grad():
        layer.weight[...], layer.bias[...] = torch.tensor(scale[0]), torch.tensor(shift[0])
    found = {"batches": batches, "scale": scale, "shift": shift}
    upstream = rng.standard_normal((7, 4))
    for batch in batches:
        layer.zero_grad()
        passed = _there_and_back(layer, upstream, X=torch.tensor(batch))
    found |= passed
    found |= {"scale_grad": layer.weight.grad.numpy()[None].copy()}
    found |= {"shift_grad": layer.bias.grad.numpy()[None].copy()}
    found |= {"running_mean": layer.running_mean.numpy()[None].copy()}
    found |= {"running_var": layer.running_var.numpy()[None].copy()}
    used = _there_and_back(layer.eval(), upstream, X=torch.tensor(batches[0]))
    return found | {"output_used": used["output"], "X_grad_used": used["X_grad"]}


def _losses(rng) -> dict:
    n, m = 6, 4
    values, targets = rng.standard_normal((2, n, m))
    chances = rng.uniform(0.01, 0.99, (n, m))
    answers = rng.integers(0, 2, (n, m)).astype(float)
    logits = 3 * rng.standard_normal((n, m))
    logits[0] = [1000, -1000, 1000, -1000]
    answers[0] = [1, 0, 0, 1]
    scores = logits[:, ::-1].copy()
    class_ids = np.array([0, 3, 1, 2, 2, 0])
    shares = rng.uniform(0.1, 1, (n, m))
    shares /= shares.sum(axis=1, keepdims=True)

    def summed(function):
        return lambda prediction, target: function(prediction, target, reduction="sum") / n

    binary_with_logits = functional.binary_cross_entropy_with_logits
    cases = {
        "MeanSquaredError": (summed(functional.mse_loss), values, targets),
        "MeanAbsoluteError": (summed(functional.l1_loss), values, targets),
        "BinaryCrossEntropy": (summed(functional.binary_cross_entropy), chances, answers),
        "BinaryCrossEntropyWithLogits": (summed(binary_with_logits), logits, answers),
        "SoftmaxCrossEntropy": (summed(functional.cross_entropy), scores, class_ids),
        "SoftmaxCrossEntropy of shares": (summed(functional.cross_entropy), values, shares),
    }
    found = {}
    for name, (function, prediction, target) in cases.items():
        tensor = torch.tensor(prediction, requires_grad=True)
        loss = function(tensor, torch.tensor(target))
        loss.backward()
        parts = {"prediction": prediction, "target": target}
        parts |= {"loss": np.array(loss.item()), "gradient": tensor.grad.numpy()}
        found |= {f"{name}/{part}": value for part, value in parts.items()}
    return found


def _training(rng) -> dict:
    """Ten steps of every optimizer, from one start, on the same ten batches."""
    X, y = rng.standard_normal((N_STEPS, 12, 5)), rng.integers(0, 3, (N_STEPS, 12))
    widths = [5, 8, 6, 3]
    params = []
    for n_in, n_out in pairwise(widths):
        params += [rng.standard_normal((n_in, n_out)), rng.standard_normal((1, n_out))]
    found = {"X": X, "y": y, "start": _flat(params)}
    for name, optimizer in OPTIMIZERS.items():
        tensors = [torch.tensor(param, requires_grad=True) for param in params]
        losses, grads = _train(tensors, optimizer(tensors), X, y)
        found |= {f"{name}/losses": losses, f"{name}/params": _flat(tensors)}
        found["grads_of_first_step"] = grads  # the same whatever the optimizer
    return found


def _train(tensors, optimizer, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    W1, b1, W2, b2, W3, b3 = tensors
    losses, first_grads = [], None
    for X_batch, y_batch in zip(torch.tensor(X), torch.tensor(y), strict=True):
        hidden = functional.leaky_relu(torch.tanh(X_batch @ W1 + b1) @ W2 + b2, 0.2)
        loss = functional.cross_entropy(hidden @ W3 + b3, y_batch)
        optimizer.zero_grad()
        loss.backward()
        if first_grads is None:
            first_grads = _flat([tensor.grad for tensor in tensors])
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses), first_grads


def _flat(arrays) -> np.ndarray:
    return np.concatenate([np.ravel(torch.as_tensor(array).detach()) for array in arrays])


def largest_difference(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    """How far two recordings are apart, relative to the size of each array."""
    if one.keys() != other.keys():
        raise ValueError(f"only one of the two holds {sorted(one.keys() ^ other.keys())}")
    return max(
        float(np.abs(one[name] - np.asarray(other[name], float)).max())
        / max(1.0, float(np.abs(one[name]).max()))
        for name in one
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="record_parity", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the file, do not write")
    check_only = parser.parse_args(arguments).check
    recorded = record()
    if not check_only:
        np.savez_compressed(REFERENCE, **recorded)
        print(f"{REFERENCE.name}: {len(recorded)} arrays, {REFERENCE.stat().st_size:,} bytes")
        return 0
    with np.load(REFERENCE, allow_pickle=False) as stored:
        difference = largest_difference(recorded, dict(stored))
    print(f"largest difference to {REFERENCE.name}: {difference:.1e}, PyTorch {torch.__version__}")
    return int(difference > 1e-12)


if __name__ == "__main__":
    sys.exit(main())
