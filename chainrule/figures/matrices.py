"""A matrix product as a drawing: three grids, drawn to scale, that show which axes meet."""

from collections.abc import Mapping

from chainrule.figures.display import Drawing
from chainrule.figures.svg import Sheet, text_width

CELL = 20
MARGIN = 12
TOP = 34  # room for the width of a matrix
BOTTOM = 34  # room for its name

Matrix = tuple[str, str, str]


def product(left: Matrix, right: Matrix, result: Matrix, sizes: Mapping[str, int]) -> Drawing:
    """Draw a matrix product, with one entry of the result and all that goes into it marked.

    Parameters
    ----------
    left, right, result : (str, str, str)
        The name of a matrix, of its rows and of its columns: ``("X", "n", "f")``.
    sizes : mapping of str to int
        How many rows or columns each name stands for in the drawing; up to about ten.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If the inner axes of the factors differ, or the result has not the outer ones.

    Examples
    --------
    >>> picture = product(("X", "n", "f"), ("W", "f", "m"), ("Y", "n", "m"), dict(n=4, f=3, m=2))
    >>> picture.alt
    'X (n by f) times W (f by m) is Y (n by m). Each entry of Y is the sum, over f, of a row of X
    times a column of W.'
    """
    _check_axes(left, right, result)
    alt = (
        f"{_with_axes(left)} times {_with_axes(right)} is {_with_axes(result)}. Each entry of "
        f"{result[0]} is the sum, over {left[2]}, of a row of {left[0]} times a column of "
        f"{right[0]}."
    )
    row, column = sizes[left[1]] // 2, sizes[right[2]] // 2
    height = CELL * max(sizes[left[1]], sizes[right[1]])
    sheet, x, middle = Sheet(), MARGIN, TOP + height / 2
    marks = [(row, None), (None, column), (row, column)]
    for sign, matrix, mark in zip(["", "@", "="], [left, right, result], marks, strict=True):
        if sign:
            sheet.text(x + 20, middle, sign, size=18)
            x += 40
        x = _draw_matrix(sheet, x, middle, matrix, mark, sizes)
    return Drawing(sheet.svg(x + MARGIN, TOP + height + BOTTOM, alt), alt)


def _draw_matrix(sheet, x, middle, matrix, mark, sizes) -> float:
    """Draw one grid with its labels, starting at ``x``; returns where it ends."""
    name, rows, columns = matrix
    width, height = CELL * sizes[columns], CELL * sizes[rows]
    x += text_width(rows) + 6
    span = max(width, text_width(name), text_width(columns))
    centre = x + span / 2
    start, top = centre - width / 2, middle - height / 2
    sheet.text(start - 6, middle, rows, anchor="end", fill="grey")
    sheet.text(centre, top - 12, columns, fill="grey")
    sheet.text(centre, top + height + 16, name, bold=True)
    for i in range(sizes[rows]):
        for j in range(sizes[columns]):
            marked = mark[0] in (None, i) and mark[1] in (None, j)
            where = (start + CELL * (j + 0.5), top + CELL * (i + 0.5))
            fill = "#cfe4f2" if marked else "paper"
            sheet.box(*where, CELL, CELL, radius=0, fill=fill, stroke="grey", weight=1)
            if marked:  # told by more than the colour
                sheet.dot(*where, radius=3, fill="blue")
    sheet.box(centre, middle, width, height, radius=0, fill="none", weight=1.5)
    return x + span


def _check_axes(left, right, result):
    if left[2] != right[1] or result[1:] != (left[1], right[2]):
        raise ValueError(
            f"{_with_axes(left)} times {_with_axes(right)} is not {_with_axes(result)}: "
            "the inner axes must be the same and the outer ones remain"
        )


def _with_axes(matrix) -> str:
    name, rows, columns = matrix
    return f"{name} ({rows} by {columns})"
