"""Greys of 16 and 32 bits brought to 8: scanners and instruments write them as TIFF and PNG."""

from __future__ import annotations

import math

from PIL import Image

_BITS_TAG = 0x0102
_WHITE_OF_12_BITS = 4095
_WHITE_OF_16_BITS = 65535
_WHITE_OF_INTEGERS = (255, _WHITE_OF_16_BITS, 2**31 - 1)
_WHITE_OF_FLOATS = (1.0, 255.0, 65535.0)
_GREYS_OF_16_BITS = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})


def in_8_bits(image: Image.Image) -> Image.Image | None:
    """Return a grey picture of more bits with 8; None where it has no more than that."""
    if image.mode in _GREYS_OF_16_BITS:
        # One of its levels may be marked transparent; Pillow cannot convert that, nobody makes it.
        return _scaled(image.convert("I"), _white_of_16_bits(image))
    if image.mode == "I":
        return _scaled(image, _least_white(image, _WHITE_OF_INTEGERS))
    if image.mode == "F":
        return _scaled(image, _least_white(image, _WHITE_OF_FLOATS))
    return None


def _white_of_16_bits(image: Image.Image) -> float:
    """Return the value of white: scanners write 12 bits into 16-bit TIFFs and say so in a tag."""
    bits = getattr(image, "tag_v2", {}).get(_BITS_TAG)
    return _WHITE_OF_12_BITS if bits in {12, (12,)} else _WHITE_OF_16_BITS


def _least_white(image: Image.Image, whites: tuple[float, ...]) -> float:
    """Guess white: the least customary value that no pixel exceeds.

    32-bit files do not say it. Where nothing customary is enough, the brightest pixel is white.
    """
    _, brightest = image.getextrema()
    if not isinstance(brightest, int | float) or not math.isfinite(brightest):
        return whites[0]
    return next((white for white in whites if brightest <= white), float(brightest))


def _scaled(image: Image.Image, white: float) -> Image.Image:
    """Scale greys so that ``white`` becomes 255; Pillow's own conversion clips instead."""
    factor = 255 / white
    return image.convert("F").point(lambda value: value * factor + 0.5).convert("L")
