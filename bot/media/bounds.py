"""How large a picture may be: asked of its header, before a pixel is decoded."""

from __future__ import annotations

import math
import re

from bot.domain.errors import MediaUnreadableError
from bot.media.jpeg_files import coefficients_bytes

MAX_PIXELS = 40_000_000
"""Of what is decoded in full."""
MAX_HEIF_PIXELS = 51_000_000
"""Phones of 48 and 50 megapixels write HEIF as well, which cannot be decoded but in full. With
transparency that takes 0.7 GiB."""
MAX_JPEG_PIXELS = 250_000_000
"""As declared: a JPEG is decoded at 1/2, 1/4 or 1/8, row by row. Phones have up to 200 million."""
MAX_JPEG_COEFFICIENTS_BYTES = 400 * 1024 * 1024
"""Of a JPEG that comes in several scans all is held at once: 139 megapixels of usual colours."""
MIN_SIDE_PIXELS = 240
"""The provider's own least side: facts of 2026 give 240 to 8000, older ones 360 to 2000."""
MAX_RATIO = 8
"""Of what any model takes; many take less."""

_MOST_DECLARED = {"HEIF": MAX_HEIF_PIXELS, "JPEG": MAX_JPEG_PIXELS}
_PIXEL_COUNT = re.compile(r"\((\d+) pixels\)")


def most_declared(plugin: str) -> int:
    """Return how many pixels a file for this decoder may declare."""
    return _MOST_DECLARED.get(plugin, MAX_PIXELS)


def check_size(size: tuple[int, int], most_pixels: int = MAX_PIXELS) -> None:
    """Refuse a picture that has too many pixels, or a shape that no model takes.

    Raises:
        MediaUnreadableError: ``too_many_pixels``, ``too_small`` or ``too_elongated``.
    """
    width, height = size
    if width * height > most_pixels:
        raise too_many_pixels(width * height, most_pixels)
    if min(width, height) < MIN_SIDE_PIXELS:
        raise MediaUnreadableError("too_small", width=width, height=height, limit=MIN_SIDE_PIXELS)
    if max(width, height) > MAX_RATIO * min(width, height):
        raise MediaUnreadableError("too_elongated", width=width, height=height, limit=MAX_RATIO)


def check_coefficients(jpeg: bytes, size: tuple[int, int]) -> None:
    """Refuse a JPEG of which more would be held than there is room for.

    Raises:
        MediaUnreadableError: ``too_many_pixels``, with the limit for its kind.
    """
    pixels = math.prod(size)
    held = coefficients_bytes(jpeg)
    if held > MAX_JPEG_COEFFICIENTS_BYTES:
        raise too_many_pixels(pixels, pixels * MAX_JPEG_COEFFICIENTS_BYTES // held)


def too_many_pixels(pixels: int, most: int) -> MediaUnreadableError:
    """Return the refusal of a picture of so many pixels."""
    return MediaUnreadableError(
        "too_many_pixels",
        # Rounded up, so that the figure is never the limit itself.
        megapixels=math.ceil(pixels / 1_000_000),
        limit=most // 1_000_000,
    )


def counted_pixels(error: Exception, most: int) -> int:
    """Read the count out of Pillow's message, which is the only place it has it."""
    found = _PIXEL_COUNT.search(str(error))
    return int(found[1]) if found else most + 1
