"""What a check says: the same explanation as text for a terminal and as HTML for a notebook."""

import os
import sys
from dataclasses import dataclass
from html import escape

# Readable on light and on dark backgrounds; the words and the mark carry the meaning without them.
_COLOURS = {"✗": "#d55e00", "✓": "#009e73", "◐": "#b8860b"}


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
                f"{self.mark} {self.headline}",
                *(f"  {line}" for line in self.lines),
                *(f"    {name:<{width}}  {value}" for name, value in self.evidence),
                *([f"  Reread: {self.reread}"] if self.reread else []),
            ]
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """A card of plain tags and few styles, so that it survives in an untrusted notebook."""
        colour = _COLOURS[self.mark]
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
            f'<td style="text-align:left"><code>{escape(value)}</code></td></tr>'
            for name, value in self.evidence
        )
        return "".join(
            [
                f'<div role="status" style="border-left:5px solid {colour};padding:4px 12px">',
                f'<p style="margin:4px 0"><strong>{self.mark} {escape(self.headline)}</strong></p>',
                *(f'<p style="margin:4px 0">{escape(line)}</p>' for line in self.lines),
                f'<table style="margin:4px 0">{rows}</table>' if rows else "",
                f'<p style="margin:4px 0">Reread: <em>{escape(self.reread)}</em></p>'
                if self.reread
                else "",
                "</div>",
            ]
        )


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


def show(message: Message) -> None:
    """Display a message: HTML where the front end shows HTML, else text."""
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
