"""Too much of everything. What comes before and after still counts."""

from case import Group

CASES = Group("resources")
HANGS = {"flags": ("timeout",), "seconds": 18.0}
HEAVY = {"may": ("memory", "died", "timeout"), "seconds": 18.0}


def softmax(name, source, **more):
    CASES.answers(name, {"softmax": 0.0}, softmax=source, **more)


# ---------------------------------------------------------------- time
softmax("endless loop", "def softmax(scores):\n    while True: pass", **HANGS)
softmax(
    "loop that swallows interrupts",
    """
    import signal

    def softmax(scores):
        while True:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, signal.SIG_IGN)
                while True: pass
            except BaseException:
                continue
    """,
    **HANGS,
)
CASES.answers("loop in an own cell", own=[("given", "while True:\n    pass")], **HANGS)
CASES.answers(
    "loop in the answer's cell", {"softmax": 0.0}, softmax="while True:\n    pass", **HANGS
)
softmax("sleep", "import time\ndef softmax(scores):\n    time.sleep(1000)", **HANGS)
softmax(
    "a long C call",
    "def softmax(scores):\n    return 7 ** (7 ** 10)",
    may=("died", "memory"),
    **HANGS,
)
CASES.answers(
    "loop at the hidden check only",
    {"slope": 4.0},
    slope="""
    def slope(f, x):
        while x in (1.5, 0.7): pass
        return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5
    """,
    **HANGS,
)
CASES.answers(
    "endless calls back",
    {"slope": 0.0},
    slope="def slope(f, x):\n    while True: f(x)",
    **HANGS,
)
softmax("slow repr", """
    class Slow:
        def __repr__(self):
            while True: pass

    def softmax(scores):
        return Slow()
    """, may=("timeout",))  # fmt: skip
softmax(
    "endless generator",
    "def softmax(scores):\n    while True:\n        yield 0.5",
    may=("timeout",),
)

# ---------------------------------------------------------------- memory
softmax("5 GB", "def softmax(scores):\n    return np.ones(700_000_000).sum() * scores", **HEAVY)
CASES.answers("5 GB in an own cell", own=[("given", "big = np.ones(700_000_000)")], **HEAVY)
softmax("a list that grows", """
    def softmax(scores):
        kept = []
        while True: kept.append(bytearray(50_000_000))
    """, **HEAVY)  # fmt: skip
softmax(
    "many processes with some memory each",
    """
    import os, time

    def softmax(scores):
        for _ in range(8):
            if os.fork() == 0:
                kept = b"x" * 500_000_000
                time.sleep(60)
                os._exit(0)
        time.sleep(60)
    """,
    flags=(),
    may=("suspicious", "memory", "died", "timeout"),
    seconds=18.0,
)
softmax(
    "huge shape", "def softmax(scores):\n    return np.broadcast_to(0.0, (10**6, 10**6))", **HEAVY
)
softmax(
    "huge shape of nothing",
    "def softmax(scores):\n    return np.empty((10**9, 0, 10**9))",
    may=("died",),
)
softmax("huge result", "def softmax(scores):\n    return np.zeros((8000, 8000))", **HEAVY)
softmax("long text", "def softmax(scores):\n    return 'x' * 200_000_000", **HEAVY)
softmax("huge number", "def softmax(scores):\n    return 1 << 50_000_000", **HEAVY)
softmax("deep list", """
    def softmax(scores):
        nested = []
        for _ in range(100_000): nested = [nested]
        return nested
    """, **HEAVY)  # fmt: skip
softmax("list within itself", "def softmax(scores):\n    a = []\n    a.append(a)\n    return a")
softmax("many keys", "def softmax(scores):\n    return dict.fromkeys(range(1_000_000))", **HEAVY)
softmax(
    "many small arrays",
    "def softmax(s):\n    return [np.zeros(1) for _ in range(50_000)]",
    **HEAVY,
)

# ---------------------------------------------------------------- output
CASES.answers(
    "print flood",
    own=[("given", "for _ in range(300_000): print('x' * 100)")],
    may=("timeout",),
    seconds=18.0,
)
CASES.answers("one long line", own=[("given", "print('x' * 60_000_000)")])
CASES.answers("display flood", own=[("given", "for i in range(3000): display(i)")], seconds=12.0)
CASES.answers(
    "raw descriptors", own=[("given", """
        import os
        for fd in (1, 2):
            for _ in range(2000): os.write(fd, b"x" * 10_000)
        """)],
)  # fmt: skip
CASES.answers("huge repr", own=[("given", """
    class Huge:
        def __repr__(self): return "r" * 50_000_000
    Huge()
    """)])  # fmt: skip
CASES.answers("huge picture", own=[("given", """
    from IPython.display import display
    display({"image/png": "iVBORw0KGgo" + "A" * 40_000_000}, raw=True)
    """)])  # fmt: skip
softmax("huge error", "def softmax(scores):\n    raise ValueError('e' * 30_000_000)")
softmax("long traceback", """
    def softmax(scores, depth=900):
        if depth: return softmax(scores, depth - 1)
        raise ValueError("deep " * 100_000)
    """)  # fmt: skip
CASES.answers(
    "prints without end",
    own=[("given", "while True: print('again')")],
    **HANGS,
)

# ---------------------------------------------------------------- processes and disk
CASES.answers(
    "fork bomb",
    {"softmax": 0.0},
    softmax="""
    import os

    def softmax(scores):
        while True:
            try: os.fork()
            except OSError: pass
    """,
    may=("suspicious", "died", "memory"),
    **HANGS,
)
CASES.answers("five hundred forks", own=[("given", """
    import os, time
    for _ in range(500):
        try: pid = os.fork()
        except OSError as error: print(type(error)); break
        if pid == 0: time.sleep(100); os._exit(0)
    """)], or_less=True, may=("suspicious", "died", "memory", "timeout"), seconds=18.0)  # fmt: skip
CASES.answers("threads", own=[("given", """
    import threading, time
    started = 0
    try:
        for _ in range(5000):
            threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
            started += 1
    except RuntimeError as error: print(error)
    """)], or_less=True, may=("died", "memory"))  # fmt: skip
CASES.answers("orphans", own=[("given", """
    import subprocess, sys
    for _ in range(3):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"],
                         start_new_session=True)
    """)], may=("suspicious",))  # fmt: skip
CASES.answers("disk filled", own=[("given", """
    try:
        for i in range(100):
            with open(f"fill{i}", "wb") as file: file.write(b"x" * 50_000_000)
    except OSError as error: print(error)
    """)], may=("died",), seconds=12.0)  # fmt: skip
CASES.answers("thousands of files", own=[("given", """
    try:
        for i in range(20_000): open(f"f{i}", "w").close()
    except OSError as error: print(error)
    """)], seconds=12.0)  # fmt: skip
CASES.answers("descriptors used up", own=[("given", """
    files = []
    try:
        while True: files.append(open("numbers.txt"))
    except OSError as error: print(error)
    """)], or_less=True, may=("died",))  # fmt: skip


@lambda edit: CASES.edits("five hundred cells", edit, seconds=18.0, may=("timeout",))
def thousands_of_cells(book):
    """More cells than anybody writes."""
    for number in range(500):
        book.own(f"y = {number}", "describe_hidden")
