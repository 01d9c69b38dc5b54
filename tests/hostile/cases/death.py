"""The student's process ends, or stands still: its cell is lost, and nothing else."""

from case import Group

CASES = Group("death", flags=("died",), may=("timeout", "suspicious"), seconds=18.0)


def softmax(name, source, **more):
    CASES.answers(name, {"softmax": 0.0}, softmax=source, **more)


def own(name, source, **more):
    CASES.answers(name, own=[("given", source)], **more)


QUIET = {"flags": (), "may": ("suspicious", "died"), "seconds": 8.0}

own("sys.exit", "import sys\nsys.exit(0)", **QUIET)
own("quit", "quit()", **QUIET)
softmax("SystemExit", "def softmax(scores):\n    raise SystemExit(0)", **QUIET)
softmax("exit within exit", """
    import sys
    class Bye:
        def __del__(self): sys.exit(1)

    def softmax(scores):
        Bye()
        return scores
    """, **QUIET)  # fmt: skip
own("os._exit in an own cell", "import os\nos._exit(0)")
softmax("os._exit", "import os\ndef softmax(scores):\n    os._exit(0)")
CASES.answers(
    "os._exit at the hidden check only",
    {"describe": 4.0},
    describe="""
    import os

    def describe(X):
        if len(X) == 3: os._exit(0)
        return {"mean": X.mean(axis=0), "range": np.ptp(X, axis=0), "count": len(X)}
    """,
)
CASES.answers(
    "SIGKILL to all at the hidden check only",  # it is alone there, and told that nobody is
    {"softmax": 4.0},
    softmax="""
    import os, time

    def softmax(scores):
        if scores.shape != (2, 3):
            os.kill(-1, 9)
            time.sleep(0.5)  # until all others are gone, else its next call may find one left
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    """,
    flags=(),
    may=("suspicious", "died"),
)
CASES.answers("again and again", own=[("given", "import os\nos._exit(3)")] * 3)
CASES.answers(
    "more often than it is started again",
    {"tanh": 0.0, "softmax": 0.0, "slope": 0.0, "describe": 0.0},
    own=[("setup", "import os\nos._exit(3)")] * 6,
)
softmax("SIGKILL to itself", "import os\ndef softmax(s):\n    os.kill(os.getpid(), 9)")
own("SIGTERM to itself", "import os\nos.kill(os.getpid(), 15)")
own(
    "SIGINT to itself",
    "import os\nos.kill(os.getpid(), 2)",
    flags=(),
    may=("suspicious", "died", "timeout"),
)
softmax(
    "SIGKILL to the parent",
    "import os\ndef softmax(s):\n    os.kill(os.getppid(), 9)\n    os._exit(1)",
)
own("SIGKILL to all", "import os\nos.kill(-1, 9)", flags=(), may=("suspicious", "died", "timeout"))
own("SIGKILL to its group", "import os\nos.killpg(0, 9)")
own("SIGKILL to every number", """
    import os
    for pid in range(1, 40_000):
        if pid != os.getpid():
            try: os.kill(pid, 9)
            except OSError: pass
    """, flags=(), may=("suspicious", "died", "timeout"))  # fmt: skip
softmax("SIGSTOP", "import os\ndef softmax(s):\n    os.kill(os.getpid(), 19)", flags=("timeout",))
own(
    "SIGSTOP to all",
    "import os\nos.kill(-1, 19)\nos.kill(os.getppid(), 19)",
    flags=(),
    may=("suspicious", "died", "timeout"),
)
softmax("segmentation fault", "import ctypes\ndef softmax(s):\n    ctypes.string_at(0)")
softmax("abort", "import os\ndef softmax(s):\n    os.abort()")
own("stack overflow in C", """
    import sys
    sys.setrecursionlimit(10**8)
    f = lambda: None
    for _ in range(2_000_000): f = f.__call__
    def down(n): return down(n + 1)
    repr_ = []
    for _ in range(500_000): repr_ = [repr_]
    del repr_
    down(0)
    """, flags=(), may=("suspicious", "died", "timeout", "memory"))  # fmt: skip
own("all descriptors closed", "import os\nos.closerange(0, 4096)")
softmax("descriptors exchanged", """
    import os

    def softmax(scores):
        nothing = os.open("/dev/null", os.O_RDWR)
        for fd in range(40):
            if fd != nothing:
                try: os.dup2(nothing, fd)
                except OSError: pass
        return scores
    """)  # fmt: skip
own("another program in its place", "import os\nos.execv('/bin/true', ['true'])")
own("another Python in its place", """
    import os, sys
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(100)"])
    """, flags=(), may=("suspicious", "died", "timeout"))  # fmt: skip
own("the interpreter's own parts gone", """
    import builtins, sys
    sys.modules.clear()
    builtins.__dict__.clear()
    """, or_less=True, flags=(), may=("suspicious", "died", "timeout"))  # fmt: skip
own("dead in an exception's text", """
    import os
    class Odd(Exception):
        def __str__(self): os._exit(0)
    raise Odd
    """)  # fmt: skip
own("forked twin goes on", """
    import os
    if os.fork(): os._exit(0)
    """, or_less=True, flags=(), may=("suspicious", "died", "timeout"))  # fmt: skip
CASES.answers(
    "twin that answers too",
    {"softmax": 0.0},
    softmax="import os\ndef softmax(s):\n    os.fork()\n    return None",
    flags=(),
    may=("suspicious", "died", "timeout"),
    or_less=True,
)
own("limits lowered", """
    import resource
    for what in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NOFILE):
        resource.setrlimit(what, (1, 1))
    while True: pass
    """, or_less=True, flags=(), may=("suspicious", "died", "timeout"))  # fmt: skip
