"""What an instructor sees while grading and afterwards.

A live display on a terminal; elsewhere (a log, a pipe) one line per submission. Colour is rich's
business, which honours NO_COLOR.
"""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from chainrule.grading.explain import Explanation
from chainrule.grading.gradesheet import Row
from chainrule.grading.lines import LineProgress, points
from chainrule.grading.live import LiveProgress
from chainrule.grading.plan import Task


def open_console(*, stderr: bool = False) -> Console:
    """The terminal, or whatever standard output (or error) is; texts are shown as they are."""
    return Console(markup=False, highlight=False, stderr=stderr)


def progress_on(console: Console) -> LiveProgress | LineProgress:
    """The kind of progress that suits where the output goes."""
    live = console.is_terminal and not console.is_dumb_terminal
    return LiveProgress(console) if live else LineProgress(console)


def grade_table(
    rows: Sequence[Row], width: int, verdicts: Mapping[str, str] | None = None
) -> Table:
    """The grade table, with the points of each exercise if they fit into `width` columns.

    `verdicts` adds a column that says for each student how the grade compares with the expected.
    """
    exercises = list(dict.fromkeys(name for row in rows for name in row.exercises))
    names = max((len(row.student) for row in rows), default=0)
    fits = names + sum(len(name) + 2 for name in exercises) + 40 <= width
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Student", no_wrap=True)
    for name in exercises if fits else []:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Points", justify="right", no_wrap=True)
    if verdicts is not None:
        table.add_column("")
    table.add_column("Result")
    for row in rows:
        cells = [row.student]
        if fits:
            cells += [_number(row, name) for name in exercises]
        cells.append(points(row))
        if verdicts is not None:
            cells.append(verdicts[row.student])
        by_hand = f"graded, {len(row.waiting)} by hand" if row.waiting else row.status
        cells.append(row.status if row.needs_attention else by_hand)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def remarks(rows: Sequence[Row]) -> Table:
    """What there is to say about single submissions."""
    table = Table.grid(padding=(0, 2))
    for row in rows:
        for number, note in enumerate(row.notes):
            table.add_row(Text("" if number else row.student), Text(str(note)))
    return table


def plan_table(tasks: Sequence[Task]) -> Table:
    """What a run would do, by student."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Student", no_wrap=True)
    table.add_column("Would be")
    for task in tasks:
        if task.refusal:
            what = f"not graded: {task.refusal}"
        elif task.parcel is None:
            what = "kept: it has no folder any more" if task.graded else "missing: no folder"
        else:
            what = f"graded: {task.why}" if task.why else "kept as it is"
        table.add_row(Text(task.student), Text(what))
    return table


def explanation(told: Explanation) -> Group:
    """How one grade came about."""
    entry = told.entry
    parts = [Text(f"{entry.assignment} of {entry.student}: {entry.status}"), Text()]
    for exercise, lines in told.exercises.items():
        parts.append(Text(exercise))
        for line in lines:
            parts.append(Text(f"  {line.points:>9}  {line.cell}: {line.verdict}"))
            parts += [Text(f"             {text}") for text in line.said.splitlines()]
    if entry.notes:
        parts += [Text(), Text("notes"), *(Text(f"  {note}") for note in entry.notes)]
    width = max(len(name) for name, _ in told.facts)
    parts += [Text(), *(Text(f"{name:<{width}}  {value}") for name, value in told.facts), Text()]
    if told.differences:
        parts.append(Text("Graded once more, it is not the same:"))
        parts += [Text(f"  {difference}") for difference in told.differences]
    else:
        parts.append(Text("Graded once more, every point is the same."))
    return Group(*parts)


def _number(row: Row, exercise: str) -> str:
    given = row.exercises.get(exercise)
    return "" if given is None else f"{given:g}"
