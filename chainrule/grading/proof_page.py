"""The proof of the graders as a page: what was tried on them, and what they made of it."""

from collections import Counter

from chainrule.grading.mutants import Fate
from chainrule.grading.proof import Trial

HEAD = """\
# What the graders are proven to do

Every graded cell is tried on answers that are known to be wrong, on answers that are known to be
right though they are written differently, and on mechanical mutants of its reference solution: one
operator, constant, comparison, name or statement changed. The tests repeat all of it and compare
with this page. `python tools/proof.py` writes it anew.

*Caught* means that points are lost; *named*, that the check says which mistake it is. A mutant that
is *the same function* gives the same results as the reference on further random inputs. Functions
that train a network are judged by what the network reaches, so they have no mutants.
"""


def section(name: str, trials: list[Trial], fates: list[Fate], survivors: dict[str, str]) -> str:
    """What was proven of one problem set, as Markdown.

    Parameters
    ----------
    name : str
        Of the problem set.
    trials : list of Trial
    fates : list of Fate
    survivors : dict of str to str
        Why the mutants that survive may.
    """
    parts = [f"## {name}", _bank_table(trials), _mutant_table(fates)]
    if survivors:
        parts.append("Mutants that earn full marks, and why they may:")
        parts.append("\n".join(f"- `{label}`: {why}" for label, why in survivors.items()))
    return "\n\n".join(parts) + "\n"


def _bank_table(trials: list[Trial]) -> str:
    rows = []
    for name in dict.fromkeys(trial.exercise for trial in trials):
        rows.append([f"`{name}`", *_counts([t for t in trials if t.exercise == name])])
    rows.append(["all", *_counts(trials)])
    head = ["exercise", "mistakes", "caught by the visible check", "by visible plus hidden"]
    head += ["named rightly", "named wrongly", "right answers accepted"]
    return _table(head, rows)


def _counts(trials: list[Trial]) -> list:
    wrong = [trial for trial in trials if not trial.right]
    right = [trial for trial in trials if trial.right]
    return [
        len(wrong),
        sum(trial.visible < 1 for trial in wrong),
        sum(not trial.full_marks for trial in wrong),
        sum(bool(trial.named) and trial.named == trial.expected for trial in wrong),
        sum(bool(trial.named) and trial.named != trial.expected for trial in wrong),
        f"{sum(trial.full_marks for trial in right)} of {len(right)}",
    ]


def _mutant_table(fates: list[Fate]) -> str:
    rows = []
    for name in dict.fromkeys(fate.mutant.exercise for fate in fates):
        found = Counter(fate.fate for fate in fates if fate.mutant.exercise == name)
        rows.append([f"`{name}`", found.total(), *(found[key] for key in _FATES)])
    total = Counter(fate.fate for fate in fates)
    rows.append(["all", total.total(), *(total[key] for key in _FATES)])
    return _table(["exercise", "mutants", "caught", "the same function", "survive"], rows)


_FATES = ("caught", "same", "survives")


def _table(head: list[str], rows: list[list]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
