"""The course that the hostile class takes part in, and the secrets planted in it.

One problem set with everything that the real ones have: an operation checked by
`chainrule.checks`, a function checked by plain asserts, one that is handed a function of the
check's, one that returns a dictionary and earns partial credit, and an answer in words.
"""

import base64
import os
import shutil
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from chainrule.grading.course import Course

PROJECT = Path(__file__).parents[2]
NAME = "small"
FULL = {"tanh": 10.0, "softmax": 10.0, "slope": 10.0, "describe": 10.0, "why": None}
ZERO = dict.fromkeys(FULL, 0.0)

# Words that stand where the word before the underscore says, and nowhere else.
SECRETS = {
    "hidden": "HIDDEN_q7Zx1mRd",  # a name in the hidden checks
    "solution": "SOLUTION_k3Vw9Tb",
    "bank": "BANK_d4Hn6sYp",  # the mistake bank
    "tree": "TREE_u8Lc2eGf",  # a file of the instructor's in the course's folder
    "environment": "ENVIRON_z5Jq0aKw",  # a variable of the process that grades
    "classmate": "CLASSMATE_r6Bt3oXi",  # an answer of an honest student
    "gradebook": "BOOK_m1Fs7hUv",  # a comment in the gradebook
}
# Digits of the numbers that hidden checks call a student's code with.
NUMBERS = ("6180339", "7320508", "1414213", "4142135")
VARIABLE = "COURSE_GRADING_TOKEN"

SETUP = """import numpy as np

from chainrule.checks import Checks
from chainrule.operations import Operation

checks = Checks("checks.json", globals())"""

GIVEN = '''data = np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 0.0]])


def scaled(X):
    """X divided by its largest entry in size."""
    return X / np.max(np.abs(X))


print(scaled(data))'''

TANH = f'''class Tanh(Operation):
    """The hyperbolic tangent of every entry."""

    def _output(self):
        """Return the output, an array with the shape of self.input_."""
        ### BEGIN SOLUTION
        {SECRETS["solution"]} = np.tanh(self.input_)
        return {SECRETS["solution"]}
        ### END SOLUTION

    def _input_grad(self, output_grad):
        """Return the gradient for the input, an array with the shape of output_grad."""
        ### BEGIN SOLUTION
        return output_grad * (1 - self.output**2)
        ### END SOLUTION'''

TANH_HIDDEN = f"""# Hidden checks at grading: other shapes, float32, very large inputs.
### BEGIN HIDDEN TESTS
def {SECRETS["hidden"]}():
    rng = np.random.default_rng(7320508)
    return checks.hidden(
        "Tanh",
        points=5,
        cases={{
            "another batch": (rng.standard_normal((7, 4)),),
            "one number": (rng.standard_normal((1, 1)),),
            "float32": (rng.standard_normal((5, 3)).astype(np.float32),),
            "very large inputs": (np.array([[7320508.0756, -7320508.0756, 0.5]]),),
        }},
        forward=np.tanh,
        backward=lambda x, output_grad: output_grad * (1 - np.tanh(x)) * (1 + np.tanh(x)),
    )


{SECRETS["hidden"]}()
### END HIDDEN TESTS"""

SOFTMAX = '''def softmax(scores):
    """Return the probabilities of every row of scores, an array of the same shape."""
    ### BEGIN SOLUTION
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    ### END SOLUTION'''

SOFTMAX_CHECK = """S = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
P = softmax(S)
assert P.shape == S.shape, "there is one probability for every score"
assert np.allclose(P.sum(axis=1), 1), "the probabilities of a row add up to 1"
np.testing.assert_allclose(P[0], [0.09003057, 0.24472847, 0.66524096], rtol=1e-6)
assert np.array_equal(S, [[1, 2, 3], [0, 0, 0]]), "leave the scores as they are"
"""

SOFTMAX_HIDDEN = f"""# Hidden checks at grading: more rows, one column, large scores.
### BEGIN HIDDEN TESTS
def {SECRETS["hidden"]}_rows(scores):
    powers = np.exp(scores - np.max(scores, axis=1)[:, None])
    return powers / np.sum(powers, axis=1)[:, None]

{SECRETS["hidden"]}_scores = [
    np.array([[6180339.887, 6180340.5, 6180338.1]]),
    np.random.default_rng(6180339).standard_normal((7, 5)),
    np.zeros((3, 1)),
]
for scores in {SECRETS["hidden"]}_scores:
    expected = {SECRETS["hidden"]}_rows(scores)
    got = softmax(scores.copy())
    assert got.shape == scores.shape
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
    assert np.allclose(expected, got)
### END HIDDEN TESTS"""

SLOPE = '''def slope(f, x):
    """Return the slope of the function f at the number x, measured by central differences."""
    ### BEGIN SOLUTION
    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5
    ### END SOLUTION'''

SLOPE_CHECK = """def square(t):
    return t * t


assert abs(slope(square, 3.0) - 6) < 1e-6, "the slope of t * t at 3 is 6"
assert abs(slope(np.sin, 0.0) - 1) < 1e-6, "the slope of the sine at 0 is 1"
"""

SLOPE_HIDDEN = f"""# Hidden checks at grading: other functions.
### BEGIN HIDDEN TESTS
def {SECRETS["hidden"]}_wave(t):
    return t**3 - 1414213.5 * t

assert abs(slope({SECRETS["hidden"]}_wave, 1.5) - (6.75 - 1414213.5)) < 1e-3
assert abs(slope(lambda t: np.exp(-t), 0.7) + np.exp(-0.7)) < 1e-7
### END HIDDEN TESTS"""

DESCRIBE = '''def describe(X):
    """Return a dictionary: the "mean" of every column, its "range", the "count" of rows."""
    ### BEGIN SOLUTION
    return {"mean": X.mean(axis=0), "range": np.ptp(X, axis=0), "count": len(X)}
    ### END SOLUTION'''

DESCRIBE_CHECK = """told = describe(data)
assert set(told) == {"mean", "range", "count"}
assert np.allclose(told["mean"], [0.75, 0.5, 2.0])
assert np.allclose(told["range"], [0.5, 3.0, 4.0])
assert told["count"] == 2
"""

DESCRIBE_HIDDEN = f"""# Hidden checks at grading: another table, 2 points per entry.
### BEGIN HIDDEN TESTS
def {SECRETS["hidden"]}_table():
    X = np.array([[4142135.6237, 1.0], [-3.0, 2.5], [0.5, -4142135.6237]])
    told = describe(X.copy())
    points = 0.0
    for key, right in [("mean", np.mean(X, 0)), ("range", X.max(0) - X.min(0)), ("count", 3)]:
        value = told.get(key)
        if value is not None and np.shape(value) == np.shape(right):
            points += 2.0 * np.allclose(np.asarray(value, dtype=float), right, rtol=1e-9)
    return float(points)

{SECRETS["hidden"]}_table()
### END HIDDEN TESTS"""

BANK = f'''"""{SECRETS["bank"]}"""
import numpy as np

from chainrule.checks.bank import Bank, Entry
from chainrule.checks.exercise import Case
from chainrule.operations import Operation

draw = np.random.default_rng(11).standard_normal
tanh = Entry(
    "Tanh",
    "operation",
    {{
        "a batch": Case({{"input_": draw((4, 3))}}, draw((4, 3))),
        "a single sample": Case({{"input_": draw((1, 5))}}, draw((1, 5))),
    }},
    reread="lecture 07",
)


@tanh.correct
class Right(Operation):
    def _output(self):
        return np.tanh(self.input_)

    def _input_grad(self, output_grad):
        return output_grad * (1 - self.output**2)


@tanh.mistake()
class NoUpstream(Right):
    """The upstream gradient is left out."""

    def _input_grad(self, output_grad):
        return 1 - self.output**2


bank = Bank([tanh])
'''


def _marks(grade_id: str, points: float | None = None, solution: bool = False) -> dict:
    graded = {} if points is None else {"points": points}
    return {
        "nbgrader": {
            "grade_id": grade_id,
            "grade": points is not None,
            "locked": not solution,
            "solution": solution,
            "task": False,
            "schema_version": 3,
            **graded,
        }
    }


def source_notebook() -> nbformat.NotebookNode:
    """The instructor's version: 40 points by checks, 10 by hand."""
    exercises = {
        "tanh": (TANH, {"forward": ('checks.forward("Tanh")', 2), "hidden": (TANH_HIDDEN, 5)}),
        "softmax": (SOFTMAX, {"check": (SOFTMAX_CHECK, 4), "hidden": (SOFTMAX_HIDDEN, 6)}),
        "slope": (SLOPE, {"check": (SLOPE_CHECK, 4), "hidden": (SLOPE_HIDDEN, 6)}),
        "describe": (DESCRIBE, {"check": (DESCRIBE_CHECK, 4), "hidden": (DESCRIBE_HIDDEN, 6)}),
    }
    exercises["tanh"][1].update(backward=('checks.backward("Tanh")', 3))
    cells = [
        new_markdown_cell("# A small problem set", metadata=_marks("title"), id="title"),
        new_code_cell(SETUP, metadata=_marks("setup"), id="setup"),
        new_code_cell(GIVEN, id="given"),
    ]
    for name, (answer, found) in exercises.items():
        text = f"## {name}\n\nWrite it below."
        cells.append(new_markdown_cell(text, metadata=_marks(f"{name}_text"), id=f"{name}-text"))
        marks = _marks(f"{name}_answer", solution=True)
        cells.append(new_code_cell(answer, metadata=marks, id=f"{name}-answer"))
        for part in sorted(found, key=["forward", "backward", "check", "hidden"].index):
            source, points = found[part]
            marks = _marks(f"{name}_{part}", points)
            cells.append(new_code_cell(source, metadata=marks, id=f"{name}-{part}"))
    marks = _marks("why_answer", 10, solution=True)
    cells.append(new_markdown_cell("## why\n\nWhy does the shift change nothing?", id="why-text"))
    cells.append(new_markdown_cell("Both sides shrink alike.", metadata=marks, id="why-answer"))
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def make_course(root: Path) -> Course:
    """The course in a folder, with short limits, not yet released."""
    root.mkdir(parents=True)
    shutil.copy(PROJECT / "nbgrader_config.py", root)
    with (root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write("\nc.Execute.timeout = 2\n")
        config.write("c.RunCells.timeout_after_first = 1\n")
        config.write("c.RunCells.total_time = 12\n")
        config.write("c.RunCells.max_restarts = 4\n")
    folder = root / "source" / NAME
    (folder / "mistakes").mkdir(parents=True)
    nbformat.write(source_notebook(), folder / f"{NAME}.ipynb")
    (folder / "mistakes" / "__init__.py").write_text(BANK, encoding="utf-8")
    (folder / "numbers.txt").write_text("1 2 3\n", encoding="utf-8")
    (root / "for_graders.txt").write_text(f"{SECRETS['tree']}\n", encoding="utf-8")
    return Course.at(root)


def spellings(secret: str) -> list[str]:
    """A secret as it is and as somebody may write it who does not want it to be found."""
    plain = secret.encode()
    return [secret, secret[::-1], plain.hex(), base64.b64encode(plain).decode().rstrip("=")[:-1]]


def number_spellings(digits: str) -> list[str]:
    """Digits of a number as Python and NumPy may print them."""
    return [digits, f"{digits[0]}.{digits[1:6]}", digits[::-1]]


def found_secrets(text: str, *known: str) -> list[str]:
    """The secrets that stand in a text, apart from those of the places `known`."""
    words = [word for place, word in SECRETS.items() if place not in known]
    ways = [(word, way) for word in words for way in spellings(word)]
    ways += [(digits, way) for digits in NUMBERS for way in number_spellings(digits)]
    return sorted({secret for secret, way in ways if way in text})


def plant_in_environment() -> None:
    """Put a secret into this process's environment, and so into those that it starts."""
    os.environ[VARIABLE] = SECRETS["environment"]
