"""What a check says: the same explanation as text for a terminal and as HTML for a notebook."""

import contextlib
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from html import escape

# Readable on light and on dark backgrounds; the words and the mark carry the meaning without them.
_MARKS = {
    "✗": ("#d55e00", "not yet right"),
    "✓": ("#009e73", "right"),
    "◐": ("#b8860b", "right in part"),
}
MARKS = tuple(_MARKS)  # how the text of a message begins
IN_THE_LINE = "in the line"  # names a value that is code
WIDTH = 80  # characters of a line of text
_GAP = "margin:4px 0"
_SHORT = 16  # characters of a label


@dataclass(frozen=True)
class Message:
    """An explanation in parts.

    Parameters
    ----------
    mark : str
        ``✗`` not yet, ``✓`` verified, ``◐`` in part.
    headline : str
        One sentence: what happened, in the student's terms.
    lines : tuple of str
        Further sentences, a line each.
    evidence : tuple of (str, str)
        Names and values that show it.
    reread : str
        The lecture section that explains it; empty for none.
    """

    mark: str
    headline: str
    lines: tuple[str, ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    reread: str = ""

    def __str__(self) -> str:
        width = max((len(name) for name, _ in self.evidence), default=0)
        return "\n".join(
            [
                *_wrap(f"{self.mark} {self.headline}", "", "  "),
                *(part for line in self.lines for part in _wrap(line, "  ", "  ")),
                *(
                    part
                    for name, value in self.evidence
                    for part in _wrap(value, f"    {name:<{width}}  ", " " * (width + 6))
                ),
                *(_wrap(f"Reread: {self.reread}", "  ", "  ") if self.reread else []),
            ]
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """A card of plain tags and few styles, so that it survives in an untrusted notebook.

        There role and aria-label are taken out, and the title alone names the mark. Text and
        background keep the colours of the theme, light or dark.
        """
        colour, name = _MARKS[self.mark]
        left = "text-align:left;padding:2px 12px 2px 0"
        rows = "".join(
            f'<tr><th scope="row" style="{left};{_label_style(name)}">{escape(name)}</th>'
            f'<td style="{left}">{_cell(name, value)}</td></tr>'
            for name, value in self.evidence
        )
        paragraphs = [
            f'<strong><span role="img" aria-label="{name}" title="{name}">{self.mark}</span> '
            f"{escape(self.headline)}</strong>",
            *map(escape, self.lines),
        ]
        reread = [f"Reread: <em>{escape(self.reread)}</em>"] if self.reread else []
        return "".join(
            [
                f'<div style="border-left:5px solid {colour};padding:2px 12px">',
                *(f'<p style="{_GAP}">{text}</p>' for text in paragraphs),
                f'<table style="{_GAP}"><tbody>{rows}</tbody></table>' if rows else "",
                *(f'<p style="{_GAP}">{text}</p>' for text in reread),
                "</div>",
            ]
        )


def _label_style(name: str) -> str:
    """A short label stays on one line; a long one may break where the page is narrow."""
    return "font-weight:normal" + (";white-space:nowrap" if len(name) <= _SHORT else "")


def _cell(name: str, value: str) -> str:
    """A value of the evidence: numbers and code look like code, sentences do not."""
    is_code = name == IN_THE_LINE or value.startswith("[") or " " not in value
    return f"<code>{escape(value)}</code>" if is_code else escape(value)


def _wrap(text: str, first: str, others: str) -> list[str]:
    """Lines for a terminal; `nbgrader validate` cuts off what is longer."""
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=others)


class CheckFailed(Exception):
    """A check that did not pass; its text is the explanation.

    Parameters
    ----------
    message : Message
    mistake : str
        Which known mistake this is (an id of the mistake bank); empty when none was recognised.
    """

    def __init__(self, message: Message, mistake: str = ""):
        super().__init__(str(message))
        self.message = message
        self.mistake = mistake
        self._shown = False

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the card, and one line beneath it.

        ``nbgrader validate`` prints nothing but this, so there it is the whole text.
        """
        if os.environ.get("NBGRADER_EXECUTION") == "validate":
            return str(self).splitlines()
        if not self._shown:  # IPython asks twice: for the page and for its own records
            self._shown = True
            show(self.message)
        return [f"{type(self).__name__}: {self.message.headline}"]


_screen: ContextVar[Callable[[Message], None] | None] = ContextVar("screen", default=None)


@contextlib.contextmanager
def screen(showing: Callable[[Message], None]) -> Iterator[None]:
    """Have messages shown by a function of one's own."""
    before = _screen.set(showing)
    try:
        yield
    finally:
        _screen.reset(before)


def show(message: Message) -> None:
    """Display a message: HTML where the front end shows HTML, else text."""
    showing = _screen.get()
    if showing is not None:
        showing(message)
        return
    try:
        from IPython import get_ipython
    except ImportError:
        shell = None
    else:
        shell = get_ipython()
    if shell is None:
        say(str(message))
    else:
        from IPython.display import display

        display(message)


def say(text: str) -> None:
    """Print, on a terminal that knows few characters with the others replaced."""
    try:
        print(text)
    except UnicodeEncodeError:
        known = sys.stdout.encoding
        print(text.encode(known, "replace").decode(known))
