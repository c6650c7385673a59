"""What a child can reach, once it can run whatever a hostile file makes it run: next to nothing.

It reads its libraries and the folders it is given, writes below its scratch folder, and has no
network, no other program and no other process. Run in the child, before it reads a byte from
outside and while it has a single thread: threads inherit what is taken away here.

Each part is a gift of the system and left out where there is none; see docs/operations.md.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import struct
import sys
from collections.abc import Iterator, Sequence

from bot.media import landlock, system_calls

_NO_NEW_PRIVILEGES = 38
"""``PR_SET_NO_NEW_PRIVS`` of linux/prctl.h; without it nothing of the rest is granted."""
_CAPABILITIES_VERSION = 0x20080522
_KEPT_CAPABILITIES = 0b110
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root's way into a folder that somebody else owns."""

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/fonts")
_KERNEL = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system", "/dev/urandom")
"""Libraries and fonts; and what libraries ask about the machine."""
_CODE = os.path.realpath(__file__).rsplit(os.sep, 2)[0]

FILES = "files"
PROCESSES = "processes"
NETWORK = "network"
MISSING: list[str] = []
"""What could not be taken from this process, once ``confine_this_process`` has been called."""


def missing_here() -> tuple[str, ...]:
    """Return what this system cannot take from a process; nothing is taken."""
    files = () if landlock.version() else (FILES,)
    return files if system_calls.can_be_filtered() else (*files, PROCESSES, NETWORK)


def confine_this_process(*, scratch: str, readable: Sequence[str]) -> None:
    """Leave this process what its work needs; ``MISSING`` says what could not be taken.

    Args:
        scratch: the one folder in which files can be written.
        readable: files and folders that can be read, beside the interpreter and this code.
    """
    if sys.platform != "linux":
        MISSING.extend((FILES, PROCESSES, NETWORK))
        return
    libc = ctypes.CDLL(None)
    libc.prctl(*map(ctypes.c_ulong, (_NO_NEW_PRIVILEGES, 1, 0, 0, 0)))
    _give_up_capabilities(libc)
    if not landlock.restrict_files(
        writable=(scratch, os.devnull),
        readable=itertools.chain(_installed(), readable),
        listable=(_CODE.rpartition(os.sep)[0],),
    ):
        MISSING.append(FILES)
    if not system_calls.filter_system_calls():
        MISSING.extend((PROCESSES, NETWORK))


def _installed() -> Iterator[str]:
    """Yield where the interpreter, its packages, the libraries and this code lie."""
    prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix} - {"/"}
    yield from (*prefixes, *_SYSTEM, *_KERNEL, _CODE)


def _give_up_capabilities(libc: ctypes.CDLL) -> None:
    """Make root, who runs the bot in some containers, somebody who cannot lift a limit again."""
    header = struct.pack("=Ii", _CAPABILITIES_VERSION, 0)
    sets = ctypes.create_string_buffer(24)
    if libc.capget(header, sets) == 0:
        effective, permitted, *_ = struct.unpack("=6I", sets.raw)
        effective, permitted = effective & _KEPT_CAPABILITIES, permitted & _KEPT_CAPABILITIES
        libc.capset(header, struct.pack("=6I", effective, permitted, 0, 0, 0, 0))
