"""IPython as a student's cells see it: without a terminal, a history or anything on disk."""

from __future__ import annotations

import ast
import contextlib
import signal
import sys
import types
import warnings

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from chainrule.checks.quiet import undisturbed
from chainrule.grading.sandbox.recorder import Recorder


class CellTimeoutError(BaseException):
    """Time is up. (Not an `Exception`: ``except Exception`` in a loop does not stop it.)"""


class Shell(InteractiveShell):
    """Shows what cells show to whoever records for the student's process at hand.

    Attributes
    ----------
    student : object
        Its ``recorder`` takes what is shown right now.
    shows_figures : bool
        Whether matplotlib draws into the notebook.
    """

    student = None
    shows_figures = False

    def transform_cell(self, raw_cell: str) -> str:
        """Leave plain Python as it is: to look for magics in it takes longer than to run it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they come again when it is compiled
            try:
                ast.parse(raw_cell)
            except Exception:
                return super().transform_cell(raw_cell)
        if not raw_cell or raw_cell[0].isspace():  # IPython takes off empty lines at the start
            return super().transform_cell(raw_cell)
        return raw_cell if raw_cell.endswith("\n") else raw_cell + "\n"

    def showtraceback(self, *args, **kwargs) -> None:
        """Show an error; the reminder that time is up must not come in between and replace it."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        # With the lines around each of a thousand calls it takes seconds.
        endless = isinstance(sys.exc_info()[1], RecursionError)
        self.InteractiveTB.set_mode("Plain" if endless else "Context")
        super().showtraceback(*args, **kwargs)

    def _showtraceback(self, etype, evalue, stb) -> None:
        name = getattr(etype, "__name__", "Exception")
        text = f"the cell took longer than it may ({evalue})" if etype is CellTimeoutError else ""
        self.student.recorder.error(name, text or text_of(evalue), [str(line) for line in stb])

    def enable_gui(self, gui=None) -> None:
        """There is no screen."""


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **kwargs):
        self.shell.student.recorder.bundle("display_data", data)

    def clear_output(self, wait=False):
        self.shell.student.recorder.outputs.clear()


class _Hook(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.student.recorder.bundle("execute_result", format_dict)

    def finish_displayhook(self):
        pass


def warm() -> None:
    """Make the shell once, before processes are forked; have it show figures if there can be any.

    Most notebooks draw none, and a process without matplotlib is half as large, so it is forked in
    half the time.
    """
    if not Shell.initialized():
        _rehearse(_make_shell())
    if "matplotlib.pyplot" in sys.modules and not Shell.shows_figures:
        Shell.shows_figures = True
        with contextlib.suppress(Exception):
            Shell.instance().enable_matplotlib("inline")


def _make_shell() -> Shell:
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.HistoryManager.hist_file = ":memory:"
    settings.InteractiveShell.colors = "NoColor"
    settings.InteractiveShell.xmode = "Context"
    settings.InteractiveShell.banner1 = ""
    return Shell.instance(config=settings, display_pub_class=_Publisher, displayhook_class=_Hook)


def _rehearse(shell: Shell) -> None:
    """Do once what the first cell and the first error of a notebook load and remember."""
    student, shell.student = shell.student, types.SimpleNamespace(recorder=Recorder())
    for source in ("pass", "0 / 0"):
        shell.run_cell(source, store_history=False, silent=True)
    for name in ("last_type", "last_value", "last_traceback"):
        vars(sys).pop(name, None)
    shell.student = student
    with undisturbed():  # as a check does
        pass


def close_figures() -> None:
    """Forget the figures of a cell that is done."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        with contextlib.suppress(Exception):
            pyplot.close("all")


def text_of(error: BaseException) -> str:
    """What an exception says; somebody's own may not be able to."""
    try:
        return str(error)[:2000]
    except BaseException:
        return ""
