"""Small MP4s made in code: layout, codec, audio and content as asked."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import av


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
) -> Path:
    """Write a film; noise is what no encoder can make small."""
    lots = random.Random(7)  # noqa: S311 - reproducible noise, not a key
    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", format=form, options=options) as container:
        video = container.add_stream(codec, rate=fps)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        if codec == "libx264":
            video.codec_context.options = {"preset": "ultrafast"}
        if bits_per_second is not None:
            video.codec_context.bit_rate = bits_per_second
        sound = container.add_stream("aac", rate=44100) if audio else None
        for number in range(frames):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane in frame.planes:
                size = plane.buffer_size
                plane.update(lots.randbytes(size) if noise else bytes([number * 3 % 256]) * size)
            frame.pts, frame.time_base = number, Fraction(1, fps)
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
