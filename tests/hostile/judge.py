"""What is wrong with the way a case was graded."""

from case import Case
from sweep import Result

from chainrule.grading.gradesheet import Row


def faults(case: Case, result: Result) -> list[str]:
    """Everything in which the outcome of a case differs from what it must be, in words."""
    row = result.rows.get(case.folder)
    if row is None:
        return ["it has vanished: there is no row"]
    kinds = {note.kind for note in row.notes}
    found = points_amiss(case, row)
    if row.status != case.status:
        found.append(f"it is {row.status!r} instead of {case.status!r}: {row.remark}")
    if case.flags - kinds:
        found.append(f"nothing is said of {sorted(case.flags - kinds)}: {row.remark!r}")
    if kinds - case.flags - case.may:
        found.append(f"too much is said: {sorted(kinds - case.flags - case.may)}: {row.remark!r}")
    seconds = result.seconds.get(case.folder, 0.0)
    if seconds > case.seconds:
        found.append(f"it took {seconds:.1f} s, more than {case.seconds:g}")
    return found


def points_amiss(case: Case, row: Row) -> list[str]:
    """Exercises with other points than deserved."""
    found = []
    for exercise, deserved in case.points.items():
        got = row.exercises.get(exercise)
        if row.status == "not graded" and got is None:
            continue
        enough = case.or_less and (got or 0) <= (deserved or 0)
        if got != deserved and not enough:
            found.append(f"{exercise} has {got} points instead of {deserved}")
    return found


def undue(case: Case, row: Row) -> float:
    """Points beyond those deserved."""
    given = ((row.exercises.get(name) or 0.0, most or 0.0) for name, most in case.points.items())
    return sum(max(0.0, got - most) for got, most in given)
