"""Files written whole or not at all. Synchronous: services call these in threads."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from pathlib import Path

Identity = tuple[int, int]
"""What a file keeps when it is renamed, and shares with no other file there is."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that after a crash it is there whole, or as it was before.

    The bytes reach the disk before the name does, and the name before this returns:
    https://lwn.net/Articles/457667/.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def try_writing(folder: Path, *, size_bytes: int) -> None:
    """Write a nameless file of some size, which is gone again when this returns.

    Raises:
        OSError: the folder is not writable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as stream:
        stream.write(bytes(size_bytes))
        stream.flush()


def partial_of(path: Path) -> Path:
    """Return the name under which a file is written until it is whole."""
    return path.with_name(f".{path.name}.part")


def remove_partial_of(path: Path) -> None:
    """Remove what was written under that name, and whatever has a name that begins so."""
    for left in path.parent.glob(f"{glob.escape(partial_of(path).name)}*"):
        left.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make names created, replaced or removed in a folder durable."""
    if os.name == "nt":
        return  # Windows cannot open a folder, and has no such call
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def identity_of(file: Path | int) -> Identity | None:
    """Return the identity of a file, by name or descriptor; None where there is none."""
    try:
        found = os.stat(file)  # noqa: PTH116 - a Path has no descriptor
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def remove_tree(path: Path) -> None:
    """Remove a folder with all that is in it, or a file; nothing happens where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
