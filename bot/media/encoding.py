"""One pass of x264 over a video: with this ``shrink`` and ``playable`` make another one of it.

Run in a child process by ``child``, on one core: as many children as there are cores make as many
videos, and a codec thread of its own would only take time from another. Frames are streamed.

Everything about the video that a player shows stays: frame times, duration, colours, the shape of
its pixels, how it is turned, and the sound. What comes out plays everywhere.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from bot.domain.errors import MediaUnreadableError
from bot.domain.host.disk import is_disk_trouble
from bot.domain.jobs.ai_label import AiLabel
from bot.media.labels import label_for, write_label
from bot.media.video import Facts, describe, frames_of, is_cut, open_video, the_sound, the_video

THREADS = 1
_FAST_WORK = 1920 * 1080 * 200
"""Pixels above which a faster preset is used, so that all passes stay within minutes."""

_LOOKAHEAD_FRAMES = 20
_LOOKAHEAD_PIXELS = 1920 * 1080
"""Size up to which the encoder holds so many frames, which are most of its 300 MB; of larger ones
it holds fewer."""
_LEAST_LOOKAHEAD_FRAMES = 8
_PIXELS = "yuv420p"
_HD_LINES = 720
"""From so many lines on players take untagged colours for BT.709, below for BT.601: Chromium does,
by the height alone."""
_BT_709, _UNSPECIFIED = 1, 2
"""Matrices: ITU-T H.273, table 4."""
_COPIED = "aac"
_AAC_BITS_PER_SECOND = 192_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one pass is made."""

    facts: Facts
    width: int
    height: int
    options: dict[str, str]
    """The encoder's."""
    bits_per_second: int | None
    """None where the options say how good it is to be."""
    label: AiLabel
    """Where the video has none of its own."""


def recipe(
    facts: Facts,
    *,
    label: AiLabel,
    options: Mapping[str, str],
    scale: float = 1,
    bits_per_second: int | None = None,
) -> Recipe:
    """Return how a pass over a video is made.

    Args:
        facts: what is known of the video.
        label: what the new file says of being made by AI, where the old one says nothing.
        options: of the encoder, besides the preset and what bounds its memory.
        scale: of the sides; they become even ones, 4:2:0 has no others.
        bits_per_second: of the pictures; None where the options say how good they are to be.
    """
    width, height = (max(2, round(side * scale) // 2 * 2) for side in (facts.width, facts.height))
    share = min(1, _LOOKAHEAD_PIXELS / (width * height))
    lookahead = max(_LEAST_LOOKAHEAD_FRAMES, int(_LOOKAHEAD_FRAMES * share))
    preset = "veryfast" if width * height * facts.frames > _FAST_WORK else "fast"
    return Recipe(
        facts=facts,
        width=width,
        height=height,
        options={"preset": preset, "rc-lookahead": str(lookahead), **options},
        bits_per_second=bits_per_second,
        label=label,
    )


def sound_bytes(facts: Facts) -> int:
    """Return how many bytes the sound will have."""
    if facts.sound == _COPIED:
        return facts.audio_bytes
    return 0 if facts.sound is None else int(facts.duration_seconds * _AAC_BITS_PER_SECOND / 8)


def trouble(error: av.FFmpegError) -> OSError | MediaUnreadableError:
    """Return what an error of FFmpeg's means: the disk's trouble is none of the video."""
    if is_disk_trouble(as_os_error := OSError(error.errno, describe(error))):
        return as_os_error
    return MediaUnreadableError("decoder_failed", detail=describe(error))


def learn(source: Path, recipe: Recipe, *, flags: int) -> None:
    """Make a pass of which nothing but the encoder's statistics is written."""
    with (
        open_video(source) as read,
        av.open(os.devnull, "w", format="null") as nowhere,
    ):
        video = _decoded(read)
        encoded = _add_video(nowhere, video, recipe, flags)
        for packet in _packets(read, video, None, encoded, None, facts=recipe.facts):
            nowhere.mux(packet)


def write(source: Path, target: Path, recipe: Recipe, *, flags: int = 0) -> None:
    """Write the video with its sound and its label; a file beside it is gone in the end."""
    unlabelled = target.with_name(f"{target.name}.unlabelled")
    with (
        open_video(source) as read,
        av.open(str(unlabelled), "w", format="mp4", options={"movflags": "+faststart"}) as written,
    ):
        video = _decoded(read)
        audio = the_sound(read, video)
        encoded = _add_video(written, video, recipe, flags)
        sound = _add_sound(written, audio, recipe.facts.sound)
        for packet in _packets(read, video, audio, encoded, sound, facts=recipe.facts):
            written.mux(packet)
    write_label(unlabelled, target, label_for(source, recipe.label))
    unlabelled.unlink()


# --- pictures --------------------------------------------------------------------------------


def _decoded(read: InputContainer) -> VideoStream:
    video = the_video(read)
    video.codec_context.thread_count = THREADS
    return video


def _add_video(
    write: OutputContainer, video: VideoStream, recipe: Recipe, flags: int
) -> VideoStream:
    encoded = write.add_stream("libx264", rate=video.average_rate or Fraction(30))
    encoded.width, encoded.height = recipe.width, recipe.height
    encoded.pix_fmt = _PIXELS
    context, source = encoded.codec_context, video.codec_context
    context.flags |= flags
    context.options = recipe.options
    context.bit_rate = recipe.bits_per_second or 0
    context.thread_count = THREADS
    if video.time_base is not None:
        context.time_base = video.time_base  # frame times are kept, whatever they are
    if source.sample_aspect_ratio is not None:
        context.sample_aspect_ratio = source.sample_aspect_ratio
    context.color_range = source.color_range
    context.color_primaries = source.color_primaries
    context.color_trc = source.color_trc
    context.colorspace = source.colorspace
    if _is_rgb(recipe.facts):
        context.color_range, context.colorspace = ColorRange.MPEG, _BT_709
    elif source.colorspace == _UNSPECIFIED and recipe.height < _HD_LINES <= recipe.facts.height:
        # Untagged, its own height says BT.709, and its new one would say something else.
        context.colorspace = _BT_709
        if source.color_primaries == ColorPrimaries.UNSPECIFIED:
            context.color_primaries = ColorPrimaries.BT709
        if source.color_trc == ColorTrc.UNSPECIFIED:
            context.color_trc = ColorTrc.BT709
    encoded.set_display_matrix(recipe.facts.display_matrix)
    return encoded


def _is_rgb(facts: Facts) -> bool:
    return facts.pixels.startswith(("gbr", "rgb", "bgr", "argb", "abgr", "0rgb", "0bgr", "pal"))


def _fitted(frame: av.VideoFrame, encoded: VideoStream, *, facts: Facts) -> av.VideoFrame:
    size = {"width": encoded.width, "height": encoded.height, "threads": THREADS}
    if _is_rgb(facts):
        return frame.reformat(
            format=_PIXELS,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            **size,
        )
    return frame.reformat(format=_PIXELS, **size)


def _packets(
    read: InputContainer,
    video: VideoStream,
    audio: AudioStream | None,
    encoded: VideoStream,
    sound: _Sound | None,
    *,
    facts: Facts,
) -> Iterator[av.Packet[Stream]]:
    """Yield the packets of the new file in the order of the old; one frame is held at a time."""
    begin: int | None = None
    for packet in read.demux([video] if audio is None else [video, audio]):
        if is_cut(packet):
            continue
        if audio is not None and packet.stream is audio:
            if sound is not None:
                yield from sound.packets(packet)
            continue
        for frame in frames_of(video, packet):
            fitted = _fitted(frame, encoded, facts=facts)
            fitted.pict_type = 0  # the encoder chooses its own key frames
            made = encoded.encode(fitted)
            begin = made[0].dts if made and begin is None else begin
            yield from made
    rest = encoded.encode(None)
    if rest:
        _end_at(rest[-1], rest[0].dts if begin is None else begin, facts.duration_seconds)
    yield from rest


def _end_at(last: av.Packet[Stream], begin: int | None, seconds: float) -> None:
    """Let the last packet last until the end.

    An MP4 adds up the steps between decoding times. Where frames are stored out of order and their
    times are uneven, that sum ends before the last frame does.
    """
    if last.dts is not None and begin is not None:
        last.duration = max(1, round(seconds / last.time_base) - (last.dts - begin))


# --- sound -----------------------------------------------------------------------------------


class _Sound(Protocol):
    def packets(self, packet: av.Packet[Stream]) -> Iterator[av.Packet[Stream]]:
        """Yield what a packet of the old sound, the empty last one too, is in the new file."""
        ...


def _add_sound(
    written: OutputContainer, audio: AudioStream | None, name: str | None
) -> _Sound | None:
    """Return how the sound comes along; None where there is none, or none that can be heard."""
    if audio is None or name in {None, "unknown"}:
        return None
    return _Copied(written, audio) if name == _COPIED else _Encoded(written, audio)


class _Copied:
    def __init__(self, written: OutputContainer, audio: AudioStream) -> None:
        self._stream = written.add_stream_from_template(audio)

    def packets(self, packet: av.Packet[Stream]) -> Iterator[av.Packet[Stream]]:
        if packet.dts is not None:
            packet.stream = self._stream
            yield packet


class _Encoded:
    """AAC of a sound that is something else."""

    def __init__(self, written: OutputContainer, audio: AudioStream) -> None:
        self._context: AudioCodecContext = audio.codec_context
        layout = "mono" if audio.codec_context.channels == 1 else "stereo"
        self._stream = written.add_stream("aac", rate=audio.codec_context.sample_rate)
        self._stream.codec_context.layout = layout
        self._stream.codec_context.bit_rate = _AAC_BITS_PER_SECOND
        self._resampler = AudioResampler(
            format="fltp", layout=layout, rate=audio.codec_context.sample_rate
        )

    def packets(self, packet: av.Packet[Stream]) -> Iterator[av.Packet[Stream]]:
        frames: list[av.AudioFrame | None] = []
        with contextlib.suppress(av.InvalidDataError):
            frames.extend(self._context.decode(packet))
        if not packet.size:
            frames.append(None)
        for frame in frames:
            for fitted in self._resampler.resample(frame):
                yield from self._stream.encode(fitted)
            if frame is None:
                yield from self._stream.encode(None)
