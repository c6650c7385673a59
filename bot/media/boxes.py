"""The boxes of an MP4, as they lie in the file: ISO/IEC 14496-12, section 4.2.

A size in four bytes and a type in four; size 1 is followed by eight bytes of size, size 0 means
"to the end". Nothing here decodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bot.domain.errors import MediaUnreadableError

HEADER_BYTES = 8
LARGE_HEADER_BYTES = 16

_TOP_LEVEL = frozenset(
    b"emsg free ftyp mdat meta mfra moof moov pdin pnot prft sidx skip ssix styp udta uuid "
    b"wide".split()
)
"""What may lie at the top of a file; of another type are bytes that are no box at all."""
_CREDENTIALS = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""The box that holds a C2PA manifest in an MP4: https://spec.c2pa.org, "Embedding manifests"."""
_LABELS = (b"moov", b"meta", b"udta", b"uuid")
_LABEL = b"aigc"
"""The word by which GB 45438-2025 has a label found, whatever box, key and letters it stands in."""
_MOST_BOXES = 100_000
"""At the top of a file; one in fragments of a frame each has 7,200 in two minutes."""
_MOST_LABEL_BYTES = 16 * 1024 * 1024
"""Read of one box in search of a label; the index of two minutes has less than one MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box, by its place."""

    kind: bytes
    start: int
    content: int
    """Where its content begins."""
    end: int
    """As it says itself, which may be behind the file's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the top-level boxes of a file tell."""

    boxes: tuple[Box, ...]
    is_cut: bool
    """Whether the last box says that it has more bytes than there are."""
    is_labelled: bool
    """Whether the file says that it was made by AI, so that a program finds it."""
    has_credentials: bool
    """Whether it holds a C2PA manifest, which is lost by any change of the file."""


def layout_of(path: Path) -> Layout:
    """Look through the top-level boxes: there must be an index and data.

    FFmpeg plays what is there of a cut file without complaint where the index comes first. Bytes
    behind the last box that are no box are nobody's business, and data may be said to be longer
    than they are: reading all of the samples tells whether they are there.

    Raises:
        MediaUnreadableError: ``not_a_video`` or ``truncated``.
    """
    length = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(8)[4:] != b"ftyp":
            raise MediaUnreadableError("not_a_video")
        boxes = tuple(_top_level(stream, length))
        is_cut = boxes[-1].end > length if boxes else True
        if not {b"moov", b"mdat"} <= {box.kind for box in boxes}:
            # An index without data is cut, data without an index as well: both are written in
            # the end.
            raise MediaUnreadableError("truncated")
        if is_cut and boxes[-1].kind in {b"moov", b"moof"}:
            raise MediaUnreadableError("truncated")
        has_credentials = any(_has_credentials(stream, box) for box in boxes)
        is_labelled = has_credentials or any(_has_label(stream, box) for box in boxes)
    return Layout(
        boxes=boxes, is_cut=is_cut, is_labelled=is_labelled, has_credentials=has_credentials
    )


def inside(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes that fill a stretch of bytes, but for the zero that ends some of QuickTime's.

    Raises:
        ValueError: they do not fill it.
    """
    at = start
    while at < end and data[at:end] != bytes(4):
        box = _box(data[at : at + LARGE_HEADER_BYTES], at)
        if box is None or box.end > end:
            raise ValueError(f"no box at {at}")
        yield box
        at = box.end


def _top_level(stream: BinaryIO, length: int) -> Iterator[Box]:
    at = 0
    for _ in range(_MOST_BOXES):
        if at >= length:
            return
        stream.seek(at)
        header = stream.read(LARGE_HEADER_BYTES)
        box = _box(header, at, length)
        if box is None:
            return
        is_endless = box.end > length or not any(header[:4])
        if is_endless and box.kind not in _TOP_LEVEL:
            return
        yield box
        at = box.end


def _box(header: bytes, at: int, length: int | None = None) -> Box | None:
    if len(header) < HEADER_BYTES:
        return None
    size, content = int.from_bytes(header[:4], "big"), at + HEADER_BYTES
    if size == 1:
        size, content = int.from_bytes(header[8:16], "big"), at + LARGE_HEADER_BYTES
    elif size == 0 and length is not None:
        size = length - at
    if at + size < content:
        return None
    return Box(kind=header[4:8], start=at, content=content, end=at + size)


def _has_credentials(stream: BinaryIO, box: Box) -> bool:
    if box.kind != b"uuid":
        return False
    stream.seek(box.content)
    return stream.read(len(_CREDENTIALS)) == _CREDENTIALS


def _has_label(stream: BinaryIO, box: Box) -> bool:
    if box.kind not in _LABELS:
        return False
    stream.seek(box.content)
    return _LABEL in stream.read(min(box.end - box.content, _MOST_LABEL_BYTES)).lower()
