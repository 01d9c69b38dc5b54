"""Write docs/proof.md: what the graders of all problem sets are proven to do.

Run it when a problem set or its mistake bank changes: ``python tools/proof.py``. It takes some
minutes.
"""

from pathlib import Path

from chainrule.checks.bank import load_bank
from chainrule.grading.mutants import try_mutants
from chainrule.grading.proof import Grader, prove
from chainrule.grading.proof_page import HEAD, section

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "proof.md"


def prove_all(folder: Path) -> str:
    """The section of one problem set."""
    bank = load_bank(folder)
    exercises = {exercise.name: exercise for exercise in bank.compile()}
    fates = try_mutants(Grader(folder), exercises)
    return section(folder.name, prove(folder), fates, bank.survivors)


def main() -> None:
    """Prove every problem set that has a mistake bank, and write the page."""
    parts = [HEAD]
    for folder in sorted(path.parent for path in (ROOT / "source").glob("*/mistakes")):
        parts.append(prove_all(folder))
        print(parts[-1])
    PAGE.write_text("\n".join(parts), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
