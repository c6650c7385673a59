"""Marks to look for in every file: what is left of somebody's words and picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

MARK = b"TRACE-4711-OF-A-MEMBER"
"""Stands in the description of a marked picture, and in no picture that was made to fit."""
EVERY_BYTES, SAMPLE_BYTES = 997, 32


def marked(picture: bytes) -> bytes:
    """Return a picture as JPEG with the mark in its EXIF data, where phones write the place."""
    with Image.open(io.BytesIO(picture)) as image:
        exif = image.getexif()
        exif[0x010E] = MARK.decode()  # ImageDescription
        written = io.BytesIO()
        image.convert("RGB").save(written, "JPEG", quality=90, exif=exif)
    return written.getvalue()


def samples(content: bytes) -> list[bytes]:
    """Return pieces of a file, which no other file has, from all over it."""
    starts = range(EVERY_BYTES, len(content) - SAMPLE_BYTES, EVERY_BYTES)
    return [content[start : start + SAMPLE_BYTES] for start in starts]


def holding(folder: Path, *marks: bytes) -> list[str]:
    """Return which files below a folder hold any of some bytes, whatever their names are."""
    return sorted(_holding(folder, marks))


def _holding(folder: Path, marks: tuple[bytes, ...]) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if any(mark in content for mark in marks):
                yield path.relative_to(folder).as_posix()
