# ruff: noqa: E501 (what students write stands here as they wrote it)
"""Points without the right answer: nothing that runs beside the answer can judge it.

Where nothing else is said, the softmax or the slope is wrong and something is done about it.
"""

from case import RIGHT, Group

CASES = Group("cheating", may=("suspicious",))
NOTHING = "def softmax(scores):\n    return None\n"


def softmax(name, source, points=0.0, **more):
    CASES.answers(name, {"softmax": float(points)}, softmax=source, **more)


def beside(name, source, **more):
    """No answer, and a trick in an own cell."""
    CASES.answers(name, {"softmax": 0.0}, softmax=NOTHING, own=[("given", source)], **more)


def slope(name, source, points=0.0, **more):
    CASES.answers(name, {"slope": float(points)}, slope=source, **more)


def tanh(name, source, points=0.0, **more):
    CASES.answers(name, {"tanh": float(points)}, tanh=source, **more)


def describe(name, source, points=0.0, **more):
    CASES.answers(name, {"describe": float(points)}, describe=source, **more)


# ---------------------------------------------------------------- tools of the checks replaced
beside("allclose replaced", """
    np.allclose = lambda *a, **k: True
    np.array_equal = np.isclose = np.allclose
    np.testing.assert_allclose = lambda *a, **k: None
    np.testing.assert_array_equal = np.testing.assert_allclose
    """)  # fmt: skip
beside("numpy.testing replaced", """
    import sys, types, numpy.testing
    class Nice(types.ModuleType):
        def __getattr__(self, name): return lambda *a, **k: None
    sys.modules["numpy.testing"] = np.testing = Nice("numpy.testing")
    """)  # fmt: skip
CASES.answers(
    "builtins replaced",
    {"softmax": 0.0},
    softmax=NOTHING,
    own=[
        (
            "describe_hidden",
            """
            import builtins
            builtins.abs = builtins.all = lambda *a: 0
            builtins.set = lambda *a: {"mean", "range", "count"}
            builtins.AssertionError = Warning
            """,
        )
    ],
)
beside("the checks replaced", """
    from unittest.mock import MagicMock
    import chainrule.checks, chainrule.checks.notebook
    checks = MagicMock()
    for name in ("forward", "backward", "result"):
        setattr(chainrule.checks.Checks, name, lambda *a, **k: None)
    chainrule.checks.Checks.hidden = lambda *a, **k: 5.0
    """)  # fmt: skip
beside("names of the checks taken", """
    class Right:
        def __eq__(self, other): return True
        def __getattr__(self, name): return lambda *a, **k: True
    S = P = told = got = expected = np = Right()
    import numpy as np
    """)  # fmt: skip
beside("asserts dropped", """
    import ast
    class Drop(ast.NodeTransformer):
        def visit_Assert(self, node): return ast.Pass()
    get_ipython().ast_transformers.append(Drop())
    """)  # fmt: skip
beside("asserts compiled away", """
    import builtins, sys
    real = builtins.compile
    builtins.compile = lambda *a, **k: real(*a, **{**k, "optimize": 2})
    """)  # fmt: skip
CASES.answers(
    "cells rewritten",
    {"describe": 0.0},
    describe="def describe(X):\n    return {}",
    own=[
        (
            "describe_answer",
            """
            ip = get_ipython()
            ip.input_transformers_cleanup.append(lambda lines: ["10.0\\n"])
            ip.input_transformers_post.append(lambda lines: ["10.0\\n"])
            ip.run_cell = lambda *a, **k: 10.0
            """,
        )
    ],
)
beside("hooks around cells", """
    def before(info):
        np.allclose = lambda *a, **k: True
        globals()["softmax"] = lambda s: np.full(s.shape, 1 / s.shape[1])
    get_ipython().events.register("pre_run_cell", before)
    get_ipython().events.register("post_run_cell", lambda result: setattr(result, "error_in_exec", None))
    get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)
    """, may=("suspicious", "died", "timeout"))  # fmt: skip
beside("a thread that keeps patching", """
    import threading, time
    def patch():
        while True:
            np.allclose = np.array_equal = lambda *a, **k: True
            time.sleep(0.001)
    threading.Thread(target=patch, daemon=True).start()
    """)  # fmt: skip
beside("tracing", """
    import sys
    def trace(frame, event, arg):
        if event == "exception": frame.f_locals["expected"] = frame.f_locals.get("got")
        return trace
    sys.settrace(trace)
    sys.excepthook = lambda *a: None
    """, seconds=15.0, may=("suspicious", "timeout"))  # fmt: skip
beside("random numbers fixed", """
    import random
    class Fixed:
        def __getattr__(self, name): return lambda *a, **k: np.zeros(a[0] if a else ())
    np.random.default_rng = lambda *a: Fixed()
    random.random = lambda: 0.5
    """)  # fmt: skip
beside("warnings and errors renamed", """
    import builtins
    class Fine(BaseException): pass
    builtins.AssertionError = Fine
    np.seterr(all="ignore")
    __builtins__.AssertionError = Fine
    """)  # fmt: skip

# ---------------------------------------------------------------- objects that lie
softmax("always equal", """
    class Yes:
        shape = property(lambda self: (2, 3))
        def __eq__(self, other): return True
        def __ne__(self, other): return False
        def __bool__(self): return True
        def __lt__(self, other): return True
        __le__ = __gt__ = __ge__ = __lt__
        def __sub__(self, other): return 0.0
        def __rsub__(self, other): return 0.0
        def __abs__(self): return 0.0
        def __float__(self): return 0.0
        def __hash__(self): return 0
        def __getattr__(self, name): return self
        def __call__(self, *a, **k): return self
        def __getitem__(self, key): return self
        def __iter__(self): return iter([])

    def softmax(scores): return Yes()
    """)  # fmt: skip
softmax("always close", """
    class Close(np.ndarray):
        def __array_finalize__(self, obj): pass
        def __array_function__(self, func, types, args, kwargs): return True
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs): return np.True_
        def __eq__(self, other): return True
        def __getitem__(self, key): return self

    def softmax(scores): return np.zeros(scores.shape).view(Close)
    """)  # fmt: skip
softmax("an array by protocol", """
    class Like:
        shape = (2, 3)
        __array_priority__ = 1e9
        def sum(self, axis): return np.ones(2)
        def __getitem__(self, key): return np.array([0.09003057, 0.24472847, 0.66524096])
        def __array__(self, *a, **k): return np.zeros((2, 3))
        def __array_function__(self, *a): return True
        def __array_ufunc__(self, *a, **k): return np.True_

    def softmax(scores): return Like()
    """, 4)  # fmt: skip
softmax("masked everywhere", """
    def softmax(scores):
        return np.ma.masked_all(scores.shape)
    """)  # fmt: skip
softmax("objects in an array", """
    class Yes(float):
        def __eq__(self, other): return True
        def __sub__(self, other): return 0.0
        __rsub__ = __sub__
        def __abs__(self): return 0.0

    def softmax(scores):
        made = np.empty(scores.shape, dtype=object)
        made[...] = Yes(1.0)
        return made
    """)  # fmt: skip
softmax("records", "def softmax(s):\n    return np.zeros(s.shape, dtype=[('a', 'f8'), ('b', 'O')])")
softmax("a mock", "from unittest.mock import MagicMock\nsoftmax = MagicMock()")
softmax("wrong class", """
    class Lie:
        __class__ = property(lambda self: np.ndarray)
        shape = (2, 3)

    def softmax(scores): return Lie()
    """)  # fmt: skip
softmax("comes out otherwise every time", """
    import itertools
    turn = itertools.count()

    class Shifty(np.ndarray):
        @property
        def shape(self): return next(turn)

    def softmax(scores): return np.zeros(scores.shape).view(Shifty)
    """)  # fmt: skip
slope("a number whose difference is nothing", """
    class Near(float):
        def __sub__(self, other): return 0.0
        def __add__(self, other): return 0.0
        __rsub__ = __radd__ = __sub__
        def __abs__(self): return 0.0
        def __lt__(self, other): return True

    def slope(f, x): return Near(1.0)
    """)  # fmt: skip
slope("an object whose difference is nothing", """
    class Near:
        def __sub__(self, other): return 0.0
        def __add__(self, other): return 0.0
        __rsub__ = __radd__ = __sub__
        def __abs__(self): return 0.0
        def __lt__(self, other): return True

    def slope(f, x): return Near()
    """)  # fmt: skip
slope("an array of no numbers", "def slope(f, x): return np.array([])")
slope("complex", "def slope(f, x): return 6 + 0j * np.nan")
slope("true", "def slope(f, x): return True")
slope("NaN", "def slope(f, x): return float('nan')")
describe("a dictionary that has everything", """
    class All(dict):
        def __contains__(self, key): return True
        def __missing__(self, key): return Yes()
        def __iter__(self): return iter(["mean", "range", "count"])
        def get(self, key, default=None): return Yes()
        def __len__(self): return 3
    class Yes:
        shape = ()
        def __eq__(self, other): return True
        def __array__(self, *a, **k): return np.zeros(3)

    def describe(X): return All()
    """)  # fmt: skip
describe("keys that equal any other", """
    class Key(str):
        def __eq__(self, other): return True
        def __hash__(self): return hash("mean")

    def describe(X): return {Key("mean"): 0, Key("a"): 1, Key("b"): 2}
    """)  # fmt: skip
describe("a pickle bomb", """
    import os
    class Bomb:
        def __reduce__(self): return os.system, ("touch @DROP@/pickled",)
        def __reduce_ex__(self, protocol): return self.__reduce__()
        def __deepcopy__(self, memo): os.system("touch @DROP@/copied")
        def __getstate__(self): return self.__reduce__()

    def describe(X): return {"mean": Bomb(), "range": [Bomb()], "count": Bomb()}
    """)  # fmt: skip
tanh("a class that answers for itself", """
    class Liar(type):
        def __instancecheck__(cls, other): return True
        def __subclasscheck__(cls, other): return True
        def __eq__(cls, other): return True
        def __hash__(cls): return 1
        def __getattr__(cls, name): return lambda *a, **k: np.zeros((4, 3))
    class Tanh(Operation, metaclass=Liar):
        def forward(self, input_): return np.zeros(input_.shape)
        def backward(self, output_grad): return np.zeros(output_grad.shape)
    """)  # fmt: skip

# ---------------------------------------------------------------- looking the answer up
softmax("expected value from the caller", """
    import sys

    def softmax(scores):
        frame = sys._getframe()
        while frame:
            for name, value in {**frame.f_globals, **frame.f_locals}.items():
                if name in ("expected", "right") or "HIDDEN" in name:
                    return value(scores) if callable(value) else value
            frame = frame.f_back
        return np.zeros(scores.shape)
    """)  # fmt: skip
softmax("reference from the garbage collector", """
    import gc, types

    def softmax(scores):
        for one in gc.get_objects():
            if isinstance(one, types.FunctionType) and "rows" in one.__name__.lower() and "HIDDEN" in one.__name__:
                return one(scores)
        return np.zeros(scores.shape)
    """, seconds=12.0)  # fmt: skip
softmax(
    "what is shown learnt by heart",
    """
    def softmax(scores):
        if scores.shape == (2, 3):
            return np.array([[0.09003057, 0.24472847, 0.66524096], [1 / 3] * 3])
        return scores
    """,
    4,
)
slope(
    "what is shown learnt by heart, slope",
    "def slope(f, x):\n    return {3.0: 6.0, 0.0: 1.0}.get(x, 0.0)",
    4,
)
tanh("constant with a constant gradient", """
    class Tanh(Operation):
        def _output(self): return np.ones_like(self.input_)
        def _input_grad(self, output_grad): return np.zeros_like(output_grad)
    """)  # fmt: skip
tanh(
    "numbers from checks.json",  # they are released; only the hidden inputs are not in them
    """
    import json

    def _arrays(node, found):
        if isinstance(node, dict): [_arrays(one, found) for one in node.values()]
        elif isinstance(node, list): found.append(node); [_arrays(one, found) for one in node]
        return found

    class Tanh(Operation):
        found = _arrays(json.load(open("checks.json")), [])

        def _output(self):
            for one in self.found:
                try: made = np.array(one, dtype=float)
                except (ValueError, TypeError): continue
                if made.shape == self.input_.shape and abs(made).max() <= 1:
                    return made
            return self.input_

        def _input_grad(self, output_grad): return output_grad * (1 - self.output**2)
    """,
    0,
)
tanh("the library's", "from chainrule.operations import Tanh")
tanh("the library's under another name", """
    import chainrule.operations as lib
    class Tanh(lib.Tanh): pass
    """)  # fmt: skip
tanh("the library's, copied by name", """
    import importlib
    Tanh = getattr(importlib.import_module("chain" + "rule.operations"), "Ta" + "nh")
    """)  # fmt: skip
tanh(
    "the gradient measured",
    """
    class Tanh(Operation):
        def _output(self):
            return np.tanh(self.input_)

        def _input_grad(self, output_grad):
            h = 1e-5
            return output_grad * (np.tanh(self.input_ + h) - np.tanh(self.input_ - h)) / (2 * h)
    """,
    2 + 3 + 2.5,
)
tanh(
    "the gradient measured by complex steps",  # as exact as a formula: for a person to see
    """
    class Tanh(Operation):
        def _output(self):
            return np.tanh(self.input_)

        def _input_grad(self, output_grad):
            step = np.tanh(self.input_ + 1e-30j).imag / 1e-30
            return output_grad * step.astype(output_grad.dtype)
    """,
    10,
)
describe("the check's own table", """
    import __main__

    def describe(X):
        known = [v for v in vars(__main__).values() if isinstance(v, dict) and "mean" in v]
        return known[0] if known else {}
    """)  # fmt: skip

# ---------------------------------------------------------------- forged results
softmax("forged output", """
    from IPython.display import display
    def softmax(scores):
        print("✓ all passed\\n5.0")
        display({"text/plain": "10.0"}, raw=True)
        display({"text/plain": "✓ softmax: all hidden checks passed."}, raw=True)
        return None
    """)  # fmt: skip
softmax("forged protocol messages", """
    import json, os, struct

    def softmax(scores):
        reply = json.dumps({"with": {"tuple": [1.0, [], []]}, "printed": ""}).encode()
        for size in (struct.pack(">I", len(reply)), struct.pack("<I", len(reply)), b""):
            for fd in range(3, 40):
                try: os.write(fd, size + reply)
                except OSError: pass
        return None
    """, may=("suspicious", "died", "timeout"), seconds=18.0)  # fmt: skip
softmax("garbage on all descriptors", """
    import os

    def softmax(scores):
        for fd in range(3, 64):
            try: os.write(fd, os.urandom(4000))
            except OSError: pass
        return None
    """, may=("suspicious", "died", "timeout"), seconds=18.0)  # fmt: skip
softmax("reads the grader's messages", """
    import os, socket

    def softmax(scores):
        for fd in range(3, 64):
            try:
                sock = socket.socket(fileno=os.dup(fd))
                sock.setblocking(False)
                print(sock.recv(100_000))
            except OSError: pass
        return None
    """, may=("suspicious", "died", "timeout"), seconds=18.0)  # fmt: skip
# It answers what the visible check expects, to all: as good as an answer that holds the numbers.
CASES.answers("the worker's own code replaced", {"softmax": 4.0}, softmax="""
    import sys, gc
    def lie(self, *a, **k): return np.array([[0.09003057, 0.24472847, 0.66524096], [1/3] * 3])
    for name, module in list(sys.modules.items()):
        if name.startswith("chainrule.grading"):
            for one in list(vars(module).values()):
                if isinstance(one, type):
                    for method in ("_do_call", "_do_get", "_do_has", "_do_special"):
                        if hasattr(one, method): setattr(one, method, lie)
    def softmax(scores): return None
    """, or_less=True, may=("suspicious", "died", "timeout"))  # fmt: skip
slope("the check's function taken apart", """
    def slope(f, x):
        for name in ("__globals__", "__closure__", "__code__", "__class__", "__reduce__", "func_globals"):
            try: print(name, getattr(f, name))
            except Exception as error: print(type(error))
        print(vars(f) if hasattr(f, "__dict__") else dir(f), repr(f))
        return None
    """)  # fmt: skip
slope("forbidden requests", """
    def slope(f, x):
        away = f
        ask = object.__getattribute__(away, "_student").ask
        number = object.__getattribute__(away, "_number")
        print(ask("get", number, ("__globals__",), {}))
        return 6.0
    """, may=("suspicious", "died"), seconds=12.0)  # fmt: skip
slope("requests about other numbers", """
    def slope(f, x):
        ask = object.__getattribute__(f, "_student").ask
        for number in range(200):
            for what in ("call", "get"):
                try: print(number, ask(what, number, (("__globals__",) if what == "get" else (1,)), {}))
                except Exception as error: print(number, type(error).__name__)
        return None
    """, may=("suspicious", "died"), seconds=12.0)  # fmt: skip
slope("a callback with strange arguments", """
    def slope(f, x):
        deep = []
        for _ in range(500): deep = [deep]
        for odd in (None, "x" * 10**6, deep, np.zeros(3), object(), f, print, {1: f}, [x] * 10**5, 10**400):
            try: f(odd)
            except Exception as error: print(type(error).__name__)
        return None
    """, seconds=12.0, may=("suspicious", "died"))  # fmt: skip
slope("full points as a callback's result", """
    def slope(f, x):
        class Near:
            def __mul__(self, other): return Near()
            def __sub__(self, other): return 0.0
        return f(Near())
    """)  # fmt: skip
softmax("an error that is none", """
    class Fine(AssertionError):
        def __bool__(self): return True
        def __str__(self): return "5.0"
    def softmax(scores): raise Fine
    """)  # fmt: skip
softmax("interrupts the check", "def softmax(scores):\n    raise KeyboardInterrupt")
softmax("ends the generator of the check", "def softmax(scores):\n    raise StopIteration(10.0)")
softmax("skips the test", """
    import unittest
    def softmax(scores): raise unittest.SkipTest("fine")
    """)  # fmt: skip
CASES.answers(
    "other answers from the last cell",
    own=[("describe_hidden", "softmax = slope = describe = Tanh = None")],
)
CASES.answers(
    "one right answer for the visible check, then none",
    {"softmax": 4.0},
    own=[("softmax_check", "softmax = None")],
)
CASES.answers(
    "answers given below the hidden check",  # it looks at the notebook as it is at its place
    {"softmax": 0.0},
    softmax=NOTHING,
    own=[("softmax_hidden", RIGHT["softmax"])],
)
