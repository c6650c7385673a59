"""An export as it is written: to disk, packed as soon as it would not fit, given up when it cannot.

Nothing here waits for anything but the disk and the processor: whoever writes does so in a thread.
"""

from __future__ import annotations

import tempfile
import threading
import zipfile
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import IO

from bot.domain.errors import ExportTooLargeError

PORTION_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A finished export, open at its beginning; closing it deletes it."""

    name: str
    content: BufferedIOBase
    jobs: int
    is_compressed: bool


class ExportWriter:
    """Writes one export; never more on disk than twice the limit and two portions."""

    def __init__(self, folder: Path, name: str, *, limit_bytes: int) -> None:
        """Open a file without a name: whatever ends the process, nothing is left behind.

        Args:
            folder: where it lies; made where there is none.
            name: what the file is called when it is handed out.
            limit_bytes: the most that can be handed out.
        """
        self._folder = folder
        self._name = name
        self._limit_bytes = limit_bytes
        self._jobs = 0
        # Where nobody waits any more, the last write and the dropping of it may be at once.
        self._in_use = threading.RLock()
        self._archive: zipfile.ZipFile | None = None
        self._member: IO[bytes] | None = None
        self._file = self._opened()

    def write(self, piece: str, jobs: int) -> None:
        """Append some jobs.

        Raises:
            ExportTooLargeError: it is too large already, packed as it is.
        """
        with self._in_use:
            self._jobs += jobs
            (self._file if self._member is None else self._member).write(piece.encode())
            if self._member is None and self._file.tell() > self._limit_bytes:
                self._pack()
            self._check()

    def finish(self) -> ExportFile:
        """Return the file, from its beginning.

        Raises:
            ExportTooLargeError: see ``write``.
        """
        with self._in_use:
            is_compressed = self._member is not None
            self._end_archive()
            self._check()
            self._file.seek(0)
        return ExportFile(
            name=f"{self._name}.zip" if is_compressed else self._name,
            content=self._file,
            jobs=self._jobs,
            is_compressed=is_compressed,
        )

    def drop(self) -> None:
        """Delete what is written."""
        with self._in_use:
            self._end_archive()
            self._file.close()

    def _check(self) -> None:
        size_bytes = self._file.tell()
        if size_bytes > self._limit_bytes:
            raise ExportTooLargeError(limit_bytes=self._limit_bytes, actual_bytes=size_bytes)

    def _pack(self) -> None:
        plain, self._file = self._file, self._opened()
        self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        self._member = self._archive.open(self._name, "w", force_zip64=True)
        with plain:
            plain.seek(0)
            while portion := plain.read(PORTION_BYTES):
                self._member.write(portion)

    def _end_archive(self) -> None:
        if self._member is not None and self._archive is not None:
            self._member.close()
            self._archive.close()
        self._member = self._archive = None

    def _opened(self) -> BufferedIOBase:
        self._folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._folder)
