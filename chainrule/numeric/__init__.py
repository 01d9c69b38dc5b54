"""The independent number: derivatives measured instead of derived.

Every gradient of the course is compared with one of these. They call the function and look at what
comes out, so they know nothing of the formula they check.

===================  ===============================================================
``deriv``            the slope of a function of one number (lecture 01)
``gradient``         the gradient of a scalar function of arrays, central differences
``richardson``       the same, refined: for smooth functions only
``complex_gradient`` the same to the last digit, for analytic functions only
``relative_error``   how far two gradients are apart
``compare``          two results side by side, in one printed line
``compare_gradient`` a gradient beside the measured one: a report (lecture 06)
``check_gradient``   the same, and an error unless they agree
===================  ===============================================================
"""

from chainrule.numeric.agreement import compare
from chainrule.numeric.check import check_gradient, compare_gradient
from chainrule.numeric.complex_step import complex_gradient
from chainrule.numeric.differences import deriv, gradient, richardson
from chainrule.numeric.error import relative_error
from chainrule.numeric.report import GradientError, GradientReport, Slope, Tally

__all__ = [
    "GradientError",
    "GradientReport",
    "Slope",
    "Tally",
    "check_gradient",
    "compare",
    "compare_gradient",
    "complex_gradient",
    "deriv",
    "gradient",
    "relative_error",
    "richardson",
]
