"""An animation holds every frame, stands still where nothing moves, and says what it shows."""

import base64
import io
from unittest.mock import patch

import numpy as np
import pytest
from lecture_rules import images
from PIL import Image, ImageSequence

from chainrule.figures import animate

FRAMES = [(f"step {i}", i) for i in range(4)]
ALT = "A square that moves to the right"


def draw(axes, value):
    axes.plot([value], [0], "s", markersize=30)
    axes.set(xlim=(-1, 5), ylim=(-1, 1))


def shown(frames=FRAMES, **options):
    with patch("chainrule.figures.display.display") as to_notebook:
        animate(draw, frames, **{"alt": ALT, "size": (3, 2)} | options)
    ((data,), _) = to_notebook.call_args
    return data["text/html"], data["text/plain"]


def pictures(html):
    """The animation and the stills, opened."""
    sources = [image["src"].partition("base64,")[2] for image in images(html)]
    return [Image.open(io.BytesIO(base64.b64decode(source))) for source in sources]


def where(picture):
    """The middle of what is blue, from left to right, as a part of the width."""
    pixels = np.asarray(picture.convert("RGB")).astype(int)
    columns = np.nonzero(pixels[..., 2] > pixels[..., 0] + 80)[1]
    return columns.mean() / picture.width


def test_every_frame_is_in_the_animation_in_order():
    moving, _ = pictures(shown()[0])
    assert moving.is_animated
    places = [where(frame) for frame in ImageSequence.Iterator(moving)][1:]
    assert len(places) == 4
    np.testing.assert_allclose(np.diff(places), np.diff(places).mean(), atol=0.01)
    assert places[0] < places[-1]


def test_where_nothing_moves_the_last_frame_is_seen():
    moving, _ = pictures(shown()[0])
    assert moving.info["default_image"]
    first, *frames = [where(frame) for frame in ImageSequence.Iterator(moving)]
    assert first == frames[-1]


def test_the_axes_stand_still():
    def left_edge(frame):
        dark = np.asarray(frame.convert("L")) < 100
        return int(np.argmax(dark.sum(axis=0)))

    moving, _ = pictures(shown()[0])
    assert len({left_edge(frame) for frame in ImageSequence.Iterator(moving)}) == 1


def test_the_animation_stands_in_a_fold_that_is_open_and_has_stills_below():
    html, text = shown(stills=(0, 2, -1), caption="a < b")
    before, _, after = html.partition("</details>")
    assert before.count("<img") == after.count("<img") == 1
    assert "<details open><summary>Animation of 4 frames" in before
    assert "<figcaption>a &lt; b</figcaption>" in after
    moving, stills = images(html)
    assert moving["alt"] == ALT
    assert stills["alt"] == "The same as stills: step 0; step 2; step 3."
    assert text == f"{ALT}\n{stills['alt']}\na < b"


def test_it_is_the_same_at_every_run():
    assert shown() == shown()


def test_more_frames_than_a_notebook_should_hold_are_refused():
    with pytest.raises(ValueError, match="from 1 to 25 frames, got 26"):
        shown([(str(i), i) for i in range(26)])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"frames": []}, "from 1 to 25 frames, got 0"),
        ({"alt": " "}, "alt="),
        ({"stills": (0, 4)}, "still 4 is none of the 4 frames"),
        ({"stills": (-5,)}, "still -5 is none of the 4 frames"),
    ],
)
def test_what_cannot_be_shown_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        shown(**wrong)
