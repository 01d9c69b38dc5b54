import matplotlib as mpl
import numpy as np
import pytest

from chainrule.figures.histograms import histograms


def draws(*spreads):
    rng = np.random.default_rng(0)
    return [spread * rng.standard_normal((50, 40)) for spread in spreads]


def drawn(rows, columns=("first", "last"), **options):
    return histograms(rows, columns, **({"limit": 3, "xlabel": "score"} | options))


def said(figure):
    return [axes.texts[0].get_text() for axes in figure.axes]


def within(axes):
    """The heights of the plain bars."""
    (stairs,) = [patch for patch in axes.patches if hasattr(patch, "get_data")]
    return stairs.get_data().values


def beyond(axes):
    """Left end and height of the hatched bars."""
    return [(bar.get_x(), bar.get_height()) for bar in axes.patches if bar.get_hatch()]


def test_there_is_a_panel_for_every_array_with_heads_above_and_names_to_the_left():
    figure = drawn({"one": draws(1, 2), "other": draws(1, 2)})
    assert [axes.get_title() for axes in figure.axes] == ["first", "last", "", ""]
    assert [axes.get_ylabel() for axes in figure.axes] == ["one", "", "other", ""]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "score", "score"]


def test_all_panels_have_one_axis():
    figure = drawn({"one": draws(0.1, 10)}, limit=2)
    assert {axes.get_xlim() for axes in figure.axes} == {(-2, 2)}
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_the_spread_is_written_in_numbers():
    arrays = [np.array([-0.5, 0.5]), np.array([-4e-7, 4e-7])]
    assert said(drawn({"one": arrays})) == ["spread 0.5", r"spread $4.0 \cdot 10^{-7}$"]


@pytest.mark.parametrize(
    ("spread", "text"),
    [(0, "0"), (99, "99"), (550, r"$5.5 \cdot 10^{2}$"), (1e9, r"$1.0 \cdot 10^{9}$")],
)
def test_a_spread_out_of_the_ordinary_is_written_too(spread, text):
    figure = drawn({"one": [np.array([-1.0, 1.0]) * spread]}, ["first"])
    assert said(figure) == [f"spread {text}"]


def test_what_lies_beyond_the_axis_is_counted_in_hatched_bars_at_the_ends():
    array = np.array([-50.0, 0.1, 0.1, 0.1, 0.1, 2.9, 7.0, 7.0])
    (axes,) = drawn({"one": [array]}, ["first"], bins=6).axes
    np.testing.assert_allclose(within(axes), [0, 0, 0, 1, 0, 0.25])
    assert beyond(axes) == [(-3, 0.25), (2, 0.5)]


def test_without_anything_beyond_nothing_is_hatched():
    (axes,) = drawn({"one": [np.array([-3.0, 0, 3])]}, ["first"]).axes
    assert beyond(axes) == []


def test_the_panel_is_as_high_as_its_fullest_bar():
    array = np.array([0.0, *[5.0] * 10])
    (axes,) = drawn({"one": [array]}, ["first"], bins=5).axes
    np.testing.assert_allclose(within(axes), [0, 0, 0.1, 0, 0])
    assert [height for _, height in beyond(axes)] == [1]


def test_every_number_is_counted_once():
    (array,) = draws(2)
    (axes,) = drawn({"one": [array]}, ["first"]).axes
    share = within(axes).sum() + sum(height for _, height in beyond(axes))
    counts, _ = np.histogram(np.clip(array, -3, 3), np.linspace(-3, 3, 32))
    assert share * counts.max() == pytest.approx(array.size)


def test_the_figure_can_be_stored():
    assert isinstance(drawn({"one": draws(1, 1)}), mpl.figure.Figure)


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ({}, ["first"], "at least one row and one column"),
        ({"one": []}, [], "at least one row and one column"),
        ({"one": draws(1)}, ["first", "last"], "row 'one' has 1 arrays, but there are 2 columns"),
        ({"one": [np.array([])]}, ["first"], "row 'one', column 'first': the array must hold"),
        ({"one": [np.array([np.nan])]}, ["first"], "row 'one', column 'first'"),
        ({"one": [np.array([np.inf])]}, ["first"], "row 'one', column 'first'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(rows, columns, message):
    with pytest.raises(ValueError, match=message):
        drawn(rows, columns)
