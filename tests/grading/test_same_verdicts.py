"""Points and named mistakes do not depend on where the student's code runs.

Answers of the mistake banks, under the graded cells in this process (as the proof of the graders
tries them) and through the proxies.
"""

import os
from pathlib import Path

import pytest

if not hasattr(os, "fork"):
    pytest.skip("needs processes that fork", allow_module_level=True)

from alike import differences

SOURCE = Path(__file__).parents[2] / "source"
PROBLEM_SETS = sorted(path.parent for path in SOURCE.glob("*/mistakes"))


@pytest.mark.parametrize("folder", PROBLEM_SETS, ids=lambda folder: folder.name)
@pytest.mark.parametrize(
    ("every", "first"),
    [(40, 3), pytest.param(5, 0, marks=pytest.mark.slow)],
    ids=["few answers", "more answers"],
)
def test_an_answer_fares_the_same_in_a_process_of_its_own(zygote, folder, every, first):
    tried = list(differences(folder, zygote.worker(), lambda place: place % every == first))
    assert len(tried) > 2
    assert not [(name, here, there) for name, here, there in tried if here != there]
