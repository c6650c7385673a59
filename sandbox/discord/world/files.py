"""Keeps uploads on disk; each is written while it arrives, so a large one costs no memory."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import IO

from PIL import Image

from sandbox.discord.world.records import StoredFile


class FileStore:
    """Keeps blobs in one directory."""

    def __init__(self, directory: Path | None) -> None:
        self._temporary = (
            tempfile.TemporaryDirectory(prefix="discord-files-") if directory is None else None
        )
        self.directory = Path(self._temporary.name) if self._temporary else Path(str(directory))
        self.directory.mkdir(parents=True, exist_ok=True)
        self._count = 0

    def open(self) -> Spool:
        """Start a new blob."""
        self._count += 1
        return Spool(self.directory / f"{self._count:06d}.bin")

    def put(self, source: bytes | Path) -> StoredFile:
        """Keep a copy of bytes or of a file."""
        spool = self.open()
        if isinstance(source, bytes):
            spool.write(source)
        else:
            with source.open("rb") as stream:
                while chunk := stream.read(1 << 18):
                    spool.write(chunk)
        return spool.finish()

    def close(self) -> None:
        """Remove the directory if it was temporary."""
        if self._temporary is not None:
            self._temporary.cleanup()


class Spool:
    """Writes one blob while it arrives."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: IO[bytes] = path.open("wb")
        self._digest = hashlib.sha256()
        self.size = 0
        """Bytes so far."""

    def write(self, chunk: bytes) -> None:
        """Append."""
        self._stream.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def finish(self) -> StoredFile:
        """Close and describe."""
        self._stream.close()
        return StoredFile(path=self._path, sha256=self._digest.hexdigest(), size=self.size)

    def discard(self) -> None:
        """Close and forget."""
        self._stream.close()
        self._path.unlink(missing_ok=True)


def image_size(file: StoredFile) -> tuple[int | None, int | None]:
    """Measure a picture; (None, None) for anything else, as Discord leaves the keys out then."""
    try:
        with Image.open(file.path) as image:
            return image.width, image.height
    except (OSError, ValueError, Image.DecompressionBombError):
        return None, None
