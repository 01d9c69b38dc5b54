"""Mistake bank of problem set 1: right ways and wrong ways, never released.

An answer's name is its id; its docstring is what a student reads who goes wrong in this way.
"""

from chainrule.checks.bank import Bank

from .backward import backward
from .bonus import bonus
from .difference import difference
from .dot import dot
from .forward import forward
from .given import NAMESPACE
from .matrix import matrix
from .twice import twice

bank = Bank([difference, forward, backward, twice, dot, matrix, bonus], **NAMESPACE)
