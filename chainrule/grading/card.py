"""Read a check's message back from the HTML in which a notebook keeps it.

What comes out is text in parts, whoever wrote the HTML: a page shows it in its own words and
looks. HTML that is not just such a card gives nothing.
"""

from __future__ import annotations

import re
from html import unescape

from chainrule.checks.message import Message

_TEXT = "([^<>]*)"
_TR = "<tr><th [^<>]*>[^<>]*</th><td [^<>]*>(?:<code>[^<>]*</code>|[^<>]*)</td></tr>"
_CARD = re.compile(
    r'<div style="[^"<>]*">'
    rf'<p style="[^"<>]*"><strong><span [^<>]*>([✗✓◐])</span> {_TEXT}</strong></p>'
    r'((?:<p style="[^"<>]*">[^<>]*</p>)*)'
    rf'(?:<table style="[^"<>]*"><tbody>((?:{_TR})*)</tbody></table>)?'
    rf'(?:<p style="[^"<>]*">Reread: <em>{_TEXT}</em></p>)?'
    r"</div>"
)
_LINE = re.compile(rf"<p [^<>]*>{_TEXT}</p>")
_ROW = re.compile(
    rf"<tr><th [^<>]*>{_TEXT}</th><td [^<>]*>(?:<code>{_TEXT}</code>|{_TEXT})</td></tr>"
)
MAX_CARD = 50_000  # characters


def read_card(html: object) -> Message | None:
    """The message of which `html` is the card; None if it is not one.

    Examples
    --------
    >>> print(read_card(Message("✓", "ReLU forward: right.")._repr_html_()))
    ✓ ReLU forward: right.
    """
    if not isinstance(html, str) or len(html) > MAX_CARD:
        return None
    found = _CARD.fullmatch(html)
    if found is None:
        return None
    mark, headline, lines, rows, reread = found.groups(default="")
    return Message(
        mark,
        unescape(headline),
        tuple(unescape(line) for line in _LINE.findall(lines)),
        tuple((unescape(name), unescape(code or text)) for name, code, text in _ROW.findall(rows)),
        unescape(reread),
    )
