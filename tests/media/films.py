"""Small MP4s made in code: layout, codec, audio and content as asked."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import cache, wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

import av
from av.container import OutputContainer

from bot.domain.jobs.ai_label import AiLabel

P = ParamSpec("P")

LABEL = AiLabel(aigc='{"Label":"1","ProduceID":"ABC123"}', comment="AI-generated; job=ABC123")
"""What is written into films that do not say what made them."""

RATES = {"libopus": 48000}
"""Of sounds that have not what the others have."""
FULL_RANGE = 2
"""Black is 0 and white 255; otherwise 16 and 235."""


def _written(encode: Callable[P, bytes]) -> Callable[Concatenate[Path, P], Path]:
    """Have a film written to a path, and encoded but once."""
    encode_once = cache(encode)

    @wraps(encode)
    def write(path: Path, /, *args: P.args, **kwargs: P.kwargs) -> Path:
        path.write_bytes(encode_once(*args, **kwargs))  # type: ignore[arg-type] # all are hashable
        return path

    return write


@_written
def film(
    width: int = 320,
    height: int = 240,
    frames: int = 30,
    *,
    fps: int = 30,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    tags: int | None = None,
    faststart: bool = False,
    audio: bool = False,
    sound_codec: str = "aac",
    noise: bool = False,
    bits_per_second: int | None = None,
    form: str = "mp4",
    preset: str = "ultrafast",
    times: tuple[int, ...] | range | None = None,
    turned: int | None = None,
    stretched: Fraction | None = None,
    full_range: bool = False,
) -> bytes:
    """Write a film; noise is what no encoder can make small.

    ``tags`` are its matrix, primaries and curve; ``times`` are those of the frames, in frames of
    the rate; ``turned`` are degrees by which a player turns it, ``stretched`` is the width of a
    pixel against its height.
    """
    lots = random.Random(7)  # noqa: S311 - reproducible noise, not a key
    options = {"movflags": "+faststart"} if faststart else {}
    with tempfile.NamedTemporaryFile(suffix=f".{form}") as file:
        with av.open(file.name, "w", format=form, options=options) as container:
            video = container.add_stream(codec, rate=fps)
            assert isinstance(video, av.VideoStream)
            video.width, video.height, video.pix_fmt = width, height, pixels
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
            if tags is not None:
                context = video.codec_context
                context.colorspace = context.color_primaries = context.color_trc = tags
            sound = (
                container.add_stream(sound_codec, rate=RATES.get(sound_codec, 44100))
                if audio
                else None
            )
            for number in range(frames):
                frame = av.VideoFrame(width, height, "yuv420p")
                for plane in frame.planes:
                    size = plane.buffer_size
                    plane.update(
                        lots.randbytes(size) if noise else bytes([number * 3 % 256]) * size
                    )
                frame.pts = number if times is None else times[number]
                frame.time_base = Fraction(1, fps)
                container.mux(
                    video.encode(frame if pixels == "yuv420p" else frame.reformat(format=pixels))
                )
            container.mux(video.encode(None))
            if sound is not None:
                assert isinstance(sound, av.AudioStream)
                _write_silence(container, sound, seconds=Fraction(frames, fps))
        return Path(file.name).read_bytes()


def _write_silence(container: OutputContainer, sound: av.AudioStream, *, seconds: Fraction) -> None:
    rate = sound.codec_context.sample_rate
    form, step = sound.codec_context.format.name, sound.codec_context.frame_size or 1024
    for at in range(0, int(rate * seconds), step):
        samples = av.AudioFrame(format=form, layout="stereo", samples=step)
        samples.sample_rate, samples.pts = rate, at
        for channel in samples.planes:
            channel.update(bytes(channel.buffer_size))
        container.mux(sound.encode(samples))
    container.mux(sound.encode(None))


def sound_alone(path: Path) -> Path:
    """Write an MP4 without pictures."""
    with av.open(str(path), "w", format="mp4") as container:
        _write_silence(container, container.add_stream("aac", rate=44100), seconds=Fraction(1))
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
