"""The functions that the notebook defines and hands to the answers, and what more answers use."""

import numpy as np


def cloud_gradients(X, y, params):
    if not 1 <= len(X) <= 4:
        raise ValueError(f"a batch has 1 to 4 samples, not {len(X)}")
    from_C, from_R = params["C"] - X, params["R"] - y
    return {
        "C": from_C.mean(axis=0, keepdims=True) * 2,
        "R": from_R.mean(axis=0, keepdims=True) * 2,
    }


def cubes(params):
    return float(sum((array**3).sum() for array in params.values()))


def waves(params):
    total = sum(array.sum() for array in params.values())
    return float(np.sin(total) + sum((array**4).sum() for array in params.values()))


network = {"W": np.array([[0.5, -1.0], [2.0, 0.25]]), "B": np.array([[1.5]])}


def network_loss(_):
    return float(np.exp(network["W"]).sum() * network["B"].sum() ** 3)


NAMESPACE = {
    "cloud_gradients": cloud_gradients,
    "cubes": cubes,
    "waves": waves,
    "network": network,
    "network_loss": network_loss,
}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sum_rows(grad):
    """What a bias gets: one sum over the samples for each of its entries."""
    return grad.sum(axis=0, keepdims=True)


def squared_error(P, y):
    """Summed over the outputs, averaged over the samples."""
    return ((P - y) ** 2).sum() / len(P)


def draw(seed):
    """A maker of cases: a batch, and parameters of some shapes, the first layer's first."""
    rng = np.random.default_rng(seed)

    def inputs(n_samples, **shapes):
        params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
        first, *_, last = shapes.values()
        X = rng.standard_normal((n_samples, first[0]))
        return {"X": X, "y": rng.standard_normal((n_samples, last[1])), "params": params}

    return inputs
