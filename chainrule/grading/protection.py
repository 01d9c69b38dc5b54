"""What is said of the box that students' code ran in."""

from __future__ import annotations

import re

from chainrule.grading.plaintext import one_line

_NONE = re.compile(r"\b(no|not|none|without|unsafe)\b", re.IGNORECASE)


def is_unprotected(box: str) -> bool:
    """Whether there was none, by its description: what it is, a colon, what that means.

    Examples
    --------
    >>> is_unprotected("none: limits on time only")
    True
    >>> is_unprotected("Sandbox made by bubblewrap: no network")
    False
    """
    return not box or bool(_NONE.search(box.split(":")[0]))


def as_sentence(box: str) -> str:
    """The description without the word that says there is none: that is said louder."""
    text = re.sub("^none: *", "", one_line(box, 400))
    return text[:1].upper() + text[1:]
