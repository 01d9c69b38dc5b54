"""Outputs and notebooks as nbformat makes and writes them, without its validation.

nbformat holds every output and every notebook that it writes against its schema, which takes longer
than all else that is done with it. What is made here is right by the way it is made.
"""

from __future__ import annotations

import json

from nbformat import NotebookNode
from nbformat.v4.rwbase import strip_transient

_PARTS = {
    "stream": lambda: {"name": "stdout", "text": ""},
    "display_data": lambda: {"metadata": NotebookNode(), "data": NotebookNode()},
    "execute_result": lambda: {
        "metadata": NotebookNode(), "data": NotebookNode(), "execution_count": None,
    },
    "error": lambda: {"ename": "NotImplementedError", "evalue": "", "traceback": []},
}  # fmt: skip


def new_output(kind: str, data: dict[str, str] | None = None, **parts) -> NotebookNode:
    """An output, as `nbformat.v4.new_output` makes it."""
    output = NotebookNode(output_type=kind, **_PARTS[kind]())
    output.update(parts)
    if data is not None:
        output.data = NotebookNode(data)
    return output


def as_text(nb: NotebookNode) -> str:
    """A notebook as its file holds it, one line a cell."""
    nb = strip_transient(nb)
    head = {key: value for key, value in nb.items() if key != "cells"}
    cells = ",\n".join(json.dumps(cell, ensure_ascii=False, sort_keys=True) for cell in nb.cells)
    rest = json.dumps(head, ensure_ascii=False, sort_keys=True)
    return f'{{"cells": [\n{cells}\n], {rest[1:]}'
