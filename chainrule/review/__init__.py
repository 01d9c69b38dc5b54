"""What `chainrule check` does: run a problem set's notebook and say what passes, and why not.

For students, in a terminal, before they hand in. It needs Jupyter and nothing of the instructor's
side, and it never writes into the notebook.
"""

from chainrule.review.find import NotebookError, find_notebook, read_notebook
from chainrule.review.run import Exercise, review
from chainrule.review.text import as_text, passes, total

__all__ = [
    "Exercise",
    "NotebookError",
    "as_text",
    "find_notebook",
    "passes",
    "read_notebook",
    "review",
    "total",
]
