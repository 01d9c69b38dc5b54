"""What stands in a check for something that lives in the student's process.

A check calls a student's function or builds a student's object as if it were there. The call goes
over a pipe and comes back as plain data: nothing of the student's runs in the process that judges.
What a student's object says of itself is not believed: it is equal to nothing, true or false of
nothing, and is no number.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING

from chainrule.checks.outcome import Elsewhere
from chainrule.checks.script import Script

if TYPE_CHECKING:
    from chainrule.grading.proxies import Session

MAX_ITERATED = 10_000
_WORDS = {"class": "a class", "function": "a function", "module": "a module"}


class _Proxy(type):
    """Lets a class of the student's be asked about in `isinstance` and `issubclass`."""


class Remote(Elsewhere, metaclass=_Proxy):
    """Something in the student's process.

    Parameters
    ----------
    session : Session
    number : int
        Under which the process keeps it.
    kind : str
        "class", "function", "module" or "object".
    name : str
        Of its type, if that is one of Python's own; else empty.
    kin : object
        What the processes have in common in which the number means this: one and its forks.
    """

    __slots__ = ("_kin", "_kind", "_name", "_number", "_origins", "_session")
    __array_ufunc__ = None  # NumPy's functions do not take it

    def __init__(self, session: Session, number: int, kind: str, name: str, kin: object):
        for key, value in (
            ("session", session),
            ("number", number),
            ("kind", kind),
            ("name", name),
            ("kin", kin),
            ("origins", None),
        ):
            object.__setattr__(self, f"_{key}", value)

    def __described__(self) -> str:
        """What it is, in words of ours."""
        words = _WORDS.get(object.__getattribute__(self, "_kind"))
        name = object.__getattribute__(self, "_name")
        return words or (f"{'an' if name[0] in 'aeiou' else 'a'} {name}" if name else "an object")

    def __perform__(self, scripts: list[Script], reuse: bool) -> list | None:
        """Play scripts over there."""
        session = object.__getattribute__(self, "_session")
        return session.perform(self, scripts, reuse)

    def __origins__(self) -> list[tuple[str, str]] | None:
        """Names and modules of a class and its bases, as they say over there."""
        known = object.__getattribute__(self, "_origins")
        return known if known else as_origins(_ask(self, "origins"))

    def __same__(self, other: object) -> bool:
        """Whether it is the same thing, or what became of it in a fork."""
        if type(other) is not Remote:
            return False
        return all(
            object.__getattribute__(self, slot) == object.__getattribute__(other, slot)
            for slot in ("_kin", "_number")
        )

    @property
    def __class__(self):
        kind = object.__getattribute__(self, "_kind")
        return {"class": type, "function": types.FunctionType}.get(kind, Remote)

    def __call__(self, *args, **kwargs):
        return _ask(self, "call", *args, kwargs=kwargs)

    def __getattribute__(self, name: str):
        # What every object of ours has, the student's has too, with another value.
        return _ask(self, "get", name) if name in _THEIRS else object.__getattribute__(self, name)

    def __getattr__(self, name: str):
        if name in _NEVER:
            raise AttributeError(name)
        return _ask(self, "get", name)

    def __setattr__(self, name: str, value) -> None:
        _ask(self, "set", name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delete", name)

    def __iter__(self):
        return iter(_ask(self, "list", MAX_ITERATED))

    def __len__(self) -> int:
        return _ask_special(self, "len")

    def __next__(self):
        return _ask_special(self, "next")

    def __getitem__(self, key):
        return _ask_special(self, "getitem", key)

    def __setitem__(self, key, value) -> None:
        _ask_special(self, "setitem", key, value)

    def __delitem__(self, key) -> None:
        _ask_special(self, "delitem", key)

    def __instancecheck__(self, instance) -> bool:
        return type(instance) is Remote and _ask(instance, "isinstance", self) is True

    def __subclasscheck__(self, kind) -> bool:
        return type(kind) is Remote and _ask(kind, "issubclass", self) is True

    def __hash__(self) -> int:
        # Not that of its number: a dictionary would ask whether the two are equal.
        return hash(("Remote", object.__getattribute__(self, "_number")))

    def __repr__(self) -> str:
        return f"<{self.__described__()} of the student's>"

    def __reduce__(self):
        raise TypeError("what lives in a student's process cannot be copied into a file")


_THEIRS = {"__module__", "__doc__", "__dict__"}
# Python or NumPy look for these to see what a value is: it is none of that.
_NEVER = {
    *("__array__", "__array_interface__", "__array_struct__", "__array_function__"),
    *("__buffer__", "__dlpack__", "__fspath__", "__index__", "__iter__", "__await__"),
    *("_repr_html_", "_repr_mimebundle_", "_ipython_display_", "__wrapped__", "__rich_console__"),
    *("_ipython_canary_method_should_not_exist_", "__deepcopy__", "__copy__", "__getstate__"),
}


def _ask(remote: Remote, what: str, *args, kwargs: dict | None = None):
    return object.__getattribute__(remote, "_session").request(what, remote, *args, kwargs=kwargs)


def _ask_special(remote: Remote, name: str, *args):
    return object.__getattribute__(remote, "_session").request("special", name, remote, *args)


def _arithmetic(name: str, swapped: bool) -> Callable:
    def method(self, *others):
        args = (*others, self) if swapped else (self, *others)
        session = object.__getattribute__(self, "_session")
        result = session.request("special", name, *args)
        if type(result) is not Remote:
            # Else an object could be made whose difference from any number is 0.
            raise TypeError(
                f"a check computes with an object of the student's ({name}) and gets "
                f"{type(result).__name__}: compare its plain attributes instead"
            )
        return result

    return method


def _refusal(what: str) -> Callable:
    def method(self, *_):
        raise TypeError(
            f"a check {what} {self.__described__()} of the student's, which only that object could "
            "answer for: compare numbers, arrays or attributes instead"
        )

    return method


for _name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"):
    setattr(Remote, f"__{_name}__", _arithmetic(_name, False))
    setattr(Remote, f"__r{_name}__", _arithmetic(_name, True))
for _name in ("neg", "pos", "abs", "iadd", "isub", "imul", "itruediv", "imatmul"):
    setattr(Remote, f"__{_name}__", _arithmetic(_name, False))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Remote, f"__{_name}__", _refusal("compares"))
for _name in ("bool", "float", "int", "complex", "index", "array"):
    setattr(Remote, f"__{_name}__", _refusal("takes for a value"))


def as_origins(found: object) -> list[tuple[str, str]] | None:
    """Pairs of names, or None if it is something else."""
    pairs = type(found) is list and all(
        type(one) is tuple and [type(part) for part in one] == [str, str] for one in found
    )
    return found if pairs else None
