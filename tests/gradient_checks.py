"""What the framework's tests share: a part's own gradients beside the measured ones."""

import numpy as np

from chainrule.numeric import gradient, relative_error
from chainrule.operations import ParamOperation


def params_of(part) -> list[np.ndarray]:
    """The parameters of an operation, a layer or a network."""
    if hasattr(part, "params"):
        return part.params()
    return [part.param] if isinstance(part, ParamOperation) else []


def param_grads_of(part) -> list[np.ndarray]:
    """The gradients that belong to ``params_of``, after a backward pass."""
    if hasattr(part, "param_grads"):
        return part.param_grads()
    return [part.param_grad] if isinstance(part, ParamOperation) else []


def run(part, input_, output_grad) -> tuple:
    """One pass forward and one back: the output, the input gradient, copies of the parameters'."""
    output = part.forward(input_)
    input_grad = part.backward(output_grad)
    return output.copy(), input_grad.copy(), [grad.copy() for grad in param_grads_of(part)]


def assert_gradients_are_measured(part, input_, rng, tolerance=1e-8) -> None:
    """Compare every gradient of a part with the slopes of its output, weighted at random.

    The weights are the upstream gradient. They differ from entry to entry, since a constant
    upstream lets wrong derivatives pass.
    """
    upstream = rng.standard_normal(part.forward(input_).shape)

    def weighted_output(_):
        return (part.forward(input_) * upstream).sum()

    measured = [gradient(weighted_output, array) for array in (input_, *params_of(part))]
    _, input_grad, param_grads = run(part, input_, upstream)
    for ours, theirs in zip([input_grad, *param_grads], measured, strict=True):
        assert relative_error(ours, theirs) < tolerance
        assert np.linalg.norm(theirs) > 0  # two zeros would agree about nothing
