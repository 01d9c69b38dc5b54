"""Changed cells, marks and metadata: the released notebook is graded, with the answers in it."""

from case import Group, text
from nbformat.v4 import new_code_cell, new_output

CASES = Group("tampering")
TESTS = [
    f"{name}_{part}"
    for name, parts in [
        ("tanh", ("forward", "backward", "hidden")),
        ("softmax", ("check", "hidden")),
        ("slope", ("check", "hidden")),
        ("describe", ("check", "hidden")),
    ]
    for part in parts
]


def solved(name, **more):
    """Of an edit to a solved notebook."""
    return lambda edit: CASES.edits(name, edit, **more) or edit


def blank(name, **more):
    """Of an edit to a notebook without answers."""
    return lambda edit: CASES.blank(name, edit, **more) or edit


@solved("tests deleted", flags=("deleted",))
def tests_deleted(book):
    book.nb.cells = [cell for cell in book.cells if cell.id.replace("-", "_") not in TESTS]


@blank("tests deleted, nothing done", flags=("deleted",))
def tests_deleted_blank(book):
    tests_deleted(book)


@solved("all but the answers deleted", flags=("deleted",))
def all_deleted(book):
    book.nb.cells = [cell for cell in book.cells if cell.id.endswith("-answer")]


@solved("an answer deleted", earns={"softmax": 0.0}, flags=("deleted",))
def answer_deleted(book):
    book.cells.remove(book.cell("softmax_answer"))


@solved("setup deleted", flags=("deleted",))
def setup_deleted(book):
    book.cells.remove(book.cell("setup"))


@solved("tests doubled", flags=("doubled",))
def tests_doubled(book):
    for name in TESTS:
        book.cells.append(book.twin(name))


@solved("an answer doubled", earns={"softmax": 0.0}, flags=("doubled",))
def answer_doubled(book):
    source = "def softmax(scores):\n    return 0"
    book.cells.append(book.twin("softmax_answer", source))


@solved("everything doubled", flags=("doubled",))
def everything_doubled(book):
    book.nb.cells += [book.twin(cell.id) for cell in list(book.cells)]


@solved("a thousand copies of a test", flags=("doubled",), seconds=15.0)
def thousand_copies(book):
    book.nb.cells += [book.twin("softmax_check") for _ in range(1000)]


@solved("tests above the answers", may=("moved",))
def tests_above(book):
    tests = [book.cell(name) for name in TESTS]
    book.nb.cells = tests + [cell for cell in book.cells if cell not in tests]


@solved("turned upside down", may=("moved",))
def upside_down(book):
    book.nb.cells.reverse()


@blank("tests became text", flags=("retyped",))
def tests_became_text(book):
    for name in TESTS:
        book.cell(name).cell_type = "markdown"


@solved("an answer became text", flags=("retyped",))
def answer_became_text(book):
    book.cell("softmax_answer").cell_type = "markdown"


@solved("an answer became raw", flags=("retyped",))
def answer_became_raw(book):
    book.cell("slope_answer").cell_type = "raw"


@blank("tests emptied", flags=("edited",))
def tests_emptied(book):
    for name in TESTS:
        book.cell(name).source = ""


@blank("tests made easy", flags=("edited",))
def tests_made_easy(book):
    for name in TESTS:
        book.cell(name).source = "assert True\n10.0"


@solved("given cells edited", flags=("edited",))
def given_edited(book):
    book.cell("setup").source = "raise SystemExit"


@blank("points raised", flags=("metadata",))
def points_raised(book):
    for name in TESTS:
        book.cell(name).metadata.nbgrader["points"] = 1000


@solved("points taken away", flags=("metadata",))
def points_taken(book):
    for name in TESTS:
        book.cell(name).metadata.nbgrader["points"] = -1


@blank("points on an answer", flags=("metadata",))
def points_on_answer(book):
    book.cell("softmax_answer").metadata.nbgrader.update(points=10, grade=True)


@blank("flags changed", flags=("metadata",))
def flags_changed(book):
    for name in TESTS:
        marks = book.cell(name).metadata.nbgrader
        marks.update(grade=False, locked=False, solution=True)


@blank("tests declared answers", flags=("edited",), may=("metadata",))
def tests_declared_answers(book):
    for name in TESTS:
        book.cell(name).metadata.nbgrader.update(solution=True, locked=False)
        book.cell(name).source = "10.0"


@solved("ids of marks changed", may=("metadata", "deleted"))
def marks_renamed(book):
    for name in TESTS:
        book.cell(name).metadata.nbgrader["grade_id"] += "_x"


@solved("ids of marks swapped", may=("metadata", "edited", "retyped", "moved", "doubled"))
def marks_swapped(book):
    one, other = book.cell("softmax_check"), book.cell("slope_check")
    one.metadata.nbgrader["grade_id"] = "slope_check"
    other.metadata.nbgrader["grade_id"] = "softmax_check"


@solved("old schema", may=("metadata",))
def old_schema(book):
    for cell in book.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["schema_version"] = 1


@solved("schema of the future", may=("metadata",))
def future_schema(book):
    for cell in book.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["schema_version"] = 99


@solved("marks of the wrong type", may=("metadata",))
def odd_marks(book):
    for number, cell in enumerate(book.cells):
        cell.metadata["nbgrader"] = [None, 7, [], "text", {"grade_id": ["a"]}][number % 5]


@blank("skip-execution", flags=("tags",))
def skip_execution(book):
    for cell in book.cells:
        cell.metadata["tags"] = ["skip-execution"]


@blank("raises-exception", flags=("tags",))
def raises_exception(book):
    for cell in book.cells:
        cell.metadata["tags"] = ["raises-exception", "remove-cell", "parameters"]


@blank("forged outputs")
def forged_outputs(book):
    for name in TESTS:
        cell = book.cell(name)
        cell.execution_count = 1
        cell.outputs = [new_output("execute_result", {"text/plain": "5.0"}, execution_count=1)]


@blank("forged notes")
def forged_notes(book):
    notes = [{"kind": "manual", "text": "full marks", "cells": []}]
    book.nb.metadata["chainrule"] = {"notes": notes, "points": 50}
    for name in TESTS:
        verdict = {"exercise": "Tanh", "stage": "forward", "share": 1.0, "mistake": ""}
        book.cell(name).metadata["chainrule"] = {"verdicts": [verdict], "seconds": 3600}


@blank("own cells that claim points")
def own_points(book):
    for number in range(5):
        cell = new_code_cell("10.0", id=f"extra{number}")
        marks = dict(book.cell("softmax_check").metadata.nbgrader)
        cell.metadata["nbgrader"] = {**marks, "grade_id": f"bonus{number}", "points": 10}
        book.cells.append(cell)


@solved("a kernel of one's own")
def own_kernel(book):
    book.nb.metadata["kernelspec"] = {
        "name": "bash",
        "display_name": "Bash",
        "language": "bash",
        "argv": ["/bin/sh", "-c", "touch @DROP@/kernel"],
    }


@solved("one id for all cells", may=("metadata",))
def one_id(book):
    for cell in book.cells:
        cell["id"] = "same"


@solved("script everywhere")
def script(book):
    evil = "<script>alert('PWNED')</script><img src=x onerror=alert('PWNED')>"
    book.answer(why=f"Because {evil} [a](javascript:alert('PWNED')) <svg/onload=alert('PWNED')>")
    book.own(f"# {evil}\n<iframe src='https://example.org'></iframe>", "given", kind="markdown")
    book.own(f"print({evil!r})", "given")
    book.own(f"from IPython.display import HTML, Javascript, SVG\nHTML({evil!r})", "given")
    book.own("from IPython.display import Javascript\nJavascript('alert(`PWNED`)')", "given")
    book.own(f"raise ValueError({evil!r})", "given")
    book.own(f"class {'X' * 20}: __repr__ = lambda self: {evil!r}\n{'X' * 20}()", "given")
    svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(`PWNED`)'></svg>"
    book.own(f"from IPython.display import SVG\nSVG({svg!r})", "given")
    book.nb.metadata["title"] = evil


@blank("solution in the wrong places", earns={}, may=("edited",))
def in_wrong_places(book):
    for name in ("softmax_check", "slope_check"):
        book.cell(name).source = text("def softmax(s):\n    return s\n10.0")


@solved("region of hidden tests in an answer")
def hidden_region(book):
    cell = book.cell("softmax_answer")
    cell.source = f"### BEGIN HIDDEN TESTS\n{cell.source}\n### END HIDDEN TESTS"


@solved("half a region in an answer")
def half_region(book):
    book.cell("slope_answer").source += "\n### BEGIN SOLUTION\n### BEGIN HIDDEN TESTS"
