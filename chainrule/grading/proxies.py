"""The trusted side's end of the talk with a student's process.

What the process sends is not to be trusted: plain data is made of it, or a `Remote`, or the talk
ends.
"""

from __future__ import annotations

import builtins
import contextlib
import itertools
import socket
import sys
import time
import types
import weakref
from collections.abc import Iterator

import numpy as np

from chainrule.checks.outcome import ElsewhereRaised
from chainrule.checks.script import Script
from chainrule.grading import wire
from chainrule.grading.peer import AGAIN, KINDS, MAX_MIRRORED, MAX_TEXT, Peer
from chainrule.grading.remote import Remote, as_origins
from chainrule.grading.wire import Closed, Late, Packer, Unpacker, WireError

GRACE = 2.0  # seconds that a process has to notice that time is up before it is ended
_KNOWN_TYPES = {name for name in dir(builtins) if isinstance(getattr(builtins, name), type)}


class OutOfTime(KeyboardInterrupt):
    """A student's code took longer than it may. (No check takes this for an answer.)"""


class Ended(KeyboardInterrupt):
    """A student's process is gone, or talks nonsense."""


class Session:
    """The talk with a student's process, whichever process it is right now.

    Attributes
    ----------
    peer : StudentPeer or None
        At the process that answers; None if there is none.
    seconds : float
        That the next requests may take together.
    """

    def __init__(self):
        self.peer: StudentPeer | None = None
        self.seconds = 15.0
        self._until = 0.0
        self._found: tuple[str, object] | None = None  # what was looked up last

    def begin(self, seconds: float) -> None:
        """From now on, requests may take so long together."""
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    def request(self, what: str, *args, kwargs: dict | None = None, fds: list[int] = ()):
        """Ask something of the student's process.

        Raises
        ------
        OutOfTime, Ended
            If it does not answer; it is not to be asked again.
        ElsewhereRaised
            The exception that the student's code raised, as one of Python's own.
        """
        self._found = None
        if self.peer is None:
            raise Ended("the Python process of this notebook has ended")
        left = self._until - time.monotonic()
        if left <= 0:
            raise OutOfTime(f"no more time: {self.seconds:g} s are used up")
        peer, open_before = self.peer, self.peer.open
        try:
            return peer.request(what, args, kwargs or {}, left, fds)
        except Late:
            raise OutOfTime(f"no answer after {self.seconds:g} s") from None
        except (Closed, WireError) as error:
            self.peer = None
            raise Ended(str(error)) from None
        finally:
            if peer.open > open_before:  # broken off half-way: nobody knows what comes next
                self.peer = None

    def run(self, source: str) -> tuple[list, bool]:
        """Run a cell of the student's; its outputs, not to be trusted; whether it ended well."""
        try:
            result = self.request("run", source)
        except ElsewhereRaised as error:  # what it showed could not be sent
            kind = type(error).__name__
            shown = {"output_type": "error", "ename": kind, "evalue": str(error), "traceback": []}
            return [shown], False
        if type(result) is not tuple or len(result) != 2:
            self.peer = None
            raise Ended("an answer is malformed")
        return result[0], result[1] is True

    def perform(self, answer: Remote, scripts: list[Script], reuse: bool) -> list | None:
        """Have scripts played with an answer; what came of it each time: a result, or an exception.

        None if what came of all of them cannot be sent at once.
        """
        plain = [script.plain() for script in scripts]
        try:
            found = self.request("perform", answer, plain, reuse)
        except ElsewhereRaised:
            return None
        if type(found) is not tuple or len(found) != sum(script.times for script in scripts):
            self.peer = None
            raise Ended("an answer is malformed")
        try:
            return list(_as_results(found, scripts))
        except WireError as error:
            self.peer = None
            raise Ended(str(error)) from None

    def knows(self, name: str) -> bool:
        """Whether the student's notebook has something of this name."""
        if self._found is not None and self._found[0] == name:
            return True
        with contextlib.suppress(ElsewhereRaised):
            found = self.request("find", name)  # who asks will want it next, and where it is from
            if type(found) is not tuple or len(found) != 3 or found[0] is not True:
                return False
            if type(found[1]) is Remote:
                object.__setattr__(found[1], "_origins", as_origins(found[2]))
            self._found = name, found[1]
            return True
        with contextlib.suppress(ElsewhereRaised):
            return self.request("has", name) is True
        return False

    def lookup(self, name: str):
        """What it has under this name."""
        found, self._found = self._found, None
        if found is not None and found[0] == name:
            return found[1]
        return self.request("lookup", name)


class StudentPeer(Peer):
    """This end of the talk with one student's process.

    Attributes
    ----------
    open : int
        How many requests have been sent whose answer has not been read.
    """

    def __init__(self, sock: socket.socket, session: Session):
        super().__init__(sock)
        self.session = session
        self.kin = object()  # shared with the peers of forks
        self.open = 0
        self._mirrors: dict[int, tuple[weakref.ref, np.ndarray]] = {}
        self._mirror_of: dict[int, int] = {}
        self._forget: list[int] = []
        self._sent: Packer | None = None  # the request at hand

    def fork(self, sock: socket.socket) -> StudentPeer:
        """A peer for a fork of the same process: the same things have the same numbers."""
        other = StudentPeer(sock, self.session)
        other.kin = self.kin
        other._kept, other._numbers = self._kept, self._numbers
        other._numbering = self._numbering
        return other

    def request(self, what: str, args: tuple, kwargs: dict, seconds: float, fds: list[int] = ()):
        """Ask and wait; see `Session.request`."""
        self.deadline = time.monotonic() + seconds + GRACE
        packer = self.packer()
        try:
            given = packer.pack((self._moved(), args, kwargs))
        except WireError as error:
            raise ValueError(f"a check hands over what cannot be sent: {error}") from None
        forget, self._forget = self._forget, []
        head = {"do": what, "seconds": seconds, "with": given, "forget": forget}
        before, self._sent = self._sent, packer
        self.open += 1
        try:
            answer, body = self.exchange(head, packer.body, fds)
            parts = None if "error" in answer else self.unpacker(body).unpack(answer.get("with"))
        finally:
            self._sent = before
        self.open -= 1
        printed = answer.get("printed")
        if type(printed) is str and printed:
            sys.stdout.write(printed[:MAX_TEXT])
        if "error" in answer:
            raise _as_exception(answer["error"], what == "special" and args[0] == "next")
        if type(parts) is not tuple or len(parts) != 3:
            raise WireError("an answer is malformed")
        value, changed, moved = parts
        self._take_over(packer, changed, moved)
        self._note_kept(packer, answer.get("kept"))
        return value

    def serve(self, head: dict, body: memoryview) -> None:
        """Run a function of the check that the student's code calls."""
        reply: dict = {}
        packer = self.packer()
        try:
            unpacker = self.unpacker(body)
            changed = unpacker.unpack(head.get("changed"))
            if self._sent is not None:  # the function may look at what it shares with the caller
                self._take_over(self._sent, changed, [])
            (target, *args), kwargs = unpacker.unpack(head.get("with"))
            value = self._serve(head.get("do"), self.kept(target), args, kwargs)
            reply["with"] = packer.pack((value, [], []))
        except WireError:
            raise
        except (Exception, ElsewhereRaised) as error:  # it does not like what it was given
            packer.body.clear()
            reply["error"] = {"type": _builtin_name(error), "text": str(error)[:MAX_TEXT]}
        self.post(reply, packer.body)

    def _serve(self, what: object, target, args: list, kwargs: dict):
        if what == "call" and callable(target):
            return target(*args, **kwargs)
        if what == "get" and [type(name) for name in args] == [str] and not args[0].startswith("_"):
            return getattr(target, args[0])
        raise WireError("a request is malformed")

    def packer(self) -> Packer:
        """To write a message with."""
        return Packer(self._refer, self._note_array, (Remote,), generators=True)

    def unpacker(self, body: memoryview) -> Unpacker:
        """To read a message with."""
        return Unpacker(body, self._resolve, self._note_mirror)

    def _refer(self, value) -> dict:
        if type(value) is Remote:
            return {"own": object.__getattribute__(value, "_number")}
        if isinstance(value, types.ModuleType | types.GeneratorType | types.FrameType):
            raise WireError(f"a {type(value).__name__} cannot be handed to a student's code")
        if isinstance(value, type | types.FunctionType) and _is_public(value):
            # What the course's package offers is there as well as here.
            return {"library": f"{value.__module__}:{value.__name__}"}
        return {"away": self.keep(value)}

    def _note_array(self, array: np.ndarray) -> dict | None:
        number = self._mirror_of.get(id(array))
        known = self._mirrors.get(number)
        return {"own": number} if known is not None and known[0]() is array else None

    def _note_mirror(self, number: int, array: np.ndarray) -> np.ndarray:
        """The array that mirrors another: the one that does already, if there is one."""
        known = self._mirrors.get(number, (lambda: None, None))[0]()
        if known is not None and _overwrite(known, array):
            array = known
        self._keep_in_step(number, array)
        return array

    def _keep_in_step(self, number: int, array: np.ndarray) -> None:
        self._mirrors[number] = weakref.ref(array), array.copy()
        self._mirror_of[id(array)] = number

    def _note_kept(self, packer: Packer, kept: object) -> None:
        """Keep arguments in step that the student's code has kept."""
        places = range(len(packer.arrays))
        found = dict(one for one in kept if _is_pair(one)) if type(kept) is list else {}
        for place, number in found.items():  # each place once: a copy is made of it
            if place in places and packer.arrays[place].size <= MAX_MIRRORED:
                self._keep_in_step(number, packer.arrays[place])

    def _resolve(self, node: dict):
        if type(node.get("own")) is int:
            return self.kept(node["own"])
        if type(node.get("given")) is int:
            return self._given(node["given"])
        number, kind, name = node.get("ref"), node.get("kind"), node.get("type")
        if type(number) is not int or kind not in KINDS:
            raise WireError("a message is malformed")
        name = name if name in _KNOWN_TYPES else ""
        return Remote(self.session, number, kind, name, self.kin)

    def _given(self, place: int) -> np.ndarray:
        """A copy of an array of the request at hand, which comes back as an argument."""
        arrays = [] if self._sent is None else self._sent.arrays
        if not 0 <= place < len(arrays):
            raise WireError("a message speaks of something that is not here")
        return arrays[place].copy()

    def _moved(self) -> list:
        """Mirrors that were changed here since both ends were equal; forgets those that died."""
        moved = []
        for number, (reference, baseline) in list(self._mirrors.items()):
            array = reference()
            if array is None:
                del self._mirrors[number]
                self._forget.append(number)
            elif array.shape == baseline.shape and array.tobytes() != baseline.tobytes():
                moved.append((number, array.copy()))
                self._mirrors[number] = reference, array.copy()
        alive = {id(reference()) for reference, _ in self._mirrors.values()}
        self._mirror_of = {key: one for key, one in self._mirror_of.items() if key in alive}
        return moved

    def _take_over(self, packer: Packer, changed: object, moved: object) -> None:
        """Do to our arguments and mirrors what the student's code has done to its own."""
        for what, place, now in _triples(changed):
            if what == "array" and 0 <= place < len(packer.arrays):
                _overwrite(packer.arrays[place], now)
            elif what == "container" and 0 <= place < len(packer.containers):
                _refill(packer.containers[place], now)
        if type(moved) is not list:
            raise WireError("an answer is malformed")
        for pair in moved:
            if type(pair) is not tuple or len(pair) != 2 or type(pair[0]) is not int:
                raise WireError("an answer is malformed")
            reference, _ = self._mirrors.get(pair[0], (lambda: None, None))
            if reference() is not None:
                _overwrite(reference(), pair[1])
                self._mirrors[pair[0]] = reference, reference().copy()


def _as_results(found: tuple, scripts: list[Script]) -> Iterator[tuple | BaseException]:
    """What came of every script, each time that it was played."""
    results = iter(found)
    for script in scripts:
        result = _as_result(next(results), len(script.left))
        yield result
        for one in itertools.islice(results, script.times - 1):
            again = type(one) is str and one == AGAIN
            yield result if again else _as_result(one, len(script.left))


def _as_result(found: object, left: int) -> tuple[object, list] | BaseException:
    """What came of a script: the value and attributes that were left, or an exception."""
    if type(found) is not tuple or len(found) != 2:
        raise WireError("an answer is malformed")
    value, more = found
    if type(more) is dict:
        error = _as_exception(more, may_stop=False)
        if isinstance(error, OutOfTime):
            raise WireError("an answer is malformed")
        return error
    if type(more) is not list or len(more) != left:
        raise WireError("an answer is malformed")
    return value, more


def _triples(changed: object) -> Iterator[tuple[str, int, object]]:
    if type(changed) is not list:
        raise WireError("an answer is malformed")
    for one in changed:
        if type(one) is not tuple or len(one) != 3 or type(one[1]) is not int:
            raise WireError("an answer is malformed")
        yield one


def _is_pair(value: object) -> bool:
    return type(value) is list and [type(one) for one in value] == [int, int]


def _overwrite(array: np.ndarray, now: object) -> bool:
    """Make an array what it is now at the other end, if it can be."""
    same_kind = type(now) is np.ndarray and (now.shape, now.dtype) == (array.shape, array.dtype)
    if not same_kind or not array.flags.writeable:
        return False
    array[...] = now
    return True


def _refill(container: list | dict, now: object) -> None:
    if type(container) is dict and type(now) is dict:
        container.clear()
        container.update(now)
    elif type(container) is list and type(now) is list:
        container[:] = now


def _is_public(value) -> bool:
    module = sys.modules.get(value.__module__ or "")
    return (
        (value.__module__ or "").startswith("chainrule.")
        and not value.__module__.startswith("chainrule.grading")
        and getattr(module, value.__name__, None) is value
    )


def _builtin_name(error: BaseException) -> str:
    return next(
        base.__name__ for base in type(error).__mro__ if wire.is_builtin_error(base.__name__)
    )


def _as_exception(said: object, may_stop: bool) -> BaseException:
    """The exception that stands for what a student's process says it raised.

    It may be a StopIteration only if the next of something was asked for: to `map` and `zip` that
    is the end of what there is to check.
    """
    if type(said) is not dict:
        raise WireError("an answer is malformed")
    if said.get("type") == "late":
        return OutOfTime("time is up")
    name = said["type"] if wire.is_builtin_error(said.get("type")) else "Exception"
    kind = getattr(builtins, name)
    if not issubclass(kind, Exception | SystemExit):
        kind = RuntimeError  # a student cannot interrupt a check
    if issubclass(kind, UnicodeError | BaseExceptionGroup):
        kind = ValueError
    if issubclass(kind, StopIteration) and not may_stop:
        kind = RuntimeError
    text = said.get("text")
    # Its text is one already: a KeyError would put it into quotes once more.
    body = {"__module__": "builtins", "__str__": BaseException.__str__}
    made = type(kind.__name__, (ElsewhereRaised, kind), body)
    error = made(text[:2000] if type(text) is str else "")
    detail = said.get("detail")
    error.detail = tuple(
        (pair[0][:40], pair[1][:300])
        for pair in (detail if type(detail) is list else [])[:4]
        if type(pair) is list and [type(one) for one in pair] == [str, str]
    )
    trace = said.get("trace")
    error.trace = trace[:MAX_TEXT] if type(trace) is str else ""
    return error
