"""Pictures in a student's outputs: PNG and JPEG that are what they say, and not too large.

A picture of a few bytes can claim to be larger than any memory, so its size is read, too.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape

MAX_BYTES = 1_500_000
MAX_SIDE = 4096  # pixels
KINDS = ("image/png", "image/jpeg")

# A figure of `chainrule.figures`. What HTML may be around it is not looked at.
_FIGURE = re.compile(r'<img src="data:(image/(?:png|jpeg));base64,([A-Za-z0-9+/=]+)" alt="([^"]*)"')


@dataclass(frozen=True)
class Picture:
    """A picture that was looked at: media type, content as base64, what it shows, size.

    `width` and `height` are in pixels.
    """

    kind: str
    content: str
    alt: str
    width: int
    height: int

    @property
    def url(self) -> str:
        return f"data:{self.kind};base64,{self.content}"


def pictures(data: Mapping) -> Iterator[Picture]:
    """The pictures in what a cell displayed, those that are no good left out."""
    for kind in KINDS:
        picture = read_picture(kind, data.get(kind))
        if picture is not None:
            yield picture
            return  # the same in another format
    html = data.get("text/html")
    if isinstance(html, str) and len(html) <= 2 * MAX_BYTES:
        for kind, content, alt in _FIGURE.findall(html)[:8]:
            picture = read_picture(kind, content, unescape(alt))
            if picture is not None:
                yield picture


def decoded(content: object, at_most: int) -> bytes | None:
    """What some base64 holds; None if it is none, or of far more than `at_most` bytes."""
    if not isinstance(content, str) or len(content) > at_most * 3 // 2:
        return None
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def read_picture(kind: str, content: object, alt: str = "") -> Picture | None:
    """The picture in `content` (base64), None if it is not one of this kind or too large."""
    raw = decoded(content, MAX_BYTES)
    if raw is None:
        return None
    size = {"image/png": _size_of_png, "image/jpeg": _size_of_jpeg}[kind](raw)
    if size is None or not 0 < min(size) <= max(size) <= MAX_SIDE or len(raw) > MAX_BYTES:
        return None
    # Encoded anew: what stands in the page is base64 and nothing else.
    return Picture(kind, base64.b64encode(raw).decode("ascii"), alt, *size)


def _size_of_png(raw: bytes) -> tuple[int, int] | None:
    if not raw.startswith(b"\x89PNG\r\n\x1a\n") or raw[12:16] != b"IHDR" or len(raw) < 33:
        return None
    return int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")


def _size_of_jpeg(raw: bytes) -> tuple[int, int] | None:
    """The size in the first frame header, found by walking from marker to marker."""
    if not raw.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(raw) and raw[at] == 0xFF:
        marker = raw[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return (
                int.from_bytes(raw[at + 7 : at + 9], "big"),
                int.from_bytes(raw[at + 5 : at + 7], "big"),
            )
        at += 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    return None
