"""The files port on a folder of this machine, through obstore's local store.

What obstore gives here is one set of calls for every place files may be kept in. What it does not
give on a disk is added: it waits for no disk (nothing is synced), it says what the disk refused in
words alone, where others have an ``errno``, it lists no file whose name ends in ``#`` and digits,
as its own half copies do, and its copy is a second name for the same bytes, as old as they are.
Seen with obstore 0.12.1; ``findings/`` shows it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from bot.domain.jobs.files import FileKey

if TYPE_CHECKING:
    from obstore.store import LocalStore

_P = ParamSpec("_P")
_T = TypeVar("_T")

SCRATCH = "scratch"
"""The folder, below that of all files, for files in the making."""
_NO_LINKS = {
    *(errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK),
    errno.EXDEV,
}
"""What a disk answers that has no second names for a file: FAT, many network shares, another disk.

A copy is one here: https://docs.rs/object_store/latest/object_store/local/.
"""
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


class LocalFiles:
    """Files below a folder; a key is a path in it."""

    def __init__(self, root: Path) -> None:
        """Remember the folder; nothing is made.

        Args:
            root: below it lie the keys, and a folder for scratch.
        """
        self._root = root

    @cached_property
    def _store(self) -> LocalStore:
        # Six megabytes, and a bot without work has no use for them.
        from obstore.store import LocalStore

        self._root.mkdir(parents=True, exist_ok=True)
        # A folder without files is no folder elsewhere either.
        return LocalStore(self._root, automatic_cleanup=True)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """Lend an empty folder; what is in it when the block ends is gone."""
        folder = await asyncio.to_thread(self._new_scratch)
        try:
            yield folder
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    def _new_scratch(self) -> Path:
        parent = self._root / SCRATCH
        parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=parent))

    async def drop_scratch(self) -> None:
        """Remove what an earlier process left of its scratch folders."""
        await asyncio.to_thread(shutil.rmtree, self._root / SCRATCH, ignore_errors=True)

    async def keep(self, file: os.PathLike[str], key: FileKey) -> None:
        """Keep a file of a scratch folder under a key, in place of what was there."""
        await _in_thread(self._keep, Path(file), key)

    def _keep(self, file: Path, key: FileKey) -> None:
        # The bytes reach the disk before the name does, and the name before this returns:
        # https://lwn.net/Articles/457667/.
        with file.open("rb") as content:
            os.fsync(content.fileno())
        self._copy(FileKey(file.relative_to(self._root).as_posix()), key)

    async def copy(self, source: FileKey, target: FileKey) -> None:
        """Keep what is under one key under another one, too."""
        await _in_thread(self._copy, source, target)

    def _copy(self, source: FileKey, target: FileKey) -> None:
        try:
            with _as_os_error():
                self._store.copy(source, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._write_copy(self._root / source, self._root / target)
        self._sync_folder_of(target)

    @staticmethod
    def _write_copy(source: Path, target: Path) -> None:
        staged = target.with_name(f".{target.name}.staged")
        staged.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as old, staged.open("wb") as new:
            shutil.copyfileobj(old, new)
            new.flush()
            os.fsync(new.fileno())
        staged.replace(target)

    def _sync_folder_of(self, key: FileKey) -> None:
        if os.name == "nt":
            return  # Windows cannot open a folder, and has no such call
        descriptor = os.open((self._root / key).parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @asynccontextmanager
    async def lend(self, key: FileKey) -> AsyncIterator[Path]:
        """Lend what is under a key, to be read while the block lasts."""
        await _in_thread(self._size, key)
        yield self._root / key

    async def read(self, key: FileKey) -> bytes:
        """Return the bytes under a key."""
        return await _in_thread(self._read, key)

    def _read(self, key: FileKey) -> bytes:
        return bytes(self._store.get(key).bytes())

    async def size(self, key: FileKey) -> int:
        """Return how many bytes are under a key."""
        return await _in_thread(self._size, key)

    def _size(self, key: FileKey) -> int:
        return self._store.head(key)["size"]

    async def folders(self, prefix: FileKey) -> list[str]:
        """Return the names of the folders directly below a prefix."""
        return await _in_thread(self._folders, prefix)

    def _folders(self, prefix: FileKey) -> list[str]:
        found = self._store.list_with_delimiter(prefix)["common_prefixes"]
        return [path.rpartition("/")[2] for path in found]

    async def newest_at(self, prefix: FileKey) -> datetime | None:
        """Return when the newest file below a prefix was written; None where there is none."""
        return await _in_thread(self._newest_at, prefix)

    def _newest_at(self, prefix: FileKey) -> datetime | None:
        # The folder itself counts, and so does what obstore does not list: half a copy of its own.
        folder = self._root / prefix
        with contextlib.suppress(FileNotFoundError):
            newest = max(path.lstat().st_mtime for path in (folder, *folder.iterdir()))
            return datetime.fromtimestamp(newest, UTC)
        return None

    async def erase(self, prefix: FileKey) -> None:
        """Remove all files below a prefix; nothing happens where there is none."""
        await _in_thread(self._erase, prefix)

    def _erase(self, prefix: FileKey) -> None:
        # Not through obstore: it does not see its own half copies, and follows a link to elsewhere.
        folder = self._root / prefix
        with contextlib.suppress(FileNotFoundError):  # somebody else was quicker
            if folder.is_symlink():
                folder.unlink()
            else:
                shutil.rmtree(folder)

    async def free_bytes(self) -> int:
        """Return how much room the disk has."""
        return await asyncio.to_thread(self._free_bytes)

    def _free_bytes(self) -> int:
        self._root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._root).free

    async def try_writing(self, *, size_bytes: int) -> None:
        """Write a nameless file of some size, which is gone again when this returns."""
        await asyncio.to_thread(self._try_writing, size_bytes)

    def _try_writing(self, size_bytes: int) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._root) as stream:
            stream.write(bytes(size_bytes))
            stream.flush()


async def _in_thread(call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    def with_errors_of_the_system() -> _T:
        with _as_os_error():
            return call(*args, **kwargs)

    return await asyncio.to_thread(with_errors_of_the_system)


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    """Give errors of obstore the number the system gave them; that of no file is one already."""
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        found = _OS_ERROR.search(str(error))
        if found is None:
            raise OSError(str(error)) from error
        number = int(found[1])
        raise OSError(number, os.strerror(number)) from error
