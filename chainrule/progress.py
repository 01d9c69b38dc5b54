"""Progress: how far a training run has come, while it runs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chainrule.history import History

Report = Callable[[History], None]


@contextmanager
def show_progress(epochs: int, wanted: bool) -> Iterator[Report]:
    """Give a function to call with the history after every epoch.

    In a terminal it keeps a bar up to date (with rich, if that is installed). Elsewhere, as in a
    notebook, it prints ten lines in all; they hold no times, so that a run with the same seed
    prints the same again.

    Parameters
    ----------
    epochs : int
        How many there will be.
    wanted : bool
        If not, nothing is shown.
    """
    if not wanted:
        yield lambda history: None
    elif not sys.stderr.isatty():
        yield lambda history: _print_line(history, epochs)
    else:
        with _bar(epochs) as report:
            yield report


def in_words(history: History) -> str:
    """The losses after the last epoch in one line."""
    text = f"training loss {history.train_loss[-1]:.4g}"
    if history.val_loss:
        text += f", validation loss {history.val_loss[-1]:.4g}"
    return text


def _print_line(history: History, epochs: int) -> None:
    done = len(history.train_loss)
    # A line whenever another tenth is complete.
    if done * 10 // epochs > (done - 1) * 10 // epochs or history.stopped_early:
        ending = ", stopped early" if history.stopped_early else ""
        print(f"epoch {done:{len(str(epochs))}} of {epochs}: {in_words(history)}{ending}")


@contextmanager
def _bar(epochs: int) -> Iterator[Report]:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
    except ImportError:
        with _rewritten_line(epochs) as report:
            yield report
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), "{task.description}")
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("", total=epochs)
        yield lambda history: bar.update(
            task, completed=len(history.train_loss), description=in_words(history)
        )


@contextmanager
def _rewritten_line(epochs: int) -> Iterator[Report]:
    def report(history: History) -> None:
        line = f"epoch {len(history.train_loss)} of {epochs}: {in_words(history)}"
        print(f"\r{line:<79}", end="", file=sys.stderr, flush=True)

    try:
        yield report
    finally:
        print(file=sys.stderr)
