"""Checks that say what is wrong, not that something is.

A check cell calls :class:`Checks`; a failing check raises :class:`CheckFailed`, whose text is the
explanation. `bank` is the instructor's side: it compiles the ways people go wrong into the data
file from which a student's check recognises them.
"""

from chainrule.checks.message import CheckFailed
from chainrule.checks.notebook import Checks

__all__ = ["CheckFailed", "Checks"]
