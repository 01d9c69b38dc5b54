import builtins
import io
import sys

import pytest

from chainrule.history import History
from chainrule.progress import show_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(epochs, done=None, stopped_early=False, validation=True):
    """Show a run whose training loss after epoch k is 1 / k, and its validation loss 2 / k."""
    history = History()
    done = epochs if done is None else done
    with show_progress(epochs, wanted=True) as report:
        for epoch in range(1, done + 1):
            history.train_loss.append(1 / epoch)
            if validation:
                history.val_loss.append(2 / epoch)
            history.stopped_early = stopped_early and epoch == done
            report(history)


def test_nothing_is_shown_unless_wanted(capsys):
    with show_progress(3, wanted=False) as report:
        report(History(train_loss=[1.0]))
    assert capsys.readouterr() == ("", "")


# Outside of a terminal


def test_every_tenth_of_a_run_is_a_line(capsys):
    run(200)
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split(":")[0] for line in out.splitlines()] == [
        f"epoch {epoch:3} of 200" for epoch in range(20, 201, 20)
    ]
    assert out.splitlines()[0].endswith(": training loss 0.05, validation loss 0.1")


@pytest.mark.parametrize(("epochs", "lines"), [(1, 1), (3, 3), (10, 10), (13, 10), (999, 10)])
def test_a_run_of_any_length_prints_ten_lines_or_one_an_epoch(capsys, epochs, lines):
    run(epochs)
    out = capsys.readouterr().out.splitlines()
    assert len(out) == lines
    assert out[-1].startswith(f"epoch {epochs} of {epochs}:")


def test_a_run_without_validation_shows_the_training_loss_alone(capsys):
    run(1, validation=False)
    assert capsys.readouterr().out == "epoch 1 of 1: training loss 1\n"


def test_a_run_that_stops_early_says_so_in_its_last_line(capsys):
    run(100, done=33, stopped_early=True)
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 4
    assert out[-1].startswith("epoch  33 of 100: training loss 0.0303")
    assert out[-1].endswith(", stopped early")


# In a terminal


def test_rich_shows_a_bar_with_the_losses(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    run(20)
    assert "20/20" in terminal.getvalue()
    assert "training loss 0.05, validation loss 0.1" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_without_rich_one_line_is_rewritten(monkeypatch, capsys):
    whole = builtins.__import__

    def without_rich(name, *args, **kwargs):
        if name.split(".")[0] == "rich":
            raise ImportError(name)
        return whole(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_rich)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    run(20)
    shown = terminal.getvalue()
    assert shown.count("\r") == 20
    assert shown.count("\n") == 1
    assert shown.rstrip().endswith("epoch 20 of 20: training loss 0.05, validation loss 0.1")
    assert capsys.readouterr().out == ""


def test_the_terminal_is_left_in_order_when_training_is_broken_off(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with pytest.raises(KeyboardInterrupt), show_progress(3, wanted=True):
        raise KeyboardInterrupt
    assert terminal.getvalue().endswith("\n") or "\x1b[?25h" in terminal.getvalue()
