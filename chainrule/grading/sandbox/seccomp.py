"""A filter for system calls, put together by hand.

The kernel is the wall of the box, so code inside gets to touch less of it: no namespaces or mounts,
no reading of other processes, no keys, no kernel modules, no sockets (pairs of connected ones are
fine), none of the memory that no limit counts (System V shared memory, files without a name), none
of the calls that are newer than this list.

Reference: Linux, ``Documentation/userspace-api/seccomp_filter.rst``.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct

EPERM, ENOSYS, EACCES = errno.EPERM, errno.ENOSYS, errno.EACCES

NEWEST = 462  # mseal; one numbering for all architectures from 424 on
NAMESPACE_FLAGS = 0x7E020080  # CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET and -TIME

# Architecture: (what the kernel calls it, place in the columns below).
ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1), "arm64": (0xC00000B7, 1)}

# Name: (number on x86_64, number on aarch64 or None, error).
REFUSED = {
    # namespaces, mounts, roots
    "unshare": (272, 97, EPERM),
    "setns": (308, 268, EPERM),
    "mount": (165, 40, EPERM),
    "umount2": (166, 39, EPERM),
    "pivot_root": (155, 41, EPERM),
    "chroot": (161, 51, EPERM),
    "open_tree": (428, 428, EPERM),
    "move_mount": (429, 429, EPERM),
    "fsopen": (430, 430, EPERM),
    "fsconfig": (431, 431, EPERM),
    "fsmount": (432, 432, EPERM),
    "fspick": (433, 433, EPERM),
    "mount_setattr": (442, 442, EPERM),
    "statmount": (457, 457, EPERM),
    "listmount": (458, 458, EPERM),
    "name_to_handle_at": (303, 264, EPERM),
    "open_by_handle_at": (304, 265, EPERM),
    "fanotify_init": (300, 262, EPERM),
    # other processes
    "ptrace": (101, 117, EPERM),
    "process_vm_readv": (310, 270, EPERM),
    "process_vm_writev": (311, 271, EPERM),
    "process_madvise": (440, 440, EPERM),
    "pidfd_getfd": (438, 438, EPERM),
    "kcmp": (312, 272, EPERM),
    "migrate_pages": (256, 238, EPERM),
    "move_pages": (279, 239, EPERM),
    # keys, programs in the kernel, events
    "add_key": (248, 217, EPERM),
    "request_key": (249, 218, EPERM),
    "keyctl": (250, 219, EPERM),
    "bpf": (321, 280, EPERM),
    "perf_event_open": (298, 241, EPERM),
    "userfaultfd": (323, 282, EPERM),
    "io_uring_setup": (425, 425, ENOSYS),
    "io_uring_enter": (426, 426, ENOSYS),
    "io_uring_register": (427, 427, ENOSYS),
    # the machine
    "init_module": (175, 105, EPERM),
    "finit_module": (313, 273, EPERM),
    "delete_module": (176, 106, EPERM),
    "kexec_load": (246, 104, EPERM),
    "kexec_file_load": (320, 294, EPERM),
    "reboot": (169, 142, EPERM),
    "swapon": (167, 224, EPERM),
    "swapoff": (168, 225, EPERM),
    "acct": (163, 89, EPERM),
    "quotactl": (179, 60, EPERM),
    "quotactl_fd": (443, 443, EPERM),
    "syslog": (103, 116, EPERM),
    "settimeofday": (164, 170, EPERM),
    "clock_settime": (227, 112, EPERM),
    "clock_adjtime": (305, 266, EPERM),
    "adjtimex": (159, 171, EPERM),
    "sethostname": (170, 161, EPERM),
    "setdomainname": (171, 162, EPERM),
    "vhangup": (153, 58, EPERM),
    "personality": (135, 92, EPERM),
    "lookup_dcookie": (212, 18, EPERM),
    "nfsservctl": (180, 42, ENOSYS),
    "iopl": (172, None, EPERM),
    "ioperm": (173, None, EPERM),
    "modify_ldt": (154, None, EPERM),
    "uselib": (134, None, ENOSYS),
    "sysfs": (139, None, ENOSYS),
    # memory that neither a process nor the temporary files are charged for
    "memfd_create": (319, 279, ENOSYS),
    "memfd_secret": (447, 447, ENOSYS),
    "shmget": (29, 194, ENOSYS),
    "semget": (64, 190, ENOSYS),
    "msgget": (68, 186, ENOSYS),
    "mq_open": (240, 180, ENOSYS),
    # the network, also the one of processes next door
    "socket": (41, 198, EACCES),
    # its flags lie in memory, where no filter can look; the C library then uses clone
    "clone3": (435, 435, ENOSYS),
}
CLONE = (56, 220)

_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06  # BPF instructions
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16  # places in `struct seccomp_data`; the low half of the first
_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


@functools.cache
def assemble(machine: str) -> bytes:
    """The filter as an array of the kernel's ``struct sock_filter``.

    Raises
    ------
    OSError
        If the system calls of `machine` are not known here.
    """
    if machine not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise OSError(ENOSYS, f"there is no system call filter for {machine} (only for {known})")
    arch, column = ARCHITECTURES[machine]
    code = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_GREATER, 0, 1, NEWEST),  # on x86_64, the calls of its 32-bit variant too
        (_RETURN, 0, 0, _ERRNO | ENOSYS),
    ]
    for row in REFUSED.values():
        if row[column] is not None:
            code += [(_EQUAL, 0, 1, row[column]), (_RETURN, 0, 0, _ERRNO | row[2])]
    code += [
        (_EQUAL, 0, 3, CLONE[column]),
        (_LOAD, 0, 0, _ARGUMENT),
        (_ANY_BIT, 0, 1, NAMESPACE_FLAGS),
        (_RETURN, 0, 0, _ERRNO | EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def install() -> None:
    """Put this process and all it will ever start under the filter (after ``no_new_privs``).

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    code = assemble(os.uname().machine)
    memory = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_ulong(_MODE_FILTER), ctypes.c_char_p(program))
    if libc.prctl(_PR_SET_SECCOMP, *arguments, ctypes.c_ulong(0), ctypes.c_ulong(0)):
        number = ctypes.get_errno()
        raise OSError(number, f"the system call filter: {os.strerror(number)}")
