"""A student's outputs, made harmless: what their process sends may be anything.

Text is kept as text, pictures are kept if they are pictures. HTML of one's own is not: a page that
shows it would run it with the rights of whoever looks.
"""

from __future__ import annotations

import re
from html import escape, unescape

from nbformat import NotebookNode

from chainrule.grading.pictures import decoded
from chainrule.grading.unvalidated import new_output

MAX_OUTPUTS = 200
MAX_TEXT = 250_000
MAX_PICTURE = 5_000_000  # bytes
STARTS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/svg+xml": b"<",
}
_IMAGE = re.compile(
    r'<img src="data:(image/(?:png|jpeg|svg\+xml));base64,([A-Za-z0-9+/=]+)" alt="([^"<>]*)"'
    r'(?: width="(\d{1,4})")?>'
)
_CAPTION = re.compile(r"<figcaption>([^<>]*)</figcaption>")


def as_outputs(sent: object) -> list[NotebookNode]:
    """The outputs of a notebook's cell, of what a student's process says that it showed."""
    found = []
    for one in sent[:MAX_OUTPUTS] if type(sent) is list else []:
        if type(one) is not dict:
            continue
        kind = one.get("output_type")
        if kind == "stream":
            name = "stderr" if one.get("name") == "stderr" else "stdout"
            found.append(new_output("stream", name=name, text=_text(one.get("text"))))
        elif kind == "error":
            lines = one.get("traceback")
            found.append(
                new_output(
                    "error",
                    ename=_text(one.get("ename"))[:200],
                    evalue=_text(one.get("evalue"))[:2000],
                    traceback=[_text(line) for line in lines[:20]] if type(lines) is list else [],
                )
            )
        elif kind in ("display_data", "execute_result"):
            data = safe_data(one.get("data"))
            if data:
                found.append(new_output(kind, data))
    return found


def safe_data(data: object) -> dict[str, str]:
    """What of a displayed bundle is text or a picture."""
    if type(data) is not dict:
        return {}
    found = {}
    if type(data.get("text/plain")) is str:
        found["text/plain"] = _text(data["text/plain"])
    for kind in ("image/png", "image/jpeg"):
        if type(data.get(kind)) is str and is_picture(kind, data[kind]):
            found[kind] = "".join(data[kind].split())
    if type(data.get("text/html")) is str:
        figure = _safe_figure(data["text/html"])
        if figure:
            found["text/html"] = figure
    return found


def is_picture(kind: str, text: str) -> bool:
    """Whether some base64 holds a picture of this kind, and not too large a one."""
    if kind not in STARTS or len(text) > MAX_PICTURE * 4 // 3:
        return False
    content = decoded(text, MAX_PICTURE)
    return content is not None and content.startswith(STARTS[kind])


def _safe_figure(html: str) -> str:
    """The pictures of `chainrule.figures` in some HTML, written anew; nothing else of it."""
    if len(html) > 2 * MAX_PICTURE:
        return ""
    images = []
    for kind, text, alt, width in _IMAGE.findall(html)[:20]:
        if is_picture(kind, text):
            size = f' width="{width}"' if width else ""
            alt = escape(unescape(alt), quote=True)
            images.append(f'<img src="data:{kind};base64,{text}" alt="{alt}"{size}>')
    if not images:
        return ""
    caption = _CAPTION.search(html)
    below = f"<figcaption>{escape(unescape(caption[1]))}</figcaption>" if caption else ""
    return f"<figure>{''.join(images)}{below}</figure>"


def _text(value: object) -> str:
    if type(value) is not str:
        return ""
    # Half a character, as JSON can hold it, cannot be written into any file.
    return value[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
