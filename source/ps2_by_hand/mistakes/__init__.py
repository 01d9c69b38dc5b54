"""Mistake bank of problem set 2: right ways and wrong ways, never released.

An answer's name is its id; its docstring is what a student reads who goes wrong in this way.
"""

from chainrule.checks.bank import Bank

from .batches import batches
from .given import NAMESPACE
from .huber import huber
from .hunt_a import hunt_a
from .hunt_b import hunt_b
from .hunt_c import hunt_c
from .hunt_d import hunt_d
from .hunt_e import hunt_e
from .numerical import numerical
from .ridge import ridge
from .samples import samples
from .tanh import tanh

hunt = [hunt_a, hunt_b, hunt_c, hunt_d, hunt_e]
bank = Bank([ridge, tanh, samples, batches, numerical, *hunt, huber], **NAMESPACE)
