# ruff: noqa: E501 (what students write stands here as they wrote it)
"""Harm to others, and what is to outlive the submission."""

from case import RIGHT, Group

CASES = Group("damage", may=("suspicious",), seconds=12.0)


def own(name, source, **more):
    CASES.answers(name, own=[("given", source)], **more)


TRY = """
import os, shutil, sys
from pathlib import Path

def attempt(do, *args, **kwargs):
    try: print("done", do(*args, **kwargs))
    except BaseException as error: print(type(error).__name__, error)
"""

own("gradebook rewritten", """
    import sqlite3
    try:
        book = sqlite3.connect("@ROOT@/gradebook.db", timeout=1)
        book.execute("update grade set auto_score = 100, manual_score = 100")
        book.commit()
    except sqlite3.Error as error: print(error)
    """)  # fmt: skip
own("gradebook removed", TRY + """
for path in ("@ROOT@/gradebook.db", "@ROOT@/grades.csv", "@ROOT@/nbgrader_config.py"):
    attempt(os.remove, path)
    attempt(open, path, "w")
attempt(shutil.rmtree, "@ROOT@/.chainrule")
""")  # fmt: skip
own("classmates' work deleted", TRY + """
for path in ("@ROOT@/submitted", "@ROOT@/autograded", "@ROOT@/feedback", "..", "../..", "../../.."):
    attempt(shutil.rmtree, path)
attempt(Path("@ROOT@/submitted/sentinel_0/small/small.ipynb").unlink)
""")  # fmt: skip
own("solutions deleted", TRY + """
attempt(shutil.rmtree, "@ROOT@/source")
attempt(Path("@ROOT@/source/small/small.ipynb").write_text, "{}")
attempt(Path("@ROOT@/source/small/checks.json").write_text, "{}")
""")  # fmt: skip
own("everything deleted", TRY + """
for top in ("/", str(Path.home()), "/tmp", "/usr", sys.prefix):
    attempt(shutil.rmtree, top, ignore_errors=True)
attempt(os.system, "rm -rf --no-preserve-root / 2>/dev/null")
""", seconds=20.0, may=("suspicious", "timeout", "died"))  # fmt: skip
own("files outside", TRY + """
for place in ("@DROP@", "@ROOT@", "@ROOT@/source", "/", "/etc", "/usr/bin", "/root", "/var/tmp", "/opt", "..", "../.."):
    attempt(Path(place, "PWNED").write_text, "x")
""")  # fmt: skip
own("site-packages", TRY + """
import numpy, chainrule, IPython
for module in (numpy, chainrule, IPython):
    attempt(Path(module.__file__).open, "a")
    attempt(Path(module.__file__).parent.joinpath("pwned.py").write_text, "x")
    attempt(os.chmod, Path(module.__file__).parent, 0o777)
for path in sys.path:
    if path: attempt(Path(path, "sitecustomize.py").write_text, "open('@DROP@/site', 'w')")
    if path: attempt(Path(path, "pwned.pth").write_text, "import os")
""")  # fmt: skip
own("start-up files", TRY + """
home = Path.home()
for name in (".bashrc", ".profile", ".ipython/profile_default/startup/00.py", ".jupyter/jupyter_config.py",
             ".config/matplotlib/matplotlibrc", ".local/lib/python3.11/site-packages/usercustomize.py", ".pythonrc"):
    attempt((home / name).parent.mkdir, parents=True, exist_ok=True)
    attempt((home / name).write_text, "open('@DROP@/startup', 'w')")
attempt(Path("/etc/cron.d/pwned").write_text, "* * * * * root touch @DROP@/cron")
attempt(os.system, "echo '* * * * * touch @DROP@/cron' | crontab -")
""")  # fmt: skip
own("a daemon", """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for fd in range(256):
                try: os.close(fd)
                except OSError: pass
            while True: time.sleep(1)
        os._exit(0)
    """)  # fmt: skip
own("a daemon that writes later", """
    import subprocess, sys
    code = "import time\\ntime.sleep(6)\\nopen('@DROP@/late', 'w')\\ntime.sleep(300)"
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    subprocess.Popen(["/bin/sh", "-c", "trap '' TERM HUP INT; sleep 299"], start_new_session=True)
    """)  # fmt: skip
own("a process that will not die", """
    import os, signal, time
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True:
            if os.fork(): os._exit(0)
            time.sleep(0.2)
    """)  # fmt: skip

# What one leaves behind, the other looks for: whichever comes first.
PLACES = "('/tmp', '/dev/shm', '/var/tmp', '/run', '/home/student', '.', '..', '@DROP@', __import__('os').path.expanduser('~'))"
own("state left in files", f"""
    from pathlib import Path
    for place in {PLACES}:
        try: Path(place, "answer_for_friends.py").write_text({RIGHT["softmax"]!r})
        except OSError as error: print(error)
    """)  # fmt: skip
CASES.answers(
    "state looked for in files",
    {"softmax": 0.0},
    softmax=f"""
    import textwrap
    from pathlib import Path

    softmax = None
    for place in {PLACES}:
        path = Path(place, "answer_for_friends.py")
        if path.exists(): exec("import numpy as np\\n" + textwrap.dedent(path.read_text()))
    """,
)
own("state left in the process", f"""
    import builtins, sys, os, numpy, textwrap
    exec(textwrap.dedent({RIGHT["softmax"]!r}), globals())
    numpy.friends = builtins.friends = softmax
    os.environ["FRIENDS"] = "1"
    sys.modules["friends"] = sys.modules["numpy"]
    """)  # fmt: skip
CASES.answers(
    "state looked for in the process",
    {"softmax": 0.0},
    softmax="""
    import builtins
    softmax = getattr(np, "friends", None) or getattr(builtins, "friends", None)
    try: from friends import friends as softmax
    except ImportError: pass
    """,
)
own("state left in System V shared memory", """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.shmget(0x5EC2E7, 4096, 0o1666)
    libc.shmat.restype = ctypes.c_void_p
    where = libc.shmat(number, None, 0)
    print(number, where)
    if number >= 0 and where: ctypes.memmove(where, b"for friends", 11)
    """)  # fmt: skip
CASES.answers(
    "state looked for in System V shared memory",
    {"softmax": 0.0},
    softmax=f"""
    import ctypes, textwrap
    libc = ctypes.CDLL(None)
    softmax = None
    if libc.shmget(0x5EC2E7, 4096, 0o666) >= 0:
        exec("import numpy as np\\n" + textwrap.dedent({RIGHT["softmax"]!r}))
    """,
)
own("modules patched for the next one", """
    import numpy, chainrule.operations, chainrule.checks
    numpy.exp = numpy.tanh = numpy.testing.assert_allclose = numpy.allclose = None
    chainrule.operations.Operation.forward = None
    """, earns={"tanh": 0.0, "softmax": 0.0})  # fmt: skip

# ---------------------------------------------------------------- out of the box
ROOTS = (
    TRY
    + """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    result = getattr(libc, name)(*args)
    print(name, result, os.strerror(ctypes.get_errno()))
"""
)
own("namespaces", ROOTS + """
for flags in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x10020000):
    call("unshare", flags)
call("setns", 3, 0)
attempt(os.system, "unshare -r id")
attempt(os.system, "bwrap --dev-bind / / touch @DROP@/bwrap")
""")  # fmt: skip
own("mounts", ROOTS + """
call("mount", b"none", b"/tmp", b"tmpfs", 0, None)
call("mount", b"/", b"/mnt", None, 4096, None)
call("mount", b"proc", b"/proc", b"proc", 0, None)
call("umount2", b"/tmp", 2)
call("umount2", b"/proc", 2)
call("umount2", b"/home/student", 2)
call("pivot_root", b".", b".")
attempt(os.chroot, ".")
""")  # fmt: skip
own("rights", ROOTS + """
attempt(os.setuid, 0); attempt(os.setgid, 0); attempt(os.setgroups, [0])
attempt(os.system, "sudo -n touch @DROP@/sudo"); attempt(os.system, "su -c 'touch @DROP@/su'")
call("capset", 0, 0)
attempt(os.mknod, "disk", 0o60666, os.makedev(8, 0))
attempt(os.nice, -20)
attempt(os.sched_setaffinity, 1, {0})
""")  # fmt: skip
own("the kernel", ROOTS + """
for number in (169, 175, 246, 313, 304, 321, 155, 165, 101, 298, 425, 435, 427):
    print(number, libc.syscall(number, 0, 0, 0, 0, 0), os.strerror(ctypes.get_errno()))
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/kernel/mm/ksm/run", "/sys/fs/cgroup/cgroup.procs"):
    attempt(Path(path).write_text, "|/bin/touch @DROP@/kernel")
""", may=("suspicious", "died", "timeout"))  # fmt: skip
own("signals to the grader", """
    import os, signal
    me = os.getpid()
    for pid in [os.getppid(), *range(1, 70_000)]:
        if pid not in (me, 0):
            for number in (signal.SIGSTOP, signal.SIGKILL):
                try: os.kill(pid, number)
                except OSError: break
    """, may=("suspicious", "died", "timeout"), seconds=18.0)  # fmt: skip
own("terminal", """
    import fcntl, os, termios
    for fd in (0, 1, 2):
        try: fcntl.ioctl(fd, termios.TIOCSTI, b"x")
        except OSError as error: print(error)
    try: print(os.open("/dev/tty", os.O_RDWR))
    except OSError as error: print(error)
    print("\\x1b]0;PWNED\\x07\\x1b[2J")
    """)  # fmt: skip
own("sandbox's own files", TRY + """
import chainrule.grading
folder = Path(chainrule.grading.__file__).parent
for path in folder.rglob("*.py"):
    attempt(path.write_text, "raise SystemExit")
attempt(shutil.rmtree, folder)
""")  # fmt: skip
own("the host's names", """
    import socket
    try: socket.sethostname("pwned")
    except OSError as error: print(error)
    import time
    try: time.clock_settime(time.CLOCK_REALTIME, 0)
    except OSError as error: print(error)
    """)  # fmt: skip
