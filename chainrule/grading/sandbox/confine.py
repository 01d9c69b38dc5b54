"""Close the box around a process: namespaces, mounts, user, capabilities, filter, limits.

Runs inside what bubblewrap made, before a student's code is there. Whatever does not work raises:
nothing runs in a box that is half closed.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import struct

from chainrule.grading.sandbox import seccomp
from chainrule.grading.sandbox.limits import Limits

HOME = "/home/student"
COVERED = ("/tmp", "/dev/shm", HOME)

_NEW_NS, _NEW_IPC, _NEW_USER, _NEW_PID, _NEW_NET = (
    *(0x00020000, 0x08000000, 0x10000000),
    *(0x20000000, 0x40000000),
)
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_PDEATHSIG, _CAPBSET_DROP, _CHILD_SUBREAPER, _NO_NEW_PRIVS, _CAP_AMBIENT = 1, 24, 36, 38, 47
_AMBIENT_CLEAR_ALL = 4
_CAPSET = {"x86_64": 126, "aarch64": 91, "arm64": 91}
_CAPABILITY_VERSION = 0x20080522


def separate(mode: str) -> None:
    """Make the next child the first process of namespaces of its own.

    Parameters
    ----------
    mode : str
        ``"root"`` or ``"user"``: who started bubblewrap. An ordinary user needs a user namespace
        per worker to be allowed the others, which also makes the limit of processes one per worker.
    """
    flags = _NEW_NS | _NEW_IPC | _NEW_PID | _NEW_NET
    if mode == "root":
        _call("unshare", flags)
        return
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", _NEW_USER | flags)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def confine(mode: str, limits: Limits, user: int = 0) -> None:
    """Close the box around this process, the first one in its namespaces.

    Parameters
    ----------
    mode : str
        As in :func:`separate`.
    limits : Limits
    user : int
        The user and group to become, in mode ``"root"``.

    Raises
    ------
    OSError
        If any step fails.
    """
    user = user if mode == "root" else os.getuid()
    group = user if mode == "root" else os.getgid()
    _mount_own_files(limits, user, group)
    set_limits(limits)
    _empty_bounding_set()
    _call("prctl", _CAP_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0)
    if mode == "root":
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
    _drop_capabilities()
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    seccomp.install()
    os.umask(0o022)
    os.chdir(HOME)


def set_limits(limits: Limits, processes: int | None = None, strict: bool = True) -> None:
    """Set the resource limits of this process and its children.

    Parameters
    ----------
    limits : Limits
    processes : int or None
        How many processes the user may have, if not ``limits.processes``; 0 for no limit.
    strict : bool
        Whether a limit that the system does not take is an error.
    """
    import resource

    processes = limits.processes if processes is None else processes
    wanted = {
        "AS": limits.address_space,
        "CPU": limits.cpu_seconds,
        "FSIZE": limits.file_size,
        "NOFILE": limits.open_files,
        "CORE": 0,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
        "SIGPENDING": 256,
        "RTPRIO": 0,
        "NICE": 0,
    } | ({"NPROC": processes} if processes else {})
    for name, value in wanted.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is None:
            continue
        most = value + 2 if name == "CPU" else value  # SIGXCPU first, SIGKILL if that is ignored
        try:
            hard = resource.getrlimit(number)[1]
            if hard != resource.RLIM_INFINITY:  # the grader may be under a stricter one itself
                most = min(most, hard)
            resource.setrlimit(number, (min(value, most), most))
        except (OSError, ValueError):
            if strict:
                raise


def prepare() -> None:
    """Load what the functions here need, once, before processes are forked that call them."""
    _libc()
    with contextlib.suppress(ImportError, OSError):
        import resource  # noqa: F401

        seccomp.assemble(os.uname().machine)


def set_no_new_privileges() -> None:
    """Let no program that is started have more rights, where the system knows of that."""
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Be killed when the parent process ends."""
    _call("prctl", _PDEATHSIG, 9, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ended."""
    _call("prctl", _CHILD_SUBREAPER, 1, 0, 0, 0)


def _mount_own_files(limits: Limits, user: int, group: int) -> None:
    """One small file system for home, /tmp and /dev/shm; nothing in /proc."""
    _mount(None, "/", None, _REC | _PRIVATE)
    options = (
        f"size={limits.tmp_size},nr_inodes={limits.tmp_files},mode=0755,uid={user},gid={group}"
    )
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV, options)
    # root without its usual capabilities may not write here: make the folders as their owner
    libc = _libc()
    libc.setfsgid(group)
    libc.setfsuid(user)
    for name, mode in (("home", 0o700), ("shm", 0o1777), ("tmp", 0o1777)):
        os.mkdir(f"/tmp/{name}")
        os.chmod(f"/tmp/{name}", mode)
    libc.setfsuid(os.getuid())
    libc.setfsgid(os.getgid())
    _mount("/tmp/home", HOME, None, _BIND)
    _mount("/tmp/shm", "/dev/shm", None, _BIND)
    _mount("/tmp/tmp", "/tmp", None, _BIND)
    empty = _RDONLY | _NOSUID | _NODEV | _NOEXEC
    _mount("tmpfs", "/proc", "tmpfs", empty, "size=4k,nr_inodes=1,mode=0555")


def _mount(source, target, kind, flags: int, options: str | None = None) -> None:
    texts = [text.encode() if text else None for text in (source, target, kind, options)]
    if _libc().mount(*texts[:3], ctypes.c_ulong(flags), texts[3]):
        _fail(f"mount on {target}")


def _empty_bounding_set() -> None:
    """Have no program that is started gain a capability."""
    for capability in range(64):
        if _libc().prctl(_CAPBSET_DROP, ctypes.c_ulong(capability), *[ctypes.c_ulong(0)] * 3):
            if ctypes.get_errno() == errno.EINVAL and capability > 30:
                return  # there are no more
            _fail(f"dropping capability {capability}")


def _drop_capabilities() -> None:
    """Have no capability, effective, permitted or inheritable."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    number = _CAPSET.get(os.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, f"dropping capabilities is not known on {os.uname().machine}")
    if _libc().syscall(ctypes.c_long(number), header, bytes(24)):
        _fail("dropping all capabilities")


def _call(name: str, *arguments: int) -> None:
    if name == "prctl":
        result = _libc().prctl(arguments[0], *map(ctypes.c_ulong, arguments[1:]))
    else:
        result = getattr(_libc(), name)(*arguments)
    if result:
        _fail(f"{name}({', '.join(map(str, arguments))})")


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")
