"""Every number of a confusion matrix is in its cell, and right answers are told by a frame."""

import numpy as np
import pytest

from chainrule.figures import COLOURS, confusion_grid, subplots

COUNTS = np.array([[50, 2, 0], [3, 40, 1], [0, 0, 7]])
NAMES = ["a", "b", "c"]


def drawn(counts=COUNTS, names=NAMES, **options):
    return confusion_grid(counts, names, **options).axes[0]


def test_every_cell_holds_its_number():
    cells = {text.get_position(): int(text.get_text()) for text in drawn().texts}
    assert cells == {(column, row): COUNTS[row, column] for row in range(3) for column in range(3)}


def test_rows_are_true_and_columns_predicted():
    axes = drawn(title="seed 0")
    assert (axes.get_ylabel(), axes.get_xlabel(), axes.get_title()) == (
        "true",
        "predicted",
        "seed 0",
    )
    assert [tick.get_text() for tick in axes.get_xticklabels()] == NAMES
    assert [tick.get_text() for tick in axes.get_yticklabels()] == NAMES
    assert axes.yaxis_inverted()  # the first class is in the first row


def test_right_answers_are_framed():
    framed = [frame.get_xy() for frame in drawn().patches if frame.get_edgecolor()[0] < 0.3]
    assert framed == [(-0.5, -0.5), (0.5, 0.5), (1.5, 1.5)]


def test_numbers_on_dark_cells_are_light():
    colours = [text.get_color() for text in drawn().texts]
    assert colours[0] == COLOURS["paper"]
    assert colours[1] == COLOURS["ink"]
    assert colours[2] == COLOURS["grey"]  # there is none


def test_a_class_without_samples_is_no_division_by_zero():
    assert len(drawn(np.zeros((3, 3), int)).texts) == 9


def test_two_tables_can_stand_side_by_side():
    figure, panels = subplots(1, 2)
    assert confusion_grid(COUNTS, NAMES, axes=panels[1]) is figure
    assert not panels[0].texts


def test_counts_that_do_not_fit_the_names_are_refused():
    with pytest.raises(ValueError, match=r"each of 2 names, got shape \(3, 3\)"):
        drawn(names=["a", "b"])
