"""Which modules a notebook needs, so that they are imported once and not by every student."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from nbformat import NotebookNode

from chainrule.grading.check_cells import is_check
from chainrule.grading.transplant import is_students

FIGURES = ("matplotlib.pyplot", "matplotlib_inline.backend_inline", "chainrule.figures")
_DRAWS = re.compile(r"\b(matplotlib|pyplot|plt|pylab|seaborn|figures?|\w*plot\w*)\b")


def needs_of(nb: NotebookNode) -> list[str]:
    """The modules that the given cells import, and those for figures if a cell speaks of any.

    What checks import stays out: a student's code could see which modules are there.
    """
    found: list[str] = []
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        if not is_students(cell) and not is_check(cell):
            found += imported(cell.source)
        if not is_check(cell) and _DRAWS.search(cell.source):
            found += FIGURES
    return list(dict.fromkeys(found))


@lru_cache(maxsize=1000)  # given cells are the same in every notebook of a class
def imported(source: str) -> tuple[str, ...]:
    """Modules that the text of a cell imports at its top level.

    Examples
    --------
    >>> imported("import numpy as np\\nfrom sklearn.datasets import load_digits")
    ('numpy', 'sklearn.datasets')
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a line for IPython, say: then the cell imports them when it runs
        return ()
    return tuple(_imports(tree))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
