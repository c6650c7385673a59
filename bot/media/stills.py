"""A frame of a video as a picture: upright, its pixels square, in sRGB.

Decoders say what a player would do and leave it to the player: which matrix makes colours of the
samples, how the picture is turned, and how wide a pixel is.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bot.domain.errors import MediaUnreadableError
from bot.media.colours import OwnSpace, of_code_points
from bot.media.srgb import to_srgb
from bot.media.turning import turned
from bot.media.video import MAX_SIDE_PIXELS, matrix_of

BT_709, BT_601 = 1, 6
"""Matrices: ITU-T H.273, table 4."""
_MATRICES = {**{code: code for code in (BT_709, 4, 5, BT_601, 7, 9)}, 10: 9}
"""Those that FFmpeg has arithmetic for. A file that names another is one that names none."""
_WIDE_PRIMARIES = frozenset({9, 11, 12})
"""BT.2020 and P3. The primaries of old television are taken for those of sRGB: encoders name them
beside the matrix, and convert nothing. Going by them, a colour moves by up to 4 (dE76) each time a
video goes on from a frame, and never back; not going by them costs that once, where it is true."""
_HDR_CURVES = frozenset({16, 18})
"""PQ and HLG. All others are shown as sRGB by players."""
_HD_LINES = 720
_SCALING = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
"""Without these FFmpeg rounds down, and has four pixels share one colour."""
_COMPARED_PIXELS = 64
"""A side of what is compared: details have moved by a pixel or two, areas have not."""
_LEAST_DIFFERENCE = 0.25
"""Mean square of levels between both matrices. A grey picture is the same in both, and tells
nothing."""
_TURNS = {
    # Whether the sides change places, whether left and right do, whether above and below do.
    (False, False, False): 1,
    (False, True, False): 2,
    (False, True, True): 3,
    (False, False, True): 4,
    (True, False, False): 5,
    (True, True, False): 6,
    (True, True, True): 7,
    (True, False, True): 8,
}
"""In words of EXIF, which name the same eight ways."""


def named_matrix(frame: av.VideoFrame) -> int | None:
    """Return the matrix that a video says its samples were made with; None where it does not."""
    if frame.format.is_rgb:
        return BT_709  # there is nothing to be made of it
    return _MATRICES.get(int(frame.colorspace))


def likely_matrix(frame: av.VideoFrame) -> int:
    """Return the matrix that players take where a video says nothing: Chromium goes by the height.

    Writers do not: many make BT.601 of every size. So this is for videos without a picture to
    compare them with, where what was seen in a player is all that anybody knows of their colours.
    """
    return BT_709 if frame.height >= _HD_LINES else BT_601


def nearest_matrix(
    frame: av.VideoFrame, picture: Image.Image, *, pixel: Fraction | None
) -> int | None:
    """Return the matrix under which a frame looks more like a picture.

    Args:
        frame: of a video that does not say what it is.
        picture: what the frame was made to show, possibly of another size.
        pixel: see ``still_of``.

    Returns:
        None where both look the same.
    """
    seen = {
        matrix: _miniature(still_of(frame, matrix=matrix, pixel=pixel), picture.size)
        for matrix in (BT_709, BT_601)
    }
    if _difference(seen[BT_709], seen[BT_601]) < _LEAST_DIFFERENCE:
        return None
    wanted = _miniature(picture, picture.size)
    return min(seen, key=lambda matrix: _difference(seen[matrix], wanted))


def still_of(frame: av.VideoFrame, *, matrix: int, pixel: Fraction | None) -> Image.Image:
    """Return what a player shows of a frame.

    Args:
        frame: as it was decoded.
        matrix: makes colours of its samples.
        pixel: the width of one against its height; None: square.

    Raises:
        MediaUnreadableError: ``too_wide``.
    """
    if not max(frame.width, frame.height) <= MAX_SIDE_PIXELS:
        raise MediaUnreadableError(
            "too_wide", width=frame.width, height=frame.height, limit=MAX_SIDE_PIXELS
        )
    width, height = _shown_size(frame.width, frame.height, pixel)
    if not frame.format.is_rgb:
        frame.colorspace = matrix
    shown = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        interpolation=_SCALING,
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )
    # Copied out of FFmpeg's memory, where rows are padded.
    image = Image.fromarray(shown.to_ndarray())
    return turned(to_srgb(image, _own_space(frame)), _orientation(matrix_of(frame)))


def _shown_size(width: int, height: int, pixel: Fraction | None) -> tuple[int, int]:
    """Return a size with square pixels: larger rather than smaller, so that nothing is lost."""
    if not pixel or pixel <= 0 or pixel == 1:
        return width, height
    across, down = (width * pixel, height) if pixel > 1 else (width, height / pixel)
    shrink = min(Fraction(1), Fraction(MAX_SIDE_PIXELS) / Fraction(max(across, down)))
    return max(1, round(across * shrink)), max(1, round(down * shrink))


def _orientation(display_matrix: Sequence[int] | None) -> int:
    """Return the nearest of the eight ways a picture can lie, in words of EXIF.

    The matrix takes x and y to ax + cy and bx + dy: ISO/IEC 14496-12, section 6.2.2.
    """
    if display_matrix is None:
        return 1
    a, b, _, c, d = display_matrix[:5]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _TURNS[False, a < 0, d < 0]
    return _TURNS[True, c < 0, b < 0]


def _own_space(frame: av.VideoFrame) -> OwnSpace | None:
    primaries, curve = int(frame.color_primaries), int(frame.color_trc)
    return of_code_points(
        primaries if primaries in _WIDE_PRIMARIES else 2, curve if curve in _HDR_CURVES else 2
    )


def _miniature(image: Image.Image, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return the middle of an image that has another's shape, very small."""
    cut = ImageOps.fit(image, _within(shape, image.size), Image.Resampling.BOX)
    small = cut.resize((_COMPARED_PIXELS, _COMPARED_PIXELS), Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def _within(shape: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    scale = min(size[0] / shape[0], size[1] / shape[1])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.mean((one - other) ** 2))
