"""Reading an MP4 back: what it is, three stills, and how much a still resembles a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image, ImageChops, ImageOps, ImageStat

from sandbox.demo.errors import DemoError

LOOK_PIXELS = (96, 64)
"""Pictures are compared this small: encoding noise and a pixel of cropping vanish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One frame."""

    image: Image.Image
    at_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A video that could be decoded from its first frame to its last."""

    codec: str
    """FFmpeg's name, such as ``h264``."""
    width: int
    height: int
    frames_per_second: float
    seconds: float
    first: Still
    middle: Still
    last: Still


def read_film(path: Path) -> Film:
    """Decode a whole MP4.

    Raises:
        DemoError: it cannot be decoded, or has fewer frames than it says.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate, announced = float(stream.average_rate or 0), stream.frames
            stills: dict[int, Still] = {}
            count = 0
            for count, frame in enumerate(container.decode(stream), start=1):
                if count in {1, announced // 2 + 1, announced}:
                    stills[count] = _still(frame)
            codec, width, height = stream.codec_context.name, stream.width, stream.height
    except (av.FFmpegError, IndexError) as error:
        raise DemoError(f"{path.name} cannot be played: {error}.") from error
    if not count or count != announced or not rate:
        raise DemoError(f"{path.name} announces {announced} frames and has {count}.")
    return Film(
        codec=codec,
        width=width,
        height=height,
        frames_per_second=rate,
        seconds=count / rate,
        first=stills[1],
        middle=stills[announced // 2 + 1],
        last=stills[announced],
    )


def _still(frame: av.VideoFrame) -> Still:
    pixels = frame.reformat(format="rgb24").planes[0]
    # Lines may be padded in memory.
    image = Image.frombytes(
        "RGB", (frame.width, frame.height), bytes(pixels), "raw", "RGB", pixels.line_size
    )
    return Still(image=image, at_seconds=frame.time or 0.0)


def likeness(still: Still, picture: Path) -> float:
    """Return how alike a frame and a picture are: 1 is the same.

    Unrelated pictures, and the two cats, are below 0.9.
    """
    with Image.open(picture) as opened:
        # The provider fills the frame with the picture, so both are cut to the same shape.
        wanted = ImageOps.fit(opened.convert("RGB"), still.image.size)
    difference = ImageChops.difference(
        still.image.resize(LOOK_PIXELS, Image.Resampling.BOX),
        wanted.resize(LOOK_PIXELS, Image.Resampling.BOX),
    )
    return 1 - sum(ImageStat.Stat(difference).mean) / 3 / 255
