"""Videos: is a file whole, and does it play everywhere? ``encoding`` makes another one of it.

Run in a child process by ``child``, never on the event loop. Frames are streamed, so the length
of a video does not matter to memory.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import av
from av.audio.stream import AudioStream
from av.buffer import Buffer
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from bot.domain.errors import MediaUnreadableError
from bot.domain.jobs.delivery import ProbedVideo
from bot.media.boxes import layout_of

MAX_SIDE_PIXELS = 4096
"""The widest picture of H.264 level 5.2; the models make 1920 at most."""
MAX_SECONDS = 120.0
"""The longest video a model makes is 30 seconds."""

_PLAYABLE = 0.95
"""The share of frames that must come out whole. A paid video with a blemish is kept, not lost."""
_PROBE_THREADS = 4
"""Each thread of the codec keeps whole frames; on a machine of many cores memory would end."""
_PLAYS_EVERYWHERE = frozenset({"yuv420p", "yuvj420p"})
"""Pixels of 8 bits, a quarter as many of the colours: what baseline, main and high profile have.
Phones (https://developer.android.com/media/platform/supported-formats) and Firefox play no other
H.264."""
_SOUNDS_EVERYWHERE = frozenset({None, "aac", "mp3"})
_MATRIX = struct.Struct("=9i")
_DEMUXER = "mov"
"""The one demuxer that is tried, so that a playlist posing as a video opens no other file."""
_OPTIONS = {"protocol_whitelist": "file"}
_BUFFER_BYTES = 256 * 1024
"""What is read at a time where the bytes do not come out of a file of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What reading a whole video has shown."""

    width: int
    height: int
    """Both as coded: before the video is turned or its pixels are stretched."""
    duration_seconds: float
    frames: int
    audio_bytes: int
    codec: str
    """FFmpeg's name of the format the pictures are in, whichever decoder read them."""
    pixels: str
    """FFmpeg's name of how a decoded picture lies in memory."""
    sound: str | None
    """FFmpeg's name of the sound's format; None where there is no sound."""
    display_matrix: tuple[int, ...] | None
    """How a player turns the video, as the file says it."""
    is_flawless: bool
    """Whether every frame of the index was there and came out whole."""
    sound_is_whole: bool
    """Whether all the sound of the index was there."""

    @property
    def plays(self) -> bool:
        """Whether every phone and browser plays it as it is."""
        is_common = self.codec == "h264" and self.pixels in _PLAYS_EVERYWHERE
        return is_common and self.sound in _SOUNDS_EVERYWHERE


class ByteSource(Protocol):
    """What can be read from its first byte to its last."""

    def read(self, size: int, /) -> bytes:
        """Return some of the bytes that follow; none at the end."""
        ...


def probe(
    path: Path,
    *,
    max_seconds: float = MAX_SECONDS,
    threads: int = _PROBE_THREADS,
    facts: Facts | None = None,
) -> ProbedVideo:
    """Check that a file is a whole MP4 that decodes from the first frame to the last.

    Args:
        path: the file.
        max_seconds: longer videos are refused.
        threads: how many the decoder uses.
        facts: what reading this very file has shown already, where that was done.

    Raises:
        MediaUnreadableError: ``problem`` is one of ``not_a_video``, ``truncated``,
            ``unknown_codec``, ``too_wide``, ``too_long`` and ``decoder_failed``.
    """
    layout = layout_of(path)
    if facts is None:
        facts = _examine(path, max_seconds=max_seconds, threads=threads)
    if layout.is_cut and not (facts.is_flawless and facts.sound_is_whole):
        raise MediaUnreadableError("truncated")
    return ProbedVideo(
        size_bytes=path.stat().st_size,
        width=facts.width,
        height=facts.height,
        duration_seconds=facts.duration_seconds,
        codec=facts.codec,
        plays=facts.plays,
        is_labelled=layout.is_labelled,
        has_credentials=layout.has_credentials,
    )


# --- reading ---------------------------------------------------------------------------------


def examine(path: Path, *, max_seconds: float, threads: int, may_be_cut: bool = False) -> Facts:
    """Read a video from the first byte to the last, and decode every frame.

    Args:
        path: the file.
        max_seconds: longer videos are refused.
        threads: how many the decoder uses.
        may_be_cut: the end may be missing, as long as a blemish is all that this is.

    Raises:
        MediaUnreadableError: as ``probe``.
    """
    layout_of(path)
    return _examine(path, max_seconds=max_seconds, threads=threads, may_be_cut=may_be_cut)


def _examine(path: Path, *, max_seconds: float, threads: int, may_be_cut: bool = False) -> Facts:
    try:
        with open_video(path) as container:
            return read_through(
                container,
                length=path.stat().st_size,
                max_seconds=max_seconds,
                threads=threads,
                may_be_cut=may_be_cut,
            )
    except av.FFmpegError as error:
        raise MediaUnreadableError("decoder_failed", detail=describe(error)) from error


def frames_in_pixels(path: Path) -> int | None:
    """Return how many pixels all frames have together, as the header says; None if it does not.

    Raises:
        MediaUnreadableError: the header cannot be read.
    """
    layout_of(path)
    try:
        with open_video(path) as container:
            video = the_video(container)
            return video.codec_context.width * video.codec_context.height * video.frames or None
    except av.FFmpegError as error:
        raise MediaUnreadableError("decoder_failed", detail=describe(error)) from error


def open_video(source: Path | ByteSource) -> InputContainer:
    """Open a file with the one demuxer that is allowed."""
    return av.open(
        str(source) if isinstance(source, Path) else source,
        mode="r",
        format=_DEMUXER,
        options=dict(_OPTIONS),
        # Without an encoding that always works, a stray byte in a title would be an error.
        metadata_errors="replace",
        buffer_size=_BUFFER_BYTES,
    )


def read_through(
    container: InputContainer,
    *,
    length: float = math.inf,
    max_seconds: float = MAX_SECONDS,
    threads: int = _PROBE_THREADS,
    may_be_cut: bool = False,
) -> Facts:
    """Read every packet and decode every frame: half a second of work for five seconds of 720p.

    Args:
        container: the opened file.
        length: how many bytes it has, as far as that is known.
        max_seconds: longer videos are refused.
        threads: how many the decoder uses.
        may_be_cut: see ``examine``.

    Raises:
        MediaUnreadableError: as ``probe``.
    """
    video = the_video(container)
    check_bounds(video, max_seconds=max_seconds)
    audio = the_sound(container, video)
    video.thread_type = "AUTO"
    video.codec_context.thread_count = threads
    packets = unseen = frames = whole = audio_packets = audio_bytes = 0
    pixels = ""
    matrix: tuple[int, ...] | None = None
    end_seconds = 0.0
    for packet in container.demux([video] if audio is None else [video, audio]):
        if is_cut(packet, length):
            if may_be_cut:
                continue
            raise MediaUnreadableError("truncated")
        if audio is not None and packet.stream is audio:
            audio_packets += packet.dts is not None  # the last one, which is empty, has none
            audio_bytes += packet.size
            continue
        if packet.pts is not None and packet.time_base is not None:
            packets += 1
            unseen += packet.is_discard  # an edit list leaves it out
            end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            end_seconds = max(end_seconds, end)
        for frame in frames_of(video, packet):
            frames += 1
            whole += not frame.is_corrupt
            if frames == 1:  # PyAV keeps a frame whose side data was looked at for some time
                matrix, pixels = matrix_of(frame), frame.format.name
    expected = max(packets, video.frames) - unseen
    if packets < video.frames and not may_be_cut:
        raise MediaUnreadableError("truncated")
    if not expected or whole < _PLAYABLE * expected:
        raise MediaUnreadableError("decoder_failed", frames=expected, whole=whole)
    start = float((video.start_time or 0) * (video.time_base or 0))
    seconds = _declared_seconds(video) or end_seconds - start
    if seconds <= 0:
        raise MediaUnreadableError("decoder_failed", frames=expected, whole=whole)
    return Facts(
        width=video.codec_context.width,
        height=video.codec_context.height,
        duration_seconds=seconds,
        frames=frames,
        audio_bytes=audio_bytes,
        codec=video.codec_context.codec.canonical_name,
        pixels=pixels,
        sound=sound_of(audio),
        display_matrix=matrix,
        is_flawless=packets == video.frames and frames == whole == expected,
        sound_is_whole=audio is None or audio_packets >= audio.frames,
    )


def is_cut(packet: av.Packet[Any], length: float = math.inf) -> bool:
    """Tell whether a packet is not all there, in a file of so many bytes."""
    ends_behind = packet.pos is not None and packet.pos + packet.size > length
    return ends_behind or packet.is_corrupt  # the demuxer got less of it than it asked for


def matrix_of(frame: av.VideoFrame) -> tuple[int, ...] | None:
    """Return how a player turns a frame, as the file says it; None: not at all."""
    try:
        # PyAV's stubs know of one other kind alone.
        found: Buffer = frame.side_data["DISPLAYMATRIX"]  # type: ignore[typeddict-item]
    except (KeyError, ValueError):  # there is none, or beside it something PyAV has no name for
        return None
    return _MATRIX.unpack(bytes(found))


def frames_of(video: VideoStream, packet: av.Packet[Any]) -> list[av.VideoFrame]:
    """Decode one packet; a damaged one yields nothing and is counted as missing."""
    try:
        return list(video.codec_context.decode(packet))
    except av.InvalidDataError:
        return []


def the_video(container: InputContainer) -> VideoStream:
    """Return the stream that is the video: no picture on a cover, and no track without frames.

    Raises:
        MediaUnreadableError: there is none, or nothing decodes it.
    """
    moving = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not moving:
        raise MediaUnreadableError("not_a_video")
    # Of fragments the index counts nothing; then it is the first.
    video = max(moving, key=lambda stream: stream.frames)
    if not _has_decoder(video):
        raise MediaUnreadableError("unknown_codec")
    return video


def the_sound(container: InputContainer, video: VideoStream) -> AudioStream | None:
    """Return the stream that is heard with the video: no track without anything in it."""
    streams = container.streams.audio
    audio = max(streams, key=lambda stream: stream.frames, default=None)
    # Of fragments the index counts nothing.
    return None if audio is not None and video.frames and not audio.frames else audio


def sound_of(audio: AudioStream | None) -> str | None:
    """Return FFmpeg's name of the format of a sound, also of one that nothing decodes."""
    if audio is None:
        return None
    return audio.codec_context.codec.canonical_name if _has_decoder(audio) else "unknown"


def _has_decoder(stream: Stream) -> bool:
    # PyAV's stubs say that there always is one; where FFmpeg knows none, this is None.
    return getattr(stream, "codec_context", None) is not None


def check_bounds(video: VideoStream, *, max_seconds: float = MAX_SECONDS) -> None:
    """Refuse what the header says is too wide or too long.

    Raises:
        MediaUnreadableError: ``too_wide`` or ``too_long``.
    """
    width, height = video.codec_context.width, video.codec_context.height
    if not (0 < width <= MAX_SIDE_PIXELS and 0 < height <= MAX_SIDE_PIXELS):
        raise MediaUnreadableError("too_wide", width=width, height=height, limit=MAX_SIDE_PIXELS)
    seconds = _declared_seconds(video)
    if seconds > max_seconds:
        raise MediaUnreadableError("too_long", seconds=math.ceil(seconds), limit=int(max_seconds))


def _declared_seconds(video: VideoStream) -> float:
    return float((video.duration or 0) * (video.time_base or 0))


def describe(error: av.FFmpegError) -> str:
    """Return FFmpeg's words without the path that PyAV appends."""
    return str(error.strerror or error)
