"""Matrices as grids drawn to scale: which axes meet, and which entries make which."""

from collections.abc import Mapping, Sequence

from chainrule.figures.display import Drawing
from chainrule.figures.layout import written
from chainrule.figures.svg import Sheet, text_width

CELL = 20
MARGIN = 12
TOP = 34  # room for the width of a matrix
BOTTOM = 34  # room for its name

Matrix = tuple[str, str, str]
Entries = Mapping[str, Sequence[Sequence]]


def product(
    left: Matrix,
    right: Matrix,
    result: Matrix,
    sizes: Mapping[str, int],
    *,
    entries: Entries | None = None,
    mark: tuple[int, int] | None = None,
) -> Drawing:
    """Draw a matrix product, with one entry of the result and all that goes into it marked.

    Parameters
    ----------
    left, right, result : (str, str, str)
        The name of a matrix, of its rows and of its columns: ``("X", "n", "f")``.
    sizes : mapping of str to int
        How many rows or columns each name stands for in the drawing; up to about ten.
    entries : mapping of str to rows of labels, optional
        What to write into the cells of a matrix: symbols, or an array of numbers. Matrices that
        are not named stay empty.
    mark : (int, int), optional
        The entry of the result to mark, counted from 0; by default one in the middle.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If the inner axes of the factors differ, or the result has not the outer ones; if
        ``entries`` do not fit a matrix, or ``mark`` lies outside the result.

    Examples
    --------
    >>> picture = product(("X", "n", "f"), ("W", "f", "m"), ("Y", "n", "m"), dict(n=4, f=3, m=2))
    >>> picture.alt
    'X (n by f) times W (f by m) is Y (n by m). Each entry of Y is the sum, over f, of a row of X
    times a column of W.'
    >>> entries = {"x": [["x₁", "x₂"]], "w": [["w₁"], ["w₂"]]}
    >>> product(("x", "1", "f"), ("w", "f", "1"), ("N", "1", "1"), {"1": 1, "f": 2},
    ...         entries=entries).alt
    'x (1 by f) times w (f by 1) is N (1 by 1). Each entry of N is the sum, over f, of a row of x
    times a column of w. Marked, in row 1 and column 1: x₁ · w₁ + x₂ · w₂.'
    """
    _check_axes(left, right, result)
    labels = _labels([left, right, result], sizes, entries)
    row, column = _marked(result, sizes, mark, sizes[left[1]] // 2, sizes[right[2]] // 2)
    alt = (
        f"{_with_axes(left)} times {_with_axes(right)} is {_with_axes(result)}. Each entry of "
        f"{result[0]} is the sum, over {left[2]}, of a row of {left[0]} times a column of "
        f"{right[0]}."
    )
    if left[0] in labels and right[0] in labels:
        down = [line[column] for line in labels[right[0]]]
        factors = zip(labels[left[0]][row], down, strict=True)
        alt += _says(row, column, " + ".join(f"{a} · {b}" for a, b in factors))
    marks = [(row, None), (None, column), (row, column)]
    return _draw("@", [left, right, result], marks, sizes, labels, alt)


def elementwise(
    left: Matrix,
    right: Matrix,
    result: Matrix,
    sizes: Mapping[str, int],
    *,
    entries: Entries | None = None,
    mark: tuple[int, int] | None = None,
) -> Drawing:
    """Draw a product entry by entry, with one entry of the result and its two factors marked.

    Parameters
    ----------
    left, right, result, sizes, entries, mark
        As for ``product``; all three matrices have the same axes.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If the axes differ, ``entries`` do not fit, or ``mark`` lies outside.

    Examples
    --------
    >>> elementwise(("G", "n", "m"), ("S", "n", "m"), ("D", "n", "m"), dict(n=3, m=2)).alt
    'G (n by m) times S (n by m), entry by entry, is D (n by m). Each entry of D is the entry of G
    at the same place times that of S.'
    """
    if not left[1:] == right[1:] == result[1:]:
        raise ValueError(
            f"{_with_axes(left)} times {_with_axes(right)} entry by entry is not "
            f"{_with_axes(result)}: all three must have the same axes"
        )
    labels = _labels([left, right, result], sizes, entries)
    row, column = _marked(result, sizes, mark, sizes[left[1]] // 2, sizes[left[2]] // 2)
    alt = (
        f"{_with_axes(left)} times {_with_axes(right)}, entry by entry, is {_with_axes(result)}. "
        f"Each entry of {result[0]} is the entry of {left[0]} at the same place times that of "
        f"{right[0]}."
    )
    if left[0] in labels and right[0] in labels:
        factors = labels[left[0]][row][column], labels[right[0]][row][column]
        alt += _says(row, column, " · ".join(factors))
    return _draw("∘", [left, right, result], [(row, column)] * 3, sizes, labels, alt)


def _draw(sign, matrices, marks, sizes, labels, alt) -> Drawing:
    height = CELL * max(sizes[matrix[1]] for matrix in matrices)
    sheet, x, middle = Sheet(), MARGIN, TOP + height / 2
    for before, matrix, mark in zip(["", sign, "="], matrices, marks, strict=True):
        if before:
            sheet.text(x + 20, middle, before, size=18)
            x += 40
        x = _draw_matrix(sheet, x, middle, matrix, mark, sizes, labels.get(matrix[0]))
    return Drawing(sheet.svg(x + MARGIN, TOP + height + BOTTOM, alt), alt)


def _draw_matrix(sheet, x, middle, matrix, mark, sizes, labels) -> float:
    """Draw one grid with its labels, starting at ``x``; returns where it ends."""
    name, rows, columns = matrix
    cell = max([CELL, *(text_width(label) + 10 for line in labels or [] for label in line)])
    width, height = cell * sizes[columns], CELL * sizes[rows]
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
            where = (start + cell * (j + 0.5), top + CELL * (i + 0.5))
            fill = "#cfe4f2" if marked else "paper"
            sheet.box(*where, cell, CELL, radius=0, fill=fill, stroke="grey", weight=1)
            if labels:
                sheet.text(*where, labels[i][j], bold=marked, size=13)
            elif marked:  # told by more than the colour
                sheet.dot(*where, radius=3, fill="blue")
    sheet.box(centre, middle, width, height, radius=0, fill="none", weight=1.5)
    return x + span


def _labels(matrices, sizes, entries) -> dict[str, list[list[str]]]:
    """What is written in the cells, as text, of the matrices that have entries."""
    entries = entries or {}
    unknown = set(entries) - {matrix[0] for matrix in matrices}
    if unknown:
        raise ValueError(f"entries are given for {sorted(unknown)}, which is not drawn")
    labels = {name: [[written(e) for e in line] for line in rows] for name, rows in entries.items()}
    for name, rows, columns in matrices:
        shape = (sizes[rows], sizes[columns])
        if name in labels and [len(line) for line in labels[name]] != [shape[1]] * shape[0]:
            raise ValueError(f"the entries of {name} must be {shape[0]} rows of {shape[1]}")
    return labels


def _marked(result, sizes, mark, row, column) -> tuple[int, int]:
    row, column = mark or (row, column)
    if not (0 <= row < sizes[result[1]] and 0 <= column < sizes[result[2]]):
        raise ValueError(f"mark {mark} lies outside {_with_axes(result)}")
    return row, column


def _says(row, column, text) -> str:
    return f" Marked, in row {row + 1} and column {column + 1}: {text}."


def _check_axes(left, right, result):
    if left[2] != right[1] or result[1:] != (left[1], right[2]):
        raise ValueError(
            f"{_with_axes(left)} times {_with_axes(right)} is not {_with_axes(result)}: "
            "the inner axes must be the same and the outer ones remain"
        )


def _with_axes(matrix) -> str:
    name, rows, columns = matrix
    return f"{name} ({rows} by {columns})"
