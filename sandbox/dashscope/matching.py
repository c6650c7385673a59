"""Recognises that one picture shows a part of another, so that a camera can travel there."""

from __future__ import annotations

import math

from PIL import Image, ImageChops, ImageOps, ImageStat

from sandbox.dashscope.motion import Box, cut

COARSE_WIDTH = 24
FINE_WIDTH = 96
SMALLEST_SHARE, LARGEST_SHARE = 0.3, 0.97
FINEST_STEP = 0.0005
"""Half a pixel of a thousand."""
LEAST_CONTRAST = 4
"""Pictures of one colour fit everywhere."""
LARGEST_MISMATCH = 0.5
"""In units of the contrast; found by trying related and unrelated pictures."""


def find_part(outer: Image.Image, inner: Image.Image) -> Box | None:
    """Find where one picture shows a part of another of the same shape.

    A coarse search over sizes and places, then steps that become finer and finer. Returns None
    when nothing fits well.
    """
    big = ImageOps.autocontrast(ImageOps.grayscale(outer))
    small = ImageOps.autocontrast(ImageOps.grayscale(inner))
    best_score, best = math.inf, (1.0, 0.0, 0.0)
    width = COARSE_WIDTH
    height = max(8, round(width * outer.height / outer.width))
    pattern = small.resize((width, height), Image.Resampling.BOX)
    for percent in range(35, 96, 5):
        side = percent / 100
        field = big.resize((round(width / side), round(height / side)), Image.Resampling.BOX)
        for top in range(field.height - height + 1):
            for left in range(field.width - width + 1):
                spot = field.crop((left, top, left + width, top + height))
                score = _difference(spot, pattern)
                if score < best_score:
                    best_score, best = score, (side, left / field.width, top / field.height)
    return _refine(big, small, best)


def _refine(big: Image.Image, small: Image.Image, start: tuple[float, float, float]) -> Box | None:
    size = (FINE_WIDTH, max(32, round(FINE_WIDTH * big.height / big.width)))
    big = big.resize((size[0] * 3, size[1] * 3), Image.Resampling.BOX)
    pattern = small.resize(size, Image.Resampling.BOX)

    def score(side: float, left: float, top: float) -> float:
        room = 1 - side
        if not (SMALLEST_SHARE <= side <= LARGEST_SHARE and 0 <= left <= room and 0 <= top <= room):
            return math.inf
        return _difference(cut(big, (left, top, left + side, top + side), size), pattern)

    best, best_score, step = start, score(*start), 0.03
    while step > FINEST_STEP:
        candidates = [
            (best[0] + a * step, best[1] + b * step, best[2] + c * step)
            for a in (-1, 0, 1)
            for b in (-1, 0, 1)
            for c in (-1, 0, 1)
        ]
        found = min(candidates, key=lambda place: score(*place))
        if score(*found) < best_score:
            best, best_score = found, score(*found)
        else:
            step /= 2
    contrast = ImageStat.Stat(pattern).stddev[0]
    unmoved = _difference(big.resize(size, Image.Resampling.BOX), pattern)
    if best_score > min(LARGEST_MISMATCH * contrast, unmoved) or contrast < LEAST_CONTRAST:
        return None
    side, left, top = best
    return (left, top, left + side, top + side)


def _difference(one: Image.Image, other: Image.Image) -> float:
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])
