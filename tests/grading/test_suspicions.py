"""Suspicious code is pointed out, and honest code is not."""

import nbformat
import pytest
from classroom import ROOT

from chainrule.grading.intake import receive
from chainrule.grading.suspicions import look_at, suspicions
from chainrule.grading.transplant import transplant

SETS = sorted(path.name for path in (ROOT / "source").glob("ps*"))


def found(source):
    return [
        evidence for _, evidence in look_at(source, {"np": "numpy", "checks": "chainrule.checks"})
    ]


@pytest.mark.parametrize(
    ("source", "evidence"),
    [
        ("import inspect", "inspect"),
        ("from inspect import currentframe", "inspect"),
        ("import sys\nsys._getframe(1).f_back", "sys._getframe"),
        ("from sys import _getframe as g", "sys._getframe"),
        ("getattr(f, '__globals__')", "__globals__"),
        ("import gc as tidy\ntidy.get_objects()", "gc.get_objects"),
        ("import ctypes", "ctypes"),
        ("__builtins__.print = print", "__builtins__"),
        ("import __main__", "__main__"),
        ("import sys\nprint(list(sys.modules.items()))", "sys.modules"),
        ("import socket", "socket"),
        ("import urllib.request", "urllib.request"),
        ("from subprocess import run", "subprocess"),
        ("import os\nos._exit(0)", "os._exit"),
        ("import os\nif os.fork() == 0: pass", "os.fork"),
        ("from os import kill", "os.kill"),
        ("np.allclose = lambda *a, **k: True", "numpy.allclose"),
        ("np.testing.assert_allclose = print", "numpy.testing.assert_allclose"),
        ("from numpy import testing\ntesting.assert_equal = print", "numpy.testing.assert_equal"),
        ("import builtins\nbuiltins.abs, x = f, 1", "builtins.abs"),
        ("del np.testing.assert_equal", "numpy.testing.assert_equal"),
        ("setattr(np, 'allclose', f)", "setattr(numpy, ...)"),
        ("checks.result = print", "chainrule.checks.result"),
        ("import sys\nsys.modules['numpy'] = None", "sys.modules"),
        ("from unittest.mock import patch", "unittest.mock"),
        ("import importlib\nimportlib.reload(np)", "importlib.reload"),
        ("get_ipython().ast_transformers.append(t)", "ast_transformers"),
        ("get_ipython().input_transformers_cleanup.append(t)", "input_transformers_cleanup"),
        ("get_ipython().events.register('post_run_cell', f)", "get_ipython().events"),
        ("import sys\nsys.settrace(f)", "sys.settrace"),
        ("import ast\nclass T(ast.NodeTransformer): pass", "ast.NodeTransformer"),
        ("class A:\n    def __eq__(self, other):\n        return True", "__eq__"),
        ("class A:\n    __eq__ = lambda self, other: True", "__eq__"),
        ("type('A', (), {'__ne__': lambda self, other: False})", "__ne__"),
        ("open('../source/ps1/ps1.ipynb')", "../source/ps1/ps1.ipynb"),
        ("open('/proc/self/environ')", "/proc/self/environ"),
        ("import os\nos.listdir('..')", ".."),
        ("import sqlite3\nsqlite3.connect('gradebook.db')", "gradebook.db"),
        ("!cat ../source/ps1.py", "../source/ps1.py"),
        ("files = !ls ../..", "../.."),
        ("import os\nprint(dict(os.environ))", "os.environ"),
        ("%matplotlib inline\nx = 1\nimport inspect", "inspect"),
        ("%%time\nimport inspect", "inspect"),
    ],
)
def test_what_may_need_a_look_is_found(source, evidence):
    assert evidence in found(source)


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nif 'google.colab' in sys.modules:\n    pass",
        "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nos.environ.get('HOME')",
        "import gc\ngc.collect()",
        "class A:\n    def __eq__(self, other):\n        return self.x == other.x",
        "np.random.seed(1)\nnp.set_printoptions(precision=3)",
        "import matplotlib.pyplot as plt\nplt.rcParams['figure.dpi'] = 90\nplt.plot(x, '..')",
        "self.source = 'source'\nprint('..', '...')",
        '"""../source/ps1.py"""\nx = 1',
        "W.T[0] = 1\nlayer.W = 2\nlayer.params.W -= 1",
        "node.parents, node.parent",
        "import sys\nsys.exit()",
        "!pip install numpy",
        "open('numbers.txt').read()",
        "open('/dev/null', 'w')",
        "def broken(:\n    import inspect",
        "%%bash\nls",
        "%%javascript\nalert(1)",
        "softmax?",
        "from IPython.display import HTML\nHTML('<b>hi</b>')",
    ],
)
def test_honest_code_is_not_pointed_at(source):
    assert found(source) == []


def test_names_are_known_from_one_cell_to_the_next():
    known = {}
    assert list(look_at("import numpy as n", known)) == []
    assert [word for _, word in look_at("n.allclose = f", known)] == ["numpy.allclose"]


def test_a_note_says_where(student, pristine):
    student.solve().answer("double", "import inspect\ndef double(x):\n    return 2 * x")
    student.own("import ctypes", after="square")
    (note,) = suspicions(transplant(student.nb, pristine)[0])
    assert note.kind == "suspicious"
    assert "(inspect, ctypes)" in note.text
    assert note.cells == ["double", "own cell below square"]


def test_only_the_students_cells_are_looked_at(student, pristine):
    pristine.cells[1].source = "import inspect"
    student.own("x = 1", after="double")
    assert suspicions(transplant(student.nb, pristine)[0]) == []


@pytest.mark.parametrize("source", ["-" * 50_000 + "1", "(" * 50_000, "a" + ".b" * 40_000, "\0"])
def test_code_that_no_parser_likes_is_looked_at_too(source):
    assert found(source) == []


@pytest.mark.parametrize("name", SETS)
def test_nobody_in_the_sample_class_is_suspected(name):
    path = ROOT / "release" / name / f"{name}.ipynb"
    pristine = nbformat.read(path, as_version=4)
    for folder in sorted((ROOT / "tests" / "sample_class").glob(f"*/{name}")):
        for nb in receive(folder, folder.parent.name, {name: pristine}).notebooks.values():
            assert suspicions(transplant(nb, pristine)[0]) == [], folder


@pytest.mark.parametrize("name", SETS)
def test_no_solution_and_no_entry_of_a_mistake_bank_is_suspected(name):
    source = ROOT / "source" / name
    nb = nbformat.read(source / f"{name}.ipynb", as_version=4)
    texts = [path.read_text(encoding="utf-8") for path in (source / "mistakes").glob("*.py")]
    texts += [cell.source for cell in nb.cells if cell.cell_type == "code"]
    assert [found(text) for text in texts if found(text)] == []
