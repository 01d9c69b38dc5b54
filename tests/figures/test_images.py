"""Small pictures stand in their places, and their greys mean the same in all of them."""

import numpy as np
import pytest

from chainrule.figures import image_grid

IMAGES = np.arange(7 * 3 * 2, dtype=float).reshape(7, 3, 2)


def test_every_picture_is_there_as_it_is():
    (axes,) = image_grid(IMAGES).axes
    drawn = [part.get_array() for part in axes.images]
    np.testing.assert_array_equal(drawn, IMAGES)


def test_they_stand_in_rows_without_touching():
    (axes,) = image_grid(IMAGES, columns=3).axes
    places = [part.get_extent() for part in axes.images]
    lefts, tops = [place[0] for place in places], [place[3] for place in places]
    assert lefts[0] == lefts[3] == lefts[6]
    assert tops[0] == tops[2] > tops[3] > tops[6]
    assert places[0][1] < lefts[1]
    assert places[0][2] > tops[3]


def test_the_pixels_are_square():
    (axes,) = image_grid(IMAGES).axes
    left, right, bottom, top = axes.images[0].get_extent()
    assert (top - bottom) / (right - left) == pytest.approx(3 / 2)
    assert axes.get_aspect() == 1


def test_one_scale_serves_all_pictures():
    (axes,) = image_grid(IMAGES).axes
    assert {part.get_clim() for part in axes.images} == {(0.0, 41.0)}


def test_a_scale_around_zero_has_it_in_the_middle():
    figure = image_grid(IMAGES - 20, limits=(-22, 22), scale="weight")
    axes, bar = figure.axes
    assert axes.images[0].norm(0) == 0.5
    assert bar.get_ylabel() == "weight"


def test_titles_stand_above_their_pictures():
    titles = [f"t{i}\nsecond line" for i in range(7)]
    (axes,) = image_grid(IMAGES, titles, columns=4).axes
    for text, part, title in zip(axes.texts, axes.images, titles, strict=True):
        left, right, _, top = part.get_extent()
        assert text.get_text() == title
        assert left < text.get_position()[0] < right
        assert text.get_position()[1] > top


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [
        (IMAGES[0], None, r"\(n_images, height, width\), got \(3, 2\)"),
        (IMAGES[:0], None, r"got \(0, 3, 2\)"),
        (IMAGES, ["one"], "7 images, but 1 titles"),
    ],
)
def test_what_cannot_be_drawn_is_refused(images, titles, message):
    with pytest.raises(ValueError, match=message):
        image_grid(images, titles)
