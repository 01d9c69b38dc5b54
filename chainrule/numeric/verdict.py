"""From measured slopes to a verdict: which differences count, and which are no mistakes."""

from dataclasses import dataclass

import numpy as np

from chainrule.numeric.kinks import Look, resolve
from chainrule.numeric.lines import Directions, Entries
from chainrule.numeric.report import GradientReport, Slope, Tally

BLIND = 0.1  # round-off of this size, relative to the slopes, lets too much pass


@dataclass(frozen=True)
class Verdict:
    """What was found in one array, or in all directions.

    Attributes
    ----------
    group : Entries or Directions
    numeric, analytic : array
        The slopes; where a kink was beside the point, measured again with a smaller step.
    error, allowed : float
        In norms, relative to the larger of the two.
    wrong, at_kink, outside : array of bool
        What ``resolve`` found; wrong are also those outside of what a kink allows.
    blind : bool
        Round-off is too large to see anything.
    """

    group: Entries | Directions
    numeric: np.ndarray
    analytic: np.ndarray
    error: float
    allowed: float
    wrong: np.ndarray
    at_kink: np.ndarray
    outside: np.ndarray
    blind: bool

    @property
    def compared(self) -> int:
        """How many slopes were compared."""
        return 0 if self.blind else int((~self.at_kink).sum())

    def slopes(self, chosen: np.ndarray) -> list[Slope]:
        """Some of the slopes, by name."""
        return [self._slope(tuple(index)) for index in np.argwhere(chosen).tolist()]

    def furthest(self) -> Slope:
        """The slope that is furthest off."""
        distance = np.abs(self.numeric - self.analytic)
        distance = np.where(np.isnan(distance), np.inf, distance)
        candidates = self.wrong if self.wrong.any() else ~self.at_kink
        flat = int(np.argmax(np.where(candidates, distance, -1.0)))
        return self._slope(tuple(int(i) for i in np.unravel_index(flat, distance.shape)))

    def _slope(self, index: tuple) -> Slope:
        return Slope(
            self.group.name(index), float(self.numeric[index]), float(self.analytic[index])
        )


def judge(group: Entries | Directions, first: Look, tolerance: float, noise: float) -> Verdict:
    """Compare slopes, and look again where they disagree.

    Parameters
    ----------
    group : Entries or Directions
    first : Look
        At all of its lines.
    tolerance : float
        Relative error in norms that passes.
    noise : float
        Round-off of a value of the function.
    """
    with np.errstate(all="ignore"):  # the slopes may hold infinities, and those are wrong
        return _judge(group, first, tolerance, noise)


def _judge(group: Entries | Directions, first: Look, tolerance: float, noise: float) -> Verdict:
    numeric, analytic = np.array(first.central), np.array(first.expected)
    finite = np.isfinite(numeric) & np.isfinite(analytic)
    size = max(np.linalg.norm(numeric[finite]), np.linalg.norm(analytic[finite]))
    root = np.sqrt(numeric.size)
    blur = noise / first.step
    share = tolerance * size / max(root, 1) + blur  # of one slope in what all of them may be off
    slack = (share * root) ** 2
    wrong, at_kink, outside = (np.zeros(numeric.shape, dtype=bool) for _ in range(3))
    if not np.linalg.norm(numeric - analytic) <= share * root:
        for index in map(tuple, np.argwhere(~(np.abs(numeric - analytic) <= share)).tolist()):
            one = Look(*(float(each[index]) for each in first[:4]), first.step)
            verdict, last = resolve(
                lambda step, index=index: group.look(index, step),
                one,
                share,
                noise,
                group.one_kink,
            )
            wrong[index] = verdict in ("wrong", "outside")
            at_kink[index], outside[index] = verdict == "at", verdict == "outside"
            if not wrong[index]:
                numeric[index], analytic[index] = last.central, last.expected
            if verdict == "beside":
                slack += (noise / last.step) ** 2  # more round-off than with the first step
    distance = np.linalg.norm((numeric - analytic)[~at_kink])
    if distance <= np.sqrt(slack):  # what was left out explains it all
        wrong[...] = outside[...] = False
    return Verdict(
        group=group,
        numeric=numeric,
        analytic=analytic,
        error=float(distance / size) if size else float(distance > 0),
        allowed=float(np.sqrt(slack) / size) if size else 0.0,
        wrong=wrong,
        at_kink=at_kink,
        outside=outside,
        blind=bool(blur * root > BLIND * size > 0 and not wrong.any()),
    )


def summarise(verdicts: list[Verdict], numeric) -> GradientReport:
    """Put the verdicts on all arrays together; ``numeric`` are their slopes, for the report."""
    wrong = [slope for each in verdicts for slope in each.slopes(each.wrong)]
    compared = sum(each.compared for each in verdicts)
    seen = [each for each in verdicts if each.compared] or verdicts
    worst = max(seen, key=_badness)
    return GradientReport(
        passed=compared > 0 and not wrong,
        error=worst.error,
        allowed=worst.allowed,
        worst=worst.furthest() if worst.compared else None,
        compared=compared,
        wrong=len(wrong),
        outside=sum(int(each.outside.sum()) for each in verdicts),
        kinks=tuple(slope for each in verdicts for slope in each.slopes(each.at_kink)),
        unmeasured=tuple(each.group.label for each in verdicts if each.blind),
        ratio=_ratio(wrong, compared),
        numeric=numeric,
        unit=verdicts[0].group.unit,
        tallies=tuple(
            Tally(each.group.label, each.compared, int(each.wrong.sum())) for each in verdicts
        ),
    )


def _badness(verdict: Verdict) -> tuple:
    excess = verdict.error / verdict.allowed if verdict.allowed else verdict.error
    return bool(verdict.wrong.any()), np.inf if np.isnan(excess) else excess


def _ratio(wrong: list[Slope], compared: int) -> float | None:
    """What all wrong slopes are multiplied by, if it is the same for all of several."""
    if not wrong or len(wrong) < min(2, compared):
        return None
    numeric, analytic = np.array([(slope.numeric, slope.analytic) for slope in wrong]).T
    with np.errstate(all="ignore"):
        ratio = analytic / numeric
    if not np.isfinite(ratio).all() or np.ptp(ratio) > 1e-4 * abs(ratio[0]):
        return None
    return float(ratio[0]) if f"{ratio[0]:.4g}" != "1" else None
