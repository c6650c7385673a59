"""Small sound files made in code: container, codec, length and content as asked."""

from __future__ import annotations

import math
import struct
from array import array
from functools import cache
from io import BytesIO

import av

RATE = 44_100


def wave(
    seconds: float, *, rate: int = RATE, channels: int = 2, loudness: float = 0.5
) -> array[int]:
    """Return samples of 16 bits of a tone, channel by channel in turn."""
    peak = loudness * 32767
    samples = array("h")
    for at in range(round(seconds * rate)):
        samples.extend([round(peak * math.sin(at * 0.06))] * channels)
    return samples


@cache
def encoded(
    codec: str,
    form: str,
    seconds: float = 3.0,
    *,
    rate: int = RATE,
    layout: str = "stereo",
    loudness: float = 0.5,
    bits_per_second: int | None = None,
    options: tuple[tuple[str, str], ...] = (),
    codec_options: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Encode a tone with one of FFmpeg's encoders."""
    written = BytesIO()
    with av.open(written, "w", format=form, options=dict(options)) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        stream.codec_context.options = dict(codec_options)
        if bits_per_second is not None:
            stream.codec_context.bit_rate = bits_per_second
        channels = stream.codec_context.channels
        samples = wave(seconds, rate=rate, channels=channels, loudness=loudness)
        frame = av.AudioFrame("s16", layout, len(samples) // channels)
        frame.planes[0].update(bytes(samples).ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts = rate, 0
        # The wrapper resamples, and cuts into frames of the encoder's length.
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return written.getvalue()


def mp3(seconds: float = 3.0, *, header: bool = True, variable: bool = False) -> bytes:
    """Return an MP3, with or without the first frame that tells about the others."""
    return encoded(
        "libmp3lame",
        "mp3",
        seconds,
        options=(("write_xing", str(int(header))), ("id3v2_version", "0")),
        codec_options=(("flags", "+qscale"), ("global_quality", str(6 * 118))) if variable else (),
    )


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a RIFF file, padded to an even length."""
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def wav(
    samples: bytes,
    *,
    tag: int = 1,
    channels: int = 2,
    rate: int = RATE,
    bits: int = 16,
    before: bytes = b"",
    after: bytes = b"",
    data_size: int | None = None,
    riff_size: int | None = None,
) -> bytes:
    """Return a WAV; sizes may be anything, and chunks stand before and after the samples."""
    width = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * width, width, bits)
    data = b"data" + struct.pack("<I", len(samples) if data_size is None else data_size) + samples
    rest = b"WAVE" + before + chunk(b"fmt ", form) + data + b"\0" * (len(samples) % 2) + after
    return b"RIFF" + struct.pack("<I", len(rest) if riff_size is None else riff_size) + rest


def id3(*frames: tuple[bytes, bytes]) -> bytes:
    """Return an ID3v2.3 tag."""
    content = b"".join(
        name + struct.pack(">I", len(value)) + b"\0\0" + value for name, value in frames
    )
    size = bytes(len(content) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + content


def picture(jpeg: bytes) -> tuple[bytes, bytes]:
    """Return a cover for a tag."""
    return b"APIC", b"\0image/jpeg\0\x03\0" + jpeg
