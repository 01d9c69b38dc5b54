"""The filter, run by an interpreter of its own: also for the processor that is not at hand."""

import errno
import struct

import pytest

from chainrule.grading.sandbox import seccomp

ALLOWED, KILLED = "allowed", "killed"
OTHERS = {  # numbers on x86_64 and aarch64 of what Python and NumPy live on
    "read": (0, 63),
    "write": (1, 64),
    "mmap": (9, 222),
    "recvmsg": (47, 212),
    "socketpair": (53, 199),
    "execve": (59, 221),
    "exit_group": (231, 94),
    "openat": (257, 56),
    "close_range": (436, 436),
}


def verdict(code: bytes, arch: int, number: int, argument: int = 0):
    """What the kernel would do: ALLOWED, KILLED or an error number."""
    data = struct.pack("=IIQ", number, arch, 0) + struct.pack("=6Q", argument, *[0] * 5)
    program = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)]
    place = value = 0
    while True:
        kind, then, otherwise, k = program[place]
        place += 1
        if kind == 0x20:
            (value,) = struct.unpack_from("=I", data, k)
        elif kind == 0x06:
            action = k & 0xFFFF0000
            if action == 0x00050000:
                return k & 0xFFFF
            return {0x7FFF0000: ALLOWED, 0x80000000: KILLED}[action]
        else:
            holds = {0x15: value == k, 0x25: value > k, 0x45: bool(value & k)}[kind]
            place += then if holds else otherwise


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request):
    arch, column = seccomp.ARCHITECTURES[request.param]
    code = seccomp.assemble(request.param)
    return lambda number, argument=0, arch=arch: verdict(code, arch, number, argument), column


def test_every_refused_call_gets_its_error_and_no_other_does(machine):
    decide, column = machine
    refused = {row[column]: row[2] for row in seccomp.REFUSED.values() if row[column] is not None}
    for number in range(seccomp.NEWEST + 1):
        assert decide(number) == refused.get(number, ALLOWED), number


def test_what_everything_lives_on_is_allowed(machine):
    decide, column = machine
    assert {name: decide(row[column]) for name, row in OTHERS.items()} == dict.fromkeys(
        OTHERS, ALLOWED
    )


def test_calls_newer_than_the_list_do_not_exist(machine):
    decide, _ = machine
    assert decide(seccomp.NEWEST + 1) == decide(0x40000000) == decide(2**32 - 1) == errno.ENOSYS


def test_another_architecture_is_killed(machine):
    decide, _ = machine
    i386 = 0x40000003
    assert decide(0, arch=i386) == KILLED


@pytest.mark.parametrize("bit", [1 << n for n in range(32)])
def test_clone_makes_processes_and_threads_but_no_namespaces(machine, bit):
    decide, column = machine
    namespaces = {0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000}
    expected = errno.EPERM if bit in namespaces | {0x40000000} else ALLOWED
    assert decide(seccomp.CLONE[column], bit | 17) == expected


def test_no_number_is_listed_twice():
    for column in (0, 1):
        numbers = [row[column] for row in seccomp.REFUSED.values() if row[column] is not None]
        assert len(numbers) == len(set(numbers))


def test_an_unknown_processor_is_an_error():
    with pytest.raises(OSError, match="riscv64"):
        seccomp.assemble("riscv64")
