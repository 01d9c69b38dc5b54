"""Learning curves: every run is in the picture, and nothing is told by colour alone."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from chainrule.figures import learning_curves, subplots
from chainrule.figures.learning import curve
from chainrule.history import History

ONE = History(
    train_loss=[4.0, 3.0, 2.0, 1.5], val_epochs=[2, 4], val_loss=[3.5, 2.5], best_epoch=None
)
OTHER = History(train_loss=[6.0, 3.0, 1.0], val_epochs=[2], val_loss=[4.5], best_epoch=2)


def lines(figure):
    return {line.get_label(): line for line in figure.axes[0].lines}


def bands(figure):
    return [part for part in figure.axes[0].collections if isinstance(part, PolyCollection)]


def test_the_losses_stand_at_their_epochs():
    drawn = lines(learning_curves({"net": ONE}))
    assert drawn["net, training"].get_xydata().tolist() == [[1, 4], [2, 3], [3, 2], [4, 1.5]]
    assert drawn["net, validation"].get_xydata().tolist() == [[2, 3.5], [4, 2.5]]


def test_several_runs_become_their_mean_as_far_as_all_of_them_went():
    drawn = lines(learning_curves({"net": [ONE, OTHER]}))
    assert drawn["net, training"].get_xydata().tolist() == [[1, 5], [2, 3], [3, 1.5]]
    assert drawn["net, validation"].get_xydata().tolist() == [[2, 4]]


def test_the_band_of_several_runs_holds_every_one_of_them():
    figure = learning_curves({"net": [ONE, OTHER]}, which="train")
    (band,) = bands(figure)
    corners = {tuple(point) for point in band.get_paths()[0].vertices}
    for epoch, losses in enumerate(zip(ONE.train_loss, OTHER.train_loss, strict=False), start=1):
        assert {(epoch, loss) for loss in losses} <= corners


def test_a_single_run_has_no_band():
    assert bands(learning_curves({"net": ONE})) == []


def test_the_best_epoch_of_a_single_run_gets_a_star():
    assert lines(learning_curves({"net": OTHER}))["best, epoch 2"].get_xydata().tolist() == [
        [2, 4.5]
    ]
    assert "best" not in " ".join(lines(learning_curves({"net": ONE})))
    assert "best" not in " ".join(lines(learning_curves({"net": [OTHER, OTHER]})))


def test_labels_differ_in_marker_and_kinds_in_dashes():
    drawn = lines(learning_curves({"net": ONE, "other": ONE}))
    assert drawn["net, training"].get_marker() == drawn["net, validation"].get_marker()
    assert drawn["net, training"].get_marker() != drawn["other, training"].get_marker()
    assert drawn["net, training"].get_linestyle() != drawn["net, validation"].get_linestyle()


def test_one_kind_of_loss_is_labelled_by_the_label_alone():
    assert list(lines(learning_curves({"net": ONE, "other": OTHER}, which="train"))) == [
        "net",
        "other",
    ]


def test_validation_losses_that_were_never_measured_are_left_out():
    assert list(lines(learning_curves({"net": History(train_loss=[1.0])}))) == ["net, training"]


def test_two_pictures_can_stand_side_by_side():
    figure, panels = subplots(1, 2, sharey=True)
    for which, axes in zip(("train", "val"), panels, strict=True):
        assert learning_curves({"net": ONE}, which=which, axes=axes, title=which) is figure
    assert [axes.get_title() for axes in panels] == ["train", "val"]


def test_the_axes_say_what_they_measure():
    (axes,) = learning_curves({"net": ONE}, ylabel="mean squared error", log=True).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "mean squared error")
    assert axes.get_yscale() == "log"


def test_the_spread_of_runs_that_were_measured_at_different_epochs_is_that_of_common_ones():
    both = curve([ONE, OTHER], "val")
    np.testing.assert_array_equal(both.epochs, [2])
    assert (both.mean[0], both.lowest[0], both.highest[0]) == (4.0, 3.5, 4.5)


@pytest.mark.parametrize(
    ("runs", "options", "error", "message"),
    [
        (ONE, {}, TypeError, "runs must be a dict from labels to histories, got History"),
        ({}, {}, ValueError, "runs must have from 1 to 7 labels, got 0"),
        (dict.fromkeys("abcdefgh", ONE), {}, ValueError, "from 1 to 7 labels, got 8"),
        ({"net": History()}, {}, ValueError, "these runs hold no losses yet"),
        ({"net": []}, {}, ValueError, "there is no history under 'net'"),
        ({"net": ONE}, {"which": "test"}, ValueError, "'both', 'train' or 'val', got 'test'"),
        (
            {"net": History(train_loss=[1.0])},
            {"which": "val"},
            ValueError,
            "no epoch with a validation loss in common",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(runs, options, error, message):
    with pytest.raises(error, match=message):
        learning_curves(runs, **options)
