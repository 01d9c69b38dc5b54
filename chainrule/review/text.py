"""The words of `chainrule check`: what passes, what each failure means, points so far."""

import textwrap

from chainrule.review.run import NOT_YET, Exercise


def passes(exercises: list[Exercise]) -> bool:
    """Whether everything that can be seen before grading passes."""
    return all(exercise.passes for exercise in exercises)


def as_text(exercise: Exercise) -> str:
    """An exercise as lines for a terminal: its points, and what its checks explain."""
    parts = []
    if exercise.possible:
        parts.append(f"{exercise.earned:g} of {exercise.possible:g}")
    if exercise.hidden:
        parts.append(f"{exercise.hidden:g} more at grading")
    if exercise.by_hand:
        still = ", not answered yet" if exercise.unanswered else ""
        parts.append(f"{exercise.by_hand:g} from a person{still}")
    mark = "✗" if not exercise.passes else "✓" if exercise.possible else "…"
    title = f"{mark} {exercise.title}: {'; '.join(parts)}"
    if any(NOT_YET in text for text in exercise.says[:1]):
        return f"{title}\n    {NOT_YET}"
    return "\n".join([title, *(textwrap.indent(text, "    ") for text in exercise.says)])


def total(exercises: list[Exercise]) -> str:
    """The points so far, and where the others come from."""
    earned = sum(exercise.earned for exercise in exercises)
    possible = sum(exercise.possible for exercise in exercises)
    hidden = sum(exercise.hidden for exercise in exercises)
    by_hand = sum(exercise.by_hand for exercise in exercises)
    return (
        f"Points so far: {earned:g} of {possible:g}. "
        f"Hidden checks decide {hidden:g} more, a person {by_hand:g}."
    )
