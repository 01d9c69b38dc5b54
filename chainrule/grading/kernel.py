"""Run submissions in a Jupyter kernel on this machine, with nothing around it.

Where the sandbox cannot be had this is what is left: a submission's code can do what the instructor
can, read the solutions, change the gradebook. It is for people one trusts, and says so.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Protocol

from nbformat import NotebookNode
from nbgrader.utils import setenv
from traitlets.config import Config, PyFileConfigLoader

from chainrule.grading.course import CONFIG
from chainrule.grading.execute import RunCells


class Engine(Protocol):
    """What runs the cells of a submission.

    Attributes
    ----------
    description : str
        What keeps the submission's code in, in words: "bubblewrap ..." or "none: ...".

    It may also have ``limits`` (dict), ``seed`` (int), ``peak_memory`` (bytes, of the last run) and
    a method ``close()``.
    """

    description: str

    def run(self, nb: NotebookNode, folder: Path, files: dict[str, bytes]) -> None:
        """Fill in the outputs of all code cells of `nb`, and add what there is to note.

        Parameters
        ----------
        nb : NotebookNode
            The notebook to grade, with the checks as they are in the source.
        folder : Path
            The assignment's folder in ``source/``; nothing of it is for the submission to see.
        files : dict of str to bytes
            What lies beside the notebook, by relative name.
        """


class KernelEngine:
    """A fresh Jupyter kernel for every notebook, as nbgrader uses.

    Parameters
    ----------
    config : Config
        Of the course: the limits of ``RunCells`` and ``Execute``.
    """

    description = "none: a Jupyter kernel with time limits; the code can do what the instructor can"

    def __init__(self, config: Config):
        self.config = config
        trial = RunCells(config=config)
        self.limits = {
            "seconds for a cell": trial.timeout,
            "seconds for a notebook": trial.total_time,
        }

    def run(self, nb: NotebookNode, folder: Path, files: dict[str, bytes]) -> None:
        """Fill in the outputs of all code cells of `nb`, and note which were stopped."""
        with tempfile.TemporaryDirectory(prefix="chainrule-", ignore_cleanup_errors=True) as home:
            for name, content in files.items():
                path = Path(home) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            # One thread for linear algebra gives every run the same last digits.
            threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            with setenv(NBGRADER_EXECUTION="autograde", **threads):
                work = RunCells(config=self.config)
                work.preprocess(nb, {"metadata": {"path": home}})


def read_config(root: Path) -> Config:
    """What the course's nbgrader_config.py says."""
    return PyFileConfigLoader(CONFIG, path=str(root)).load_config()
