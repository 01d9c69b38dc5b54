"""One end of the talk between the trusted process and a student's.

Each end keeps what cannot be sent and calls it by numbers. A request may come back with another
one before it is answered: a check calls a student's function, which calls a function of the check.
"""

from __future__ import annotations

import itertools
import socket
import time

from chainrule.grading import wire
from chainrule.grading.wire import Late, Packer, Unpacker, WireError

KINDS = ("class", "function", "module", "object")
MAX_MIRRORED = 200_000  # entries of an array that is kept in step with its copy at the other end
AGAIN = "again"  # stands for what came of a script that was played again, if it was the same
MAX_TEXT = 20_000  # characters of a text that comes along: an exception's, what was printed


class Peer:
    """What both ends have in common.

    Parameters
    ----------
    sock : socket.socket
        Connected to the other end.
    first : int
        Where the numbering of what stays here begins.

    Attributes
    ----------
    deadline : float or None
        By `time.monotonic`: until when an answer is waited for.
    """

    def __init__(self, sock: socket.socket, first: int = 1):
        self.sock = sock
        self.deadline: float | None = None
        self._kept: dict[int, object] = {}
        self._numbers: dict[int, int] = {}  # of kept objects, by their identity
        self._numbering = itertools.count(first)

    def exchange(self, head: dict, body: list, fds: list[int] = ()):
        """Send a request and wait for its reply, serving what the other end asks meanwhile.

        Returns
        -------
        head : dict
        body : memoryview

        Raises
        ------
        WireError, Closed, Late
        """
        self.post(head, body, fds)
        while True:
            answer, body, _ = wire.receive(self.sock, self.deadline)
            if type(answer) is not dict:
                raise WireError("a message is malformed")
            if "do" not in answer:
                return answer, body
            self.serve(answer, body)

    def post(self, head: dict, body: list, fds: list[int] = ()) -> None:
        """Send a message."""
        left = None if self.deadline is None else self.deadline - time.monotonic()
        if left is not None and left <= 0:
            raise Late
        self.sock.settimeout(left)
        wire.send(self.sock, head, body, fds)

    def serve(self, head: dict, body: memoryview) -> None:
        """Do what the other end asks, and reply."""
        raise NotImplementedError

    def keep(self, value: object) -> int:
        """Keep something here; its number."""
        number = self._numbers.get(id(value))
        if number is None:
            number = next(self._numbering)
            self._kept[number] = value
            self._numbers[id(value)] = number
        return number

    def kept(self, number: object) -> object:
        """What has a number.

        Raises
        ------
        WireError
            If nothing has.
        """
        if type(number) is not int or number not in self._kept:
            raise WireError("a message speaks of something that is not here")
        return self._kept[number]

    def forget(self, number: object) -> None:
        """Let go of what has a number."""
        if type(number) is int and number in self._kept:
            self._numbers.pop(id(self._kept.pop(number)), None)

    def packer(self) -> Packer:
        """To write a message with."""
        raise NotImplementedError

    def unpacker(self, body: memoryview) -> Unpacker:
        """To read a message with."""
        raise NotImplementedError
