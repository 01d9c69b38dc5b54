"""Instructors' cells run on the trusted side: whose names count, and what is shown."""

import json
import os
import sys
import textwrap
import time
import warnings

import pytest
from nbformat.v4 import new_code_cell

if not hasattr(os, "fork"):
    pytest.skip("needs processes that fork", allow_module_level=True)

from chainrule.grading.bench import MAX_PRINTED, Bench, defined_names
from chainrule.grading.proxies import Ended, OutOfTime, Session, StudentPeer


@pytest.fixture
def sit(zygote, tmp_path):
    """``sit(student, *cells)``: a bench whose student has run one cell; `cells` are all given."""
    workers = []

    def start(source, *cells):
        workers.append(zygote.worker())
        session = Session()
        session.peer = StudentPeer(workers[-1].sock, session)
        session.begin(20)
        outputs, well = session.run(textwrap.dedent(source))
        assert well, outputs
        bench = Bench(session, [textwrap.dedent(cell) for cell in cells], tmp_path)
        return Desk(bench)

    yield start
    for worker in workers:
        worker.kill()


class Desk:
    def __init__(self, bench):
        self.bench = bench

    def __call__(self, source, seconds=10):
        return self.bench.run(new_code_cell(textwrap.dedent(source)), seconds)

    def passes(self, source):
        return not any(output.output_type == "error" for output in self(source))

    def printed(self, source):
        (output,) = self(source)
        assert (output.output_type, output.name) == ("stream", "stdout")
        return output.text

    def result(self, source):
        (output,) = self(source)
        assert output.output_type == "execute_result"
        return output.data["text/plain"]

    def error(self, source):
        return self(source)[-1]


CHEATS = """
class Cheat:
    def __getattr__(self, name): return lambda *args, **kwargs: True
    def __call__(self, *args, **kwargs): return True
np = abs = all = any = isinstance = len = print = AssertionError = Cheat()
__name__ = __builtins__ = 'cheat'
def check_it(x): return True
expected = 3
def answer(): return 3
"""


class TestNames:
    def test_the_instructors_come_first(self, sit):
        desk = sit(CHEATS, "import numpy as np\nexpected = 5")
        desk("import numpy as np\nexpected = 5")
        assert desk.passes("assert expected == 5 and not np.allclose(1, 2)")

    def test_pythons_come_before_the_students(self, sit):
        desk = sit(CHEATS)
        assert desk.passes("assert abs(-2) == 2 and len([1]) == 1 and not all([0])")
        assert desk.passes("assert __name__ == '__main__'")
        assert desk.error("assert answer() == 4").ename == "AssertionError"

    def test_what_the_instructor_failed_to_define_is_not_the_students(self, sit):
        given = "raise ValueError\ndef check_it(x): ...\nimport numpy as np"
        desk = sit(CHEATS, given)
        desk(given)
        assert desk.error("check_it(answer())").ename == "NameError"
        assert desk.error("np.allclose(1, 2)").ename == "NameError"
        assert desk.passes("assert 'np' not in globals() and 'answer' in globals()")

    def test_what_a_later_cell_of_the_instructor_defines_is_not_the_students(self, sit):
        desk = sit(CHEATS, "if False:\n    for check_it, [np, *expected] in []: pass")
        for name in ("check_it", "np", "expected"):
            assert desk.error(name).ename == "NameError"

    def test_the_students_are_found_in_functions_and_comprehensions_too(self, sit):
        desk = sit("def answer(x): return x + 1\nx = 5")
        assert desk.passes("""
            def test(): return [answer(one) for one in (1, 2)]
            assert test() == [2, 3] and x == 5
            """)

    def test_a_variable_of_a_comprehension_is_not_a_name_of_the_notebook(self, sit):
        cell = "assert [v for v in (1, 2)] == [1, 2]"
        desk = sit("v = 7", cell)
        assert desk.passes(cell)
        assert desk.passes("assert v == 7")

    def test_an_unknown_name_is_an_error(self, sit):
        error = sit("").error("nothing")
        assert (error.ename, error.evalue) == ("NameError", "name 'nothing' is not defined")

    def test_a_name_that_the_check_deleted_is_the_students_again(self, sit):
        desk = sit("x = 1")
        desk("x = 2\ndel x")
        assert desk.passes("assert x == 1")

    def test_the_students_names_do_not_become_ours(self, sit):
        desk = sit("x = [1]")
        desk("x.append(2)")
        assert desk.passes("assert x == [1]")

    @pytest.mark.parametrize(
        ("source", "names"),
        [
            ("import a.b, c as d\nfrom e import f as g, h", "a d g h"),
            ("def f(x=1):\n y = 2\nclass C:\n z = 3\nasync def g(): pass", "C f g"),
            ("def f():\n global g\n g = 1", "f g"),
            ("x, (y, *z) = 1, (2,)\nv: int = 3\nw += 1\ndel u", "v w x y z"),
            ("with a as b, c as (d, e): pass\nfor f in g: pass", "b d e f"),
            ("[x for x in y if (w := x)]\n{k: v for k, v in z}", "w"),
            ("lambda x: (y := x)", ""),
            ("match a:\n case {'k': b, **c}: pass\n case [d, *e] as f: pass", "b c d e f"),
            ("%matplotlib inline\n!ls\nif 1:\n    %time x\n    a = 1", "a"),
            ("a = (7\n     % 3)", "a"),
            ("if nonsense", ""),
        ],
    )
    def test_that_a_text_defines(self, source, names):
        assert sorted(defined_names(source)) == names.split()


class TestOutputs:
    def test_prints_warnings_and_stderr_are_one_stream(self, sit):
        text = sit("").printed("""
            import sys, warnings
            import numpy as np
            print("a")
            print("b", file=sys.stderr)
            warnings.warn("c")
            np.array([1.0]) / 0
            None
            """)
        assert text.startswith("a\nb\nUserWarning: c\nRuntimeWarning: divide by zero")

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            *(("2.5", "2.5"), ("np.float64(2.5)", "2.5"), ("np.float32(0.5)", "0.5")),
            *(("3", "3.0"), ("np.int64(3)", "3.0"), ("'3'", "'3'"), ("True", "True")),
            *(("[1]", "[1]"), ("np.array(2.5)", "array(2.5)")),
        ],
    )
    def test_a_number_at_the_end_is_points(self, sit, value, shown):
        assert sit("").result(f"import numpy as np\n{value}") == shown

    def test_nothing_at_the_end_shows_nothing(self, sit):
        desk = sit("def f(): pass")
        assert desk("f()") == desk("x = 3") == desk("") == desk("# nothing") == []

    def test_an_object_of_the_students_at_the_end_is_named_only(self, sit):
        desk = sit("class A:\n def __repr__(self): return '10.0'\na = A()\nclass F(float): pass")
        assert desk.result("a") == desk.result("F(10.0)") == "<an object of the student's>"

    def test_a_failed_check_gives_its_card_and_an_error(self, sit):
        card, error = sit("")("""
            from chainrule.checks import CheckFailed
            from chainrule.checks.message import Message
            raise CheckFailed(Message("✗", "not <b>so</b>", ("mend it",)))
            """)
        assert card.output_type == "display_data"
        assert "not &lt;b&gt;so" in card.data["text/html"]
        assert (error.ename, error.traceback) == ("CheckFailed", ["CheckFailed: not <b>so</b>"])

    def test_messages_stand_where_they_came_among_prints(self, sit):
        kinds = [
            output.output_type
            for output in sit("")("""
                from chainrule.checks.message import Message, show
                print(1)
                show(Message("✓", "right"))
                print(2)
                2.0
                """)
        ]
        assert kinds == ["stream", "display_data", "stream", "execute_result"]

    def test_an_error_shows_the_line_of_the_check(self, sit):
        error = sit("def answer(): return 3").error("""
            x = 1
            assert answer() == 4, "it is not 4"
            """)
        assert (error.ename, error.evalue) == ("AssertionError", "it is not 4")
        assert error.traceback[0].startswith('line 3:    assert answer() == 4, "it is not 4"')

    def test_an_error_of_the_students_shows_their_traceback(self, sit):
        error = sit("def answer():\n    return undefined_name").error("answer()")
        assert error.ename == "NameError"
        assert "return undefined_name" in error.traceback[0]

    def test_a_syntax_error_is_an_error(self, sit):
        assert sit("").error("if nonsense").ename == "SyntaxError"

    def test_magics_are_ignored(self, sit):
        assert sit("").result("%matplotlib inline\nif True:\n    !ls\n7.0") == "7.0"

    def test_a_line_that_begins_with_an_operator_is_no_magic(self, sit):
        assert sit("").result("x = (7\n  % 3)\nx") == "1.0"

    @pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "GeneratorExit"])
    def test_a_student_cannot_end_it(self, sit, name):
        desk = sit(f"def answer(): raise {name}")
        assert desk("answer()")[-1].output_type == "error"
        assert desk("exit = 1\nraise SystemExit")[-1].ename == "SystemExit"

    def test_whoever_runs_it_can(self, sit):
        with pytest.raises(KeyboardInterrupt):
            sit("")("raise KeyboardInterrupt")

    @pytest.mark.parametrize(
        "cell",
        [
            *("print(answer())", "answer()", "assert False, answer()", "fail()", "speak()"),
            *("raise ValueError(answer())", "print({answer(): 1})"),
        ],
    )
    def test_half_a_character_can_be_written_into_a_file(self, sit, cell):
        desk = sit(r"""
            def answer(): return 'a\ud800b'
            def fail(): raise ValueError('\udfff')
            def speak(): print('\ud800')
            """)
        for output in desk(cell):
            json.dumps(output, ensure_ascii=False).encode("utf-8")

    @pytest.mark.parametrize("cell", ["answer() ** 2", "assert False, answer() ** 2"])
    def test_a_number_of_too_many_digits_is_an_error(self, sit, cell):
        assert sit("def answer(): return 10**3000").error(cell).output_type == "error"

    def test_floods_are_cut(self, sit):
        desk = sit("def f(): print('x' * 10**6)")
        assert len(desk.printed("for _ in range(30): f()")) <= MAX_PRINTED
        assert len(desk.printed("print('y' * 10**6)\nprint('z')")) <= MAX_PRINTED
        assert len(desk.result("['x' * 10**6]")) <= MAX_PRINTED


class TestSurroundings:
    def test_folder_and_paths_are_put_back(self, sit, tmp_path):
        (tmp_path / "helper_of_this_test.py").write_text("x = 3")
        here, paths = os.getcwd(), list(sys.path)
        desk = sit("")
        assert desk.passes("""
            import os, sys
            import helper_of_this_test
            open("left.txt", "w").close()
            os.chdir("/")
            sys.path.append("nowhere")
            """)
        desk("raise ValueError")
        assert (os.getcwd(), sys.path) == (here, paths)
        assert (tmp_path / "left.txt").exists()
        sys.modules.pop("helper_of_this_test")

    def test_streams_and_warnings_are_put_back(self, sit, capsys):
        sit("")("import warnings\nwarnings.simplefilter('ignore')\nprint('inside')")
        print("outside")
        assert capsys.readouterr().out == "outside\n"
        with pytest.warns(UserWarning, match="heard"):
            warnings.warn("heard", stacklevel=1)

    def test_a_check_that_takes_too_long_by_itself_is_stopped(self, sit, monkeypatch):
        desk = sit("")
        began = time.monotonic()
        with pytest.raises(OutOfTime):
            desk("while True:\n  try:\n    while True: pass\n  except Exception: pass", -4.5)
        assert time.monotonic() - began < 3

    def test_a_process_that_dies_is_told_of(self, sit):
        with pytest.raises(Ended):
            sit("import os\ndef answer(): os._exit(1)")("try: answer()\nexcept Exception: pass")


class TestLaterCells:
    """Cells that run when all others have: they see the names of their place."""

    def run_late(self, desk, then, source):
        desk.bench.return_to(then)
        outputs = desk(source)
        desk.bench.leave()
        return outputs

    def test_see_a_name_as_it_was(self, sit):
        desk = sit("")
        desk("x = 1")
        then = desk.bench.remember()
        desk("x = 2\ny = 3")
        assert self.run_late(desk, then, "assert x == 1 and 'y' not in globals()") == []

    def test_see_what_others_before_them_defined(self, sit):
        desk = sit("")
        desk("x = 1")
        first = desk.bench.remember()
        second = desk.bench.remember()
        desk("x = 5")
        third = desk.bench.remember()
        assert self.run_late(desk, first, "x = 10\nhelper = 4") == []
        assert self.run_late(desk, second, "assert (x, helper) == (10, 4)") == []
        assert self.run_late(desk, third, "assert (x, helper) == (5, 4)") == []

    def test_share_objects_that_gather_something(self, sit):
        desk = sit("")
        desk("seen = []")
        first, second = desk.bench.remember(), desk.bench.remember()
        self.run_late(desk, first, "seen.append(1)")
        assert self.run_late(desk, second, "assert seen == [1]") == []

    def test_functions_of_given_cells_see_the_names_of_the_cell_that_calls(self, sit):
        desk = sit("")
        desk("n = 1\ndef f(): return n")
        then = desk.bench.remember()
        desk("n = 2")
        assert self.run_late(desk, then, "assert f() == 1") == []


def test_a_random_cell_draws_what_it_draws_in_a_notebook(sit):
    desk = sit("import numpy as np\ndef f(rng): return rng.standard_normal(3)")
    assert desk.passes("""
        import numpy as np
        assert np.array_equal(f(np.random.default_rng(3)),
                              np.random.default_rng(3).standard_normal(3))
        """)
