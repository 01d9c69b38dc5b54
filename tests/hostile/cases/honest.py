"""Honest variants: every one deserves full marks, and nothing is to be said about it."""

import json

import nbformat
from case import Group, Notebook, text
from nbformat.v4 import new_markdown_cell, new_output
from setting import NAME

CASES = Group("honest")

CASES.answers("plain")

CASES.answers(
    "helper cells",
    own=[("tanh_text", "def squared(x):\n    return x * x"), ("tanh_text", "HALF = 0.5")],
    tanh="""
        class Tanh(Operation):
            def _output(self):
                return 1 - 2 / (np.exp(self.input_ / HALF) + 1)

            def _input_grad(self, output_grad):
                return output_grad - output_grad * squared(self.output)
        """,
)

CASES.answers(
    "magics",
    own=[
        ("given", "%matplotlib inline"),
        # What they print differs from run to run, and graded notebooks are compared.
        ("softmax_check", "%%capture took\n%time softmax(data)"),
        ("describe_check", "%who\n%precision 3\ntook = %timeit -q -o -n 2 -r 1 describe(data)"),
        ("describe_check", "%%capture shown\nprint('kept')"),
        ("describe_check", "softmax?"),
    ],
)

CASES.answers(
    "prints everywhere",
    softmax="""
        def softmax(scores):
            print("scores", scores.shape)
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            print("powers", powers.shape, flush=True)
            return powers / powers.sum(axis=1, keepdims=True)

        print(softmax(data))
        """,
)

CASES.answers(
    "warnings on stderr",
    own=[("given", "import warnings, sys\nwarnings.warn('careful')\nprint('oh', file=sys.stderr)")],
    softmax="""
        def softmax(scores):
            np.log(np.zeros(1))  # warns
            warnings.warn("slow", stacklevel=1)
            print("working", file=sys.stderr)
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)
        """,
)

CASES.answers(
    "unicode",
    slope="""
        def slope(f, x):
            Δ, größe = 1e-5, "∂f/∂x ≈ 😀 العربية 中文"
            return (f(x + Δ) - f(x - Δ)) / (2 * Δ)
        """,
    why="Weil ∑ eˣ⁺ᶜ = eᶜ ∑ eˣ. 😀",
)

CASES.answers(
    "loops instead of arrays",
    softmax="""
        import math

        def softmax(scores):
            rows = []
            for row in scores:
                top = max(row)
                powers = [math.exp(value - top) for value in row]
                rows.append([power / sum(powers) for power in powers])
            return np.array(rows)
        """,
    describe="""
        def describe(X):
            columns = list(zip(*X.tolist()))
            return {
                "mean": [sum(column) / len(column) for column in columns],
                "range": [max(column) - min(column) for column in columns],
                "count": len(X),
            }
        """,
)

CASES.answers(
    "numbers of many types",
    slope="""
        def slope(f, x, h=np.float64(1e-5)):
            values = np.array([f(x + h), f(x - h)])
            return np.diff(values[::-1])[0] / (2 * h)
        """,
    describe="""
        def describe(X):
            return dict(mean=tuple(X.mean(0)), range=np.ptp(X, axis=0), count=np.int64(X.shape[0]))
        """,
)

CASES.answers(
    "lambdas and objects",
    softmax="softmax = lambda s: (e := np.exp(s - s.max(1, keepdims=True))) / e.sum(1)[:, None]",
    slope="""
        class Slope:
            def __call__(self, f, x):
                return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5

        slope = Slope()
        """,
    describe="""
        from functools import partial

        def _describe(extra, X):
            return {"mean": np.mean(X, 0), "range": np.ptp(X, 0), "count": X.shape[0] + extra}

        describe = partial(_describe, 0)
        """,
)

CASES.answers(
    "decorators and annotations",
    own=[
        (
            "given",
            """
            import functools, time

            def timed(f):
                @functools.wraps(f)
                def inner(*args, **kwargs):
                    began = time.perf_counter()
                    try:
                        return f(*args, **kwargs)
                    finally:
                        inner.seconds = time.perf_counter() - began
                return inner
            """,
        )
    ],
    softmax="""
        @timed
        def softmax(scores: np.ndarray, axis: int = 1) -> np.ndarray:
            shifted: np.ndarray = scores - scores.max(axis=axis, keepdims=True)
            return (powers := np.exp(shifted)) / powers.sum(axis=axis, keepdims=True)
        """,
)

CASES.answers(
    "a base class of one's own",
    own=[
        (
            "tanh_text",
            """
            class Elementwise(Operation):
                calls = 0

                def _input_grad(self, output_grad):
                    type(self).calls += 1
                    return output_grad * self._slope()
            """,
        )
    ],
    tanh="""
        class Tanh(Elementwise):
            def _output(self):
                x = np.clip(self.input_, -20, 20)
                return np.sinh(x) / np.cosh(x)

            def _slope(self):
                return (1 - self.output) * (1 + self.output)
        """,
)

CASES.answers(
    "figures",
    own=[
        (
            "softmax_check",
            """
            import matplotlib.pyplot as plt

            fig, ax = plt.subplots()
            ax.plot(softmax(data)[0])
            ax.set_title("probabilities")
            plt.show()
            """,
        )
    ],
)

CASES.answers(
    "names like those of the checks",
    own=[
        ("given", "S, P, told, got, expected, X, square, points = range(8)"),
        ("describe_answer", "rng = np.random.default_rng(1)\nkey = value = right = None"),
    ],
)

CASES.answers(
    "own asserts",
    own=[("softmax_answer", "assert np.allclose(softmax(np.zeros((2, 4))), 0.25)\n'fine'")],
)

CASES.answers(
    "files of one's own",
    own=[
        (
            "given",
            """
            import pathlib, tempfile

            with open("log.txt", "w") as file:
                file.write("started\\n")
            np.save("table.npy", data)
            folder = pathlib.Path(tempfile.mkdtemp())
            (folder / "x.txt").write_text("x")
            print(open("numbers.txt").read())
            """,
        )
    ],
    describe="""
        def describe(X):
            assert np.load("table.npy").shape == (2, 3)
            with open("log.txt", "a") as file:
                print("described", file=file)
            return {"mean": X.mean(axis=0), "range": np.ptp(X, axis=0), "count": len(X)}
        """,
)

CASES.answers(
    "threads",
    own=[("given", "from concurrent.futures import ThreadPoolExecutor")],
    softmax="""
        def row(scores):
            powers = np.exp(scores - scores.max())
            return powers / powers.sum()

        def softmax(scores):
            with ThreadPoolExecutor(2) as pool:
                return np.stack(list(pool.map(row, scores)))
        """,
)

CASES.answers("await", own=[("given", "import asyncio\nawait asyncio.sleep(0.01)\n'waited'")])

CASES.answers(
    "main guard",
    slope="""
        def slope(f, x):
            return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5

        if __name__ == "__main__":
            print(slope(abs, 1.0))
        """,
)

CASES.answers(
    "words of the grader in a docstring",
    softmax='''
        def softmax(scores):
            """### BEGIN HIDDEN TESTS, ### END SOLUTION, # YOUR CODE HERE"""
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)
        ''',
)

CASES.answers(
    "slow cells",
    own=[("given", "import time\ntime.sleep(1.2)")],
    softmax="""
        def softmax(scores):
            time.sleep(0.3)
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)
        """,
    seconds=12.0,
)

CASES.answers(
    "an error in an own cell",
    own=[("given", "data.no_such_thing"), ("softmax_check", "this is no Python")],
)

CASES.answers(
    "cached results",
    slope="""
        from functools import lru_cache

        @lru_cache(maxsize=None)
        def width(x):
            return 1e-5 * max(1.0, abs(x))

        def slope(f, x):
            h = width(x)
            return (f(x + h) - f(x - h)) / (2 * h)
        """,
)

CASES.answers(
    "random draws",
    own=[("given", "np.random.seed(3)\nnp.random.rand(3)\nimport random\nrandom.random()")],
)


def _in_bytes(change):
    """A maker that changes the solved notebook's text before it is written as bytes."""

    def make(folder, pristine):
        folder.mkdir(parents=True)
        made = change(nbformat.writes(Notebook(pristine).solve().nb))
        (folder / f"{NAME}.ipynb").write_bytes(made)

    return make


CASES.case("CRLF", _in_bytes(lambda t: t.replace("\n", "\r\n").encode()))
CASES.case("byte-order mark", _in_bytes(lambda t: b"\xef\xbb\xbf" + t.encode()))
CASES.case("UTF-16", _in_bytes(lambda t: t.encode("utf-16")))
CASES.case("CRLF within sources", _in_bytes(lambda t: t.replace(r"\n", r"\r\n").encode()))
CASES.case("one line", _in_bytes(lambda t: json.dumps(json.loads(t)).encode()))


@lambda edit: CASES.edits("Colab", edit)
def colab(book):
    """Colab adds its own metadata to every cell and to the notebook."""
    book.nb.metadata["colab"] = {"provenance": [], "toc_visible": True}
    for number, cell in enumerate(book.cells):
        cell.metadata["id"] = f"aBc{number}"
        if cell.cell_type == "code":
            cell.metadata["colab"] = {"base_uri": "https://localhost:8080/", "height": 34}
            cell.metadata["outputId"] = f"d0{number}"


@lambda edit: CASES.edits("marks dropped", edit)
def marks_dropped(book):
    """Some editors keep the ids of cells and none of their metadata."""
    for cell in book.cells:
        cell.metadata.clear()


@lambda edit: CASES.edits("marks and ids dropped", edit)
def marks_and_ids_dropped(book):
    """Others keep neither."""
    book.nb.nbformat_minor = 4
    for cell in book.cells:
        cell.metadata.clear()
        cell.pop("id", None)


@lambda edit: CASES.edits("missing ids", edit)
def missing_ids(book):
    """As a Jupyter of before 2021 writes."""
    book.nb.nbformat_minor = 2
    for cell in book.cells:
        cell.pop("id", None)


@lambda edit: CASES.edits("VS Code", edit)
def vs_code(book):
    """VS Code names the language of every cell."""
    book.nb.metadata["language_info"] = {"name": "python", "version": "3.13.1"}
    for cell in book.cells:
        cell.metadata["vscode"] = {"languageId": "python"}
        cell.metadata["tags"] = []


@lambda edit: CASES.edits("foreign kernel", edit)
def foreign_kernel(book):
    """The kernel is called otherwise at home."""
    book.nb.metadata["kernelspec"] = {
        "name": "conda-env-ml-py",
        "display_name": "Python [conda env:ml]",
        "language": "python",
    }


@lambda edit: CASES.edits("split answer", edit)
def split_answer(book):
    """A cell was split while working on it; its second part has no marks."""
    cell = book.cell("softmax_answer")
    parts = text(cell.source).replace("powers = ", "powers = powers_of(scores)\n    # ", 1)
    cell.source = "def powers_of(scores):\n    return np.exp(scores - scores.max(1)[:, None])"
    book.own(parts, "softmax_answer")


@lambda edit: CASES.edits("outputs from home", edit)
def outputs_from_home(book):
    """All cells have been run, some of them with large outputs or errors."""
    for number, cell in enumerate(book.cells):
        if cell.cell_type == "code":
            cell.execution_count = 900 - number
            cell.outputs = [
                new_output("stream", name="stdout", text="a line\n" * 20_000),
                new_output("stream", name="stderr", text="a warning\n"),
                new_output("error", ename="NameError", evalue="no", traceback=["NameError: no"]),
                new_output("display_data", {"image/png": "iVBORw0KGgo=" * 10_000}),
            ]


@lambda edit: CASES.edits("notes between the cells", edit)
def notes_between(book):
    """Markdown, raw cells, an image pasted into the answer."""
    for name in ("given", "tanh_answer", "softmax_check"):
        book.own("*to do*: $e^x$, <b>bold</b>, `code`", name, kind="markdown")
    book.cells.append(nbformat.v4.new_raw_cell("raw"))
    pasted = new_markdown_cell("![](attachment:a.png)")
    pasted.attachments = {"a.png": {"image/png": "iVBORw0KGgo="}}
    book.cells.insert(3, pasted)
    book.answer(why="Because $e^{x+c} = e^c e^x$.\n\n| a | b |\n|---|---|\n| 1 | 2 |")


@lambda edit: CASES.edits("blanks at line ends", edit)
def blanks(book):
    """Editors add and remove blanks and empty lines."""
    for cell in book.cells:
        cell.source = "\n".join(line + "  " for line in cell.source.splitlines()) + "\n\n"


@lambda edit: CASES.edits("two hundred own cells", edit)
def many_cells(book):
    """Somebody who tries things out."""
    for number in range(200):
        book.own(f"x{number} = {number}\nx{number}", "given")


def _with_files(folder, pristine):
    Notebook(pristine).solve().save(folder)
    (folder / "notes.txt").write_text("my notes", encoding="utf-8")
    (folder / "data.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "numbers.txt").write_text("4 5 6\n", encoding="utf-8")
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder / ".ipynb_checkpoints").mkdir()
    Notebook(pristine).save(folder / ".ipynb_checkpoints", f"{NAME}-checkpoint.ipynb")
    (folder / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC", encoding="utf-8")


CASES.case("files beside", _with_files, may=("replaced",))


def _format_3(folder, pristine):
    folder.mkdir(parents=True)
    old = nbformat.convert(Notebook(pristine).solve().nb, 3)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(old), encoding="utf-8")


CASES.case("nbformat 3", _format_3)

for _student in (
    "=1+1",
    "O'Brien, Zoë",
    "naïve ∂ 😀",
    "a.b+(c)$^|",
    "-rf",
    "x" * 200,
    "CON",
    "100%",
):
    _name = f"called {_student[:20]}".strip()
    CASES.answers(_name, student=_student)
