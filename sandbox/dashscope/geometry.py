"""Works out how large a video becomes."""

from __future__ import annotations

import math

from sandbox.dashscope.models import TIER_PIXELS

STEP = 16


def output_size(width: int, height: int, tier: str) -> tuple[int, int]:
    """Return the video's size for a first picture of this size.

    The ratio of the picture is kept, the tier gives the number of pixels, both sides are rounded
    down to a multiple of 16. That is the rule of the open-source Wan2.2 (wan/image2video.py), and
    it reproduces the one documented example: 750 x 1000 at 720P becomes 816 x 1104
    (image-to-video-by-first-and-last-frame-api-reference).
    """
    pixels = TIER_PIXELS[tier]
    return (
        max(STEP, math.isqrt(pixels * width // height) // STEP * STEP),
        max(STEP, math.isqrt(pixels * height // width) // STEP * STEP),
    )
