"""A student's Markdown as HTML that holds nothing but plain tags without attributes.

It is made by nbconvert's parser, so that it reads as it does in Jupyter, and what comes out is
allow-listed. No link or picture is live, HTML of one's own is shown as text, formulas as TeX.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape

import bleach
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, import_plugin

from chainrule.grading.plaintext import excerpt, visible

MAX_RENDERED = 8_000  # characters; a parser of Markdown can take very long for odd texts
TAGS = frozenset(
    (
        *("p", "br", "hr", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li"),
        *("h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
    )
)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|#39|#x27);)")


def as_html(markdown: str) -> Markup:
    """`markdown` rendered, or as plain text where it is too long or cannot be parsed."""
    text = visible(markdown[: MAX_RENDERED + 1])
    if len(text) > MAX_RENDERED:
        return as_text(markdown)
    try:
        html = _parser().render(text)
    except Exception:  # whatever a parser trips over, the words still count
        return as_text(markdown)
    html = bleach.clean(html, tags=TAGS, attributes={}, strip=True)
    # A character can also be written as a number: then it has not been made visible yet.
    return Markup(_ENTITY.sub("&amp;", html))


def as_text(text: str) -> Markup:
    """`text` as it is, cut where it is too long."""
    return Markup(f"<pre>{escape(excerpt(text, lines=400, width=2000))}</pre>")


def in_one_line(html: str) -> str:
    """HTML as Markdown that another parser passes on, as one block and without formulas."""
    ended = str(html).strip().replace("\n", "&#10;")
    return f'<div class="tex2jax_ignore mathjax_ignore">{ended}</div>'


class _Plain(IPythonRenderer):
    """Nothing live, no headings above those of the page, no colours."""

    def heading(self, text: str, level: int, **attrs) -> str:
        level = min(6, max(4, level + 2))
        return f"<h{level}>{text}</h{level}>\n"

    def link(self, text: str, url: str = "", title: str | None = None) -> str:
        return text if not url or url == text else f"{text} ({escape(url)})"

    def image(self, text: str, url: str = "", title: str | None = None) -> str:
        return f"[picture: {text or 'without a description'}]"

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{escape(code)}</code></pre>\n"

    def block_html(self, html: str) -> str:
        return f"<p>{escape(html.strip())}</p>\n"

    def inline_html(self, html: str) -> str:
        return escape(html)

    def inline_math(self, body: str) -> str:
        return f"<code>${escape(body)}$</code>"

    def block_math(self, body: str) -> str:
        return f"<code>$${escape(body)}$$</code>"

    def latex_environment(self, name: str, body: str) -> str:
        return f"<code>\\begin{{{escape(name)}}}{escape(body)}\\end{{{escape(name)}}}</code>"


@cache
def _parser() -> MarkdownWithMath:
    plugins = [import_plugin(name) for name in ("strikethrough", "table")]
    return MarkdownWithMath(renderer=_Plain(escape=True), plugins=plugins)
