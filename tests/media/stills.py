"""Films of a picture with the samples of a matrix, and how far colours are off."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Colorspace, Interpolation
from numpy.typing import NDArray
from PIL import Image

from bot.media.last_frame import write_last_frame
from sandbox.dashscope.motion import planes_of
from sandbox.dashscope.video import ENCODER_OPTIONS
from tests.media.films import FULL_RANGE
from tests.media.reference_colours import lab

BT_709, BT_601, BT_2020 = 1, 6, 9
COLOURS = ((200, 30, 30), (30, 160, 60), (40, 60, 200), (128, 128, 128), (224, 172, 140))
SEAM_PIXELS = 16
NEAR = 2.0
"""dE76, which nobody sees; the other matrix costs 5 to 30 in these colours."""


def patches(width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height))
    for number, colour in enumerate(COLOURS):
        ends = (number * width // len(COLOURS), (number + 1) * width // len(COLOURS))
        image.paste(colour, (ends[0], 0, ends[1], height))
    return image


def distance(one: Image.Image, other: Image.Image) -> NDArray[np.float64]:
    """Return dE76 of each pixel."""
    seen = [lab(np.asarray(image.convert("RGB")) / 255) for image in (one, other)]
    found: NDArray[np.float64] = np.linalg.norm(seen[0] - seen[1], axis=-1)
    return found


def off(image: Image.Image, wanted: Image.Image) -> float:
    """Return how far the colour of patches is from what it was, where it is farthest."""
    found = distance(image, wanted)
    parts = np.array_split(found, len(COLOURS), axis=1)
    return max(float(part[:, SEAM_PIXELS:-SEAM_PIXELS].mean()) for part in parts)


def kept(image: Image.Image, path: Path) -> Path:
    image.save(path, "JPEG", quality=90, subsampling="4:4:4")
    return path


def last_frame(video: Path, *, first_picture: Path | None = None) -> Image.Image:
    target = video.with_suffix(".png")
    write_last_frame(video, target, first_picture=first_picture)
    with Image.open(target) as image:
        image.load()
        return image


def filmed(
    path: Path,
    images: list[Image.Image],
    *,
    matrix: int = BT_601,
    tags: tuple[int, int, int] | None = None,
    full_range: bool = False,
    pixels: str = "yuv420p",
    display_matrix: tuple[int, ...] | None = None,
    stretched: Fraction | None = None,
) -> Path:
    """Film pictures with samples of a matrix; ``tags`` are matrix, primaries and curve."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options=ENCODER_OPTIONS)
        stream.width, stream.height = images[0].size
        stream.pix_fmt = pixels
        context = stream.codec_context
        if full_range:
            context.color_range = FULL_RANGE
        if tags is not None:
            context.colorspace, context.color_primaries, context.color_trc = tags
        if stretched is not None:
            context.sample_aspect_ratio = stretched
        if display_matrix is not None:
            stream.set_display_matrix(display_matrix)
        for number, image in enumerate(images):
            frame = samples_of(image, matrix, full_range=full_range, pixels=pixels)
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def samples_of(
    image: Image.Image, matrix: int, *, full_range: bool = False, pixels: str = "yuv420p"
) -> av.VideoFrame:
    """Return a frame that does not say what it was made with."""
    if (matrix, full_range, pixels) == (BT_601, False, "yuv420p"):
        frame = av.VideoFrame(*image.size, pixels)
        for plane, made in zip(frame.planes, planes_of(image), strict=True):
            rows = np.zeros((made.height, plane.line_size), np.uint8)
            rows[:, : made.width] = np.asarray(made)
            plane.update(rows.tobytes())
        return frame
    spaces = {BT_709: Colorspace.ITU709, BT_601: Colorspace.ITU601, BT_2020: Colorspace.BT2020}
    source = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    frame = source.reformat(
        format=pixels,
        dst_colorspace=spaces[matrix],
        dst_color_range=FULL_RANGE if full_range else 1,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
    )
    frame.colorspace = 2
    return frame
