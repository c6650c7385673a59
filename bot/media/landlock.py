"""Takes from this process every file and connection that its work has no use for.

Landlock is a part of Linux, of 5.13 and newer, that any process may use on itself and nothing can
undo: https://docs.kernel.org/userspace-api/landlock.html. The C library has no functions for it,
and the packages that have are drafts, so its three calls are made by their numbers, which are the
same on every architecture but Alpha.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1


# LANDLOCK_ACCESS_FS_* of linux/landlock.h; no enum, which a child has no other use for.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << bit for bit in range(4))
_REMOVE_DIR, _REMOVE_FILE, _MAKE_CHAR, _MAKE_DIR, _MAKE_REG = (1 << bit for bit in range(4, 9))
_REFER, _TRUNCATE, _IOCTL_DEV = (1 << bit for bit in range(13, 16))

_HANDLED_SINCE = ((1, (1 << 13) - 1), (2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV))
"""What each version of Landlock learnt to refuse."""
_READ = _READ_FILE | _READ_DIR
_IN_A_FILE = _READ_FILE | _WRITE_FILE | _TRUNCATE
"""What a rule about something that is no folder may speak of."""
_WRITE = _READ | _IN_A_FILE | _MAKE_DIR | _MAKE_REG | _REMOVE_DIR | _REMOVE_FILE | _REFER

_NET_SINCE, _BIND_AND_CONNECT_TCP = 4, 0b11
_SCOPES_SINCE, _ABSTRACT_SOCKETS_AND_SIGNALS = 6, 0b11


def version() -> int:
    """Return what this system has of Landlock: its version; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(_CREATE_RULESET, None, 0, _ASK_VERSION))


def restrict_files(
    *, writable: Iterable[str], readable: Iterable[str], listable: Iterable[str]
) -> bool:
    """Leave this process these files and folders and what is below them, and nothing else.

    It may connect to nobody by TCP either, and signal only itself and what it starts, where the
    system's Landlock is new enough for that. What it has open stays open.

    Args:
        writable: may be read and written, made and removed in.
        readable: may be read; none may be executed.
        listable: the names of what is in them may be known.

    Returns:
        Whether that holds; nothing has changed where it does not.
    """
    if (known := version()) == 0:
        return False
    handled = sum(access for since, access in _HANDLED_SINCE if known >= since)
    # struct landlock_ruleset_attr: a version knows only so much of it, and takes zeros for more.
    ruleset = struct.pack(
        "=QQQ",
        handled,
        _BIND_AND_CONNECT_TCP if known >= _NET_SINCE else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if known >= _SCOPES_SINCE else 0,
    )
    rules = _call(_CREATE_RULESET, ruleset, len(ruleset), 0)
    if rules < 0:
        return False
    try:
        for paths, access in ((writable, _WRITE), (readable, _READ), (listable, _READ_DIR)):
            for path in paths:
                _allow(rules, path, access & handled)
        return _call(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


def _allow(rules: int, path: str, access: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # it is not there, so nobody misses it
        return
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            access &= _IN_A_FILE
        # struct landlock_path_beneath_attr, which is packed
        _call(_ADD_RULE, rules, _RULE_PATH_BENEATH, struct.pack("=Qi", access, beneath), 0)
    finally:
        os.close(beneath)


def _call(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None)
    # As wide as a register, which is what the kernel reads.
    wide = (ctypes.c_long(value) if isinstance(value, int) else value for value in arguments)
    result: int = libc.syscall(ctypes.c_long(number), *wide)
    return result
