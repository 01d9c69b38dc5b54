"""Which cells are checks, and which of them hold tests that students do not see."""

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

HIDDEN_MARK = "BEGIN HIDDEN TESTS"


def is_check(cell: NotebookNode) -> bool:
    """Whether a cell gives points by itself: it is graded and no answer for a person to grade."""
    return bool(is_grade(cell)) and not is_solution(cell)


def holds_hidden_tests(cell: NotebookNode) -> bool:
    """Whether a check holds hidden tests; a student's own cell may hold the mark if it likes."""
    return is_check(cell) and HIDDEN_MARK in cell.source
