"""The PyTorch side of lecture 14: the very code that the lecture shows, and what it computes.

``compute`` needs PyTorch. What it returned is kept in ``recorded.npz``, written by
``tools/record_to_pytorch.py``, so that the lecture reads the same with and without PyTorch.
"""

import warnings

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

N_STEPS, BATCH_SIZE = 20, 64


class Sigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input_):
        output = 1 / (1 + torch.exp(-input_))
        ctx.save_for_backward(output)
        return output

    @staticmethod
    def backward(ctx, output_grad):
        (output,) = ctx.saved_tensors
        return output_grad * output * (1 - output)


class WeightMultiply(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input_, param):
        ctx.save_for_backward(input_, param)
        return input_ @ param

    @staticmethod
    def backward(ctx, output_grad):
        input_, param = ctx.saved_tensors
        input_grad = None
        if ctx.needs_input_grad[0]:
            input_grad = output_grad @ param.T
        return input_grad, input_.T @ output_grad


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        self.output = nn.Linear(32, 10)

    def forward(self, x):
        x = torch.relu(self.hidden(x))
        return self.output(x)


def weights_apart(params):
    params = list(params)
    weights = [param for param in params if param.ndim == 2]
    biases = [param for param in params if param.ndim == 1]
    return [{"params": weights, "weight_decay": 0.01}, {"params": biases}]


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.5),
    "Momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "SGD, all decay": lambda p: torch.optim.SGD(p, lr=0.5, weight_decay=0.01),
    "SGD, weights decay": lambda p: torch.optim.SGD(weights_apart(p), lr=0.5),
}


def new_start() -> dict[str, np.ndarray]:
    """Parameters as PyTorch draws them for this network, under its names and in its layout."""
    torch.manual_seed(0)
    return {name: value.numpy() for name, value in Net().double().state_dict().items()}


def compute(start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All that the lecture compares with, from these parameters of the network."""
    torch.set_num_threads(1)
    digits = load_digits()
    X, y = torch.tensor(digits.data / 16), torch.tensor(digits.target)
    found = {f"start/{name}": value for name, value in start.items()}
    found |= _functions() | _one_batch(start, X[:BATCH_SIZE], y[:BATCH_SIZE])
    batches = list(zip(X.split(BATCH_SIZE), y.split(BATCH_SIZE), strict=True))[:N_STEPS]
    for name in OPTIMIZERS:
        found[f"train/{name}"] = _train(start, batches, OPTIMIZERS[name])
    found["train/no zero_grad"] = _train(start, batches, OPTIMIZERS["SGD"], zero_grad=False)
    return {name: np.asarray(value) for name, value in found.items()}


def _functions() -> dict:
    """Both functions, forward and backward, for random numbers."""
    rng = np.random.default_rng(14)
    found = {}
    for function, shapes in ((Sigmoid, [(5, 3)]), (WeightMultiply, [(5, 4), (4, 3)])):
        given = [rng.standard_normal(shape) for shape in shapes]
        upstream = rng.standard_normal((5, 3))
        tensors = [torch.tensor(array, requires_grad=True) for array in given]
        output = function.apply(*tensors)
        output.backward(torch.tensor(upstream))
        values = {"input": given, "grad": [tensor.grad.numpy() for tensor in tensors]}
        name = function.__name__
        found |= {
            f"{name}/{key} {i}": a for key, all_ in values.items() for i, a in enumerate(all_)
        }
        found |= {f"{name}/upstream": upstream, f"{name}/output": output.detach().numpy()}
    return found


def _loaded(start: dict[str, np.ndarray]) -> nn.Module:
    model = Net().double()
    model.load_state_dict({name: torch.tensor(value) for name, value in start.items()})
    return model


def _gradients(model: nn.Module) -> dict[str, np.ndarray]:
    return {name: param.grad.numpy().copy() for name, param in model.named_parameters()}


def _one_batch(start: dict[str, np.ndarray], X: torch.Tensor, y: torch.Tensor) -> dict:
    """Scores, losses and gradients of one batch."""
    model = _loaded(start)
    scores = model(X)
    loss = nn.CrossEntropyLoss()(scores, y)
    loss.backward()
    found = {"scores": scores.detach().numpy(), "loss": loss.item()}
    found |= {f"grad/{name}": value for name, value in _gradients(model).items()}

    nn.CrossEntropyLoss()(model(X), y).backward()  # once more, without zero_grad
    found |= {f"grad twice/{name}": value for name, value in _gradients(model).items()}

    model.zero_grad()
    loss = nn.CrossEntropyLoss()(torch.softmax(model(X), dim=1), y)
    loss.backward()
    found |= {"softmax twice/loss": loss.item()}
    found |= {f"softmax twice/grad/{name}": value for name, value in _gradients(model).items()}

    one_hot = nn.functional.one_hot(y, 10).double()
    found["MSELoss"] = nn.MSELoss()(scores, one_hot).item()
    column = X.sum(dim=1, keepdim=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns here, and goes on
        found["MSELoss, (n, 1) and (n,)"] = nn.MSELoss()(column, column[:, 0]).item()
    return found


def _train(start: dict[str, np.ndarray], batches: list, new_optimizer, zero_grad=True) -> list:
    """The loss before each step."""
    model, losses = _loaded(start), []
    optimizer = new_optimizer(model.parameters())
    for X, y in batches:
        loss = nn.CrossEntropyLoss()(model(X), y)
        if zero_grad:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
