"""Works out how large a video becomes: from a picture's shape, or from a ratio."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

STEP = 16

TIER_PIXELS: Mapping[str, int] = MappingProxyType(
    {"480P": 832 * 480, "720P": 1280 * 720, "1080P": 1920 * 1080}
)
"""Pixels a tier aims at; 480P differs between sources, this is the open-source figure."""

RATIO_SIZES: Mapping[str, Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        # 2.7 has no 480P and 3.0 no published sizes at all: these are those of 2.5.
        "480P": {"16:9": (832, 480), "9:16": (480, 832), "1:1": (624, 624)},
        "720P": {
            "16:9": (1280, 720),
            "9:16": (720, 1280),
            "1:1": (960, 960),
            "4:3": (1104, 832),
            "3:4": (832, 1104),
        },
        "1080P": {
            "16:9": (1920, 1080),
            "9:16": (1080, 1920),
            "1:1": (1440, 1440),
            "4:3": (1648, 1248),
            "3:4": (1248, 1648),
        },
    }
)
"""The table of 2.7 (text-to-video-api-reference)."""


def output_size(width: int, height: int, tier: str) -> tuple[int, int]:
    """Return the video's size for a first picture of this size.

    The ratio of the picture is kept, the tier gives the number of pixels, both sides are rounded
    down to a multiple of 16. That is the rule of the open-source Wan2.2 (wan/image2video.py), and
    it reproduces the one documented example: 750 x 1000 at 720P becomes 816 x 1104
    (image-to-video-by-first-and-last-frame-api-reference, and the page of 2.7).
    """
    pixels = TIER_PIXELS[tier]
    return (
        max(STEP, math.isqrt(pixels * width // height) // STEP * STEP),
        max(STEP, math.isqrt(pixels * height // width) // STEP * STEP),
    )


def ratio_size(ratio: str, tier: str) -> tuple[int, int]:
    """Return the video's size for a ratio like ``16:9``; what no table has follows the rule."""
    known = RATIO_SIZES[tier].get(ratio)
    if known is not None:
        return known
    width, height = ratio.split(":")
    return output_size(int(width), int(height), tier)


def nearest_ratio(width: int, height: int, ratios: Iterable[str]) -> str:
    """Return the ratio like ``16:9`` that comes closest to a size."""

    def distance(ratio: str) -> float:
        across, down = ratio.split(":")
        return abs(math.log(width / height * int(down) / int(across)))

    return min(ratios, key=distance)
