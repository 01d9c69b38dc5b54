"""How nbgrader works on this course; read by `nbgrader`, by formgrader and by `chainrule`.

Preprocessors are given as dotted names: reading this file imports nothing.
"""

from pathlib import Path

c = get_config()  # noqa: F821  (nbgrader puts it here)

ROOT = Path(__file__).resolve().parent

# ---------------------------------------------------------------- where things are
c.CourseDirectory.root = str(ROOT)
# The timeout lets formgrader read while a grading run writes.
c.CourseDirectory.db_url = f"sqlite:///{(ROOT / 'gradebook.db').as_posix()}?timeout=60"
# Whatever else lies in source/psN is copied to students: these never are.
c.CourseDirectory.ignore = [
    "mistakes*",  # the bank of right and wrong answers
    "solution*",
    "feedback",
    "__pycache__",
    "*.py[co]",
    ".ipynb_checkpoints",
    ".*",
]

# ---------------------------------------------------------------- release
# release/ is committed, so it is always there already: generate_assignment replaces it.
c.GenerateAssignment.force = True
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}
c.ClearSolutions.text_stub = "*Write your answer here (replace this line).*"

# ---------------------------------------------------------------- grading
# Answers are put into the pristine release notebook before anything else looks at them.
c.Autograde.sanitize_preprocessors = [
    "chainrule.grading.transplant.Transplant",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "chainrule.grading.engine.Examine",
    "nbgrader.preprocessors.IgnorePattern",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# Seconds for one cell; the solutions take milliseconds. A cell in source/ that needs more says so
# in its metadata, {"chainrule": {"seconds": 60}}, and adds as much to the notebook's total.
c.Execute.timeout = 15
c.RunCells.timeout_after_first = 3  # for the other checks of an exercise that has hung
c.RunCells.total_time = 180  # seconds for one notebook
# Kernels otherwise warn about their own transport, once per submission.
c.Execute.extra_arguments = ["--IPKernelApp.log_level=40"]
c.LimitOutput.max_lines = 300

# ---------------------------------------------------------------- feedback
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "chainrule.grading.feedback.HideHiddenTests",
    "chainrule.grading.safe_outputs.SafeOutputs",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
