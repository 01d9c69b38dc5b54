#!/usr/bin/env python3
"""Hand a student the results that were found elsewhere: Gradescope runs this as run_autograder.

It stands alone, beside a folder with results.json for every student, and needs Python only.
"""

import json
import pathlib
import shutil
import sys

AUTOGRADER = pathlib.Path("/autograder")
INDEX = "students.json"  # by id and e-mail address, in lower case: the student's folder


def hand_out(root):
    """Put the submitter's results where Gradescope looks for them; returns the exit code."""
    metadata = json.loads((root / "submission_metadata.json").read_text(encoding="utf-8"))
    index = json.loads((root / "source" / INDEX).read_text(encoding="utf-8"))
    addresses = [user.get("email", "").strip().lower() for user in metadata["users"]]
    for address in addresses:
        # The whole address first, then what stands before the @.
        student = index.get(address) or index.get(address.partition("@")[0])
        if student:
            (root / "results").mkdir(exist_ok=True)
            source = root / "source" / student / "results.json"
            shutil.copyfile(str(source), str(root / "results" / "results.json"))
            return 0
    print("no results for {}".format(", ".join(addresses) or "nobody"))
    return 1


if __name__ == "__main__":
    sys.exit(hand_out(AUTOGRADER))
