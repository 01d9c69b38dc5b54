"""Scripts that a check has played in a student's process, many at once."""

import os
import textwrap

import numpy as np
import pytest

if not hasattr(os, "fork"):
    pytest.skip("needs processes that fork", allow_module_level=True)

from chainrule.checks.attempt import Case, attempts, measure, observe
from chainrule.checks.script import Call, Script, play_all
from chainrule.grading import proxies
from chainrule.grading.proxies import Ended, OutOfTime, Session, StudentPeer
from chainrule.grading.wire import WireError

FORWARD = Script((), (Call("forward", (np.arange(3.0),)),))


@pytest.fixture
def session(zygote):
    worker = zygote.worker()
    made = Session()
    made.peer = StudentPeer(worker.sock, made)
    made.begin(20.0)
    yield made
    worker.kill()


@pytest.fixture
def answer(session):
    """Defines ``Answer`` in a student's process; the class."""

    def define(source):
        _, well = session.run(textwrap.dedent(source))
        assert well
        return session.lookup("Answer")

    return define


@pytest.fixture
def requests(monkeypatch):
    """The names of all requests that are made."""
    made = []
    request = StudentPeer.request

    def noted(self, what, *rest):
        made.append(what)
        return request(self, what, *rest)

    monkeypatch.setattr(StudentPeer, "request", noted)
    return made


DOUBLE = """
    import numpy as np
    class Answer:
        def forward(self, x):
            self.x = x
            return 2 * x
        def backward(self, grad):
            return 2 * grad
"""


COUNTING = """
    import numpy as np
    class Answer:
        count = 0
        def forward(self, x):
            Answer.count += 1
            return {returns}
"""


def test_many_scripts_take_one_request(answer, requests):
    theirs = answer(DOUBLE)
    requests.clear()
    plays = play_all(theirs, [FORWARD] * 20)
    assert all(np.array_equal(play()[0], [0, 2, 4]) for play in plays)
    assert requests == ["perform"]


def test_a_stage_is_observed_in_one_request(answer, requests):
    theirs = answer(DOUBLE)
    requests.clear()
    case = Case({"x": np.arange(3.0)}, np.ones(3))
    got = observe("operation", (), theirs, "backward", case, {})
    assert got.clean
    assert np.array_equal(got.parts["input_grad"], [2, 2, 2])
    assert requests == ["perform"]


def test_an_answer_that_differs_from_time_to_time_is_noted(answer):
    theirs = answer(COUNTING.format(returns="self.count * x"))
    got = observe("operation", (), theirs, "forward", Case({"x": np.arange(3.0)}), {})
    assert got.notes == {"random"}


def test_a_gradient_is_measured_in_one_request(answer, requests):
    theirs = answer(DOUBLE)
    requests.clear()
    got = measure("operation", theirs, Case({"x": np.arange(3.0)}, np.array([1.0, 2.0, 3.0])))
    assert np.allclose(got.parts["input_grad"], [2, 4, 6])
    assert requests == ["perform"]


def test_a_result_is_what_it_was_when_it_was_returned(answer):
    theirs = answer("""
        import numpy as np
        shared = np.zeros(1)
        class Answer:
            def forward(self, x):
                shared[0] += 1
                return shared
    """)
    assert [play()[0][0] for play in play_all(theirs, [FORWARD] * 3)] == [1, 2, 3]


def test_an_error_is_that_of_its_own_script(answer):
    theirs = answer("""
        class Answer:
            made = 0
            def forward(self, x):
                Answer.made += 1
                if Answer.made == 2:
                    raise KeyError("the second")
                return x
    """)
    first, second, third = play_all(theirs, [FORWARD] * 3)
    assert first()[0].shape == third()[0].shape == (3,)
    with pytest.raises(KeyError, match="the second"):
        second()


TWICE = Script((), (Call("forward", (np.arange(3.0),)),), times=2)


@pytest.mark.parametrize(
    ("returns", "again"),
    [
        ("2 * x", True),
        ("{'a': [x.sum(), (1.0, 2)]}", True),
        ("x * float('nan')", True),
        ("x.sum() * float('nan')", True),
        ("self.count * x", False),
        ("x[: self.count]", False),
        ("self.count", False),
        ("1 if self.count == 1 else True", False),
        ("-0.0 if self.count == 1 else 0.0", False),
        ("x if self.count == 1 else x.astype(np.float32)", False),
        ("object()", False),
    ],
)
def test_what_came_again_is_said_in_one_word(answer, session, monkeypatch, returns, again):
    theirs = answer(COUNTING.format(returns=returns))
    said = []
    plain = Session.request
    monkeypatch.setattr(
        Session, "request", lambda *args, **kwargs: said.append(plain(*args, **kwargs)) or said[-1]
    )
    first, second = play_all(theirs, [TWICE])
    assert (type(said[-1][1]) is str) == again
    if again:
        assert second() == first() or np.isnan(np.asarray(first()[0], dtype=float)).any()


def test_an_object_is_reused_over_there(answer):
    theirs = answer("""
        class Answer:
            calls = 0
            def forward(self, x):
                self.calls += 1
                return self.calls
    """)
    assert [play()[0] for play in play_all(theirs, [FORWARD] * 3, reuse=True)] == [1, 2, 3]


def test_inputs_that_are_changed_are_noted_with_their_own_attempt(answer):
    theirs = answer("""
        class Answer:
            def forward(self, x):
                if x[0] == 1:
                    x[0] = 9
                return x.copy()
    """)
    cases = [Case({"x": np.array([start, 2.0])}) for start in (0.0, 1.0, 0.0)]
    tries = [("forward", case) for case in cases]
    modified = [run()[1] for run in attempts("operation", (), theirs, tries, {})]
    assert modified == [[], ["x"], []]


def test_nothing_that_is_printed_gets_out(answer, capsys):
    theirs = answer("""
        class Answer:
            def forward(self, x):
                print("hello")
                return x
    """)
    play_all(theirs, [FORWARD])[0]()
    assert capsys.readouterr().out == ""


def test_a_loop_without_end_ends_them_all(answer, session):
    theirs = answer("""
        class Answer:
            def forward(self, x):
                while True:
                    pass
    """)
    session.begin(0.5)
    with pytest.raises(OutOfTime):
        play_all(theirs, [FORWARD] * 3)


def test_what_cannot_be_sent_together_is_asked_for_one_by_one(answer, requests):
    theirs = answer("""
        import numpy as np
        class Answer:
            def forward(self, x):
                return np.zeros(5 * 10**6)
    """)
    requests.clear()
    assert [play()[0].size for play in play_all(theirs, [FORWARD] * 3)] == [5 * 10**6] * 3
    assert requests[0] == "perform"
    assert len(requests) > 3


@pytest.mark.parametrize(
    "said",
    [
        None,
        (),
        [(1, [])],
        (1,),
        ((1,),),
        ((1, [2]),),
        ((1, None),),
        ((None, {"type": "late"}),),
        ("again",),
        ("again", (1, [])),
        ((None, {"type": ["KeyError"], "text": 1}, 2),),
    ],
)
def test_nonsense_ends_the_talk(answer, session, monkeypatch, said):
    theirs = answer(DOUBLE)
    monkeypatch.setattr(Session, "request", lambda *args, **kwargs: said)
    with pytest.raises(Ended):
        session.perform(theirs, [FORWARD], False)
    assert session.peer is None


def test_an_error_is_one_of_pythons_own_whatever_it_says_it_is():
    error = proxies._as_result((None, {"type": "Verdict", "text": "x"}), 0)
    assert isinstance(error, Exception)
    assert type(error).__name__ == "Exception"
    with pytest.raises(WireError):
        proxies._as_result((None, {"type": "late"}), 0)


def test_a_name_is_found_and_looked_up_in_one_request(answer, session, requests):
    answer(DOUBLE)
    requests.clear()
    assert session.knows("Answer")
    session.lookup("Answer")
    assert requests == ["find"]
    assert not session.knows("Nothing")


def test_what_was_found_is_not_kept_over_another_request(answer, session):
    answer(DOUBLE)
    assert session.knows("Answer")
    session.run("Answer = 5")
    assert session.lookup("Answer") == 5


def test_where_a_class_comes_from_takes_one_request(answer, requests):
    theirs = answer("""
        from chainrule.operations import Operation
        class Answer(Operation):
            pass
    """)
    requests.clear()
    names = [name for name, _ in type(theirs).__origins__(theirs)]
    assert names == ["Answer", "Operation", "object"]
    assert requests == ["origins"]


def test_a_case_that_is_tried_twice_is_sent_once_and_handed_over_the_same_twice(answer):
    theirs = answer("""
        class Answer:
            def forward(self, x):
                x += 1
                return x.copy()
    """)
    case = Case({"x": np.zeros(2)})
    got = observe("operation", (), theirs, "forward", case, {})
    assert got.notes == {"modified x"}
    assert got.parts["output"].tolist() == [1, 1]
