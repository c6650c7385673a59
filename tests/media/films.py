"""Small MP4s made in code: layout, codec, audio and content as asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

FULL_RANGE = 2
"""Black is 0 and white 255; otherwise 16 and 235."""


def film(
    path: Path,
    width: int = 320,
    height: int = 240,
    frames: int = 30,
    *,
    fps: int = 30,
    codec: str = "libx264",
    faststart: bool = False,
    audio: bool = False,
    noise: bool = False,
    bits_per_second: int | None = None,
    form: str = "mp4",
    preset: str = "ultrafast",
    times: Sequence[int] | None = None,
    turned: int | None = None,
    stretched: Fraction | None = None,
    full_range: bool = False,
) -> Path:
    """Write a film; noise is what no encoder can make small.

    ``times`` are those of the frames, in frames of the rate; ``turned`` are degrees by which a
    player turns it, ``stretched`` is the width of a pixel against its height.
    """
    lots = random.Random(7)  # noqa: S311 - reproducible noise, not a key
    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", format=form, options=options) as container:
        video = container.add_stream(codec, rate=fps)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        if codec == "libx264":
            video.codec_context.options = {"preset": preset}
        if bits_per_second is not None:
            video.codec_context.bit_rate = bits_per_second
        if turned is not None:
            video.set_display_rotation(turned)
        if stretched is not None:
            video.codec_context.sample_aspect_ratio = stretched
        if full_range:
            video.codec_context.color_range = FULL_RANGE
        sound = container.add_stream("aac", rate=44100) if audio else None
        for number in range(frames):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane in frame.planes:
                size = plane.buffer_size
                plane.update(lots.randbytes(size) if noise else bytes([number * 3 % 256]) * size)
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, fps)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            assert isinstance(sound, av.AudioStream)
            for at in range(0, 44100 * frames // fps, 1024):
                samples = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
                samples.sample_rate, samples.pts = 44100, at
                for channel in samples.planes:
                    channel.update(bytes(channel.buffer_size))
                container.mux(sound.encode(samples))
            container.mux(sound.encode(None))
    return path


def sound_alone(path: Path) -> Path:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100)
        for at in range(0, 44100, 1024):
            samples = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
            samples.sample_rate, samples.pts = 44100, at
            for channel in samples.planes:
                channel.update(bytes(channel.buffer_size))
            container.mux(stream.encode(samples))
        container.mux(stream.encode(None))
    return path


def repacked(source: Path, path: Path, *, movflags: str) -> Path:
    """Write the same packets into an MP4 of another layout."""
    with (
        av.open(str(source)) as read,
        av.open(str(path), "w", format="mp4", options={"movflags": movflags}) as write,
    ):
        copies = {stream.index: write.add_stream_from_template(stream) for stream in read.streams}
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                write.mux(packet)
    return path
