"""The hostile class, one file per group of threats."""

from case import Case

from cases import (
    cheating,
    damage,
    death,
    files,
    honest,
    mistakes,
    resources,
    spying,
    tampering,
)

ALL: list[Case] = [
    *honest.CASES,
    *mistakes.CASES,
    *resources.CASES,
    *death.CASES,
    *tampering.CASES,
    *files.CASES,
    *cheating.CASES,
    *spying.CASES,
    *damage.CASES,
]
HONEST: list[Case] = [*honest.CASES]
