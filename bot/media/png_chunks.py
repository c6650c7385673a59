"""A PNG without what nobody looks at: the chunks that pixels need, and what others say of colours.

Programs put whole workflows, histories and calibrations into text chunks, with wrong checksums
now and then. Pillow gives a picture up for any of them; viewers never do, because they do not
read them. Chunks are those of https://www.w3.org/TR/png-3/.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from bot.domain.errors import MediaUnreadableError
from bot.media.colours import (
    Corners,
    IccProfile,
    OwnColours,
    OwnSpace,
    of_chromaticities,
    of_code_points,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PROFILE_BYTES = 8 * 1024 * 1024
"""An unpacked profile; those of printers have up to three. What is larger is ignored."""

_PIXELS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"IEND"})
"""Without these, or with others instead, it would be another picture."""
_COLOURS = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
_EXIF = b"eXIf"
_FRAMING_BYTES = 12
_GAMMA_UNIT = 100_000
_CHROMATICITIES_BYTES = 32
_CODE_POINTS_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EssentialPng:
    """What is left of a PNG."""

    data: bytes
    """A file with the chunks that pixels need, and EXIF."""
    colours: OwnColours
    """As told by the chunk that comes first in the standard's order of precedence."""


def essential_png(data: bytes) -> EssentialPng:
    """Leave out what pixels do not need.

    Raises:
        MediaUnreadableError: pixels are missing (``truncated``) or damaged (``decoder_failed``).
    """
    view = memoryview(data)
    left = BytesIO()
    left.write(SIGNATURE)
    told: dict[bytes, memoryview] = {}
    kinds: set[bytes] = set()
    for kind, body, whole in _chunks(view):
        is_sound = zlib.crc32(whole[4:-4]) == int.from_bytes(whole[-4:], "big")
        if kind in _PIXELS:
            if not is_sound:
                raise MediaUnreadableError("decoder_failed", format="PNG")
            left.write(whole)
            kinds.add(kind)
        elif is_sound and kind == _EXIF and kind not in kinds:
            left.write(whole)
            kinds.add(kind)
        elif is_sound and kind in _COLOURS:
            told.setdefault(kind, body)
    if b"IEND" not in kinds:
        if b"IDAT" not in kinds:
            raise MediaUnreadableError("truncated", format="PNG")
        left.write(b"\0\0\0\0IEND\xaeB`\x82")
    return EssentialPng(data=left.getvalue(), colours=_colours(told))


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Go through the chunks up to the end that is marked: kind, content, and all of it.

    Raises:
        MediaUnreadableError: the file ends in the middle of pixels.
    """
    at = len(SIGNATURE)
    while at + _FRAMING_BYTES <= len(data):
        end = at + _FRAMING_BYTES + int.from_bytes(data[at : at + 4], "big")
        kind = bytes(data[at + 4 : at + 8])
        if end > len(data):
            if kind in _PIXELS:
                raise MediaUnreadableError("truncated", format="PNG")
            return
        yield kind, data[at + 8 : end - 4], data[at:end]
        if kind == b"IEND":
            return
        at = end


def _colours(told: dict[bytes, memoryview]) -> OwnColours:
    """Choose what counts: https://www.w3.org/TR/png-3/#color-chunk-precendence."""
    if (space := _by_code_points(told.get(b"cICP"))) is not None:
        return space
    if (profile := _profile(told.get(b"iCCP"))) is not None:
        return profile
    if b"sRGB" in told:
        return None
    return _by_gamma(told.get(b"gAMA"), told.get(b"cHRM"))


def _by_code_points(body: memoryview | None) -> OwnSpace | None:
    if body is None or len(body) != _CODE_POINTS_BYTES or body[2]:
        return None
    return of_code_points(body[0], body[1], is_narrow=not body[3])


def _profile(body: memoryview | None) -> IccProfile | None:
    """Unpack a profile; None where there is none, or none that can be read."""
    if body is None:
        return None
    _, _, packed = bytes(body).partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed[1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return IccProfile(profile) if profile and unpacker.eof else None


def _by_gamma(gamma: memoryview | None, chromaticities: memoryview | None) -> OwnSpace | None:
    number = int.from_bytes(gamma, "big") if gamma is not None else 0
    exponent = _GAMMA_UNIT / number if number else None
    corners: Corners | None = None
    if chromaticities is not None and len(chromaticities) == _CHROMATICITIES_BYTES:
        places = range(0, _CHROMATICITIES_BYTES, 4)
        white_x, white_y, red_x, red_y, green_x, green_y, blue_x, blue_y = (
            int.from_bytes(chromaticities[place : place + 4], "big") / _GAMMA_UNIT
            for place in places
        )
        corners = (red_x, red_y, green_x, green_y, blue_x, blue_y, white_x, white_y)
    return of_chromaticities(corners, exponent)
