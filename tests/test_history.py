"""What a run remembers: played through with losses that are made up."""

import numpy as np
import pytest

from chainrule.history import Run
from chainrule.layers import Dense
from chainrule.losses import MeanSquaredError
from chainrule.network import NeuralNetwork

LOSSES = [5, 6, 4, 6, 3, 6, 6, 2]


def played(patience, losses=LOSSES):
    """A run with these validation losses, and a network whose weight counts the epochs."""
    rng = np.random.default_rng(0)
    network = NeuralNetwork([Dense(1)], MeanSquaredError(), rng).build(1)
    run = Run(np.arange(3))
    while not run.is_over(epochs=len(losses)):
        run.history.train_loss.append(0.0)
        network.params()[0][...] = run.epoch
        run.judge(losses[run.epoch - 1], network, patience)
    return run, network


@pytest.mark.parametrize(
    ("patience", "epochs", "best"), [(1, 2, 1), (2, 7, 5), (3, 8, 8), (None, 8, 8)]
)
def test_a_run_is_over_when_its_patience_or_its_epochs_are(patience, epochs, best):
    run, _ = played(patience)
    assert (run.epoch, run.history.best_epoch) == (epochs, best)
    assert run.history.stopped_early == (epochs < 8)


@pytest.mark.parametrize(("patience", "weight"), [(1, 1), (2, 5), (3, 8), (None, 8)])
def test_the_best_comes_back_into_the_same_arrays(patience, weight):
    run, network = played(patience)
    held = network.params()[0]
    run.put_back_best(network)
    assert network.params()[0] is held
    assert held.item() == weight


def test_what_is_kept_does_not_follow_the_network():
    run, network = played(2)
    network.params()[0][...] = 99
    run.put_back_best(network)
    assert network.params()[0].item() == 5


@pytest.mark.parametrize("scale", [1, 1e12])
def test_a_loss_may_be_as_large_as_it_likes(scale):
    run, _ = played(2, [scale * loss for loss in LOSSES])
    assert run.history.best_epoch == 5


def test_shuffling_reorders_the_order_there_is():
    run = Run(np.array([5, 6, 7]))

    class Turned:
        def permutation(self, n):
            return np.roll(np.arange(n), 1)

    run.shuffle(Turned())
    assert run.order.tolist() == [7, 5, 6]
    run.shuffle(Turned())
    assert run.order.tolist() == [6, 7, 5]
