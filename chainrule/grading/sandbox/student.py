"""The student's process: it runs their cells and answers for what they define.

This code runs inside the sandbox, beside the student's, which can change any of it. Nothing here is
to be relied on by the other end (`chainrule.grading.proxies`) but that bytes come or do not.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import itertools
import operator
import os
import random
import signal
import socket
import sys
import traceback
import types
import weakref
from pathlib import PurePosixPath

import numpy as np

from chainrule.checks.outcome import explain_error, nearest_builtin
from chainrule.checks.script import Script, made_once
from chainrule.grading import wire
from chainrule.grading.peer import AGAIN, MAX_MIRRORED, MAX_TEXT, Peer
from chainrule.grading.sandbox.recorder import Recorder, Stream
from chainrule.grading.sandbox.shell import (
    CellTimeoutError,
    Shell,
    close_figures,
    text_of,
    warm,
)
from chainrule.grading.wire import Closed, Packer, Unpacker, WireError

GRACE = 0.5  # seconds between one reminder that time is up and the next
APART = 1_000_000  # numbers between those of a process and those of its forks

_SPECIAL = {  # what an expression of a check may do with a student's object
    name: getattr(operator, name)
    for name in (
        *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "abs"),
        *("getitem", "setitem", "delitem", "iadd", "isub", "imul", "itruediv", "imatmul"),
    )
} | {"len": len, "next": next, "round": round, "divmod": divmod}


class Away:
    """A function or object of the check that lives at the other end."""

    def __init__(self, student: Student, number: int):
        self._student, self._number = student, number

    def __call__(self, *args, **kwargs):
        return self._student.ask("call", self._number, args, kwargs)

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return self._student.ask("get", self._number, (name,), {})

    def __repr__(self) -> str:
        return "<a function of the check>"


def serve(sock: socket.socket) -> None:
    """Serve the other end until it hangs up."""
    warm()
    student = Student(sock, Shell.instance())
    # Unseeded draws are the same every time: a grade can be explained by running it again.
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    student.work()


class Student(Peer):
    """What the other end can ask of a student's process.

    Attributes
    ----------
    recorder : Recorder
        Takes what is shown right now.
    """

    def __init__(self, sock: socket.socket, shell: Shell):
        super().__init__(sock)
        self.recorder = Recorder()
        self._mirrors: dict[int, np.ndarray] = {}
        self._mirror_of: dict[int, int] = {}
        self._baselines: dict[int, bytes] = {}
        self._copies: dict[int, np.ndarray] = {}  # of results, made to be sent
        self.asking = 0
        self._forks = 0
        self._fds: list[int] = []
        self._given: tuple[Unpacker, list] | None = None  # what came with the request at hand
        self._shell = shell
        shell.student = self
        sys.stdout, sys.stderr = Stream("stdout", self), Stream("stderr", self)
        builtins.input = _nobody_answers
        signal.signal(signal.SIGALRM, self._time_is_up)
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def work(self) -> None:
        """Serve requests until the other end hangs up."""
        while True:
            try:
                self.sock.settimeout(None)
                head, body, self._fds = wire.receive(self.sock, with_fds=True)
            except (Closed, OSError):
                os._exit(0)
            self.serve(head, body)

    def serve(self, head: dict, body: memoryview) -> None:
        """Do one thing and reply."""
        reply: dict = {}
        unpacker = self.unpacker(body)
        before, self.recorder = self.recorder, Recorder()
        given_before = self._given
        seconds = head.get("seconds")
        try:
            mirrors, args, kwargs = unpacker.unpack(head["with"])
            self._catch_up(mirrors, head.get("forget", ()))
            self._given = unpacker, [_members(one) for one in unpacker.containers]
            if seconds is not None:
                signal.setitimer(signal.ITIMER_REAL, seconds, GRACE)
            try:
                value = getattr(self, f"_do_{head['do']}")(*args, **kwargs)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            packer = self.packer()
            reply["with"] = packer.pack((value, self._changed(), self._moved()))
            parts = packer.body
            self._copies.clear()
            del mirrors, args, kwargs, value, packer
            reply["kept"] = self._adopt(unpacker)
        except BaseException as error:  # whatever it is, the answer is that it was
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._copies.clear()
            reply, parts = {"error": _described(error)}, []
        if head.get("do") != "run":
            reply["printed"] = self.recorder.text()[:MAX_TEXT]
        self.recorder, self._given = before, given_before
        self.sock.settimeout(None)
        wire.send(self.sock, reply, parts)

    def ask(self, what: str, number: int, args: tuple, kwargs: dict):
        """Ask something of the other end, in the middle of its own request."""
        packer = self.packer()
        head = {"do": what, "changed": packer.pack(self._changed())}
        packer.note_array = self._note_given
        head["with"] = packer.pack(((number, *args), kwargs))
        self._copies.clear()
        self.asking += 1  # an exchange that is broken off leaves its answer lying on the line
        try:
            answer, body = self.exchange(head, packer.body)
        finally:
            self.asking -= 1
        if "error" in answer:
            raise _as_exception(**answer["error"])
        return self.unpacker(body).unpack(answer["with"])[0]

    def _do_run(self, source: str):
        """Run a cell; its outputs, and whether it came to its end."""
        result = self._shell.run_cell(source, store_history=True, silent=False)
        close_figures()
        return self.recorder.finished(), bool(result.success)

    def _do_files(self, files: dict) -> None:
        """Lay files into the current folder."""
        for name, content in files.items():
            parts = PurePosixPath(name).parts
            if not parts or any(part in ("..", "/") for part in parts):
                continue
            path = os.path.join(*parts)
            with contextlib.suppress(OSError, ValueError):
                os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
                with open(path, "wb") as file:
                    file.write(content)

    def _do_has(self, name: str) -> bool:
        return name in self._shell.user_ns

    def _do_find(self, name: str) -> tuple:
        names = self._shell.user_ns
        if name not in names:
            return False, None, []
        found = names[name]
        is_code = isinstance(found, type | types.FunctionType)
        return True, found, self._do_origins(found) if is_code else []

    def _do_origins(self, target) -> list[tuple[str, str]]:
        parts = getattr(target, "__mro__", (target,))
        return [
            (str(getattr(part, "__name__", "")), str(getattr(part, "__module__", None) or ""))
            for part in parts
        ]

    def _do_lookup(self, name: str):
        return self._shell.user_ns[name]

    def _do_call(self, target, *args, **kwargs):
        return target(*args, **kwargs)

    def _do_perform(self, target, scripts: list, reuse: bool) -> tuple:
        """Play scripts with an answer; what came of each: a value with attributes, or an error.

        Where the same came of a script again, `AGAIN` says so in fewer words.
        """
        make = made_once(target) if reuse else target
        found: list = []
        for plain in scripts:
            first = None
            for script in Script.of(plain).repeats():
                played = self._played(script, make)
                found.append(AGAIN if first is not None and _same(played, first) else played)
                first = first or played
        return tuple(found)

    def _played(self, script: Script, make) -> tuple:
        try:
            value, left = script.play(make)
        except CellTimeoutError:
            raise
        except BaseException as error:
            return None, _described(error, traced=False)  # no check shows where
        # As they are now: the next script may fill the same arrays again.
        return self._apart(value), [self._apart(one) for one in left]

    def _apart(self, value, depth: int = 3):
        """A copy of plain data, of which nobody here or there keeps a mirror."""
        kind = type(value)
        if kind is np.ndarray:
            copy = self._copied(value)
            copy.flags.writeable = value.flags.writeable
            return copy
        if depth and kind in (tuple, list):
            return kind([self._apart(one, depth - 1) for one in value])
        if depth and kind is dict:
            return {key: self._apart(one, depth - 1) for key, one in value.items()}
        return value

    def _copied(self, array: np.ndarray) -> np.ndarray:
        """A copy that goes over once and is nobody's mirror."""
        copy = np.array(array)
        self._copies[id(copy)] = copy
        return copy

    def _do_get(self, target, name: str):
        return getattr(target, name)

    def _do_set(self, target, name: str, value) -> None:
        setattr(target, name, value)

    def _do_delete(self, target, name: str) -> None:
        delattr(target, name)

    def _do_special(self, name: str, *args):
        return _SPECIAL[name](*args)

    def _do_list(self, target, most: int):
        found = []
        for one in target:
            found.append(one)
            if len(found) > most:
                raise ValueError(f"more than {most} values, one after the other")
        return found

    def _do_isinstance(self, target, kind) -> bool:
        return isinstance(target, kind)

    def _do_issubclass(self, target, kind) -> bool:
        return issubclass(target, kind)

    def _do_fork(self) -> None:
        """Become two: this process goes on, and another one waits at the socket that came along."""
        (fd,) = self._fds
        self._forks += 1
        if os.fork():
            os.close(fd)
            return
        self.sock.close()
        self.sock = socket.socket(fileno=fd)
        self._numbering = itertools.count(next(self._numbering) + APART * self._forks)
        self.work()
        os._exit(0)

    def _time_is_up(self, _signal, _frame) -> None:
        if not self.asking:  # else at the next reminder
            raise CellTimeoutError("time is up")

    def packer(self) -> Packer:
        """To write a message with."""
        return Packer(self._refer, self._note_array, (Away,))

    def unpacker(self, body: memoryview) -> Unpacker:
        """To read a message with."""
        return Unpacker(body, self._resolve, generators=True)

    def _refer(self, value) -> dict:
        if type(value) is Away:
            return {"own": value._number}
        return {"ref": self.keep(value), "kind": _kind_of(value), "type": _type_name(value)}

    def _note_given(self, array: np.ndarray) -> dict | None:
        """What came with the request at hand is at the other end already, as it is now."""
        for place, (given, _) in enumerate(self._given[0].arrays if self._given else ()):
            if given is array:
                return {"given": place}
        return self._note_array(array)

    def _note_array(self, array: np.ndarray) -> dict | None:
        if id(array) in self._copies:
            return None
        number = self._mirror_of.get(id(array))
        if number is None and array.size <= MAX_MIRRORED:
            number = next(self._numbering)
            self._mirrors[number], self._mirror_of[id(array)] = array, number
        if number is None:
            return None
        self._baselines[number] = array.tobytes()
        return {"mirror": number}

    def _resolve(self, node: dict):
        if "away" in node:
            return Away(self, node["away"])
        if "library" in node:
            module, _, name = node["library"].partition(":")
            return getattr(importlib.import_module(module), name)
        number = node.get("own")
        if number in self._mirrors:
            return self._mirrors[number]
        return self.kept(number)

    def _catch_up(self, mirrors: list, forget: list) -> None:
        """Do what the other end has done since it last heard from here."""
        for number, array in mirrors:
            self._update(number, array)
        for number in forget:
            self._drop(number)

    def _adopt(self, unpacker: Unpacker) -> list:
        """Arguments that somebody has kept, as a layer its weights: they become mirrors.

        By their place in the request, their numbers. All other references to them must be gone.
        """
        arrays = [weakref.ref(array) for array, _ in unpacker.arrays]
        self._given = None
        unpacker.arrays.clear()
        unpacker.containers.clear()
        found = []
        for place, reference in enumerate(arrays):
            array = reference()
            if array is None or id(array) in self._mirror_of or array.size > MAX_MIRRORED:
                continue
            number = next(self._numbering)
            self._mirrors[number], self._mirror_of[id(array)] = array, number
            self._baselines[number] = array.tobytes()
            found.append([place, number])
        return found

    def _update(self, number: int, array: np.ndarray) -> None:
        """Make an array what its mirror was made."""
        mine = self._mirrors.get(number)
        if mine is not None and mine.shape == array.shape:
            with contextlib.suppress(ValueError, TypeError):  # it may be read-only
                mine[...] = array
            self._baselines[number] = mine.tobytes()

    def _moved(self) -> list:
        """Arrays that are no longer what their mirrors are."""
        moved = []
        for number, array in self._mirrors.items():
            now = array.tobytes()
            if now != self._baselines[number]:
                self._baselines[number] = now
                moved.append((number, self._copied(array)))
        return moved

    def _drop(self, number: int) -> None:
        array = self._mirrors.pop(number, None)
        if array is not None:
            self._mirror_of.pop(id(array), None)
            self._baselines.pop(number, None)
        self.forget(number)

    def _changed(self) -> list:
        """Arguments of the request at hand that are no longer as the other end knows them.

        By their place in the request, what they are now.
        """
        if self._given is None:
            return []
        unpacker, shapes = self._given
        found: list = []
        for place, (array, known) in enumerate(unpacker.arrays):
            now = array.tobytes()
            if now != known:
                unpacker.arrays[place] = array, now
                found.append(("array", place, self._copied(array)))
        # An array that took the place of another is not among those above.
        for place, one in enumerate(unpacker.containers):
            members = _members(one)
            if not _same_members(members, shapes[place]):
                shapes[place] = members
                found.append(("container", place, one))
        return found


def _members(container: list | dict) -> list[tuple]:
    """What is in a container, by identity, and the content of arrays."""
    pairs = container.items() if isinstance(container, dict) else enumerate(container)
    return [
        (key, one, one.tobytes() if type(one) is np.ndarray else None) for key, one in list(pairs)
    ]


def _same_members(now: list[tuple], before: list[tuple]) -> bool:
    return len(now) == len(before) and all(
        key is other_key and one is other and content == other_content
        for (key, one, content), (other_key, other, other_content) in zip(now, before, strict=True)
    )


def _same(one: object, other: object) -> bool:
    """Whether two values of plain data are the same, to the bit; False for anything else."""
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in (list, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if kind is dict:
        return list(one) == list(other) and all(map(_same, one.values(), other.values()))
    if kind is np.ndarray:
        looks = [(x.dtype, x.shape, x.flags.writeable, x.tobytes()) for x in (one, other)]
        return looks[0] == looks[1] and one.dtype.kind != "O"
    if issubclass(kind, np.generic) and np.dtype(kind).type is kind:
        return one.dtype.kind != "O" and one.tobytes() == other.tobytes()
    return kind in (type(None), bool, int, float, str) and repr(one) == repr(other)


def _as_exception(type: str, text: str) -> BaseException:
    """What stands for an exception that a function of the check raised."""
    try:
        return getattr(builtins, type)(text)
    except TypeError:  # some are made of more than a text
        return RuntimeError(text)


def _kind_of(value) -> str:
    if isinstance(value, type):
        return "class"
    functions = (types.FunctionType, types.MethodType, types.BuiltinFunctionType)
    if isinstance(value, functions):
        return "function"
    if isinstance(value, types.ModuleType):
        return "module"
    return "object"


def _type_name(value) -> str:
    kind = type(value)
    return kind.__name__ if getattr(builtins, kind.__name__, None) is kind else ""


def _described(error: BaseException, traced: bool = True) -> dict:
    if isinstance(error, CellTimeoutError):
        return {"type": "late", "text": str(error), "detail": [], "trace": ""}
    if isinstance(error, WireError):
        return {"type": "ValueError", "text": str(error), "detail": [], "trace": ""}
    try:
        detail = [list(pair) for pair in explain_error(error)]
        trace = "".join(traceback.format_exception(error))[-MAX_TEXT:] if traced else ""
    except BaseException:  # somebody's own exception may have a broken text
        detail, trace = [], ""
    kind = nearest_builtin(type(error))
    return {"type": kind, "text": text_of(error), "detail": detail, "trace": trace}


def _nobody_answers(prompt="", /):
    raise EOFError("input() has nobody to ask")
