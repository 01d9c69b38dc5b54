"""Mistake bank of problem set 4: right ways and wrong ways, never released.

An answer's name is its id; its docstring is what a student reads who goes wrong in this way.
"""

from chainrule.checks.bank import Bank

from .bonus import softmax
from .dense import dense
from .gradient import grad
from .loss import loss
from .network import network
from .relu import relu
from .training import training

bank = Bank([dense, relu, loss, grad, network, training, softmax])
