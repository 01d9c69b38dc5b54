"""Learning curves: how the losses fell while networks were trained (lecture 09)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from chainrule.figures.style import COLOURS, subplots

# A label has a colour and a marker of its own; training is dashed, validation is solid.
_LOOKS = list(
    zip(
        [COLOURS[name] for name in ("blue", "red", "green", "purple", "orange", "ink", "grey")],
        ["o", "s", "^", "D", "v", "P", "X"],
        strict=True,
    )
)
_LOSSES = {"train": ("training", "--"), "val": ("validation", "-")}
_MARKERS = 8  # about so many on a curve


class Curve(NamedTuple):
    """One kind of loss of one or several runs, at the epochs at which all of them have it."""

    epochs: np.ndarray
    mean: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


def learning_curves(
    runs: Mapping[str, object],
    *,
    which: str = "both",
    log: bool = False,
    ylabel: str = "loss",
    title: str | None = None,
    axes=None,
) -> Figure:
    """Draw the losses of training runs against the epochs.

    Several runs under one label, as with several seeds, become their mean with a band from the
    lowest to the highest of them, as far as all of them went. A single run whose best epoch is
    known gets a star there. Labels differ in colour and in marker; training losses are dashed.

    Parameters
    ----------
    runs : mapping from label to History, or to a sequence of them
        What ``Trainer.fit`` returned; up to seven labels.
    which : "both", "train" or "val"
        The losses to draw; "both" leaves out validation losses that were never measured.
    log : bool
        Whether the loss has a logarithmic axis.
    ylabel : str
        Name of the loss, with its unit if it has one.
    title : str, optional
    axes : matplotlib Axes, optional
        One to draw into, as from ``subplots(1, 2)``; a figure of its own if left out.

    Returns
    -------
    Figure
        To be given to :func:`chainrule.figures.show`.

    Raises
    ------
    TypeError
        If ``runs`` is no mapping.
    ValueError
        If there is nothing to draw, or ``which`` is something else.

    Examples
    --------
    >>> from chainrule.history import History
    >>> one = History(train_loss=[4.0, 2.0, 1.0], val_epochs=[1, 3], val_loss=[5.0, 3.0])
    >>> figure = learning_curves({"linear": one})
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['linear, training', 'linear, validation']
    """
    kinds = _kinds(which)
    groups = _groups(runs)
    drawn = [
        (label, kind, look, group)
        for (label, group), look in zip(groups.items(), _LOOKS, strict=False)
        for kind in kinds
        if which != "both" or all(_losses(run, kind)[0] for run in group)
    ]
    if not drawn:
        raise ValueError("these runs hold no losses yet")
    figure, axes = subplots() if axes is None else (axes.figure, axes)
    for label, kind, look, group in drawn:
        name = label if len(kinds) == 1 else f"{label}, {_LOSSES[kind][0]}"
        _draw(axes, name, kind, look, group)
    axes.set(xlabel="epoch", ylabel=ylabel, title=title or "")
    if log:
        axes.set_yscale("log")
    axes.legend(handlelength=3.5)  # long enough to tell dashed from solid
    return figure


def curve(runs: Sequence, kind: str) -> Curve:
    """Sum up the losses of some runs at the epochs at which all of them were measured.

    Parameters
    ----------
    runs : sequence of History
    kind : "train" or "val"

    Raises
    ------
    ValueError
        If there is no such epoch.

    Examples
    --------
    >>> from chainrule.history import History
    >>> both = curve([History(train_loss=[4.0, 2.0, 1.0]), History(train_loss=[6.0, 3.0])], "train")
    >>> both.epochs.tolist(), both.mean.tolist(), both.highest.tolist()
    ([1, 2], [5.0, 2.5], [6.0, 3.0])
    """
    measured = [dict(zip(*_losses(run, kind), strict=True)) for run in runs]
    epochs = sorted(set.intersection(*map(set, measured)))
    if not epochs:
        raise ValueError(f"these runs have no epoch with a {_LOSSES[kind][0]} loss in common")
    table = np.array([[losses[epoch] for epoch in epochs] for losses in measured])
    return Curve(np.array(epochs), table.mean(axis=0), table.min(axis=0), table.max(axis=0))


def _losses(run, kind: str) -> tuple[Sequence[int], Sequence[float]]:
    if kind == "val":
        return run.val_epochs, run.val_loss
    return range(1, len(run.train_loss) + 1), run.train_loss


def _kinds(which: str) -> list[str]:
    if which not in ("both", *_LOSSES):
        raise ValueError(f"which must be 'both', 'train' or 'val', got {which!r}")
    return list(_LOSSES) if which == "both" else [which]


def _groups(runs) -> dict[str, list]:
    if not isinstance(runs, Mapping):
        raise TypeError(f"runs must be a dict from labels to histories, got {type(runs).__name__}")
    if not 0 < len(runs) <= len(_LOOKS):
        raise ValueError(f"runs must have from 1 to {len(_LOOKS)} labels, got {len(runs)}")
    groups = {label: [run] if hasattr(run, "train_loss") else [*run] for label, run in runs.items()}
    for label, group in groups.items():
        if not group:
            raise ValueError(f"there is no history under {label!r}")
    return groups


def _draw(axes, name: str, kind: str, look: tuple[str, str], group: list) -> None:
    colour, marker = look
    epochs, mean, lowest, highest = curve(group, kind)
    every = max(1, round(len(epochs) / _MARKERS))
    axes.plot(
        epochs,
        mean,
        _LOSSES[kind][1],
        color=colour,
        marker=marker,
        markersize=5,
        markevery=(every // 2, every),
        label=name,
    )
    if len(group) > 1:
        axes.fill_between(epochs, lowest, highest, color=colour, alpha=0.18, linewidth=0)
    elif kind == "val" and group[0].best_epoch is not None:
        best = group[0].best_epoch
        axes.plot(
            best,
            group[0].val_loss[group[0].val_epochs.index(best)],
            "*",
            color=colour,
            markersize=16,
            markeredgecolor=COLOURS["ink"],
            label=f"best, epoch {best}",
        )
