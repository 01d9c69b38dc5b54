"""Ordinary mistakes: what is right counts, what is wrong does not, and nobody is accused."""

from case import RIGHT, Group

CASES = Group("mistakes")

CASES.blank("nothing done", lambda book: None)


@lambda edit: CASES.blank("half done", edit, {"tanh": 10.0, "softmax": 10.0})
def half_done(book):
    """Two of five."""
    book.answer(tanh=RIGHT["tanh"], softmax=RIGHT["softmax"])


def softmax(name, source, points=0.0, **more):
    CASES.answers(name, {"softmax": float(points)}, softmax=source, **more)


def describe(name, source, points=0.0, **more):
    CASES.answers(name, {"describe": float(points)}, describe=source, **more)


def tanh(name, source, points=0.0, **more):
    CASES.answers(name, {"tanh": float(points)}, tanh=source, **more)


softmax("syntax error", "def softmax(scores)\n    return scores")
softmax("indentation", "def softmax(scores):\nreturn scores")
softmax("wrong name", "def soft_max(scores):\n    return scores")
softmax("name misspelt", "def softmax(scores):\n    return np.exp(score)")
softmax("returns nothing", "def softmax(scores):\n    print(np.exp(scores))")
softmax("division by zero", "def softmax(scores):\n    return scores / (1 // 0)")
softmax("wrong shape", "def softmax(scores):\n    return np.exp(scores).sum(axis=1)")
softmax("a scalar that broadcasts", "def softmax(scores):\n    return np.float64(0.25)")
softmax("empty array", "def softmax(scores):\n    return np.array([])")
softmax("empty in the right shape", "def softmax(scores):\n    return np.empty((0, 3))")
softmax("NaN", "def softmax(scores):\n    return np.full(scores.shape, np.nan)")
softmax("infinite", "def softmax(scores):\n    return scores + np.inf")
softmax("text", "def softmax(scores):\n    return str(scores)")
softmax("array of objects", "def softmax(scores):\n    return scores.astype(object) * None")
softmax("endless recursion", "def softmax(scores):\n    return softmax(scores)")
softmax("input", "def softmax(scores):\n    return float(input('which? '))")
softmax("one argument too many", "def softmax(scores, axis):\n    return scores")
softmax("a number instead of a function", "softmax = 7")
softmax("a class instead of a function", "class softmax:\n    def __init__(self, scores): pass")
softmax("raises on purpose", "def softmax(scores):\n    raise NotImplementedError('later')")
softmax("stub left", "def softmax(scores):\n    # YOUR CODE HERE\n    raise NotImplementedError()")
softmax(
    "overflow",  # right for what is shown, NaN for the large scores at grading
    "def softmax(scores):\n    e = np.exp(scores)\n    return e / e.sum(axis=1, keepdims=True)",
    4,
)
softmax(
    "changes its input",
    """
    def softmax(scores):
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        return scores / scores.sum(axis=1, keepdims=True)
    """,
    6,  # only the visible check looks at the input
)
softmax(
    "overall sum",
    "def softmax(scores):\n    e = np.exp(scores - scores.max())\n    return e / e.sum()",
)
softmax("float16", "def softmax(s):\n    return np.exp(s).astype(np.float16)")

describe("missing entry", "def describe(X):\n    return {'mean': X.mean(0), 'count': len(X)}", 4)
describe(
    "wrong range",
    "def describe(X):\n    return {'mean': X.mean(0), 'range': X.max(0), 'count': len(X)}",
    4,
)
describe("a list", "def describe(X):\n    return [X.mean(0), np.ptp(X, 0), len(X)]")
describe("an empty dictionary", "def describe(X):\n    return {}")
describe("NaN everywhere", "def describe(X):\n    return dict.fromkeys(['mean', 'range'], np.nan)")
describe(
    "text in it", "def describe(X):\n    return dict.fromkeys(['mean', 'range', 'count'], 'a lot')"
)

tanh(
    "no upstream gradient",
    """
    class Tanh(Operation):
        def _output(self):
            return np.tanh(self.input_)

        def _input_grad(self, output_grad):
            return 1 - self.output**2
    """,
    2 + 2.5,
)
tanh(
    "overflow in the powers",
    """
    class Tanh(Operation):
        def _output(self):
            e = np.exp(self.input_)
            return (e - 1 / e) / (e + 1 / e)

        def _input_grad(self, output_grad):
            return output_grad * (1 - self.output**2)
    """,
    5 + 5 * 6 / 8,
)
tanh("not an operation", "class Tanh:\n    pass")
tanh("instance instead of class", "class _T(Operation): pass\nTanh = _T()")
tanh("wrong method names", "class Tanh(Operation):\n    def output(self):\n        return 0")
tanh(
    "double precision only",
    """
    class Tanh(Operation):
        def _output(self):
            return np.tanh(self.input_.astype(np.float64))

        def _input_grad(self, output_grad):
            return (output_grad * (1 - self.output**2)).astype(np.float64)
    """,
    5 + 5 * 6 / 8,
)

CASES.answers(
    "slope one-sided",
    {"slope": 0.0},
    slope="def slope(f, x):\n    return (f(x + 1e-3) - f(x)) / 1e-3",
)
CASES.answers("slope is f", {"slope": 0.0}, slope="def slope(f, x):\n    return f")
CASES.answers(
    "slope calls f wrongly", {"slope": 0.0}, slope="def slope(f, x):\n    return f(x, 1e-5, h=2)"
)
CASES.answers(
    "np overwritten", own=[("tanh_text", "np = None")],
    earns={"tanh": 0.0, "softmax": 0.0},
)  # fmt: skip
CASES.answers(
    "builtins overwritten", own=[("tanh_text", "len = 3\nlist = [1]\nabs = 'b'\nfloat = int")],
    earns={"describe": 0.0},
)  # fmt: skip
CASES.answers("checks overwritten", own=[("tanh_text", "checks = None\ndata = 5\nscaled = 1")])


@lambda edit: CASES.edits("answer in another cell", edit, {"softmax": 10.0})
def answer_elsewhere(book):
    """The answer stands in a cell of its own below the empty one, as its question asked."""
    answer = book.cell("softmax_answer")
    source, answer.source = answer.source, "def softmax(scores):\n    # YOUR CODE HERE\n    pass"
    book.own(source, "softmax_answer")


@lambda edit: CASES.edits("answer above its cell", edit, {"softmax": 0.0})
def answer_above(book):
    """The answer's own cell comes later and undoes it: what the student would see, too."""
    answer = book.cell("softmax_answer")
    source, answer.source = answer.source, "def softmax(scores):\n    return None"
    book.own(source, "softmax_text")


@lambda edit: CASES.edits("words not answered", edit, {"why": 0.0})
def no_words(book):
    """The stub of the written answer is still there."""
    book.answer(why="*Write your answer here (replace this line).*")
