"""Write the data of the check in notebooks/00_start_here: ``python tools/start_here_checks.py``.

A mistake bank like those of the problem sets, but for an exercise that nobody has to solve: it
shows a newcomer what a check says. Its mistakes are no secret.
"""

from pathlib import Path

from chainrule.checks import store
from chainrule.checks.bank import Bank, Entry, array
from chainrule.checks.exercise import Case

DATA = Path(__file__).resolve().parents[1] / "notebooks" / "start_here" / "checks.json"

slope = Entry(
    "slope_of_square",
    "function",
    {
        "a few numbers": Case({"x": array(3, 0.5, 10)}),
        "a single number": Case({"x": array(7)}),
        "numbers below 0": Case({"x": array(-1, -4, 0)}),
        "a table": Case({"x": array([1, -2], [0.25, 6], [-3, 8])}),
    },
    reread="lecture 01, “Derivative functions”",
    returns=("slopes",),
)


@slope.correct
def formula(x):
    return 2 * x


@slope.correct
def in_two_parts(x):
    return x + x


@slope.mistake(named="factor_half")
def two_forgotten(x):
    return x


@slope.mistake(named="sign_flipped")
def wrong_sign(x):
    return -2 * x


@slope.mistake()
def the_square_itself(x):
    """this is x², the function itself, and not its slope."""
    return x**2


@slope.mistake()
def slope_at_two(x):
    """the same slope comes back for every x.

    A slope belongs to a point: your function has to use x.
    """
    return 0 * x + 4


@slope.mistake()
def without_sign(x):
    """the slope is never negative, but to the left of 0 the square falls."""
    return abs(2 * x)


bank = Bank([slope])


def text() -> str:
    """What belongs into the data file."""
    return store.dump(bank.compile())


def main() -> None:
    """Write the data file, unless it says the same already."""
    DATA.parent.mkdir(exist_ok=True)
    if not DATA.is_file() or not store.equivalent(DATA.read_text(encoding="utf-8"), text()):
        DATA.write_text(text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
