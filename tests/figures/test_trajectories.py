import numpy as np
import pytest

from chainrule.figures import subplots
from chainrule.figures.trajectories import MARKERS, trajectories

WINDOW = {"xlim": (-2, 2), "ylim": (-1, 1)}


def bowl(x, y):
    return x**2 + 10 * y**2


def spiral(turns=1.0, n=15):
    angle = np.linspace(0, turns, n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * 0.9 ** np.arange(n)[:, np.newaxis]


def lines(figure):
    return figure.axes[0].lines


def test_every_path_is_a_line_through_its_points_under_its_name():
    paths = {"one": spiral(1.0), "other": spiral(2.0)}
    for line, (name, path) in zip(
        lines(trajectories(bowl, paths, **WINDOW)), paths.items(), strict=True
    ):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_xydata(), path)


def test_paths_differ_in_colour_dashes_and_marker():
    paths = {str(i): spiral(i) for i in range(len(MARKERS))}
    drawn = lines(trajectories(bowl, paths, **WINDOW))
    for look in ("get_color", "get_marker"):
        assert len({getattr(line, look)() for line in drawn}) == len(MARKERS)
    assert len({line.get_linestyle() for line in drawn}) >= 4


def test_the_axes_are_named_and_show_the_window():
    (axes,) = trajectories(bowl, {"one": spiral()}, names=("w", "b"), title="ways", **WINDOW).axes
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("w", "b", "ways")
    assert (axes.get_xlim(), axes.get_ylim()) == ((-2, 2), (-1, 1))


def test_contours_are_drawn_also_where_the_loss_is_zero_somewhere():
    (axes,) = trajectories(bowl, {"one": spiral()}, **WINDOW).axes
    (contours,) = axes.collections
    assert len(contours.levels) > 5
    np.testing.assert_allclose(np.diff(np.log(contours.levels)).std(), 0, atol=1e-9)


def test_it_draws_into_a_panel_that_is_there_already():
    figure, panels = subplots(1, 2)
    assert trajectories(bowl, {"one": spiral()}, axes=panels[1], **WINDOW) is figure
    assert [len(axes.lines) for axes in panels] == [0, 1]


@pytest.mark.parametrize("number", [0, len(MARKERS) + 1])
def test_a_number_of_paths_that_cannot_be_told_apart_is_refused(number):
    with pytest.raises(ValueError, match=f"one to {len(MARKERS)} paths, got {number}"):
        trajectories(bowl, {str(i): spiral() for i in range(number)}, **WINDOW)


@pytest.mark.parametrize("path", [np.zeros(3), np.zeros((3, 3))])
def test_a_path_that_is_no_table_of_points_is_refused(path):
    with pytest.raises(ValueError, match=r"path 'one' must have shape \(n, 2\), got"):
        trajectories(bowl, {"one": path}, **WINDOW)
