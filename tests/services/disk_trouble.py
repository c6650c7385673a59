"""A host's disk in real trouble: full, read-only, closed to us, or broken."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

DISK_ERRORS = pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO], ids=errno.errorcode.get
)


def disk_error(number: int) -> OSError:
    """Return what the system raises for an error number."""
    return OSError(number, os.strerror(number))


@contextmanager
def unsynced(number: int, *, after: int = 0) -> Iterator[None]:
    """Let bytes reach the disk a number of times and then fail with an error number."""
    syncs = 0
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        nonlocal syncs
        syncs += 1
        if syncs > after:
            raise disk_error(number)
        sync(descriptor)

    with patch.object(os, "fsync", fsync):
        yield


@contextmanager
def unwritten(number: int) -> Iterator[None]:
    """Let every write to a file break off in its middle with an error number."""
    write = os.write

    def break_off(descriptor: int, content: memoryview) -> int:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return write(descriptor, content)
        write(descriptor, content[: len(content) // 2])
        raise disk_error(number)

    with patch.object(os, "write", break_off):
        yield
