"""Mistake bank of problem set 5: right ways and wrong ways, never released.

An answer's name is its id; its docstring is what a student reads who goes wrong in this way.
"""

from chainrule.checks.bank import Bank

from .adam import adam
from .batch_norm import norm
from .dropout import drop
from .he import he
from .momentum import momentum
from .penalty import penalty
from .training import training
from .xavier import xavier

bank = Bank([he, xavier, penalty, momentum, adam, training, drop, norm])
