"""Takes from this process the system calls that its work has no use for, which nothing can undo.

What stays is all that decoding, drawing and encoding need: memory, files, threads, time. What goes
is whatever reaches another process or another machine: sockets, programs, processes, signals,
debugging, other owners for files, and the newer doors of the kernel that lead past such a list.

A filter of the kernel's, https://docs.kernel.org/userspace-api/seccomp_filter.html, written here
instruction by instruction: libseccomp would have to be installed on the host beside its package.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterator, Mapping

_SET_MODE_FILTER, _ASK_FOR_ACTION = 1, 2
_SPEC_ALLOW = 1 << 2
"""Without it, systems older than 5.16 slow a filtered process down against side channels."""

_CLONE_THREAD = 0x00010000
_X32 = 0x40000000
"""From here on, another set of numbers for the calls of x86-64."""

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Of linux/bpf_common.h: load a word; jump if equal, at least, any bit set; return."""
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
"""Where things are in ``struct seccomp_data``; the lower half of an argument on either machine."""
_ALLOWED, _KILLED, _REFUSED = 0x7FFF0000, 0x80000000, 0x00050000

_NAMES = (
    # To other machines and processes, and to io_uring, which does all that without these calls.
    *("socket", "socketpair", "bind", "connect", "listen"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    # To other programs; clone is looked at more closely.
    *("fork", "vfork", "execve", "execveat"),
    # Into other processes; kill, tgkill and prlimit64 are looked at more closely.
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_getfd"),
    *("tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"),
    # Other owners and modes, which Landlock does not guard.
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("setxattr", "lsetxattr", "fsetxattr", "open_by_handle_at"),
    # The kernel's own workshop.
    *("unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "bpf", "perf_event_open"),
    *("userfaultfd", "keyctl", "add_key", "request_key", "init_module", "finit_module"),
    "kexec_load",
)
_OWN_PROCESS_ALONE = ("kill", "tgkill", "prlimit64")


class _Machine:
    """What differs between machines; no dataclass, which a child has no other use for."""

    def __init__(self, architecture: int, seccomp: int, numbers: Mapping[str, int]) -> None:
        self.architecture = architecture
        self.seccomp = seccomp
        self.numbers = numbers


_SHARED = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "pidfd_open": 434,
    "clone3": 435,
    "pidfd_getfd": 438,
    "fchmodat2": 452,
}
_MACHINES = {
    # linux/audit.h, asm/unistd_64.h
    "x86_64": _Machine(
        0xC000003E,
        317,
        _SHARED
        | {
            "socket": 41,
            "connect": 42,
            "bind": 49,
            "listen": 50,
            "socketpair": 53,
            "clone": 56,
            "fork": 57,
            "vfork": 58,
            "execve": 59,
            "kill": 62,
            "chmod": 90,
            "fchmod": 91,
            "chown": 92,
            "fchown": 93,
            "lchown": 94,
            "ptrace": 101,
            "rt_sigqueueinfo": 129,
            "pivot_root": 155,
            "chroot": 161,
            "mount": 165,
            "umount2": 166,
            "init_module": 175,
            "setxattr": 188,
            "lsetxattr": 189,
            "fsetxattr": 190,
            "tkill": 200,
            "tgkill": 234,
            "kexec_load": 246,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "fchownat": 260,
            "fchmodat": 268,
            "unshare": 272,
            "rt_tgsigqueueinfo": 297,
            "perf_event_open": 298,
            "prlimit64": 302,
            "open_by_handle_at": 304,
            "setns": 308,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "finit_module": 313,
            "bpf": 321,
            "execveat": 322,
            "userfaultfd": 323,
        },
    ),
    # asm-generic/unistd.h
    "aarch64": _Machine(
        0xC00000B7,
        277,
        _SHARED
        | {
            "setxattr": 5,
            "lsetxattr": 6,
            "fsetxattr": 7,
            "umount2": 39,
            "mount": 40,
            "pivot_root": 41,
            "chroot": 51,
            "fchmod": 52,
            "fchmodat": 53,
            "fchownat": 54,
            "fchown": 55,
            "unshare": 97,
            "kexec_load": 104,
            "init_module": 105,
            "ptrace": 117,
            "kill": 129,
            "tkill": 130,
            "tgkill": 131,
            "rt_sigqueueinfo": 138,
            "socket": 198,
            "socketpair": 199,
            "bind": 200,
            "listen": 201,
            "connect": 203,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "clone": 220,
            "execve": 221,
            "rt_tgsigqueueinfo": 240,
            "perf_event_open": 241,
            "prlimit64": 261,
            "open_by_handle_at": 265,
            "setns": 268,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "finit_module": 273,
            "bpf": 280,
            "execveat": 281,
            "userfaultfd": 282,
        },
    ),
}


def can_be_filtered() -> bool:
    """Return whether the kernel has such filters, and this module a table for the machine."""
    machine = _machine()
    action = struct.pack("=I", _REFUSED)
    return machine is not None and _seccomp(machine, _ASK_FOR_ACTION, 0, action)


def filter_system_calls() -> bool:
    """Refuse this process the calls above, from now on and in threads it starts.

    Returns:
        Whether that holds; nothing has changed where it does not.
    """
    machine = _machine()
    if machine is None:
        return False
    code = b"".join(_instructions(machine, os.getpid()))
    instructions = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog of linux/filter.h
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(instructions))
    return _seccomp(machine, _SET_MODE_FILTER, _SPEC_ALLOW, program)


def _machine() -> _Machine | None:
    """Return what is known of this machine; of an interpreter for 32 bits there is nothing."""
    if sys.platform != "linux" or sys.maxsize < 1 << 32:
        return None
    return _MACHINES.get(os.uname().machine)


def _seccomp(machine: _Machine, operation: int, flags: int, argument: bytes) -> bool:
    numbers = map(ctypes.c_long, (machine.seccomp, operation, flags))
    result: int = ctypes.CDLL(None).syscall(*numbers, argument)
    return result == 0


def _instructions(machine: _Machine, process: int) -> Iterator[bytes]:
    refused = _REFUSED | errno.EPERM
    numbers = machine.numbers
    yield _instruction(_LOAD, _ARCHITECTURE_AT)
    yield _instruction(_JUMP_EQUAL, machine.architecture, then=1)
    yield _instruction(_RETURN, _KILLED)
    yield _instruction(_LOAD, _NUMBER_AT)
    if machine is _MACHINES["x86_64"]:
        yield _instruction(_JUMP_AT_LEAST, _X32, otherwise=1)
        yield _instruction(_RETURN, refused)
    # Its argument is not in a register, where alone a filter can look; the C library then does
    # with clone, https://sourceware.org/git/?p=glibc.git;a=blob;f=sysdeps/unix/sysv/linux/clone-internal.c.
    yield _instruction(_JUMP_EQUAL, numbers["clone3"], otherwise=1)
    yield _instruction(_RETURN, _REFUSED | errno.ENOSYS)
    for name in _NAMES:
        if name in numbers:  # the newer machine has no fork, chmod and the like
            yield _instruction(_JUMP_EQUAL, numbers[name], otherwise=1)
            yield _instruction(_RETURN, refused)
    yield _instruction(_JUMP_EQUAL, numbers["clone"], otherwise=4)
    yield _instruction(_LOAD, _FIRST_ARGUMENT_AT)
    yield _instruction(_JUMP_SET, _CLONE_THREAD, otherwise=1)
    yield _instruction(_RETURN, _ALLOWED)
    yield _instruction(_RETURN, refused)
    for name in _OWN_PROCESS_ALONE:
        yield _instruction(_JUMP_EQUAL, numbers[name], otherwise=5)
        yield _instruction(_LOAD, _FIRST_ARGUMENT_AT)
        yield _instruction(_JUMP_EQUAL, process, then=1)
        yield _instruction(_JUMP_EQUAL, 0 if name == "prlimit64" else process, otherwise=1)
        yield _instruction(_RETURN, _ALLOWED)
        yield _instruction(_RETURN, refused)
    yield _instruction(_RETURN, _ALLOWED)


def _instruction(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """Return a ``struct sock_filter``: what is done, and how many of the next are skipped."""
    return struct.pack("=HBBI", code, then, otherwise, value)
