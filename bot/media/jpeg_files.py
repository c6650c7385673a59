"""What a JPEG says of its size and its scans, and what is there of one that ends too early.

Markers are those of ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops

END = b"\xff\xd9"
_PADDING = b"\x00\xff"
_LEAST_PADDING_BYTES = 64
"""What a download that broke off leaves behind what came: no pixels are coded so for so long."""
_OTHER_END = bytes(range(1, 255)) * 4
"""Stands for pixels that never came: whatever a decoder makes of it, it is not what it makes of
an end."""

_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""A marker with a length behind it, or the end; coded pixels hold none of these."""
_COEFFICIENTS_OF_BLOCK = 64
_COEFFICIENT_BYTES = 2
_BLOCK_PIXELS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    components: bytes
    first: int
    last: int
    low_bit: int


def coefficients_bytes(data: bytes) -> int:
    """Return what libjpeg holds of a picture while it decodes it, however much smaller.

    Of one that comes in several scans these are all coefficients; of others next to nothing (0).
    """
    frame: tuple[int, memoryview] | None = None
    for marker, body in _segments(data):
        if marker in _FRAMES:
            frame = (marker, body)
        elif marker == _START_OF_SCAN and frame is not None:
            kind, header = frame
            in_several = kind in _PROGRESSIVE or body[0] < header[5]
            return _coefficients_bytes(header) if in_several else 0
    return 0


def is_padded(data: bytes) -> bool:
    """Tell whether a file ends in padding that begins in the middle of pixels.

    A decoder takes zeros for pixels, and finds nothing wrong with them.
    """
    came = _came(data)
    return len(came) < len(data) and not came.endswith(END)


def completed(data: bytes) -> bytes:
    """Return a file with the end marker it lacks, in the place of what it is padded with."""
    return _came(data) + END


def rows_there(data: bytes, whole: Image.Image, *, wanted: tuple[int, int]) -> int:
    """Count the rows, from above, that really came.

    The file is decoded once more with something else behind it than an end: what comes out the
    same does not depend on what is missing.

    Args:
        data: a file that lacks its end.
        whole: what ``completed`` decodes to.
        wanted: size in pixels as was asked of that decoding.
    """
    if not _has_every_scan(data):
        return 0
    came = _came(data)
    # A byte of only ones would make a marker of what follows.
    other = came + (b"\x00" if came.endswith(b"\xff") else b"") + _OTHER_END + END
    with Image.open(BytesIO(other), formats=["JPEG"]) as image:
        image.draft(None, wanted)
        image.load()
        if image.size != whole.size or image.mode != whole.mode:
            return 0
        differing = ImageChops.difference(image, whole).getbbox(alpha_only=False)
    return whole.height if differing is None else differing[1]


def _came(data: bytes) -> bytes:
    came = data.rstrip(_PADDING)
    return came if len(data) - len(came) >= _LEAST_PADDING_BYTES else data


def _coefficients_bytes(header: memoryview) -> int:
    height, width = int.from_bytes(header[1:3], "big"), int.from_bytes(header[3:5], "big")
    samplings = [header[at] for at in range(7, 6 + 3 * header[5], 3)]
    across = max((sampling >> 4 for sampling in samplings), default=1) or 1
    down = max((sampling & 15 for sampling in samplings), default=1) or 1
    units = -(-width // (_BLOCK_PIXELS * across)) * -(-height // (_BLOCK_PIXELS * down))
    blocks = units * sum((sampling >> 4) * (sampling & 15) for sampling in samplings)
    return blocks * _COEFFICIENTS_OF_BLOCK * _COEFFICIENT_BYTES


def _has_every_scan(data: bytes) -> bool:
    """Tell whether the last scan has begun: every coefficient was sent, down to its last bit.

    The files of a camera send all in one scan. Where a whole scan is missing, its part of what
    is seen is missing everywhere, and no row tells.
    """
    frame = b""
    is_progressive = False
    missing: set[tuple[int, int]] = set()
    for marker, body in _segments(data):
        if marker in _FRAMES:
            frame = bytes(body[6::3])
            is_progressive = marker in _PROGRESSIVE
            places = range(_COEFFICIENTS_OF_BLOCK) if is_progressive else (0,)
            missing = {(component, place) for component in frame for place in places}
        elif marker == _START_OF_SCAN:
            scan = _scan(body)
            if scan is None or (is_progressive and scan.low_bit):
                continue
            places = range(scan.first, scan.last + 1) if is_progressive else (0,)
            missing -= {(component, place) for component in scan.components for place in places}
    return bool(frame) and not missing


def _scan(body: memoryview) -> _Scan | None:
    count = body[0] if body else 0
    if len(body) < 4 + 2 * count:
        return None
    first, last, bits = body[1 + 2 * count : 4 + 2 * count]
    return _Scan(
        components=bytes(body[1 : 1 + 2 * count : 2]), first=first, last=last, low_bit=bits & 15
    )


def _segments(data: bytes) -> Iterator[tuple[int, memoryview]]:
    """Go through a JPEG's segments: marker and content; coded pixels are leapt over."""
    view = memoryview(data)
    at = 2
    while (found := _MARKER.search(data, at)) is not None:
        at = found.start()
        end = at + 2 + int.from_bytes(view[at + 2 : at + 4], "big")
        if data[at + 1] == _END_OF_IMAGE or end > len(data) or end < at + 4:
            return
        yield data[at + 1], view[at + 4 : end]
        at = end
