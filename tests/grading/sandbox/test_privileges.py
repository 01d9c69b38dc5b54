"""What code in the box is not allowed: tried, not read off."""

import errno
import platform
import signal

import pytest

from chainrule.grading.sandbox import seccomp


def test_it_is_not_root_and_in_no_group_of_the_graders(inside):
    import os

    uids = inside("import os; result = [*os.getresuid(), *os.getresgid()]")
    assert 0 not in uids or os.geteuid() != 0
    if os.geteuid() == 0:
        assert inside("import os; result = os.getgroups()") == []


def test_it_cannot_become_root_again(inside):
    assert (
        inside(
            "import os\n"
            "result = []\n"
            "for name in ('setuid', 'setgid', 'seteuid', 'setegid'):\n"
            "    try:\n"
            "        getattr(os, name)(0)\n"
            "        result.append(name)\n"
            "    except OSError:\n"
            "        pass"
        )
        == []
    )


def test_no_capability_is_left(inside):
    assert inside(
        "import ctypes, struct, os\n"
        "from chainrule.grading.sandbox import confine\n"
        "libc = ctypes.CDLL(None)\n"
        "data = ctypes.create_string_buffer(24)\n"
        "number = {'x86_64': 125}.get(os.uname().machine, 90)\n"
        "head = struct.pack('=Ii', 0x20080522, 0)\n"
        "code = libc.syscall(ctypes.c_long(number), head, data)\n"
        "bounding = [n for n in range(40) if libc.prctl(23, ctypes.c_ulong(n)) == 1]\n"
        "result = [code, data.raw.strip(bytes(1)).hex(), bounding]"
    ) == [0, "", []]


def test_no_program_gives_more_rights(inside):
    assert inside("import ctypes; result = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0)") == 1


def test_every_call_that_the_filter_names_is_refused(inside):
    column = seccomp.ARCHITECTURES[platform.machine()][1]
    rows = {name: row for name, row in seccomp.REFUSED.items() if row[column] is not None}
    found = inside(
        "import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "result = {}\n"
        f"for name, number in { ({name: row[column] for name, row in rows.items()})!r}.items():\n"
        "    zeros = [ctypes.c_long(0)] * 6\n"
        "    done = libc.syscall(ctypes.c_long(number), *zeros)\n"
        "    result[name] = ctypes.get_errno() if done == -1 else None"
    )
    assert found == {name: row[2] for name, row in rows.items()}


@pytest.mark.parametrize("flag", [0x20000, 0x10000000, 0x20000000, 0x40000000, 0x8000000])
def test_no_namespace_is_made_by_clone(inside, flag):
    column = seccomp.ARCHITECTURES[platform.machine()][1]
    found = inside(
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        f"arguments = [ctypes.c_long({flag | signal.SIGCHLD}), *[ctypes.c_long(0)] * 5]\n"
        f"done = libc.syscall(ctypes.c_long({seccomp.CLONE[column]}), *arguments)\n"
        "if done == 0:\n"
        "    os._exit(0)\n"
        "result = [done, ctypes.get_errno()]"
    )
    assert found == [-1, errno.EPERM]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the 32-bit calls of x86")
def test_calls_of_another_architecture_kill(inside):
    code = inside(
        "import ctypes, mmap, os\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        "page.write(bytes.fromhex('b814000000cd80c3'))  # getpid by int 0x80\n"
        "call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    call()\n"
        "    os._exit(0)\n"
        "result = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])"
    )
    assert code == -signal.SIGSYS


def test_threads_and_processes_work_as_usual(inside):
    assert inside(
        "import subprocess, sys, threading\n"
        "found = []\n"
        "thread = threading.Thread(target=found.append, args=(1,))\n"
        "thread.start(); thread.join()\n"
        "told = subprocess.run(['/bin/sh', '-c', 'echo 2'], capture_output=True, text=True)\n"
        "result = [*found, told.stdout.strip()]"
    ) == [1, "2"]


def test_there_is_no_network_not_even_the_own_one(inside):
    found = inside(
        "import socket\n"
        "result = []\n"
        "for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK,\n"
        "               socket.AF_PACKET, socket.AF_VSOCK):\n"
        "    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):\n"
        "        try:\n"
        "            socket.socket(family, kind)\n"
        "            result.append([family, kind])\n"
        "        except PermissionError:\n"
        "            pass"
    )
    assert found == []


def test_pairs_of_sockets_and_pipes_are_fine(inside):
    assert (
        inside(
            "import asyncio\n"
            "async def two():\n"
            "    await asyncio.sleep(0)\n"
            "    return 2\n"
            "result = asyncio.run(two())"
        )
        == 2
    )


def test_the_name_of_the_machine_is_not_told(inside):
    assert inside("import os; result = os.uname().nodename") == "sandbox"


def test_signals_do_not_reach_the_keeper(worker, inside):
    assert (
        inside(
            "import os, signal, time\n"
            "for number in range(1, 65):\n"
            "    try:\n"
            "        os.kill(1, number)\n"
            "    except OSError:\n"
            "        pass\n"
            "time.sleep(0.1)\n"
            "result = os.getppid()"
        )
        == 1
    )
    assert worker.alive
