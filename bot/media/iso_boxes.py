"""What the boxes of a HEIF or AVIF file say about its main picture: its colours and its turning.

Pillow says nothing of the first, and pillow-heif does not tell the second from what EXIF
claims. Only the boxes of the container are read, never a coded picture. The layout is that
of ISO/IEC 14496-12 and 23008-12; https://github.com/AOMediaCodec/libavif/wiki lists it freely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.media.colours import OwnSpace, of_code_points

_HEADER_BYTES = 8
_LONG_HEADER_BYTES = 16
_FULL_HEADER_BYTES = 4
"""Version and flags."""
_MOST_BOXES = 4096
"""Of one level: a picture of 50 megapixels in tiles has some hundred properties."""
_NCLX_BYTES = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class MainPicture:
    """What the container says about the picture that is shown."""

    colours: OwnSpace | None = None
    """As told by numbers; None: sRGB, or not told."""
    is_turned: bool = False
    """Whether decoders turn or mirror it, and by more than nothing."""
    is_named: bool = False
    """Whether the file names a main picture; in one that does not, all are frames of a film."""
    has_film: bool = False
    """Whether there is a film, of this picture or of others."""


def main_picture(data: bytes) -> MainPicture:
    """Read the properties of the main picture; whatever is damaged is as if it were not there."""
    try:
        return _main_picture(memoryview(data))
    except (ValueError, IndexError):
        return MainPicture()


def _main_picture(data: memoryview) -> MainPicture:
    has_film = _first(data, b"moov") is not None
    meta = _first(data, b"meta")
    if meta is None:
        return MainPicture(has_film=has_film)
    boxes = dict(_boxes(meta[_FULL_HEADER_BYTES:]))
    containers = dict(_boxes(boxes[b"iprp"])) if b"iprp" in boxes else {}
    properties = list(_boxes(containers.get(b"ipco", memoryview(b""))))
    own = _own_properties(boxes.get(b"pitm"), containers.get(b"ipma"))
    mine = [properties[number - 1] for number in own if 0 < number <= len(properties)]
    # The colours of a picture in tiles may stand with its tiles alone.
    told = next(_code_points(mine), None) or next(_code_points(properties), None)
    colours = of_code_points(*told) if told is not None else None
    return MainPicture(
        colours=colours,
        is_turned=any(_turns(kind, body) for kind, body in mine),
        is_named=b"pitm" in boxes,
        has_film=has_film,
    )


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Go through the boxes of one level: kind and content; a cut one ends it."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + _HEADER_BYTES > len(data):
            return
        size = int.from_bytes(data[at : at + 4], "big")
        start = at + _HEADER_BYTES
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
            start = at + _LONG_HEADER_BYTES
        elif size == 0:  # to the end
            size = len(data) - at
        if size < start - at or at + size > len(data):
            return
        yield bytes(data[at + 4 : at + 8]), data[start : at + size]
        at += size


def _first(data: memoryview, kind: bytes) -> memoryview | None:
    return next((body for found, body in _boxes(data) if found == kind), None)


def _own_properties(pitm: memoryview | None, ipma: memoryview | None) -> list[int]:
    """Return the numbers of the main picture's properties, counted from 1."""
    if pitm is None or ipma is None:
        return []
    main = int.from_bytes(pitm[4:8] if pitm[0] else pitm[4:6], "big")
    id_bytes = 4 if ipma[0] else 2
    number_bytes = 2 if ipma[3] & 1 else 1
    at = 8
    for _ in range(int.from_bytes(ipma[4:8], "big")):
        item = int.from_bytes(ipma[at : at + id_bytes], "big")
        count = ipma[at + id_bytes]
        at += id_bytes + 1
        if item == main:
            # The first bit says whether a reader has to understand the property.
            used = 0x7FFF if number_bytes == 2 else 0x7F  # noqa: PLR2004 - the wide form
            places = range(at, at + count * number_bytes, number_bytes)
            return [int.from_bytes(ipma[p : p + number_bytes], "big") & used for p in places]
        at += count * number_bytes
    return []


def _code_points(properties: list[tuple[bytes, memoryview]]) -> Iterator[tuple[int, int]]:
    for kind, body in properties:
        if kind == b"colr" and bytes(body[:4]) == b"nclx" and len(body) >= _NCLX_BYTES:
            yield int.from_bytes(body[4:6], "big"), int.from_bytes(body[6:8], "big")


def _turns(kind: bytes, body: memoryview) -> bool:
    return kind == b"imir" or (kind == b"irot" and bool(body[0] & 3))
