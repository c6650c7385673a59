"""Decodes an MP4, keeps three frames, and measures how much a frame resembles a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image, ImageChops, ImageOps, ImageStat

from sandbox.demo.decoded_sound import DecodedSound, decode_sound
from sandbox.demo.errors import DemoError

LOOK_PIXELS = (96, 64)
"""Pictures are compared this small: encoding noise and a pixel of cropping vanish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame."""

    image: Image.Image
    at_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedVideo:
    """A video that could be decoded from its first frame to its last."""

    codec: str
    """FFmpeg's name, such as ``h264``."""
    width: int
    height: int
    frames_per_second: float
    seconds: float
    first: Frame
    middle: Frame
    last: Frame
    sound: DecodedSound | None = None
    """None: there is no sound track."""


def decode(path: Path) -> DecodedVideo:
    """Decode a whole MP4.

    Raises:
        DemoError: it cannot be decoded, or has fewer frames than it says.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate, announced = float(stream.average_rate or 0), stream.frames
            kept: dict[int, Frame] = {}
            count = 0
            for count, frame in enumerate(container.decode(stream), start=1):
                if count in {1, announced // 2 + 1, announced}:
                    kept[count] = _frame(frame)
            codec, width, height = stream.codec_context.name, stream.width, stream.height
    except (av.FFmpegError, IndexError) as error:
        raise DemoError(f"{path.name} cannot be played: {error}.") from error
    if not count or count != announced or not rate:
        raise DemoError(f"{path.name} announces {announced} frames and has {count}.")
    return DecodedVideo(
        codec=codec,
        width=width,
        height=height,
        frames_per_second=rate,
        seconds=count / rate,
        first=kept[1],
        middle=kept[announced // 2 + 1],
        last=kept[announced],
        sound=decode_sound(path, name=path.name),
    )


def _frame(frame: av.VideoFrame) -> Frame:
    pixels = frame.reformat(format="rgb24").planes[0]
    # Lines may be padded in memory.
    image = Image.frombytes(
        "RGB", (frame.width, frame.height), bytes(pixels), "raw", "RGB", pixels.line_size
    )
    return Frame(image=image, at_seconds=frame.time or 0.0)


def likeness(frame: Frame, picture: Path) -> float:
    """Return how alike a frame and a picture are: 1 is the same.

    Unrelated pictures, and the two cats, are below 0.9.
    """
    with Image.open(picture) as opened:
        # The provider fills the frame with the picture, so both are cut to the same shape.
        wanted = ImageOps.fit(opened.convert("RGB"), frame.image.size)
    difference = ImageChops.difference(
        frame.image.resize(LOOK_PIXELS, Image.Resampling.BOX),
        wanted.resize(LOOK_PIXELS, Image.Resampling.BOX),
    )
    return 1 - sum(ImageStat.Stat(difference).mean) / 3 / 255
