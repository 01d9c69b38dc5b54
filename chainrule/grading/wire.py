"""Plain data over a socket, between the trusted process and a student's.

A message is a JSON head followed by the raw bytes of its arrays. Nothing is ever unpickled, and
what arrives is bounded in size, depth and number before anything is made of it: the process at the
other end may send whatever it likes.

What cannot go as plain data (a class, a function, an object) stays where it is; a number goes in
its place. Whoever uses a :class:`Packer` says which number, and whoever uses an :class:`Unpacker`
what to put there.
"""

from __future__ import annotations

import builtins
import functools
import json
import math
import re
import socket
import struct
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.ma  # NumPy would load it at the first array that is sent, in every process

MAX_HEAD = 16_000_000  # bytes of JSON
MAX_BODY = 100_000_000  # bytes of arrays; the largest array that checks take has 10^7 entries
MAX_DEPTH = 40
MAX_NODES = 300_000
MAX_DIGITS = 4000  # of an integer; Python refuses to read more than 4300
MAX_DIMENSIONS = 32

_FRAME = struct.Struct(">II")
_write = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode  # depth is bounded
_PLAIN_KINDS = "biufcUS"  # of dtypes
_PLAIN_DTYPE = re.compile(r"[<>|=]?[biufcUS]\d{1,9}")
_LAST_CHARACTER = 0x10FFFF
_AS_THEY_ARE = frozenset((type(None), bool, float, str))  # values that JSON has as well
_DICTS = (dict, OrderedDict, defaultdict, Counter)
_TYPES = {
    kind.__name__: kind
    for kind in (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, object)
}
_BITS = {"PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"}


class WireError(Exception):
    """A message that is too large, malformed or holds what cannot be sent."""


class Closed(Exception):
    """The process at the other end is gone."""


class Late(Exception):
    """Nothing came in time."""


def send(sock: socket.socket, head: object, body: list, fds: list[int] = ()) -> None:
    """Send one message.

    Parameters
    ----------
    sock : socket.socket
    head : object
        What `json` can write.
    body : list of bytes
        The buffers that the head speaks of, in order.
    fds : list of int, optional
        File descriptors to hand over with it.

    Raises
    ------
    WireError
        If it is too large.
    Closed
        If nobody takes it.
    """
    text = _write(head).encode()
    size = sum(map(len, body))
    if len(text) > MAX_HEAD or size > MAX_BODY:
        raise WireError(f"a message of {(len(text) + size) / 1e6:.0f} MB is too large")
    frame = _FRAME.pack(len(text), size)
    try:
        if fds:
            socket.send_fds(sock, [frame], fds)
            frame = b""
        sock.sendall(b"".join([frame, text, *body]))
    except TimeoutError:
        raise Late from None
    except OSError as error:
        raise Closed(str(error)) from None


def receive(
    sock: socket.socket, deadline: float | None = None, with_fds: bool = False
) -> tuple[object, memoryview, list[int]]:
    """Receive one message.

    Parameters
    ----------
    sock : socket.socket
    deadline : float, optional
        By `time.monotonic`.
    with_fds : bool
        Whether to take file descriptors that come along; else they are closed unseen.

    Returns
    -------
    head : object
    body : memoryview
    fds : list of int

    Raises
    ------
    WireError, Closed, Late
    """
    fds: list[int] = []
    if with_fds:
        start, fds, *_ = socket.recv_fds(sock, _FRAME.size, 1)
        if not start:
            raise Closed("end of messages")
        start += _read(sock, _FRAME.size - len(start), deadline)
    else:
        start = _read(sock, _FRAME.size, deadline)
    head_size, body_size = _FRAME.unpack(start)
    if head_size > MAX_HEAD or body_size > MAX_BODY:
        raise WireError(f"a message of {(head_size + body_size) / 1e6:.0f} MB is too large")
    rest = memoryview(_read(sock, head_size + body_size, deadline))
    try:
        head = json.loads(str(rest[:head_size], "utf-8"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"a message is not JSON: {type(error).__name__}") from None
    return head, rest[head_size:], fds


def _read(sock: socket.socket, size: int, deadline: float | None) -> bytearray:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Late
            sock.settimeout(left)
        try:
            count = sock.recv_into(view[got:])
        except TimeoutError:
            raise Late from None
        except OSError as error:
            raise Closed(str(error)) from None
        if count == 0:
            raise Closed("end of messages")
        got += count
    return data


@dataclass
class Packer:
    """Turn values into a head that `json` can write and a body of raw buffers.

    Attributes
    ----------
    refer : callable
        ``refer(value)`` returns the node that stands for something that stays here.
    note_array : callable
        ``note_array(array)`` is asked first for every array: it returns the number under which a
        mirror is made at the other end (``{"mirror": number}``), or another node, which is sent in
        its place because the other end has the array already, or None.
    always : tuple of type
        What is referred to without a look at it.
    generators : bool
        Whether a `numpy.random.Generator` goes as its state.
    arrays, containers : list
        The arrays, lists and dictionaries that went, in order of :class:`Unpacker`'s.
    """

    refer: Callable[[object], dict]
    note_array: Callable[[np.ndarray], dict | None] = lambda array: None
    always: tuple[type, ...] = ()
    generators: bool = False
    arrays: list[np.ndarray] = field(default_factory=list)
    containers: list[list | dict] = field(default_factory=list)
    body: list = field(default_factory=list)
    _size: int = 0
    _nodes: int = 0

    def pack(self, value: object, depth: int = 0) -> object:
        """The node of a value.

        Raises
        ------
        WireError
            If it is nested too deeply (or in itself), holds too much, or is too large.
        """
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise WireError("a value is nested too deeply, or in itself, or holds too many parts")
        kind = type(value)
        if kind in _AS_THEY_ARE:
            return value
        if kind in self.always:
            return self.refer(value)
        if kind is tuple:  # the most frequent first
            return {"tuple": [self.pack(one, depth + 1) for one in value]}
        if kind is int:
            return value if value.bit_length() < 3 * MAX_DIGITS else self.refer(value)
        if issubclass(kind, np.ndarray):
            return self._pack_array(value, depth)
        if issubclass(kind, np.generic) and np.dtype(kind).type is kind:
            if value.dtype.kind not in _PLAIN_KINDS:
                return self.refer(value)
            return {"scalar": self._pack_array(np.asarray(value), depth, fresh=True)["array"]}
        if kind in (list, set, frozenset):
            if kind is list:
                self.containers.append(value)
            return {kind.__name__: [self.pack(one, depth + 1) for one in value]}
        if kind in _DICTS:
            self.containers.append(value)
            pairs = dict.items(value)
            return {"dict": [[self.pack(k, depth + 1), self.pack(v, depth + 1)] for k, v in pairs]}
        return self._pack_rare(value, kind, depth)

    def _pack_rare(self, value, kind: type, depth: int) -> object:
        if kind is complex:
            return {"complex": [value.real, value.imag]}
        if kind in (bytes, bytearray):
            self._add(bytes(value))
            return {"bytes": len(value)}
        if kind is slice:
            parts = (value.start, value.stop, value.step)
            return {"slice": [self.pack(one, depth + 1) for one in parts]}
        if kind is range and len(value) <= MAX_NODES:
            return {"range": [value.start, value.stop, value.step]}
        if value is Ellipsis:
            return {"ellipsis": 1}
        if issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
            return {"tuple": [self.pack(one, depth + 1) for one in tuple.__iter__(value)]}
        if isinstance(value, np.dtype) and value.kind in _PLAIN_KINDS and value.names is None:
            return {"dtype": value.str}
        if kind is type and _TYPES.get(value.__name__) is value:
            return {"type": value.__name__}
        if isinstance(value, type | np.ufunc) and _of_numpy(value.__name__) is value:
            return {"numpy": value.__name__}
        if self.generators and isinstance(value, np.random.Generator):
            return {"generator": _listed(value.bit_generator.state)}
        return self.refer(value)

    def _pack_array(self, value: np.ndarray, depth: int, fresh: bool = False) -> dict:
        kind = type(value)
        if kind is np.ma.MaskedArray:
            mask = np.ma.getmaskarray(value)
            return {"masked": [self.pack(np.asarray(value.data)), self.pack(mask)]}
        if value.dtype.kind == "O" and kind is np.ndarray:
            if value.size > MAX_NODES:
                raise WireError(f"an array of {value.size} objects is too large")
            items = [self.pack(one, depth + 1) for one in value.ravel().tolist()]
            return {"objects": items, "shape": list(value.shape)}
        if value.dtype.kind not in _PLAIN_KINDS or value.dtype.itemsize == 0:
            return self.refer(value)
        if value.ndim > MAX_DIMENSIONS or max(value.shape, default=0) > MAX_BODY:
            raise WireError(f"an array of shape {value.shape} is too large")
        if value.size * value.dtype.itemsize > MAX_BODY - self._size:
            raise WireError(f"an array of shape {value.shape} is too large")
        plain = value.view(np.ndarray)
        mark = {}
        if kind is np.ndarray and not fresh:
            mark = self.note_array(value) or {}
            if mark and "mirror" not in mark:
                return mark
            self.arrays.append(value)
        self._add(plain.tobytes())
        node = [plain.dtype.str, list(plain.shape), not value.flags.writeable]
        if kind is np.ndarray:
            return {"array": node, **mark}
        return {"special": node, "matrix": kind is np.matrix}

    def _add(self, buffer: bytes) -> None:
        self._size += len(buffer)
        if self._size > MAX_BODY:
            raise WireError("a value is too large")
        self.body.append(buffer)


class SpecialArray(np.ndarray):
    """Stands for an array of somebody's own class, so that it is not taken for a plain one."""


@dataclass
class Unpacker:
    """Turn a head and a body into values again.

    Attributes
    ----------
    body : memoryview
    resolve : callable
        ``resolve(node)`` returns what a node stands for that is no plain data.
    note_mirror : callable
        ``note_mirror(number, array)`` is told of every array that mirrors one at the other end, and
        returns the one to take for it.
    generators : bool
        Whether the other end is believed the state of a `numpy.random.Generator`: NumPy does not
        look at one before it draws from there.
    arrays : list of (array, memoryview)
        Every array that came, with the bytes it came with.
    containers : list of list or dict
    """

    body: memoryview
    resolve: Callable[[dict], object]
    note_mirror: Callable[[int, np.ndarray], np.ndarray] = lambda number, array: array
    generators: bool = False
    arrays: list[tuple[np.ndarray, memoryview]] = field(default_factory=list)
    containers: list[list | dict] = field(default_factory=list)
    _at: int = 0
    _nodes: int = 0

    def unpack(self, node: object, depth: int = 0) -> object:
        """The value of a node.

        Raises
        ------
        WireError
            If it is malformed.
        """
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise WireError("a message is nested too deeply or holds too many parts")
        kind = type(node)
        if kind in _AS_THEY_ARE or kind is int:
            return node
        if kind is not dict or not node:
            raise WireError("a message is malformed")
        tag, given = next(iter(node.items()))
        try:
            return self._unpack_tag(tag, given, node, depth)
        except WireError:
            raise
        except Exception as error:  # whatever nonsense leads to
            raise WireError(f"a message is malformed ({type(error).__name__})") from None

    def _unpack_tag(self, tag: str, given, node: dict, depth: int) -> object:
        if tag == "array":
            array = self._unpack_array(given)
            is_mirror = type(node.get("mirror")) is int
            return self.note_mirror(node["mirror"], array) if is_mirror else array
        if tag in ("list", "tuple", "set", "frozenset"):
            # A list is known by its place before its parts are: as at the other end.
            values: list = []
            if tag == "list":
                self.containers.append(values)
            values += [self.unpack(one, depth + 1) for one in _a_list(given)]
            return values if tag == "list" else _TYPES[tag](values)
        if tag == "dict":
            found: dict = {}
            self.containers.append(found)
            for key, value in _a_list(given):
                key = self.unpack(key, depth + 1)
                found[key] = self.unpack(value, depth + 1)
            return found
        if tag == "scalar":
            return self._unpack_array(given, fresh=True)[()]
        if tag == "complex":
            real, imag = given
            return complex(float(real), float(imag))
        if tag == "bytes":
            return bytes(self._take(given))
        if tag == "slice":
            return slice(*(self.unpack(one, depth + 1) for one in _a_list(given)))
        if tag == "range":
            return _a_range(given)
        if tag == "ellipsis":
            return Ellipsis
        if tag == "dtype":
            return _plain_dtype(given)
        if tag == "type":
            return _TYPES[given]
        if tag == "numpy":
            return _from_numpy(given)
        if tag == "generator" and self.generators:
            return _generator(given)
        if tag == "masked":
            return _masked(*(self.unpack(one, depth + 1) for one in _a_list(given)))
        if tag == "special":
            array = self._unpack_array(given, fresh=True)
            return array.view(np.matrix if node["matrix"] and array.ndim == 2 else SpecialArray)
        if tag == "objects":
            array = np.empty(len(given), dtype=object)
            for place, one in enumerate(_a_list(given)):
                array[place] = self.unpack(one, depth + 1)
            return array.reshape(_a_shape(node["shape"]))
        return self.resolve(node)

    def _unpack_array(self, given, fresh: bool = False) -> np.ndarray:
        text, shape, read_only = given
        dtype, shape = _plain_dtype(text), _a_shape(shape)
        raw = self._take(math.prod(shape) * dtype.itemsize)
        array = np.frombuffer(raw, dtype=dtype).reshape(shape).copy()
        if dtype.kind in "bU":
            _insist_on_values(array)
        if read_only:
            array.flags.writeable = False
        if not fresh:
            self.arrays.append((array, raw))
        return array

    def _take(self, size: object) -> memoryview:
        if type(size) is not int or size < 0 or self._at + size > len(self.body):
            raise WireError("a message holds less than it says")
        part = self.body[self._at : self._at + size]
        self._at += size
        return part


def _a_list(value: object) -> list:
    if type(value) is not list:
        raise WireError("a message is malformed")
    return value


def _a_shape(value: object) -> tuple[int, ...]:
    shape = _a_list(value)
    for one in shape:
        if type(one) is not int or not 0 <= one <= MAX_BODY:
            raise WireError("a message holds an array of an impossible shape")
    if len(shape) > MAX_DIMENSIONS:
        raise WireError("a message holds an array of an impossible shape")
    return tuple(shape)


@functools.lru_cache(maxsize=64)
def _plain_dtype(text: object) -> np.dtype:
    if type(text) is not str or not _PLAIN_DTYPE.fullmatch(text):
        raise WireError("a message holds an array of an unknown dtype")
    return np.dtype(text)


def _insist_on_values(array: np.ndarray) -> None:
    """Raise a WireError if there are bytes in an array that NumPy would never have put there."""
    if array.dtype.kind == "b" and np.any(array.view(np.uint8) > 1):
        raise WireError("a message holds what is neither true nor false")
    if array.dtype.kind == "U" and array.size:
        numbers = np.frombuffer(array.tobytes(), array.dtype.str[0] + "u4")
        if np.any(numbers > _LAST_CHARACTER):
            raise WireError("a message holds what is no character")


def _a_range(given: object) -> range:
    found = range(*(int(one) for one in _a_list(given)))
    if len(found) > MAX_NODES:  # whoever makes a list of it needs so much memory
        raise WireError("a message holds too long a range")
    return found


def _masked(data: object, mask: object) -> np.ma.MaskedArray:
    if type(data) is not np.ndarray or type(mask) is not np.ndarray or mask.dtype != bool:
        raise WireError("a message is malformed")
    return np.ma.MaskedArray(data, mask)


def _of_numpy(name: object) -> object:
    """What NumPy has under this name, if it is a ufunc or a type that both ends have."""
    found = getattr(np, name, None) if type(name) is str and name.isidentifier() else None
    if isinstance(found, type):
        return found if issubclass(found, np.generic | np.ndarray) else None
    return found if isinstance(found, np.ufunc) else None


def _from_numpy(name: object) -> object:
    found = _of_numpy(name)
    if found is None:
        raise WireError("a message names something unknown of NumPy")
    return found


def _generator(state: object) -> np.random.Generator:
    name = state["bit_generator"]
    if name not in _BITS:
        raise WireError("a message holds an unknown random generator")
    bits = getattr(np.random, name)()
    bits.state = _unlisted(state)
    return np.random.Generator(bits)


def _listed(state):
    """A generator's state with its arrays as lists."""
    if isinstance(state, dict):
        return {key: _listed(value) for key, value in state.items()}
    if isinstance(state, np.ndarray):
        return {"uint": [int(one) for one in state], "dtype": state.dtype.str}
    return int(state) if isinstance(state, np.integer) else state


def _unlisted(state):
    if isinstance(state, dict) and set(state) == {"uint", "dtype"}:
        return np.array(state["uint"], dtype=_plain_dtype(state["dtype"]))
    if isinstance(state, dict):
        return {key: _unlisted(value) for key, value in state.items()}
    return state


def is_builtin_error(name: object) -> bool:
    """Whether a name is that of one of Python's own exceptions."""
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    return isinstance(kind, type) and issubclass(kind, BaseException)
