import numpy as np
import pytest

from chainrule.figures import predicted_against_actual, show

ACTUAL = np.array([[1.0], [2.0], [4.0]])


def points(axes):
    (line,) = [line for line in axes.lines if line.get_marker() == "o"]
    return line.get_xydata().tolist()


def test_every_sample_is_a_point_with_the_actual_value_to_the_right():
    (axes,) = predicted_against_actual({"ours": (ACTUAL, ACTUAL + 1)}).axes
    assert points(axes) == [[1, 2], [2, 3], [4, 5]]


def test_the_panels_keep_their_order_and_titles():
    figure = predicted_against_actual({"b": (ACTUAL, ACTUAL), "a": (ACTUAL, -ACTUAL)})
    assert [axes.get_title() for axes in figure.axes] == ["b", "a"]
    assert points(figure.axes[1])[0] == [1, -1]


def test_all_panels_have_the_same_limits_and_every_point_is_inside():
    figure = predicted_against_actual({"near": (ACTUAL, ACTUAL), "far": (ACTUAL, 10 * ACTUAL)})
    limits = {(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}
    ((across, up),) = limits
    assert across == up
    assert across[0] < 1
    assert across[1] > 40


def test_the_diagonal_is_told_apart_from_the_points_without_colour():
    (axes,) = predicted_against_actual({"ours": (ACTUAL, ACTUAL)}).axes
    (diagonal,) = [line for line in axes.lines if line.get_marker() != "o"]
    assert diagonal.get_linestyle() == "--"
    assert diagonal.get_slope() == 1
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["predicted = actual"]


def test_the_axes_name_the_unit():
    (axes,) = predicted_against_actual({"ours": (ACTUAL, ACTUAL)}, unit="points").axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("actual, in points", "predicted, in points")
    (axes,) = predicted_against_actual({"ours": (ACTUAL, ACTUAL)}).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("actual", "predicted")


def test_a_single_value_can_be_drawn(capsys):
    figure = predicted_against_actual({"one": (np.array([3.0]), np.array([3.0]))})
    show(figure, alt="One point on the diagonal.")
    low, high = figure.axes[0].get_xlim()
    assert low < 3 < high


def test_a_column_beside_a_row_is_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"ours: actual has shape \(3, 1\).*shape \(3,\)"):
        predicted_against_actual({"ours": (ACTUAL, ACTUAL.ravel())})


@pytest.mark.parametrize(
    ("panels", "message"),
    [
        ({}, "at least one title"),
        ({"empty": (ACTUAL[:0], ACTUAL[:0])}, "empty: there is no sample"),
        ({"lost": (ACTUAL, ACTUAL * np.nan)}, "lost: every value must be finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(panels, message):
    with pytest.raises(ValueError, match=message):
        predicted_against_actual(panels)
