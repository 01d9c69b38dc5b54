"""How fast the framework trains, beside what the machine could do at best and beside others.

    python benchmarks/training.py [--rounds N] [--json FILE] [WORKLOAD ...]

Four workloads, one training step each (forward, loss, backward, update) on a batch that is ready in
memory. Everything runs in one process and one thread, in turns, so that a busy moment of the
machine hits all alike; the table shows medians and, which is what counts, ratios.

*limit* is the least any implementation must do: the matrix products of forward and backward in
float32, into arrays made beforehand, with no activation, bias, loss or update. *bare* is the NumPy
calls of our step in a row, which give the same bits, with no classes, no memory from call to call
and no checks: what they cost is the distance from it to ours.
"""

import argparse
import json
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from timing import interleave

from chainrule.layers import Dense
from chainrule.losses import MeanSquaredError, SoftmaxCrossEntropy
from chainrule.network import NeuralNetwork
from chainrule.operations import ReLU, Sigmoid
from chainrule.optimizers import SGD, Adam
from chainrule.trainer import Trainer

LR = 1e-3


@dataclass(frozen=True)
class Workload:
    """A network, its data and how it is trained."""

    sizes: tuple[int, ...]
    activation: str
    loss: str
    optimizer: str
    batch_size: int

    def __str__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        return f"{sizes} {self.activation}, {self.loss}, {self.optimizer}, batch {self.batch_size}"

    def batch(self, dtype) -> tuple[np.ndarray, np.ndarray]:
        """Inputs, and targets: one-hot rows for cross-entropy, numbers for squared error."""
        rng = np.random.default_rng(1)
        X = rng.standard_normal((self.batch_size, self.sizes[0])).astype(dtype)
        if self.loss == "cross-entropy":
            classes = rng.integers(0, self.sizes[-1], self.batch_size)
            return X, np.eye(self.sizes[-1], dtype=dtype)[classes]
        return X, rng.standard_normal((self.batch_size, self.sizes[-1])).astype(dtype)

    def weights(self, dtype) -> list[np.ndarray]:
        """Weights of a size that keeps values in range, the same for every implementation."""
        rng = np.random.default_rng(2)
        pairs = zip(self.sizes, self.sizes[1:], strict=False)
        return [(rng.standard_normal(pair) * pair[0] ** -0.5).astype(dtype) for pair in pairs]


WORKLOADS = {
    "a": Workload((784, 100, 200, 10), "ReLU", "cross-entropy", "SGD", 32),
    "b": Workload((13, 13, 13, 1), "sigmoid", "squared error", "SGD", 32),
    "c": Workload((64, 128, 64, 10), "ReLU", "cross-entropy", "Adam", 128),
    "d": Workload((1024, 2048, 2048, 10), "ReLU", "cross-entropy", "SGD", 256),
}


def limit(work: Workload) -> Callable[[], None]:
    """The matrix products alone."""
    rng = np.random.default_rng(3)
    weights = work.weights(np.float32)
    shapes = [(work.batch_size, size) for size in work.sizes]
    # Values and gradients are random and never overwritten: a product of zeros, of denormals or
    # of values that grow from step to step would be timed differently.
    values = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    grads = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    outputs = [np.empty_like(value) for value in values]
    weight_grads = [np.empty_like(weight) for weight in weights]

    def step():
        for index, weight in enumerate(weights):
            np.matmul(values[index], weight, out=outputs[index + 1])
        for index in reversed(range(len(weights))):
            np.matmul(values[index].T, grads[index + 1], out=weight_grads[index])
            if index:  # nobody asks for the gradient of the data
                np.matmul(grads[index + 1], weights[index].T, out=outputs[index])

    return step


def parameters(work: Workload) -> list[np.ndarray]:
    """Weights and biases in our order, in float32."""
    pairs = [(weight, np.zeros((1, weight.shape[1]), "f4")) for weight in work.weights("f4")]
    return [param for pair in pairs for param in pair]


def bare(work: Workload, params: list[np.ndarray]) -> Callable[[], None]:
    """The NumPy calls of our step in float32, and nothing else."""
    weights, biases = params[::2], params[1::2]
    X, y = work.batch(np.float32)
    loss = {"cross-entropy": _cross_entropy, "squared error": _squared_error}[work.loss]
    update = {"SGD": _plain_update, "Adam": _adam_update(params)}[work.optimizer]

    def step():
        inputs, sums, output = [], [], X
        for weight, bias in zip(weights, biases, strict=True):
            inputs.append(output)
            sums.append(inputs[-1].dot(weight) + bias)
            output = sums[-1]
            if weight is not weights[-1] and work.activation == "ReLU":
                output = np.maximum(output, 0)
            elif weight is not weights[-1]:
                output = 1.0 / (1.0 + np.exp(-np.maximum(output, -80.0)))
        grad = loss(output, y)
        grads = []
        for index in reversed(range(len(weights))):
            grads += [grad.sum(axis=0, keepdims=True), inputs[index].T.dot(grad)]
            if index:
                grad = grad.dot(weights[index].T)
                if work.activation == "ReLU":
                    grad = grad * (sums[index - 1] > 0)
                else:
                    grad = grad * inputs[index] * (1.0 - inputs[index])
        update(params, grads[::-1])

    return step


def _cross_entropy(scores, target):
    shifted = scores - scores.T.copy().max(axis=0)[:, np.newaxis]
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1, keepdims=True)
    probabilities = exponentials / sums
    (target * (np.log(sums) - shifted)).sum() / len(target)
    return (probabilities - target) / len(target)


def _squared_error(prediction, target):
    ((prediction - target) ** 2).sum() / len(target)
    return (prediction - target) * (2.0 / len(target))


def _plain_update(params, grads):
    for param, grad in zip(params, grads, strict=True):
        param -= LR * grad


def _adam_update(params):
    optimizer = Adam(lr=LR)
    row = np.concatenate([param.ravel() for param in params])
    ends = np.cumsum([param.size for param in params])[:-1]
    pieces = [
        piece.reshape(param.shape) for piece, param in zip(np.split(row, ends), params, strict=True)
    ]
    grad_row, mean, square, work = (np.zeros_like(row) for _ in range(4))

    def update(params, grads):
        np.concatenate([param.ravel() for param in params], out=row)
        np.concatenate([grad.ravel() for grad in grads], out=grad_row)
        optimizer._steps += 1
        optimizer._update(row, grad_row, mean, square, work)
        for param, piece in zip(params, pieces, strict=True):
            param[...] = piece

    return update


def network_for(work: Workload, dtype) -> NeuralNetwork:
    """Our network for a workload, with its weights set."""
    activation = {"ReLU": ReLU, "sigmoid": Sigmoid}[work.activation]
    loss = {"cross-entropy": SoftmaxCrossEntropy, "squared error": MeanSquaredError}[work.loss]
    layers = [Dense(size, activation()) for size in work.sizes[1:-1]] + [Dense(work.sizes[-1])]
    network = NeuralNetwork(layers, loss(), np.random.default_rng(0))
    network.forward(work.batch(dtype)[0])
    for param, weight in zip(network.params()[::2], work.weights(dtype), strict=True):
        param[...] = weight
    for bias in network.params()[1::2]:
        bias[...] = 0
    return network


def ours(work: Workload, dtype, network: NeuralNetwork) -> Callable[[], None]:
    """The framework, as the lectures use it."""
    optimizer = {"SGD": SGD, "Adam": Adam}[work.optimizer](lr=LR)
    X, y = work.batch(dtype)

    def step():
        network.train_batch(X, y)
        optimizer.step(network.params(), network.param_grads())

    return step


def pytorch(work: Workload) -> Callable[[], None]:
    """PyTorch in eager mode, float32."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    activation = {"ReLU": nn.ReLU, "sigmoid": nn.Sigmoid}[work.activation]
    parts = []
    for weight in work.weights(np.float32):
        parts += [nn.Linear(*weight.shape), activation()]
        with torch.no_grad():
            parts[-2].weight.copy_(torch.from_numpy(weight.T.copy()))
    network = nn.Sequential(*parts[:-1])
    loss = {"cross-entropy": nn.CrossEntropyLoss, "squared error": nn.MSELoss}[work.loss]()
    optimizer = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}[work.optimizer](
        network.parameters(), lr=LR
    )
    X, y = map(torch.from_numpy, work.batch(np.float32))
    if work.loss == "cross-entropy":
        y = y.argmax(dim=1)

    def step():
        optimizer.zero_grad()
        loss(network(X), y).backward()
        optimizer.step()

    return step


def scikit_learn(work: Workload) -> Callable[[], None]:
    """scikit-learn's multi-layer perceptron, float32, one batch at a time."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    model = {"cross-entropy": MLPClassifier, "squared error": MLPRegressor}[work.loss](
        hidden_layer_sizes=work.sizes[1:-1],
        activation={"ReLU": "relu", "sigmoid": "logistic"}[work.activation],
        solver={"SGD": "sgd", "Adam": "adam"}[work.optimizer],
        alpha=0,
        momentum=0,
        batch_size=work.batch_size,
        learning_rate_init=LR,
        random_state=0,
    )
    X, y = work.batch(np.float32)
    if work.loss == "cross-entropy":
        y = y.argmax(axis=1)
        model.partial_fit(X, y, classes=np.arange(work.sizes[-1]))
    else:
        y = y[:, 0]
    return lambda: model.partial_fit(X, y)


def contestants(work: Workload) -> dict[str, Callable[[], None]]:
    """Everything that is installed here, by name."""
    steps = {
        "limit": limit(work),
        "bare": bare(work, parameters(work)),
        "ours float32": ours(work, np.float32, network_for(work, np.float32)),
        "ours float64": ours(work, np.float64, network_for(work, np.float64)),
    }
    for name, build in (("PyTorch", pytorch), ("scikit-learn", scikit_learn)):
        try:
            steps[name] = build(work)
        except ImportError:
            print(f"({name} is not installed: left out)")
    return steps


def peak_memory(epochs: int) -> int:
    """Bytes that training for some epochs holds at most, beyond what it began with."""
    work = WORKLOADS["c"]
    network = network_for(work, np.float32)
    rng = np.random.default_rng(4)
    X = rng.standard_normal((1024, work.sizes[0])).astype(np.float32)
    y = np.eye(work.sizes[-1], dtype=np.float32)[rng.integers(0, work.sizes[-1], len(X))]
    trainer = Trainer(network, Adam(lr=LR))
    trainer.fit(X, y, epochs=1, batch_size=work.batch_size)
    tracemalloc.start()
    trainer.fit(X, y, epochs=epochs, batch_size=work.batch_size)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="a, b, c, d; default all")
    parser.add_argument("--rounds", type=int, default=15, help="turns each of them gets")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    unknown = set(options.workloads) - WORKLOADS.keys()
    if unknown:
        parser.error(f"no workload is called {', '.join(sorted(unknown))}; there are a, b, c and d")

    warnings.simplefilter("ignore")  # scikit-learn would like more iterations
    results = {}
    for name in options.workloads or WORKLOADS:
        work = WORKLOADS[name]
        medians = interleave(contestants(work), rounds=options.rounds)
        results[name] = {"what": str(work), "seconds": medians}
        print(f"\n{name}: {work}")
        for who, seconds in medians.items():
            line = f"  {who:14} {seconds * 1e6:10.1f} µs {seconds / medians['limit']:6.2f} x limit"
            if "PyTorch" in medians:
                line += f" {seconds / medians['PyTorch']:6.2f} x PyTorch"
            print(line)

    peaks = {epochs: peak_memory(epochs) for epochs in (10, 100)}
    results["peak memory"] = peaks
    print(f"\npeak memory of 100 epochs: {peaks[100] / peaks[10]:.3f} x that of 10 epochs")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with threadpool_limits(1):  # one thread is fastest for these sizes, and fair to all
        main()
