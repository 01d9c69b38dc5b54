"""The drawings of the lectures: the same everywhere, complete, and readable without seeing them."""

import base64
import io
import re
from unittest.mock import patch
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lecture_reading import images
from PIL import Image

from chainrule.figures import COLOURS, Edge, chain, graph, show, stepper, subplots, tangent
from chainrule.figures.layout import Layout


def shown(display, *arguments, **options):
    """What a call displays: its HTML and its plain text."""
    with patch("chainrule.figures.display.display") as to_notebook:
        display(*arguments, **options)
    ((data,), kind) = to_notebook.call_args
    assert kind == {"raw": True}
    return data["text/html"], data["text/plain"]


def texts(drawing):
    root = ElementTree.fromstring(drawing.svg)
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def plot():
    figure, axes = subplots()
    axes.plot([0, 1], [0, 1])
    return figure


# --- showing --------------------------------------------------------------------------------------


def test_a_plot_is_an_image_with_its_text():
    html, text = shown(show, plot(), alt='A line, "rising" & straight')
    (image,) = images(html)
    assert image["alt"] == text == 'A line, "rising" & straight'
    assert image["src"].startswith("data:image/png;base64,")


def test_a_plot_is_the_same_at_every_run():
    assert shown(show, plot(), alt="a line") == shown(show, plot(), alt="a line")


def test_a_plot_has_an_opaque_background_that_reads_on_dark_pages():
    html, _ = shown(show, plot(), alt="a line")
    data = base64.b64decode(images(html)[0]["src"].partition(",")[2])
    assert Image.open(io.BytesIO(data)).convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_a_diagram_brings_its_own_text_and_can_be_given_another():
    drawing = chain(["square"], [2, 4])
    assert images(shown(show, drawing)[0])[0]["alt"] == drawing.alt
    assert images(shown(show, drawing, alt="a single box")[0])[0]["alt"] == "a single box"


def test_a_caption_is_text_and_not_markup():
    html, text = shown(show, chain(["f"]), caption="x < y")
    assert "<figcaption>x &lt; y</figcaption>" in html
    assert text.endswith("x < y")


@pytest.mark.parametrize("alt", [None, "", "  "])
def test_a_plot_that_nothing_describes_is_refused(alt):
    with pytest.raises(ValueError, match="alt"):
        show(plot(), alt=alt)


def test_what_is_no_picture_is_refused():
    with pytest.raises(TypeError, match="str"):
        show("a picture", alt="a picture")


def test_lines_differ_in_more_than_colour():
    _, axes = subplots()
    lines = [axes.plot([0, 1], [0, i])[0] for i in range(5)]
    assert len({line.get_linestyle() for line in lines}) >= 4
    assert len({line.get_color() for line in lines}) == 5


@pytest.mark.parametrize("name", ["ink", "grey", "blue", "red", "green", "purple"])
def test_colours_that_are_written_in_have_contrast_enough(name):
    def luminance(colour):
        c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    contrast = (luminance(COLOURS["paper"]) + 0.05) / (luminance(COLOURS[name]) + 0.05)
    assert contrast >= 4.5  # WCAG 2 AA


# --- the stepper ----------------------------------------------------------------------------------

FRAMES = [(f"step {i}", chain(["f"], [i, i + 1])) for i in range(3)]


def test_every_frame_is_a_fold_with_a_picture_and_one_is_open():
    html, _ = shown(stepper, FRAMES, start=1)
    folds = re.findall(r"<details( open)?><summary>(.*?)</summary>", html)
    assert folds == [("", "step 0"), (" open", "step 1"), ("", "step 2")]
    assert [image["alt"] for image in images(html)] == [drawing.alt for _, drawing in FRAMES]


def test_a_stepper_s_id_depends_on_its_frames_alone():
    def identity(frames):
        return re.search(r'<figure id="(stepper-\w+)"', shown(stepper, frames)[0])[1]

    assert identity(FRAMES) == identity(list(FRAMES)) != identity(FRAMES[:2])
    assert f'[id="{identity(FRAMES)}"]' in shown(stepper, FRAMES)[0]  # in its script too


@pytest.mark.parametrize(("frames", "start"), [([], 0), (FRAMES, 3), (FRAMES, -1)])
def test_a_start_that_is_no_frame_is_refused(frames, start):
    with pytest.raises(ValueError, match=f"{len(frames)} frames, got {start}"):
        stepper(frames, start)


# --- chains and graphs ----------------------------------------------------------------------------


def test_a_chain_shows_values_slopes_and_what_the_arrows_mean():
    written = texts(chain([np.square, "sigmoid"], [2, 4, 0.98201379], [0.07065, -1.5, 1]))
    assert {"x", "square", "sigmoid", "y", "2", "4", "0.982", "0.07065", "−1.5", "1"} <= set(
        written
    )
    assert {"forward: values", "backward: slopes"} <= set(written)


def test_a_chain_without_slopes_has_no_legend():
    assert not any("backward" in text for text in texts(chain(["square"], [2, 4])))


@pytest.mark.parametrize("labels", [{"forward": [1]}, {"forward": [1, 2], "backward": [1, 2, 3]}])
def test_a_chain_with_the_wrong_number_of_labels_is_refused(labels):
    with pytest.raises(ValueError, match="needs 2 labels, one per arrow"):
        chain(["square"], **labels)


def test_labels_are_text_and_not_markup():
    drawing = graph([Edge("a<b", "f & g", "x > 0")])
    assert {"a<b", "f & g", "x > 0"} <= set(texts(drawing))


def test_a_drawing_says_everything_it_shows():
    drawing = graph(
        [Edge("X", "product", (8, 3), "∂L/∂X"), Edge("W", "product", (3, 2), "∂L/∂W")],
        parameters=["W"],
    )
    for text in ["X → product (8, 3)", "W → product (3, 2)", "product → X ∂L/∂X"]:
        assert text in drawing.alt


def test_values_used_twice_get_two_arrows():
    layout = Layout(
        edges := [Edge("x", "product", 3, 3), Edge("x", "product", 3, 3), Edge("product", "y", 9)],
        [],
        {},
    )
    ways = [layout.route(edge) for edge in edges[:2]]
    heights = [[y for _, y in way] for way in ways]
    assert max(heights[0]) + 20 <= min(heights[1])


def test_a_parameter_lies_below_the_operation_it_feeds():
    layout = Layout([Edge("X", "product"), Edge("W", "product"), Edge("product", "N")], ["W"], {})
    assert layout.at["W"][0] == layout.at["product"][0]
    assert layout.at["W"][1] > layout.at["product"][1]


@pytest.mark.parametrize(
    ("edges", "parameters", "message"),
    [
        ([], [], "at least one edge"),
        ([Edge("a", "b"), Edge("b", "a")], [], "circle"),
        ([Edge("W", "f"), Edge("W", "g"), Edge("f", "g")], ["W"], "exactly one operation"),
        ([Edge("x", "W"), Edge("W", "f")], ["W"], "exactly one operation"),
        ([Edge("x", "f")], ["W"], "exactly one operation"),
    ],
)
def test_a_graph_that_cannot_be_drawn_is_refused(edges, parameters, message):
    with pytest.raises(ValueError, match=message):
        graph(edges, parameters=parameters)


@st.composite
def acyclic(draw):
    """Edges from earlier to later nodes, every node reached, some with a parameter."""
    count = draw(st.integers(2, 9))
    pairs = {(draw(st.integers(0, i - 1)), i) for i in range(1, count)}
    pairs |= set(draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)))))
    label = st.sampled_from([None, 1.5, (8, 3), "∂L/∂X\n(8, 3)"])
    edges = [Edge(f"n{i}", f"n{j}", draw(label), draw(label)) for i, j in sorted(pairs) if i < j]
    fed = draw(st.sets(st.sampled_from(sorted({edge.target for edge in edges}))))
    edges += [Edge(f"W of {name}", name, draw(label), draw(label)) for name in sorted(fed)]
    return edges, [f"W of {name}" for name in sorted(fed)]


@given(acyclic())
def test_no_two_nodes_overlap_and_all_lie_on_the_sheet(case):
    edges, parameters = case
    layout = Layout(edges, parameters, {})
    boxes = [(*layout.at[name], *layout.size[name]) for name in layout.labels]
    for i, (x, y, width, height) in enumerate(boxes):
        assert width / 2 <= x <= layout.width - width / 2
        assert height / 2 <= y <= layout.height - height / 2
        for u, v, wide, high in boxes[:i]:
            assert abs(x - u) >= (width + wide) / 2 or abs(y - v) >= (height + high) / 2


@given(acyclic())
def test_values_run_to_the_right(case):
    edges, parameters = case
    layout = Layout(edges, parameters, {})
    for edge in edges:
        if edge.source not in parameters:
            across = [x for x, _ in layout.route(edge)]
            assert across == sorted(across)


@given(acyclic())
def test_a_graph_is_well_formed_and_the_same_at_every_run(case):
    edges, parameters = case
    drawing = graph(edges, parameters=parameters)
    ElementTree.fromstring(drawing.svg)
    assert drawing == graph(edges, parameters=parameters)


# --- curves ---------------------------------------------------------------------------------------


def curve_and_line(drawing):
    ways = re.findall(r'points="([^"]*)" fill="none" stroke="(#\w+)"', drawing.svg)
    of_colour = {colour: way for way, colour in ways}
    return [
        np.array([point.split(",") for point in of_colour[COLOURS[name]].split()], dtype=float)
        for name in ("blue", "red")
    ]


@pytest.mark.parametrize("at", [-1.5, 0.0, 2.0])
def test_a_tangent_with_the_right_slope_touches_and_one_with_a_wrong_slope_cuts(at):
    def above(slope):
        """How far the curve lies above the line, in pixels, where the line is drawn."""
        picture = tangent(np.square, at, slope, xlim=(-3, 3), ylim=(-3, 9))
        curve, ((x0, y0), (x1, y1)) = curve_and_line(picture)
        inside = curve[(curve[:, 0] >= x0) & (curve[:, 0] <= x1)]
        return y0 + (inside[:, 0] - x0) * (y1 - y0) / (x1 - x0) - inside[:, 1]

    assert above(2 * at).min() > -0.2
    assert above(2 * at + 1).min() < -1


def test_a_line_stays_inside_the_frame():
    for slope in (-40.0, 0.0, 0.3, 40.0):
        picture = tangent(np.square, 1.0, slope, xlim=(-3, 3), ylim=(-3, 9))
        curve, line = curve_and_line(picture)
        assert line[:, 0].min() >= curve[:, 0].min() - 0.1
        assert line[:, 0].max() <= curve[:, 0].max() + 0.1
        assert len(line) == 2


def test_a_tangent_says_where_it_touches_and_how_steep_it_is():
    drawing = tangent(np.square, -2.0, -4.0, xlim=(-3, 3), ylim=(-3, 9), label="square(x)")
    assert "x = −2" in drawing.alt
    assert "slope is −4" in drawing.alt
    assert "at x = −2: height 4, slope −4" in texts(drawing)
