"""What an instructor sees while grading and afterwards.

A progress bar on a terminal; elsewhere (a log, a pipe) one line per submission. Colour is rich's
business, which honours NO_COLOR.
"""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from chainrule.grading import grade
from chainrule.grading.gradesheet import GRADED, Row


def open_console() -> Console:
    """The terminal, or whatever standard output is; texts are shown as they are."""
    return Console(markup=False, highlight=False)


class BarProgress(grade.Progress):
    """A bar that names the submission at work."""

    def __init__(self, console: Console):
        self.bar = Progress(
            TextColumn("Grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[student]}", markup=False),
            console=console,
            transient=True,
        )

    def start(self, total: int) -> None:
        self.task = self.bar.add_task("", total=total, student="")
        self.bar.start()

    def begin(self, student: str) -> None:
        self.bar.update(self.task, student=student)

    def end(self, row: Row, seconds: float) -> None:
        self.bar.advance(self.task)
        if row.needs_attention:
            self.bar.console.print(Text(f"{row.student}: {row.remark}"))

    def finish(self) -> None:
        self.bar.stop()


class LineProgress(grade.Progress):
    """One line per submission."""

    def __init__(self, console: Console):
        self.console = console
        self.done = 0

    def start(self, total: int) -> None:
        self.total = total

    def end(self, row: Row, seconds: float) -> None:
        self.done += 1
        result = row.status if row.needs_attention else points(row)
        count = f"[{self.done:>{len(str(self.total))}}/{self.total}]"
        line = f"{count} {row.student}: {result} ({seconds:.1f} s)"
        self.console.print(Text(line), soft_wrap=True)

    def finish(self) -> None:
        pass


def progress_on(console: Console) -> BarProgress | LineProgress:
    """The kind of progress that suits where the output goes."""
    return BarProgress(console) if console.is_terminal else LineProgress(console)


def points(row: Row) -> str:
    """Points so far, of how many."""
    return "-" if row.score is None else f"{row.score:g} / {row.max_score:g}"


def grade_table(rows: Sequence[Row], verdicts: Mapping[str, str] | None = None) -> Table:
    """The grade table; `verdicts` adds a column that says for each student what was expected."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Student", no_wrap=True)
    table.add_column("Points", justify="right", no_wrap=True)
    if verdicts is not None:
        table.add_column("Expected")
    table.add_column("By hand", justify="right")
    table.add_column("Remark", overflow="fold")
    for row in rows:
        remark = row.remark if row.status == GRADED else f"{row.status}: {row.remark}"
        cells = [row.student, points(row)]
        if verdicts is not None:
            cells.append(verdicts.get(row.student, ""))
        cells += [str(len(row.waiting)) if row.waiting else "", remark]
        table.add_row(*(Text(cell) for cell in cells))
    return table
