"""Trouble with the host's own disk, told apart from trouble with one file."""

from __future__ import annotations

import errno

from bot.domain.errors import StorageError

_OF_THE_DISK = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        *(errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO),
        # A network file system whose server is gone.
        *(errno.ESTALE, errno.ENOTCONN, errno.ENXIO),
    }
)


class DiskUnavailableError(StorageError):
    """The folder of files cannot be written: full, read-only, or gone."""

    code = "disk_unavailable"


def is_disk_trouble(error: OSError) -> bool:
    """Tell whether an error says something about the disk, and not about one file."""
    return error.errno in _OF_THE_DISK


def of_disk(error: OSError) -> DiskUnavailableError:
    """Return the error by its name, without the path it came from."""
    return DiskUnavailableError(error.strerror or type(error).__name__)
