"""What every test run shares, however pytest was started."""

import os
import sys
from pathlib import Path

import hypothesis

# Before NumPy is imported: thread counts change the last digits.
for name in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")

# nbgrader starts alembic by its bare name, and the environment need not be activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

# The same examples at every run: a failure that somebody reports is one that others see.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")
