import numpy as np
import pytest

from chainrule.figures.matrices import elementwise, product

SIZES = {"n": 6, "f": 4, "m": 2}
X, W, Y = ("X", "n", "f"), ("W", "f", "m"), ("Y", "n", "m")


def test_every_entry_of_the_three_matrices_is_drawn():
    cells = product(X, W, Y, SIZES).svg.count('stroke-width="1"')
    assert cells == 6 * 4 + 4 * 2 + 6 * 2


def test_a_row_a_column_and_the_entry_they_make_are_marked_by_dots():
    assert product(X, W, Y, SIZES).svg.count("<circle") == 4 + 4 + 1


def test_the_text_names_the_axis_that_is_summed_over():
    picture = product(("Xᵀ", "f", "n"), ("G", "n", "m"), ("Z", "f", "m"), SIZES)
    assert picture.alt.startswith("Xᵀ (f by n) times G (n by m) is Z (f by m).")
    assert "the sum, over n, of a row of Xᵀ times a column of G" in picture.alt
    assert picture.alt in picture.svg


def test_the_drawing_is_the_same_every_time():
    assert product(X, W, Y, SIZES) == product(X, W, Y, SIZES)


@pytest.mark.parametrize(
    "matrices", [(X, ("W", "m", "f"), Y), (X, W, ("Y", "m", "n")), (W, X, Y), (X, W, X)]
)
def test_matrices_that_do_not_fit_are_refused(matrices):
    with pytest.raises(ValueError, match="the inner axes must be the same"):
        product(*matrices, SIZES)


def test_the_refusal_names_all_three_with_their_axes():
    message = r"X \(n by f\) times W \(m by f\) is not Y \(n by m\)"
    with pytest.raises(ValueError, match=message):
        product(X, ("W", "m", "f"), Y, SIZES)


# --- what is written in the cells, and which entry is marked --------------------------------------

SMALL = {"n": 2, "f": 3, "m": 2}
LETTERS = {
    "X": [["a", "b", "c"], ["d", "e", "f"]],
    "W": [["p", "q"], ["r", "s"], ["t", "u"]],
}


def test_entries_stand_in_the_cells_in_place_of_dots():
    picture = product(X, W, Y, SMALL, entries=LETTERS)
    assert all(f">{letter}</text>" in picture.svg for letter in "abcdefpqrstu")
    assert picture.svg.count("<circle") == 1  # in Y, which has no entries


def test_marked_entries_are_told_by_more_than_their_colour():
    picture = product(X, W, Y, SMALL, entries=LETTERS, mark=(0, 1))
    bold = [part.split(">")[1][0] for part in picture.svg.split("<text")[1:] if "bold" in part]
    assert set("abcqsu") < set(bold)
    assert not set("defprt") & set(bold)


def test_the_text_spells_out_the_marked_entry():
    picture = product(X, W, Y, SMALL, entries=LETTERS, mark=(0, 1))
    assert picture.alt.endswith("Marked, in row 1 and column 2: a · q + b · s + c · u.")


def test_numbers_are_written_as_labels_are():
    numbers = {"X": np.array([[0.123456, -1, 2], [0, 0, 0]]), "W": np.ones((3, 2))}
    assert (
        "0.1235 · 1 + −1 · 1 + 2 · 1." in product(X, W, Y, SMALL, entries=numbers, mark=(0, 0)).alt
    )


def test_long_entries_widen_the_cells():
    long = {"X": [["x" * 9] * 3] * 2}
    wide, narrow = (product(X, W, Y, SMALL, entries=given).svg for given in (long, LETTERS))
    assert _width(wide) > _width(narrow) + 3 * 9 * 6


def _width(svg):
    return float(svg.partition('width="')[2].partition('"')[0])


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"Z": [["a"]]}, "which is not drawn"),
        ({"X": [["a", "b", "c"]]}, "the entries of X must be 2 rows of 3"),
        ({"X": [["a"], ["b"]]}, "the entries of X must be 2 rows of 3"),
    ],
)
def test_entries_that_do_not_fit_are_refused(entries, message):
    with pytest.raises(ValueError, match=message):
        product(X, W, Y, SMALL, entries=entries)


@pytest.mark.parametrize("mark", [(2, 0), (0, 2), (-1, 0)])
def test_a_mark_outside_is_refused(mark):
    with pytest.raises(ValueError, match="lies outside Y"):
        product(X, W, Y, SMALL, mark=mark)
    with pytest.raises(ValueError, match="lies outside Y"):
        elementwise(Y, ("S", "n", "m"), Y, SMALL, mark=mark)


# --- entry by entry -------------------------------------------------------------------------------

G, S, D = ("G", "n", "m"), ("S", "n", "m"), ("D", "n", "m")


def test_entry_by_entry_one_cell_of_each_matrix_is_marked():
    picture = elementwise(G, S, D, SIZES)
    assert picture.svg.count("<circle") == 3
    assert picture.svg.count('stroke-width="1"') == 3 * 6 * 2


def test_entry_by_entry_the_text_spells_out_the_marked_entry():
    letters = {"G": [["a", "b"], ["c", "d"]], "S": [["p", "q"], ["r", "s"]]}
    picture = elementwise(G, S, D, SMALL, entries=letters, mark=(1, 0))
    assert picture.alt.endswith("Marked, in row 2 and column 1: c · r.")


@pytest.mark.parametrize("matrices", [(G, S, X), (G, W, D), (W, S, D)])
def test_entry_by_entry_the_axes_must_be_the_same(matrices):
    with pytest.raises(ValueError, match="all three must have the same axes"):
        elementwise(*matrices, SIZES)
