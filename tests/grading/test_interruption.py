"""Ctrl-C asks first and ends then."""

import queue
import signal
import threading

import pytest

from chainrule.grading.interruption import SAID, Interruption


def press():
    signal.raise_signal(signal.SIGINT)


def test_the_first_time_is_noted_and_said():
    said = queue.SimpleQueue()
    with Interruption(said.put) as ctrl_c:
        assert not ctrl_c.asked()
        press()
        assert ctrl_c.asked()
        assert said.get(timeout=20) == SAID


def test_the_second_time_ends():
    with Interruption(lambda text: None):
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_afterwards_ctrl_c_does_what_it_did():
    before = signal.getsignal(signal.SIGINT)
    with Interruption(lambda text: None):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt), Interruption(lambda text: None):
        raise KeyboardInterrupt
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_than_the_first_leaves_it_alone():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with Interruption(lambda text: None) as ctrl_c:
            seen.extend([signal.getsignal(signal.SIGINT), ctrl_c.asked()])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before, False]


def test_it_is_said_while_something_is_being_said():
    """What a handler does comes in the midst of it: the talker waits for no lock of ours."""
    lock, said = threading.Lock(), []

    def say(text):
        with lock:
            said.append(text)

    with Interruption(say) as ctrl_c, lock:
        press()
        assert ctrl_c.asked()
    assert said == [SAID]
