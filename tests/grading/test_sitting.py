"""One notebook under examination, with students' cells of every kind."""

import json
import os
import textwrap
import time
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

if not hasattr(os, "fork"):
    pytest.skip("needs processes that fork", allow_module_level=True)

from classroom import OWN
from forked import Worker
from nbgrader.utils import determine_grade

from chainrule.grading import proxies
from chainrule.grading.notes import read_notes
from chainrule.grading.sitting import Allowance, Sitting

QUICK = Allowance(cell=1, after_first=1, total=60, restarts=10)


def _cell(source, grade_id, points=0, *, grade=False, solution=False):
    cell = new_code_cell(textwrap.dedent(source))
    cell.metadata["nbgrader"] = {
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "points": points,
        "schema_version": 3,
        "cell_type": "code",
    }
    return cell


def answer(source, name="answer"):
    return _cell(source, name, solution=True)


def given(source, name="given"):
    return _cell(source, name)


def check(source, name="check", points=2):
    return _cell(source, name, points, grade=True)


def hidden(source, name="hidden", points=3):
    lines = ["### BEGIN HIDDEN TESTS", textwrap.dedent(source).strip(), "### END HIDDEN TESTS"]
    return _cell("\n".join(lines), name, points, grade=True)


def own(source, number=[0]):  # noqa: B006
    number[0] += 1
    cell = new_code_cell(textwrap.dedent(source), metadata=OWN)
    cell.id = f"own-{number[0]}"
    return cell


class Seen:
    """A notebook after its sitting."""

    def __init__(self, nb, seconds):
        self.nb, self.seconds = nb, seconds
        self.cells = {
            cell.metadata.get("nbgrader", {}).get("grade_id", cell.id): cell for cell in nb.cells
        }
        self.notes = {note.kind: note.cells for note in read_notes(nb)}

    def points(self, name):
        return determine_grade(self.cells[name])[0]

    def text(self, name):
        """Everything in a cell's outputs."""
        return json.dumps(self.cells[name].outputs, ensure_ascii=False)

    def error(self, name):
        errors = [one for one in self.cells[name].outputs if one.output_type == "error"]
        return errors[-1].ename if errors else ""


@pytest.fixture
def sit(zygote, tmp_path, monkeypatch):
    monkeypatch.setattr(proxies, "GRACE", 0.3)

    def run(*cells, allowance=QUICK, files=None):
        nb = new_notebook(cells=list(cells))
        began = time.monotonic()
        sitting = Sitting(nb, zygote.worker, tmp_path, files or {}, allowance)
        sitting.run()
        return Seen(nb, time.monotonic() - began)

    return run


RIGHT = "def f(x): return 2 * x"
CHECK = "assert f(2) == 4"


class TestOrder:
    def test_points_are_given_as_nbgrader_gives_them(self, sit):
        seen = sit(
            answer(RIGHT),
            check(CHECK),
            check("assert f(1) == 3", "wrong"),
            hidden("assert f(3) == 6"),
            hidden("1.5", "part"),
        )
        points = [seen.points(name) for name in ("check", "wrong", "hidden", "part")]
        assert points == [2, 0, 3, 1.5]
        assert seen.notes == {}

    def test_cells_run_from_top_to_bottom(self, sit):
        seen = sit(
            given("x = [1]"),
            own("y = x + [2]\nprint(y)"),
            new_markdown_cell("text"),
            answer("z = y + [3]"),
            check("assert z == [1, 2, 3]"),
            given("x = [9]", "later"),
            check("assert x == [9] and y == [1, 2]", "after"),
        )
        assert (seen.points("check"), seen.points("after")) == (2, 2)

    def test_a_check_sees_the_answer_above_it_not_below(self, sit):
        seen = sit(answer("f = 1", "first"), check("assert f == 1"), answer("f = 2", "second"))
        assert seen.points("check") == 2

    def test_a_hidden_check_sees_what_was_defined_above_it(self, sit):
        seen = sit(
            given("n = 1"),
            answer("def f(): return n"),
            hidden("assert n == 1 and f() == 1"),
            given("n = 2", "again"),
            answer("def f(): return n * 10", "second"),
            hidden("assert n == 2 and f() == 20", "other"),
        )
        assert (seen.points("hidden"), seen.points("other")) == (3, 3)

    def test_hidden_checks_share_what_they_define(self, sit):
        seen = sit(
            answer(RIGHT), hidden("def ref(x): return 2 * x"), hidden("assert f(1) == ref(1)", "b")
        )
        assert seen.points("b") == 3

    def test_what_a_hidden_check_does_to_the_students_state_stays_there(self, sit):
        seen = sit(
            answer("seen = []\ndef f(x): seen.append(x); return len(seen)"),
            hidden("assert f(1) == 1 and f(2) == 2"),
            hidden("assert f(3) == 1", "b"),
            check("assert f(3) == 1"),
        )
        assert [seen.points(name) for name in ("hidden", "b", "check")] == [3, 3, 2]

    def test_empty_cells_show_nothing(self, sit):
        seen = sit(answer("  \n"), own("# nothing"), check("\n", points=1))
        assert [cell.outputs for cell in seen.nb.cells] == [[], [], []]

    def test_outputs_from_before_are_taken_away(self, sit):
        cell = answer("x = 1")
        cell.outputs = [{"output_type": "stream", "name": "stdout", "text": "old"}]
        assert sit(cell).cells["answer"].outputs == []

    def test_files_beside_the_notebook_are_there(self, sit):
        seen = sit(
            answer("text = open('data/a.txt').read()"),
            check("assert text == 'hello'"),
            files={"data/a.txt": b"hello", "../up.txt": b"x", "/abs.txt": b"x"},
        )
        assert seen.points("check") == 2
        assert not Path("/abs.txt").exists()


class TestShown:
    def test_what_own_cells_show_is_kept(self, sit):
        cell = own("print('mine')\n3 + 4")
        seen = sit(cell)
        assert [one.output_type for one in seen.cells[cell.id].outputs] == [
            "stream",
            "execute_result",
        ]

    def test_pictures_are_kept(self, sit):
        cell = own("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
        seen = sit(cell, allowance=Allowance(cell=30))
        assert "image/png" in seen.text(cell.id)

    def test_html_is_not(self, sit):
        cell = own("""
            from IPython.display import HTML, Javascript, display
            display(HTML("<script>alert(1)</script>"))
            display(Javascript("alert(1)"))
            """)
        seen = sit(cell)
        assert "script>" not in seen.text(cell.id)
        assert "alert(1)" not in seen.text(cell.id)

    def test_an_error_is_shown_and_the_next_cell_runs(self, sit):
        seen = sit(answer("x = 1\nundefined"), check("assert x == 1"))
        assert seen.error("answer") == "NameError"
        assert seen.points("check") == 2

    def test_given_cells_show_what_they_showed_the_student(self, sit):
        seen = sit(answer(RIGHT), given("print(f(4))", "demo"))
        assert seen.text("demo") == '[{"output_type": "stream", "name": "stdout", "text": "8\\n"}]'

    def test_what_checks_found_is_noted(self, sit):
        seen = sit(
            given("""
                from chainrule.checks import Checks
                from chainrule.checks.notebook import Verdict
                checks = Checks.__new__(Checks)
                checks.verdicts = []
                """),
            check("checks.verdicts.append(Verdict('f', 'result', 0.5, 'sign'))"),
            hidden("checks.verdicts.append(Verdict('f', 'hidden', 1.0))"),
        )
        (first,) = seen.cells["check"].metadata["chainrule"]["verdicts"]
        (second,) = seen.cells["hidden"].metadata["chainrule"]["verdicts"]
        assert (first["mistake"], second["stage"]) == ("sign", "hidden")


SECRET = "7310951"
LEAKS = {
    "a list that is printed later": """
        seen = []
        def f(x): seen.append(x); return 2 * x
        """,
    "a file in the folder": """
        def f(x):
            open('seen.txt', 'a').write(str(x)); return 2 * x
        """,
    "a file elsewhere": """
        PATH = '{tmp}/seen.txt'
        def f(x):
            open(PATH, 'a').write(str(x)); return 2 * x
        """,
    "a thread that prints": """
        import threading, time
        seen = []
        def loop():
            while True:
                time.sleep(0.01)
                if seen: print(seen)
        threading.Thread(target=loop, daemon=True).start()
        def f(x):
            seen.append(x); time.sleep(0.05); return 2 * x
        """,
    "a pipe made before": """
        import os, threading
        r, w = os.pipe()
        def loop():
            while True: print(os.read(r, 100))
        threading.Thread(target=loop, daemon=True).start()
        def f(x):
            os.write(w, str(x).encode()); return 2 * x
        """,
    "a child that prints later": """
        import os, time
        def f(x):
            if os.fork() == 0:
                time.sleep(0.2); print(x, flush=True); os.write(1, str(x).encode()); os._exit(0)
            return 2 * x
        """,
    "the standard output itself": """
        import os, sys
        def f(x):
            os.write(1, str(x).encode()); sys.__stdout__.write(str(x)); return 2 * x
        """,
    "its own talk with the other end": """
        import sys
        def f(x):
            sys.stdout._student.recorder.outputs.append(
                {{'output_type': 'display_data', 'data': {{'text/plain': str(x)}}}})
            return 2 * x
        """,
    "shared memory": """
        import mmap, os, threading, time
        shared = mmap.mmap(-1, 100)
        def loop():
            while True:
                time.sleep(0.01)
                if shared[0]: print(bytes(shared))
        threading.Thread(target=loop, daemon=True).start()
        def f(x):
            shared[:7] = str(x).encode()[:7]; time.sleep(0.05); return 2 * x
        """,
    "shared memory and cells that wait": """
        import mmap
        shared = mmap.mmap(-1, 100)
        def f(x):
            shared[:7] = str(x).encode()[:7]; return 2 * x
        """,
}
READ = """
import os, time
time.sleep(0.1)
for path in ('seen.txt', globals().get('PATH', 'nothing')):
    if os.path.exists(path): print(open(path).read())
print(globals().get('seen'), bytes(globals().get('shared') or b''))
"""


@pytest.mark.parametrize("source", LEAKS.values(), ids=LEAKS)
def test_what_a_hidden_check_shows_the_student_reaches_no_other_output(sit, source, tmp_path):
    reader, last = own(READ), answer(READ, "last")
    seen = sit(
        answer(textwrap.dedent(source).format(tmp=tmp_path)),
        check("assert f(2) == 4"),
        hidden(f"assert f({SECRET}) == 2 * {SECRET}"),
        reader,
        hidden(f"assert f({SECRET} + 1) == 2 * {SECRET} + 2", "again"),
        check("f(3); f(4)", "visible"),
        last,
    )
    assert (seen.points("hidden"), seen.points("again")) == (3, 3)
    for name in ("answer", "check", "visible", "last", reader.id):
        assert SECRET not in seen.text(name)
    for note in read_notes(seen.nb):
        assert SECRET not in str(note)


KILLERS = {
    "os._exit": "import os; os._exit(0)",
    "a segmentation fault": "import ctypes; ctypes.string_at(0)",
    "killing itself": "import os, signal; os.kill(os.getpid(), 9)",
    "killing its parent": "import os; os.kill(os.getppid(), 9); os.kill(os.getpid(), 9)",
    "killing its group": "import os; os.killpg(0, 9)",
    "closing everything": "import os; os.closerange(0, 1000)",
    "talking nonsense": """
        import os
        for fd in range(3, 50):
            try: os.write(fd, b'x' * 99)
            except OSError: pass
        os._exit(0)
        """,
    "no builtins": "import builtins\nfor n in ('len', 'print'): delattr(builtins, n)",
    "abort": "import os; os.abort()",
}
HANGERS = {
    "an endless loop that swallows everything": """
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
    "stopping itself": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "ignoring the alarm": """
        import signal, time
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        time.sleep(60)
        """,
    "a lock": """
        import signal, threading
        signal.setitimer(signal.ITIMER_REAL, 0)
        lock = threading.Lock(); lock.acquire(); lock.acquire()
        """,
}
HARMLESS = {
    "an endless loop": ("while True: pass", "timeout"),
    "sleeping": ("import time; time.sleep(60)", "timeout"),
    "a loop that swallows exceptions": (
        "while True:\n try:\n  while True: pass\n except Exception: pass",
        "timeout",
    ),
    "sys.exit": ("import sys; sys.exit(1)", ""),
    "raising KeyboardInterrupt": ("raise KeyboardInterrupt", ""),
    "endless recursion": ("def r(): r()\nr()", ""),
    "a flood of text": ("for _ in range(10**5): print('x' * 100)", ""),
    "a flood of one line": ("print('x' * 10**8)", ""),
    "a flood of pictures": (
        "from IPython.display import display\nfor _ in range(10**4): display(1)",
        "",
    ),
    "a thread that never ends": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
        "",
    ),
    "a daemon that burns": (
        "import threading\ndef burn():\n while True: pass\n"
        "threading.Thread(target=burn, daemon=True).start()",
        "",
    ),
    "asking somebody": ("input('name')", ""),
    "a broken display": (
        "class A:\n def __repr__(self): raise SystemExit\nA()",
        "",
    ),
    "closing its streams": ("import sys; sys.stdout.close(); sys.stderr.close()", ""),
    "losing its folder": ("import os, shutil; shutil.rmtree(os.getcwd())", ""),
    "a signal": ("import os, signal; os.kill(os.getpid(), signal.SIGALRM)", "timeout"),
}


SLOW = {"ignoring the alarm", "a lock", "sleeping", "a loop that swallows exceptions"}


def named(cases):
    """Cases with their names as ids; what takes long is marked as slow."""
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            id=name,
            marks=pytest.mark.slow if name in SLOW else (),
        )
        for name, value in cases.items()
    ]


class TestMisfortune:
    """Later exercises count whatever an earlier cell does."""

    def notebook(self, cell):
        return (
            answer("x = 1", "first"),
            check("assert x == 1"),
            hidden("assert x == 1"),
            cell,
            answer(RIGHT, "second"),
            check("assert f(2) == 4 and x == 1", "later"),
            hidden("assert f(3) == 6 and x == 1", "later_hidden"),
        )

    def all_points(self, seen):
        names = ("check", "hidden", "later", "later_hidden")
        return [seen.points(name) for name in names] == [2, 3, 2, 3]

    @pytest.mark.parametrize("source", named(KILLERS))
    def test_a_cell_that_kills_the_process_is_left_out(self, sit, source):
        cell = own(source)
        seen = sit(*self.notebook(cell))
        assert self.all_points(seen)
        assert seen.notes == {"died": ["an own cell"]}
        assert seen.error(cell.id) == "DeadKernelError"

    @pytest.mark.parametrize("source", named(HANGERS))
    def test_a_cell_that_hangs_is_left_out(self, sit, source):
        cell = own(source)
        seen = sit(*self.notebook(cell))
        assert self.all_points(seen)
        assert seen.notes == {"timeout": ["an own cell"]}
        assert seen.error(cell.id) == "CellTimeoutError"
        assert seen.seconds < 10

    @pytest.mark.parametrize(("source", "note"), named(HARMLESS))
    def test_a_cell_that_misbehaves_costs_nothing_else(self, sit, source, note):
        cell = own(source)
        loops = note == "timeout"
        seen = sit(*self.notebook(cell), allowance=QUICK if loops else Allowance(10, 10, 60))
        assert self.all_points(seen)
        assert list(seen.notes) == ([note] if note else [])
        assert len(seen.text(cell.id)) < 500_000

    @pytest.mark.parametrize(
        ("body", "kind"),
        [("os._exit(0)", "died"), ("os.kill(os.getpid(), signal.SIGSTOP)", "timeout")],
    )
    def test_an_answer_that_ends_a_visible_check_costs_its_own_points(self, sit, body, kind):
        seen = sit(
            answer("x = 1", "first"),
            answer(f"import os, signal\ndef g(): {body}", "bad"),
            check("g()", "bad_check"),
            hidden("g()", "bad_hidden"),
            answer(RIGHT, "second"),
            check("assert f(2) == 4 and x == 1"),
            hidden("assert f(3) == 6 and x == 1"),
        )
        names = ("bad_check", "bad_hidden", "check", "hidden")
        assert [seen.points(name) for name in names] == [0, 0, 2, 3]
        assert seen.notes == {kind: ["bad_check", "bad_hidden"]}

    def test_an_answer_that_hangs_only_in_hidden_checks_costs_only_those(self, sit):
        seen = sit(
            answer("def g(x):\n while x > 5: pass\n return x", "bad"),
            check("assert g(1) == 1"),
            hidden("assert g(9) == 9", "bad_hidden"),
            hidden("assert g(2) == 2", "good_hidden"),
            answer(RIGHT, "second"),
            hidden("assert f(3) == 6"),
        )
        names = ("check", "bad_hidden", "good_hidden", "hidden")
        assert [seen.points(name) for name in names] == [2, 0, 3, 3]
        assert seen.notes == {"timeout": ["bad_hidden"]}

    def test_what_given_cells_made_of_the_students_is_made_again(self, sit):
        seen = sit(
            answer("class A:\n def __init__(self, x): self.x = x"),
            given("a = A(5)\nkept = {'b': A(6)}"),
            answer("import os\ndef g(): os._exit(0)", "bad"),
            check("g()", "bad_check"),
            check("assert a.x == 5 and kept['b'].x == 6"),
            hidden("assert a.x == 5 and kept['b'].x == 6"),
        )
        assert (seen.points("check"), seen.points("hidden")) == (2, 3)

    def test_a_cell_that_dies_the_second_time_is_left_out_too(self, sit, tmp_path):
        mark = tmp_path / "mark"
        seen = sit(
            answer(f"import os\nif os.path.exists('{mark}'): os._exit(0)\nx = 1", "first"),
            own(f"open('{mark}', 'w').close(); os._exit(0)"),
            answer(RIGHT, "second"),
            check(CHECK),
        )
        assert seen.points("check") == 2

    def test_restarts_have_an_end(self, sit):
        killers = [own("import os; os._exit(0)") for _ in range(6)]
        seen = sit(*killers, answer(RIGHT), check(CHECK), allowance=Allowance(1, 1, 60, 3))
        assert seen.points("check") == 0
        assert "not run" in seen.text("check")

    @pytest.mark.slow
    def test_time_has_an_end(self, sit):
        loops = [own("while True: pass") for _ in range(6)]
        seen = sit(*loops, answer(RIGHT), check(CHECK), hidden(CHECK), allowance=Allowance(1, 1, 3))
        assert (seen.points("check"), seen.points("hidden")) == (0, 0)
        assert seen.seconds < 8

    @pytest.mark.slow
    def test_further_cells_of_an_exercise_that_hangs_have_less_time(self, sit):
        seen = sit(
            answer("def g():\n while True: pass", "bad"),
            check("g()"),
            hidden("g()"),
            answer("y = 1", "next"),
            allowance=Allowance(cell=2, after_first=1),
        )
        assert seen.seconds < 6
        assert "after 2 s" in seen.text("check")
        assert "after 1 s" in seen.text("hidden")

    def test_a_fork_that_is_refused_costs_the_hidden_checks_only(self, sit):
        seen = sit(
            answer("import os\ndef no(): raise OSError\nos.fork = no\n" + RIGHT),
            check(CHECK),
            hidden(CHECK),
        )
        assert seen.points("check") == 2

    def test_a_liar_about_its_forks_kills_nobody(self, sit):
        seen = sit(
            answer(RIGHT + "\nimport sys\nsys.stdout._student._do_fork = lambda: 1"),
            check(CHECK),
            hidden(CHECK),
        )
        assert seen.points("check") == 2

    def test_an_output_of_an_unheard_of_kind_is_dropped(self, sit):
        seen = sit(
            answer("""
                import sys
                sys.stdout._student.recorder.outputs.append({'output_type': 'evil', 'data': 3})
                sys.stdout._student._do_run = lambda source: [1]
                """),
            own("x = 1"),
            check("assert x == 1"),
        )
        assert seen.cells["answer"].outputs == []
        assert seen.points("check") == 0


def test_the_most_memory_of_its_processes_is_known(zygote, tmp_path, monkeypatch):
    monkeypatch.setattr(Worker, "memory", 7)
    sitting = Sitting(new_notebook(cells=[answer(RIGHT)]), zygote.worker, tmp_path, {}, QUICK)
    sitting.run()
    assert sitting.peak_memory == 7


@pytest.mark.parametrize(("left", "starts"), [(0, 1), (2, 2)])
def test_after_a_check_that_was_stopped_the_box_is_new_if_something_still_runs_in_it(
    zygote, tmp_path, monkeypatch, left, starts
):
    monkeypatch.setattr(proxies, "GRACE", 0.3)
    counts, workers = iter([1, 1 + left]), []
    monkeypatch.setattr(Worker, "count", lambda self: next(counts, 1))
    cells = [answer("def f(x):\n    while True: pass"), check(CHECK)]

    def new_worker():
        workers.append(zygote.worker())
        return workers[-1]

    Sitting(new_notebook(cells=cells), new_worker, tmp_path, {}, QUICK).run()
    assert len(workers) == starts
