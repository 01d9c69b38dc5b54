"""Chain Rule: neural networks derived, coded and verified by hand, in NumPy."""

__version__ = "0.1.0"
