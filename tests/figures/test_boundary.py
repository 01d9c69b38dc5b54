"""The boundary is where the classifier says one half, and nothing is told by colour alone."""

import numpy as np
import pytest

from chainrule.figures import decision_boundary, subplots

X = np.array([[-1.0, 0.0], [-0.5, 1.0], [1.0, 0.5], [0.8, -0.7]])
IDS = np.array([[0], [0], [1], [1]])


def to_the_right(points):
    """Probability 0.5 at x0 = 0.25, 0.1 and 0.9 to either side of it."""
    return 1 / (1 + np.exp(-10 * (points[:, :1] - 0.25)))


def drawn(probability=to_the_right, X=X, ids=IDS, **options):
    _, axes = subplots()
    decision_boundary(axes, probability, X, ids, **options)
    return axes


def contour_at(axes, level):
    sets = [part for part in axes.collections if list(getattr(part, "levels", [])) == [level]]
    return [path.vertices for part in sets for path in part.get_paths() if len(path.vertices)]


def test_the_heavy_line_is_where_the_probability_is_one_half():
    (line,) = contour_at(drawn(), 0.5)
    np.testing.assert_allclose(line[:, 0], 0.25, atol=0.01)


def test_every_sample_is_drawn_with_the_marker_of_its_class():
    first, second = drawn().lines
    np.testing.assert_array_equal(first.get_xydata(), X[:2])
    np.testing.assert_array_equal(second.get_xydata(), X[2:])
    assert first.get_marker() != second.get_marker()
    assert first.get_color() != second.get_color()


def test_the_legend_names_classes_and_lines():
    texts = [text.get_text() for text in drawn(names=("up", "down")).get_legend().get_texts()]
    assert texts == ["up", "down", "probability 0.1", "probability 0.5", "probability 0.9"]


def test_the_lines_differ_in_dashes():
    handles = drawn().get_legend().get_lines()[2:]
    assert len({line.get_linestyle() for line in handles}) == 3


def test_small_multiples_go_without_a_legend():
    assert drawn(legend=False).get_legend() is None


@pytest.mark.filterwarnings("error")
def test_a_classifier_without_a_boundary_is_drawn_without_lines_and_warnings():
    axes = drawn(lambda points: np.full(len(points), 0.7))
    assert contour_at(axes, 0.5) == []
    assert len(axes.get_legend().get_texts()) == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"X": X[:, :1]}, r"X must have shape \(n_samples, 2\), got \(4, 1\)"),
        ({"X": np.empty((0, 2)), "ids": IDS[:0]}, r"got \(0, 2\)"),
        ({"ids": IDS[:3]}, "one entry for each of the 4 samples: 3"),
        ({"ids": IDS + 1}, "ids must be 0 or 1, got 2"),
        ({"probability": lambda points: points}, "one number for each of 6400 points, got 12800"),
        ({"probability": lambda points: points[:, 0]}, "numbers from 0 to 1, got -1"),
        ({"probability": lambda points: np.full(len(points), np.nan)}, "from 0 to 1, got nan"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        drawn(**wrong)
