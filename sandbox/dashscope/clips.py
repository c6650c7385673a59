"""Inspects input videos, and plays them frame by frame for the videos that begin with them.

No sentence of the service about a wrong input video is known, so these follow the wording of
those known from live answers about other parameters.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.container import InputContainer
from PIL import Image

from sandbox.dashscope import problems
from sandbox.dashscope.motion import Planes
from sandbox.dashscope.rows import MEGABYTE, ClipLimits

CONTAINERS = frozenset({"mov", "mp4"})
SLACK_SECONDS = 0.1
"""A clip of ten seconds is often a frame or two longer."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A video that passed the inspection."""

    data: bytes
    width: int
    height: int
    seconds: float
    has_sound: bool


def inspect_clip(data: bytes, limits: ClipLimits, *, field: str) -> Clip:
    """Read a video's head and first frame, and check what the service checks.

    Raises:
        InputRejectedError: it is no MP4 or MOV, or outside the limits.
    """
    if len(data) > limits.max_bytes:
        text = f"The file size should not be larger than {limits.max_bytes // MEGABYTE}MB"
        raise problems.invalid_parameter(f"{text}: {field}")
    try:
        clip, rate = _read(data)
    except (av.FFmpegError, ValueError, StopIteration) as error:
        raise problems.invalid_parameter(f"The video cannot be read: {field}") from error
    sides = (clip.width, clip.height)
    if limits.sides and not all(limits.sides[0] <= side <= limits.sides[1] for side in sides):
        text = f"Width and height should be between {limits.sides[0]} and {limits.sides[1]}"
        raise problems.invalid_parameter(f"{text}: {field}")
    if limits.max_ratio and max(sides) > limits.max_ratio * min(sides):
        text = f"The ratio should be between 1:{limits.max_ratio} and {limits.max_ratio}:1"
        raise problems.invalid_parameter(f"{text}: {field}")
    if rate < limits.least_rate:
        text = f"The frame rate should be at least {limits.least_rate}"
        raise problems.invalid_parameter(f"{text}: {field}")
    if not limits.shortest - SLACK_SECONDS <= clip.seconds <= limits.longest + SLACK_SECONDS:
        text = f"Duration should be between {limits.shortest} and {limits.longest}"
        raise problems.invalid_parameter(f"{text}: {field}")
    return clip


def _read(data: bytes) -> tuple[Clip, float]:
    """Return a video and its frames per second.

    Raises:
        av.FFmpegError: it cannot be read.
        ValueError: it has no picture, or is of another kind.
        StopIteration: it has no frame.
    """
    with av.open(io.BytesIO(data), "r") as container:
        if not container.streams.video or not CONTAINERS & set(container.format.name.split(",")):
            message = "not an MP4 or MOV with a picture"
            raise ValueError(message)
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        else:
            seconds = (container.duration or 0) / av.time_base
        clip = Clip(
            data, frame.width, frame.height, round(seconds, 2), bool(container.streams.audio)
        )
        return clip, float(stream.average_rate or 0)


def play(data: bytes, size: tuple[int, int], frames: int, rate: int) -> Iterator[Planes]:
    """Show a video for so many frames, scaled to cover the size and cut at the centre.

    A video that ends sooner stands still on its last frame.

    Args:
        data: the video.
        size: of the result, pixels.
        frames: how many are wanted.
        rate: frames per second of the result.
    """
    shown = 0
    planes: Planes | None = None
    with av.open(io.BytesIO(data), "r") as container:
        start: float | None = None
        for frame in _decodable(container):
            at = frame.time or 0.0
            start = at if start is None else start
            # The frame before stays until this one is due.
            while planes is not None and shown < frames and shown / rate < at - start - 0.001:
                yield planes
                shown += 1
            if shown >= frames:
                return
            planes = _planes(frame, size)
    while planes is not None and shown < frames:
        yield planes
        shown += 1


def _decodable(container: InputContainer) -> Iterator[av.VideoFrame]:
    """Yield the frames up to where a damaged file ends."""
    with contextlib.suppress(av.FFmpegError):
        yield from container.decode(container.streams.video[0])


def _planes(frame: av.VideoFrame, size: tuple[int, int]) -> Planes:
    scale = max(size[0] / frame.width, size[1] / frame.height)
    # Even sides, so that the colours at half size fit.
    width = max(size[0], round(frame.width * scale / 2) * 2)
    height = max(size[1], round(frame.height * scale / 2) * 2)
    scaled = frame.reformat(
        width, height, "yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG"
    )
    left, top = (width - size[0]) // 4 * 2, (height - size[1]) // 4 * 2
    planes = []
    for number, plane in enumerate(scaled.planes):
        part = 1 if number == 0 else 2
        image = Image.frombuffer(
            "L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size, 1
        )
        box = (left // part, top // part, (left + size[0]) // part, (top + size[1]) // part)
        planes.append(image.crop(box))
    return Planes(*planes)
