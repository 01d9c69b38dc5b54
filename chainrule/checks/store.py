"""The data file of a problem set, ``checks.json``: cases, truths and fingerprints, no code."""

import functools
import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from chainrule.checks.exercise import Case, Exercise, Mistake
from chainrule.checks.outcome import Outcome

FORMAT = 1
FINGERPRINT_DIGITS = 9


def dump(exercises: list[Exercise], problem_set: str = "") -> str:
    """The text of a data file; the problem set's name is that of its notebook."""
    data = {
        "format": FORMAT,
        "problem_set": problem_set,
        "exercises": [_exercise_to_data(one) for one in exercises],
    }
    return json.dumps(data, allow_nan=False) + "\n"


def equivalent(one: str, other: str) -> bool:
    """Whether two texts of data files say the same up to round-off."""
    try:
        return _alike(json.loads(one), json.loads(other))
    except ValueError:
        return False


def _alike(one, other) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-7, abs_tol=1e-12)
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return one == other


def problem_set(path: Path) -> str:
    """The name of the problem set that a data file belongs to; empty if it does not say."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(data.get("problem_set", "")) if isinstance(data, dict) else ""


def read(path: Path) -> dict[str, Exercise]:
    """Read the exercises of a data file, by name; raises as the two steps below do."""
    return dict(exercises(read_text(path), path.name))


def read_text(path: Path) -> str:
    """Read a data file.

    Raises
    ------
    FileNotFoundError, ValueError
        If it is missing or is no text; the message says what to do.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path.name} is missing in {path.absolute().parent}: it belongs beside the notebook "
            "of the problem set. Fetch the problem set again and put the file back."
        ) from None
    except ValueError as error:
        raise ValueError(
            f"{path.name} is damaged ({error}): fetch the problem set again."
        ) from None


@functools.lru_cache(maxsize=8)  # whoever grades a class reads the same again and again
def exercises(text: str, name: str) -> Mapping[str, Exercise]:
    """The exercises in the text of a data file, by name.

    Raises
    ------
    ValueError
        If it is none of ours; the message says what to do.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{name} is damaged ({error}): fetch the problem set again.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(
            f"{name} has another format than this version of chainrule reads "
            f"({FORMAT}): fetch the problem set again, or update chainrule."
        )
    try:
        found = {one["name"]: _exercise_from_data(one) for one in data["exercises"]}
        return MappingProxyType(found)  # everybody is given the same
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{name} is damaged ({type(error).__name__}: {error}): fetch the problem set again."
        ) from None


def _exercise_to_data(exercise: Exercise) -> dict:
    return {
        "name": exercise.name,
        "kind": exercise.kind,
        "reread": exercise.reread,
        "returns": list(exercise.returns),
        "cases": {
            name: {
                "inputs": {key: _value_to_data(value) for key, value in case.inputs.items()},
                "output_grad": _value_to_data(case.output_grad),
                "truth": {key: _outcome_to_data(value) for key, value in case.truth.items()},
                "tolerance": case.tolerance,
            }
            for name, case in exercise.cases.items()
        },
        "mistakes": [
            {
                "id": mistake.id,
                "stage": mistake.stage,
                "says": mistake.says,
                "outcomes": {
                    key: _outcome_to_data(value, FINGERPRINT_DIGITS)
                    for key, value in mistake.outcomes.items()
                },
            }
            for mistake in exercise.mistakes
        ],
    }


def _exercise_from_data(data: dict) -> Exercise:
    return Exercise(
        name=data["name"],
        kind=data["kind"],
        reread=data["reread"],
        returns=tuple(data["returns"]),
        cases={
            name: Case(
                inputs={key: _value_from_data(value) for key, value in case["inputs"].items()},
                output_grad=_value_from_data(case["output_grad"]),
                truth={key: _outcome_from_data(value) for key, value in case["truth"].items()},
                tolerance=case["tolerance"],
            )
            for name, case in data["cases"].items()
        },
        mistakes=[
            Mistake(
                mistake["id"],
                mistake["stage"],
                mistake["says"],
                {key: _outcome_from_data(value) for key, value in mistake["outcomes"].items()},
            )
            for mistake in data["mistakes"]
        ],
    )


def _value_to_data(value, digits: int | None = None):
    if isinstance(value, dict):
        return {"arrays": {key: _value_to_data(one, digits) for key, one in value.items()}}
    if not isinstance(value, np.ndarray):
        return value  # a name, a number, or None
    numbers = [_number_to_data(float(one), digits) for one in value.ravel()]
    return {"dtype": str(value.dtype), "shape": list(value.shape), "values": numbers}


def _value_from_data(data):
    if not isinstance(data, dict):
        return data
    if "arrays" in data:
        return {key: _value_from_data(one) for key, one in data["arrays"].items()}
    values = np.array([float(one) for one in data["values"]], dtype=data["dtype"])
    values = values.reshape(data["shape"])
    values.flags.writeable = False
    return values


def _number_to_data(number: float, digits: int | None) -> float | str:
    if not math.isfinite(number):
        return str(number)  # JSON knows neither NaN nor infinity
    return number if digits is None else float(f"{number:.{digits}g}")


def _outcome_to_data(outcome: Outcome, digits: int | None = None) -> dict:
    return {
        "parts": {name: _value_to_data(value, digits) for name, value in outcome.parts.items()},
        "raised": outcome.raised,
        "returned": outcome.returned,
        "notes": sorted(outcome.notes),
    }


def _outcome_from_data(data: dict) -> Outcome:
    return Outcome(
        parts={name: _value_from_data(value) for name, value in data["parts"].items()},
        raised=data["raised"],
        returned=data["returned"],
        notes=frozenset(data["notes"]),
    )
