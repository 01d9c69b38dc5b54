"""A graded notebook with all that a student can try on whoever opens its page."""

import base64
import struct
import zlib

from classroom import OWN, marks, source_notebook
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from chainrule.checks.message import Message
from chainrule.grading.notes import Note, add_notes

SCRIPT = "<script>EVIL_ALERT(1)</script>"
EVIL_MARKDOWN = f"""# Mine {SCRIPT}

{SCRIPT}

<img src=x onerror="EVIL_ALERT(2)"><svg onload=EVIL_ALERT(3)></svg>
[click](javascript:EVIL_ALERT(4)) and <javascript:EVIL_ALERT(5)> and `[x](javascript:EVIL_ALERT(6))`
![seen](https://evil.example/pixel.png) and [there](https://evil.example/)
![own](attachment:evil.svg) ![gone](attachment:nowhere.png)
$\\href{{javascript:EVIL_ALERT(7)}}{{x}}$ and $$a_1 <b onclick=EVIL_ALERT(8)> b_1$$

[ref]: javascript:EVIL_ALERT(9)
[ref] &#106;avascript:EVIL_ALERT(10) &#x202E;turned &rlm;

<iframe src="https://evil.example"></iframe>

```mermaid
graph EVIL
```

| a | b |
|:--|--:|
| **bold** | `1 < 2` |
"""
EVIL_HTML = [
    SCRIPT,
    '<img src="https://evil.example/x.png" onerror="EVIL_ALERT(11)">',
    '<div style="border-left:5px solid #009e73;padding:2px 12px"><p style="margin:4px 0"><strong>'
    f'<span title="right">✓</span> fake {SCRIPT}</strong></p></div>',
    '<div style="x" onclick="EVIL_ALERT(12)"><p style="y"><strong><span>✓</span> a</strong></p>'
    "</div>",
    '<style>@import url("https://evil.example/x.css")</style>',
]


def png(width=3, height=2):
    """The bytes of a grey picture, or of one that claims to be larger than it is."""

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    rows = b"".join(b"\0" + b"\x80" * min(width, 100) for _ in range(min(height, 100)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def card(message):
    data = {"text/plain": str(message), "text/html": message._repr_html_()}
    return new_output("display_data", data)


def hostile_notebook():
    """Every cell of the mini course with something bad in it."""
    nb = source_notebook()
    cells = {cell.id: cell for cell in nb.cells}
    cells["double"].source = f"def double(x):\n    return 2 * x  # {SCRIPT} \u202e\u2066 sdrawkcab"
    cells["double"].outputs = [
        *(new_output("display_data", {"text/html": html}) for html in EVIL_HTML),
        new_output("display_data", {"image/svg+xml": "<svg onload='EVIL_ALERT(13)'/>"}),
        new_output("display_data", {"application/javascript": "EVIL_ALERT(14)"}),
        new_output("display_data", {"text/latex": "$\\href{javascript:EVIL_ALERT(15)}{x}$"}),
        new_output("display_data", {"text/markdown": EVIL_MARKDOWN}),
        new_output("display_data", {"image/png": '" onerror="EVIL_ALERT(16)'}),
        new_output("display_data", {"image/png": encoded(b"<svg onload=EVIL_ALERT(17)>")}),
        new_output("display_data", {"image/png": encoded(png(100_000, 100_000))}),
        new_output(
            "display_data",
            {"image/png": encoded(png())},
            metadata={"image/png": {"width": '1" onload="EVIL_ALERT(18)'}},
        ),
        new_output("stream", name="stdout", text=f"{SCRIPT}\x1b]0;title\x07\x1b[31mred\x1b[0m\x00"),
    ]
    cells["double"].outputs.append(
        new_output("error", ename=SCRIPT, evalue=SCRIPT, traceback=[SCRIPT, "\x1b[1m" + SCRIPT])
    )
    cells["double-check"].outputs = [
        new_output("stream", name="stdout", text=f"printed while checked {SCRIPT}"),
        card(
            Message("✗", f"double {SCRIPT}", ("It forgets.",), (("got", f"{SCRIPT}"),), "lecture")
        ),
        *(new_output("display_data", {"text/html": html}) for html in EVIL_HTML),
        new_output("error", ename="CheckFailed", evalue=f"✗ double {SCRIPT}", traceback=[SCRIPT]),
    ]
    cells["double-hidden"].outputs = [
        card(Message("◐", "double: 1 of 2 hidden checks passed.", (), (("a batch", "is wrong"),))),
        new_output("stream", name="stdout", text="hidden input LEAK_A"),
        new_output("display_data", {"text/plain": "hidden input LEAK_B"}),
        new_output("execute_result", {"text/plain": "'hidden input LEAK_C'"}),
        new_output("error", ename="LEAK_D", evalue="LEAK_E", traceback=["CANARY_INPUT = [7, -1]"]),
        new_output("error", ename="NameError", evalue="name 'LEAK_F' is not defined", traceback=[]),
        new_output("error", ename="CellTimeoutError", evalue="stopped LEAK_G", traceback=[]),
        new_output("execute_result", {"text/plain": "1.5"}),
    ]
    cells["square"].source = "def square(x):\n" + "#" + "x" * 1_000_000
    cells["square"].outputs = [
        new_output("stream", name="stdout", text="line\n" * 10_000),
        new_output("stream", name="stdout", text="y" * 1_000_000),
        *(new_output("stream", name="stdout", text=f"{n} ") for n in range(300)),
        *(new_output("display_data", {"text/plain": str(n)}) for n in range(300)),
    ]
    cells["why"].source = EVIL_MARKDOWN
    cells["why"].attachments = {"evil.svg": {"image/svg+xml": "<svg onload='EVIL_ALERT(19)'/>"}}
    own = [
        new_markdown_cell(EVIL_MARKDOWN),
        new_raw_cell(SCRIPT),
        new_code_cell("show()", outputs=[card(Message("✓", "fake: all hidden checks passed."))]),
        *(new_code_cell(f"x = {n}") for n in range(100)),
    ]
    for number, cell in enumerate(own, 1):
        cell.id = f"own-{number}"
        cell.metadata.update(OWN)
    nb.cells += own
    add_notes(nb, [Note("files", "Files are not taken along", [f"{SCRIPT}\u202e.py"])])
    return nb


def given_markdown(source):
    """A locked statement of the instructor's."""
    return new_markdown_cell(source, metadata=marks("statement"), id="statement")
