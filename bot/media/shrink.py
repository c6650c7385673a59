"""The same video in fewer bytes: two passes of x264, so that the bytes go where they are seen.

Run in a child process by ``child``, on one core: as many children as there are cores make as many
videos, and a codec thread of its own would only take time from another. Frames are streamed.

Everything about the video that a player shows stays: frame times, duration, colours, the shape of
its pixels, how it is turned, and the sound, which is copied. Only its size may be given up, last.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from bot.domain.errors import MediaTooLargeError, MediaUnreadableError
from bot.domain.host.disk import is_disk_trouble
from bot.domain.jobs.delivery import ProbedVideo
from bot.media.video import Facts, describe, examine, frames_of, open_video, probe, the_video

_THREADS = 1
_AIM = 0.98
"""Share of the limit that is aimed at; two passes end within two hundredths of their aim, and
where they do not, the next attempt does."""
_ATTEMPTS = 3
"""Second passes in one size of the picture. Each reads what the one before has learnt."""
_BOX_BYTES_PER_FRAME = 24
"""Entries of the MP4 sample tables for one frame, and some."""
_BOX_BYTES = 4096
_LEAST_BITS_PER_SECOND = 16_000
_SCALES = (1.0, 0.7, 0.5, 0.35)
_LEAST_BITS_PER_PIXEL = 0.02
"""With less than this, a smaller picture looks better than one of blocks: at 0.014, 70 % of the
sides have 1 dB less error, at 0.007 2 dB. Thirty seconds of 1080p in 10 MiB have 0.045."""
_FAST_WORK = 1920 * 1080 * 200
"""Pixels above which a faster preset is used, so that all passes stay within minutes."""
_LOOKAHEAD_FRAMES = 20
_LOOKAHEAD_PIXELS = 1920 * 1080
"""Size up to which the encoder holds so many frames, which are most of its 300 MB; of larger ones
it holds fewer."""
_LEAST_LOOKAHEAD_FRAMES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """How one pass is made."""

    facts: Facts
    width: int
    height: int
    preset: str
    bits_per_second: int
    statistics: Path
    """What the first pass tells the second; x264 adds a file of its own beside it."""

    def options(self) -> dict[str, str]:
        """Return the encoder's options."""
        share = _LOOKAHEAD_PIXELS / (self.width * self.height)
        lookahead = max(_LEAST_LOOKAHEAD_FRAMES, int(_LOOKAHEAD_FRAMES * min(1, share)))
        return {
            "preset": self.preset,
            "rc-lookahead": str(lookahead),
            "passlogfile": str(self.statistics),
        }


def shrink(source: Path, target: Path, *, limit_bytes: int) -> ProbedVideo:
    """Re-encode a video so that it is not larger than a limit, as good as that allows.

    Args:
        source: the video.
        target: a name in a folder of its own: passes leave files beside it, and unless this
            returns, what is there is not to be used.
        limit_bytes: the most it may have.

    Raises:
        MediaTooLargeError: no attempt was small enough.
        MediaUnreadableError: the source is not a playable video.
    """
    facts = examine(source, max_seconds=math.inf, threads=_THREADS)
    try:
        return _first_that_fits(source, target, facts=facts, limit_bytes=limit_bytes)
    except av.FFmpegError as error:
        if is_disk_trouble(as_os_error := OSError(error.errno, describe(error))):
            # It is the operator's, and says nothing about the video.
            raise as_os_error from error
        raise MediaUnreadableError("decoder_failed", detail=describe(error)) from error


def _first_that_fits(source: Path, target: Path, *, facts: Facts, limit_bytes: int) -> ProbedVideo:
    smallest = facts.audio_bytes + _BOX_BYTES + _BOX_BYTES_PER_FRAME * facts.frames
    rate = (limit_bytes * _AIM - smallest) * 8 / facts.duration_seconds
    for scale in _scales(facts, rate):
        if rate < _LEAST_BITS_PER_SECOND:
            break
        recipe = _recipe(facts, scale=scale, rate=rate, target=target)
        _first_pass(source, recipe)
        for _ in range(_ATTEMPTS):
            _second_pass(source, target, recipe)
            smallest = target.stat().st_size
            if smallest <= limit_bytes:
                return probe(target, max_seconds=math.inf, threads=_THREADS)
            nearer = min(0.98, limit_bytes * _AIM / smallest)
            recipe = replace(recipe, bits_per_second=int(recipe.bits_per_second * nearer))
    raise MediaTooLargeError(limit_bytes=limit_bytes, actual_bytes=smallest)


def _scales(facts: Facts, rate: float) -> tuple[float, ...]:
    """Return the sizes that are worth an attempt: from the largest that looks well."""
    pixels = facts.width * facts.height * facts.frames / facts.duration_seconds
    least = _LEAST_BITS_PER_PIXEL * pixels
    return tuple(scale for scale in _SCALES if rate >= least * scale * scale) or _SCALES[-1:]


def _recipe(facts: Facts, *, scale: float, rate: float, target: Path) -> _Recipe:
    # yuv420p, which is what every player takes, knows even sizes only.
    width, height = (max(2, round(side * scale) // 2 * 2) for side in (facts.width, facts.height))
    work = width * height * facts.frames
    return _Recipe(
        facts=facts,
        width=width,
        height=height,
        preset="veryfast" if work > _FAST_WORK else "fast",
        bits_per_second=int(rate),
        statistics=target.with_name(f"{target.name}.statistics"),
    )


# --- one pass --------------------------------------------------------------------------------


def _first_pass(source: Path, recipe: _Recipe) -> None:
    """Learn where the video needs its bytes; nothing but the statistics is written."""
    with (
        open_video(source) as read,
        av.open(os.devnull, "w", format="null") as nowhere,
    ):
        video, seconds = _decoded(read), recipe.facts.duration_seconds
        encoded = _add_video(nowhere, video, recipe, Flags.pass1)
        for packet in _packets(read, video, None, encoded, None, seconds=seconds):
            nowhere.mux(packet)


def _second_pass(source: Path, target: Path, recipe: _Recipe) -> None:
    """Write the video; the statistics then are of this pass, which is nearer to the next one."""
    with (
        open_video(source) as read,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as write,
    ):
        video, seconds = _decoded(read), recipe.facts.duration_seconds
        audio = next(iter(read.streams.audio), None)
        encoded = _add_video(write, video, recipe, Flags.pass1 | Flags.pass2)
        copied = None if audio is None else write.add_stream_from_template(audio)
        for packet in _packets(read, video, audio, encoded, copied, seconds=seconds):
            write.mux(packet)


def _decoded(read: InputContainer) -> VideoStream:
    video = the_video(read)
    video.codec_context.thread_count = _THREADS
    return video


def _add_video(
    write: OutputContainer, video: VideoStream, recipe: _Recipe, flags: int
) -> VideoStream:
    encoded = write.add_stream("libx264", rate=video.average_rate or Fraction(30))
    encoded.width, encoded.height = recipe.width, recipe.height
    encoded.pix_fmt = "yuv420p"
    context, source = encoded.codec_context, video.codec_context
    context.flags |= flags
    context.options = recipe.options()
    context.bit_rate = recipe.bits_per_second
    context.thread_count = _THREADS
    if video.time_base is not None:
        context.time_base = video.time_base  # frame times are kept, whatever they are
    if source.sample_aspect_ratio is not None:
        context.sample_aspect_ratio = source.sample_aspect_ratio
    context.color_range = source.color_range
    context.color_primaries = source.color_primaries
    context.color_trc = source.color_trc
    context.colorspace = source.colorspace
    encoded.set_display_matrix(recipe.facts.display_matrix)
    return encoded


def _packets(
    read: InputContainer,
    video: VideoStream,
    audio: AudioStream | None,
    encoded: VideoStream,
    copied: AudioStream | None,
    *,
    seconds: float,
) -> Iterator[av.Packet[Stream]]:
    """Yield the packets of the new file in the order of the old; one frame is held at a time."""
    begin: int | None = None
    for packet in read.demux([video] if audio is None else [video, audio]):
        if audio is not None and packet.stream is audio:
            if packet.dts is not None and copied is not None:
                packet.stream = copied
                yield packet
            continue
        for frame in frames_of(video, packet):
            fitted = frame.reformat(
                width=encoded.width, height=encoded.height, format="yuv420p", threads=_THREADS
            )
            fitted.pict_type = 0  # the encoder chooses its own key frames
            made = encoded.encode(fitted)
            begin = made[0].dts if made and begin is None else begin
            yield from made
    rest = encoded.encode(None)
    if rest:
        _end_at(rest[-1], rest[0].dts if begin is None else begin, seconds)
    yield from rest


def _end_at(last: av.Packet[Stream], begin: int | None, seconds: float) -> None:
    """Let the last packet last until the end.

    An MP4 adds up the steps between decoding times. Where frames are stored out of order and their
    times are uneven, that sum ends before the last frame does.
    """
    if last.dts is not None and begin is not None:
        last.duration = max(1, round(seconds / last.time_base) - (last.dts - begin))
