"""Sounds a member gives: is it a WAV or an MP3, whole, audible, and as long as a model takes?

Run in a child process by ``child``, never on the event loop. What a header says of the length is
not believed: samples are counted as they are decoded, and no more of them than a model takes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from bot.domain.problems import SoundProblem
from bot.domain.requests.sounds import MAX_SOUND_BYTES, InvalidSoundError, SoundFacts, SoundFormat
from bot.media.sound_kinds import START_BYTES, kind_of, tag_bytes

_OPTIONS = {"protocol_whitelist": "file"}
_MB = 1_000_000
_MOST_TAGS = 8
_WHOLE = Fraction(95, 100)
"""The share of frames that must decode, and of those announced that must be there."""
_LEEWAY_SECONDS = Fraction(1, 10)
"""An MP3 is up to two frames longer than what it was made of: 30 seconds cut in an editor are 30.05
of frames, unless it says how many samples to drop. No player shows the difference."""
_SILENT_PEAK = 33
"""Of 32768: 60 dB below full scale, under what any speaker is heard with."""
_WAV_CODECS = frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"})
"""What a WAV mostly is. Others are sounds of telephones and games; whether the provider decodes
them is not written anywhere."""
_XING_MARKS = (b"Xing", b"Info")
_HAS_FRAMES = 0x1


class _Heard(NamedTuple):
    """What decoding has shown so far."""

    seconds: Fraction
    peak: int
    packets: int
    broken: int


def examine(path: Path, *, option: str, min_seconds: float, max_seconds: float) -> SoundFacts:
    """Check that a file is a sound the provider takes, decoding all that a model hears.

    Args:
        path: the file.
        option: the option it came in, for the error.
        min_seconds: the shortest a model takes.
        max_seconds: the longest; nothing beyond is decoded.

    Raises:
        InvalidSoundError: it is not.
    """

    def refusal(problem: SoundProblem, **facts: int | str) -> InvalidSoundError:
        return InvalidSoundError(option=option, problem=problem, **facts)

    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise refusal(SoundProblem.EMPTY)
    if size_bytes > MAX_SOUND_BYTES:
        raise refusal(SoundProblem.TOO_LARGE, limit_mb=MAX_SOUND_BYTES // _MB)
    start, first_byte = _start_behind_tags(path)
    if not start.strip(b"\0"):
        raise refusal(SoundProblem.EMPTY)
    kind = kind_of(start)
    if kind is not None and not isinstance(kind, SoundFormat):
        raise refusal(SoundProblem.UNSUPPORTED_FORMAT, format=kind)
    # Without a signature it may be an MP3 that begins with something else.
    form = kind or SoundFormat.MP3
    bounds = {"least": _shown(min_seconds), "most": _shown(max_seconds)}
    most = Fraction(max_seconds) + _LEEWAY_SECONDS
    try:
        with _opened(path, form) as container:
            sound = _the_sound(container)
            if sound is None:
                raise refusal(SoundProblem.EMPTY if kind else SoundProblem.NOT_A_SOUND)
            codec = sound.codec_context.codec.canonical_name
            if form is SoundFormat.WAV and codec not in _WAV_CODECS:
                raise refusal(SoundProblem.UNSUPPORTED_FORMAT, format=f"WAV ({codec})")
            if form is SoundFormat.MP3 and codec != "mp3":
                raise refusal(SoundProblem.UNSUPPORTED_FORMAT, format=codec.upper())
            heard = _listen(container, sound, most)
            channels, rate = sound.codec_context.channels, sound.codec_context.sample_rate
    except av.FFmpegError as error:
        problem = SoundProblem.NOT_A_SOUND if kind is None else SoundProblem.DAMAGED
        raise refusal(problem) from error
    if heard.seconds > most:
        raise refusal(SoundProblem.TOO_LONG, **bounds)
    if heard.broken > (1 - _WHOLE) * heard.packets:
        raise refusal(SoundProblem.DAMAGED if kind else SoundProblem.NOT_A_SOUND)
    if not heard.seconds:
        raise refusal(SoundProblem.EMPTY)
    if _is_cut(form, start, size_bytes=size_bytes, first_byte=first_byte, heard=heard):
        raise refusal(SoundProblem.TRUNCATED)
    if heard.peak < _SILENT_PEAK:
        raise refusal(SoundProblem.SILENT)
    if heard.seconds < min_seconds:
        raise refusal(SoundProblem.TOO_SHORT, seconds=_shown(float(heard.seconds)), **bounds)
    return SoundFacts(
        format=form, seconds=float(heard.seconds), channels=channels, sample_rate=rate
    )


def _shown(seconds: float) -> str:
    """Write a length so that it is never shown longer than it is."""
    return f"{int(seconds * 100) / 100:g}"


def _start_behind_tags(path: Path) -> tuple[bytes, int]:
    """Return the first bytes behind ID3 tags and the zeros that may follow, and where they are."""
    with path.open("rb") as file:
        at = 0
        for _ in range(_MOST_TAGS):
            file.seek(at)
            size = tag_bytes(file.read(10))
            if not size:
                break
            at += size
        file.seek(at)
        start = file.read(2 * START_BYTES)
        behind = start.lstrip(b"\0")
        if at and len(start) - len(behind) <= START_BYTES:  # a tag's own padding, miscounted
            at, start = at + len(start) - len(behind), behind
        return start[:START_BYTES], at


def _opened(path: Path, form: SoundFormat) -> InputContainer:
    """Open a file with the one demuxer that is right for it."""
    return av.open(
        str(path),
        mode="r",
        format=form.value,
        options=dict(_OPTIONS),
        # Without an encoding that always works, a stray byte in a title would be an error.
        metadata_errors="replace",
    )


def _the_sound(container: InputContainer) -> AudioStream | None:
    """Return the sound that something decodes: pictures of a tag are streams as well."""
    return next(
        (
            stream
            for stream in container.streams.audio
            # PyAV's stubs say that there always is one; where FFmpeg knows none, this is None.
            if getattr(stream, "codec_context", None) is not None
        ),
        None,
    )


def _listen(container: InputContainer, sound: AudioStream, most: Fraction) -> _Heard:
    """Decode a sound to its end, or until it is longer than wanted."""
    seconds, peak, packets, broken = Fraction(0), 0, 0, 0
    sound.codec_context.thread_count = 1
    loudness: AudioResampler | None = None
    shape: tuple[str, str, int] | None = None
    for packet in container.demux(sound):
        packets += packet.size > 0
        try:
            frames = list(sound.codec_context.decode(packet))
        except av.FFmpegError:
            broken += 1
            continue
        for frame in frames:
            if not frame.sample_rate:
                continue
            seconds += Fraction(frame.samples, frame.sample_rate)
            if (now := (frame.format.name, frame.layout.name, frame.sample_rate)) != shape:
                shape = now  # an MP3 may change on its way
                loudness = AudioResampler(format="s16", layout=frame.layout, rate=now[2])
            if loudness is not None and peak < _SILENT_PEAK:
                peak = max(peak, *_peaks(loudness, frame))
        if seconds > most:
            break
    return _Heard(seconds, peak, packets, broken)


def _peaks(loudness: AudioResampler, frame: av.AudioFrame) -> Iterator[int]:
    """Yield how far samples go from zero, of all channels: mixed they might be silent."""
    frame.pts = None
    yield 0
    for part in loudness.resample(frame):
        used = part.samples * part.layout.nb_channels
        samples = memoryview(part.planes[0]).cast("B")[: used * 2].cast("h")
        yield max(samples)
        yield -min(samples)


# --- files that end too early ----------------------------------------------------------------


def _is_cut(
    form: SoundFormat, start: bytes, *, size_bytes: int, first_byte: int, heard: _Heard
) -> bool:
    """Tell whether much less is there than the file announces."""
    if form is SoundFormat.WAV:
        announced = _announced_bytes(start)
        there = size_bytes - first_byte
        return announced is not None and there < _WHOLE * announced
    frames = _announced_frames(start)
    return frames is not None and heard.packets < _WHOLE * frames


def _announced_bytes(start: bytes) -> int | None:
    """Return how many bytes a WAV says it has; None where its writer did not know.

    A program that writes to a pipe leaves 0, or the largest number there is.
    """
    (size,) = struct.unpack_from("<I", start, 4)
    announced: int = size + 8
    return announced if 0 < size < 2**31 - 2**16 else None


def _announced_frames(start: bytes) -> int | None:
    """Return how many frames an MP3 says it has behind the first, which tells about the others.

    http://gabriel.mp3-tech.org/mp3infotag.html; it is put where a frame has its own data.
    """
    for mark in _XING_MARKS:
        at = start.find(mark, 4, 64)
        if at != -1 and len(start) >= at + 12:
            flags, frames = struct.unpack_from(">II", start, at + 4)
            return int(frames) if flags & _HAS_FRAMES else None
    return None
