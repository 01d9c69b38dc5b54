"""What it means when a student's code stops with an exception."""

from chainrule.checks.outcome import Outcome, with_article

_MEANINGS = {
    "RecursionError": "it calls itself without end",
    "SystemExit": "exit(), quit() and sys.exit() end the program; leave them out",
    "EOFError": "it asks for input(), and nobody can answer while a check runs",
    "MemoryError": "an array in it is too large for the memory; look at its shape",
    "NameError": "it uses a name that is not defined",
    "ZeroDivisionError": "it divides by zero",
}

_NO_METHOD = "is it spelled right, and does the class derive from Operation or Loss if it should?"

# What Python says in many words. What it says may hold hidden inputs, so only ours are shown.
_MEANINGS_OF_WORDS = (
    ("ValueError", "matmul: ", "two shapes do not fit together"),
    ("ValueError", "could not be broadcast", "two shapes do not fit together"),
    ("ValueError", "shapes (", "two shapes do not fit together"),
    ("AttributeError", "no attribute 'forward'", _NO_METHOD),
    ("AttributeError", "no attribute 'backward'", _NO_METHOD),
    ("TypeError", "but 1 was given", "is self missing among a method's parameters?"),
    ("TypeError", "'NoneType'", "something is None; is a return statement missing?"),
)


def stops_with(outcome: Outcome) -> str:
    """A sentence without its subject: what the code stops with, and what that means if it is known.

    Examples
    --------
    >>> stops_with(Outcome(raised="NameError"))
    'your code stops with a NameError: it uses a name that is not defined.'
    """
    text = " ".join(value for _, value in outcome.detail)
    meaning = _MEANINGS.get(outcome.raised, "")
    for exception, words, meant in _MEANINGS_OF_WORDS:
        if outcome.raised == exception and words in text:
            meaning = meant
            break
    sentence = f"your code stops with {with_article(outcome.raised)}"
    if not meaning:
        return f"{sentence}."
    return f"{sentence}: {meaning}{'' if meaning.endswith('?') else '.'}"


def is_nowhere_defined(outcome: Outcome) -> bool:
    """Whether a method is not just unwritten but absent, so that its base class complains."""
    return any("does not define" in text for _, text in outcome.detail)
