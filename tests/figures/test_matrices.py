import pytest

from chainrule.figures.matrices import product

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
