"""Two results side by side, in one line: the fourth step of every derivation."""

from chainrule.numeric.error import relative_error


def compare(what: str, ours, independent, tolerance: float = 1e-7) -> None:
    """Say whether two results agree, and by how much they differ if they do not.

    Parameters
    ----------
    what : str
        What is compared; it begins the line that is printed.
    ours, independent : array_like of the same shape
        The result, and the same quantity obtained some other way.
    tolerance : float
        The largest ``relative_error`` that counts as agreement. The default suits a derived
        gradient beside a measured one in float64 (lecture 06).

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> compare("the slope of x² at 3", 2 * 3, ((3 + 1e-5) ** 2 - (3 - 1e-5) ** 2) / 2e-5)
    the slope of x² at 3: agree within 1e-07
    >>> compare("without the 2", 3, 6)
    without the 2: DISAGREE, relative error 0.5
    """
    error = relative_error(ours, independent)
    if error <= tolerance:
        print(f"{what}: agree within {tolerance:g}")
    else:
        print(f"{what}: DISAGREE, relative error {error:.2g}")
