"""Videos: is a file whole and playable, and the same video in fewer bytes.

``probe`` and ``shrink`` are the whole interface. Run in a child process by ``child``, never on the
event loop. Frames are streamed, so the length of a video does not matter to memory.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from bot.domain.delivery import MediaFile
from bot.domain.errors import MediaTooLargeError, MediaUnreadableError
from bot.media.files import partial_of, sha256_of

MAX_SIDE_PIXELS = 4096
"""The widest picture of H.264 level 5.2; the models make 1920 at most."""
MAX_SECONDS = 120.0
"""The longest video a model makes is 30 seconds."""

_PLAYABLE = 0.95
"""The share of frames that must come out whole. A paid video with a blemish is kept, not lost."""
_THREADS = 4
"""Each thread of the codec keeps whole frames; on a machine of many cores memory would end."""
_DEMUXER = "mov"
"""The one demuxer that is tried, so that a playlist posing as a video opens no other file."""
_OPTIONS = {"protocol_whitelist": "file"}

_SAFETY = 0.96
"""Share of the limit that is aimed at: the rate control of x264 is that exact on a few seconds."""
_BOX_BYTES_PER_FRAME = 24
"""Entries of the MP4 sample tables for one frame, and some."""
_BOX_BYTES = 8192
_LEAST_BITS_PER_SECOND = 16_000
_SCALES = (1.0, 1.0, 0.7, 0.5, 0.35)
"""Two attempts in full size, then smaller ones."""
_FAST_WORK = 1920 * 1080 * 200
"""Pixels above which a faster preset is used, so that two attempts stay within minutes."""


_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES})
"""Trouble with our own disk is the operator's, and says nothing about the video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What reading a whole video has shown."""

    width: int
    height: int
    duration_seconds: float
    frames: int
    audio_bytes: int


def probe(path: Path, *, max_seconds: float = MAX_SECONDS) -> MediaFile:
    """Check that a file is a whole MP4 with H.264 that decodes from the first frame to the last.

    Raises:
        MediaUnreadableError: ``problem`` is one of ``not_a_video``, ``truncated``, ``no_h264``,
            ``too_wide``, ``too_long`` and ``decoder_failed``.
    """
    facts = _examine(path, max_seconds=max_seconds)
    return MediaFile(
        path=path,
        size_bytes=path.stat().st_size,
        sha256=sha256_of(path),
        width=facts.width,
        height=facts.height,
        duration_seconds=facts.duration_seconds,
    )


def shrink(source: Path, target: Path, *, limit_bytes: int) -> MediaFile:
    """Re-encode a video so that it is not larger than a limit, as good as that allows.

    Duration, frame times and audio stay. Size of the picture is given up last. The target appears
    only when it is finished and fits.

    Raises:
        MediaTooLargeError: no attempt was small enough.
        MediaUnreadableError: the source is not a playable video.
    """
    facts = _examine(source, max_seconds=math.inf)
    aim = int(limit_bytes * _SAFETY)
    spare = aim - facts.audio_bytes - _BOX_BYTES - _BOX_BYTES_PER_FRAME * facts.frames
    rate = spare * 8 / facts.duration_seconds
    temporary = partial_of(target)
    size = facts.audio_bytes
    try:
        for scale in _SCALES:
            if rate < _LEAST_BITS_PER_SECOND:
                break
            _encode(source, temporary, facts=facts, bits_per_second=int(rate), scale=scale)
            size = temporary.stat().st_size
            if size <= limit_bytes:
                shrunk = probe(temporary, max_seconds=math.inf)
                temporary.replace(target)
                return MediaFile(
                    path=target,
                    size_bytes=shrunk.size_bytes,
                    sha256=shrunk.sha256,
                    width=shrunk.width,
                    height=shrunk.height,
                    duration_seconds=shrunk.duration_seconds,
                )
            rate *= min(0.95, 0.97 * aim / size)
    except av.FFmpegError as error:
        if error.errno in _DISK_ERRORS:
            raise OSError(error.errno, _describe(error)) from error
        raise MediaUnreadableError("decoder_failed", detail=_describe(error)) from error
    finally:
        temporary.unlink(missing_ok=True)
    raise MediaTooLargeError(limit_bytes=limit_bytes, actual_bytes=size)


# --- reading ---------------------------------------------------------------------------------


def _examine(path: Path, *, max_seconds: float) -> _Facts:
    _check_boxes(path)
    try:
        with _open(path) as container:
            return _read_through(container, path.stat().st_size, max_seconds=max_seconds)
    except av.FFmpegError as error:
        raise MediaUnreadableError("decoder_failed", detail=_describe(error)) from error


def _open(path: Path) -> InputContainer:
    # Without a metadata encoding that always works, a stray byte in a title would be an error.
    return av.open(str(path), format=_DEMUXER, options=dict(_OPTIONS), metadata_errors="replace")


def _check_boxes(path: Path) -> None:
    """Check that the top-level boxes are those of an MP4 and all of them lie within the file.

    FFmpeg plays what is there of a cut file without complaint where the index comes first.
    ISO/IEC 14496-12, section 4.2: size in four bytes, type in four; size 1 is followed by eight
    bytes of size, size 0 means "to the end".
    """
    length = path.stat().st_size
    found: set[bytes] = set()
    with path.open("rb") as stream:
        if stream.read(8)[4:] != b"ftyp":
            raise MediaUnreadableError("not_a_video")
        at = 0
        while at < length:
            stream.seek(at)
            header = stream.read(16)
            size = int.from_bytes(header[:4], "big")
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            elif size == 0:
                size = length - at
            if size < 8 or at + size > length:  # noqa: PLR2004 - a header is eight bytes
                raise MediaUnreadableError("truncated")
            found.add(header[4:8])
            at += size
    if not {b"moov", b"mdat"} <= found:
        # An index without data is cut, data without an index as well: both are written in the end.
        raise MediaUnreadableError("truncated")


def _read_through(container: InputContainer, length: int, *, max_seconds: float) -> _Facts:
    """Read every packet and decode every frame: half a second of work for five seconds of 720p."""
    video = _the_video(container)
    _check_bounds(video, max_seconds=max_seconds)
    audio = next(iter(container.streams.audio), None)
    video.thread_type = "AUTO"
    video.codec_context.thread_count = _THREADS
    packets = frames = whole = audio_bytes = 0
    end_seconds = 0.0
    for packet in container.demux([video] if audio is None else [video, audio]):
        if packet.pos is not None and packet.pos + packet.size > length:
            raise MediaUnreadableError("truncated")
        if audio is not None and packet.stream is audio:
            audio_bytes += packet.size
            continue
        if packet.pts is not None and packet.time_base is not None:
            packets += 1
            end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            end_seconds = max(end_seconds, end)
        for frame in _frames_of(video, packet):
            frames += 1
            whole += not frame.is_corrupt
    expected = max(packets, video.frames)
    if packets < video.frames:
        raise MediaUnreadableError("truncated")
    if not expected or whole < _PLAYABLE * expected:
        raise MediaUnreadableError("decoder_failed", frames=expected, whole=whole)
    start = float((video.start_time or 0) * (video.time_base or 0))
    seconds = _declared_seconds(video) or end_seconds - start
    if seconds <= 0:
        raise MediaUnreadableError("decoder_failed", frames=expected, whole=whole)
    return _Facts(
        width=video.codec_context.width,
        height=video.codec_context.height,
        duration_seconds=seconds,
        frames=frames,
        audio_bytes=audio_bytes,
    )


def _frames_of(video: VideoStream, packet: av.Packet[Stream]) -> list[av.VideoFrame]:
    """Decode one packet; a damaged one yields nothing and is counted as missing."""
    try:
        return list(video.codec_context.decode(packet))
    except av.InvalidDataError:
        return []


def _the_video(container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise MediaUnreadableError("not_a_video")
    video = container.streams.video[0]
    codec = str(getattr(video.codec_context, "name", "unknown"))  # None where FFmpeg knows none
    if len(container.streams.video) != 1 or codec != "h264":
        raise MediaUnreadableError("no_h264", codec=codec)
    return video


def _check_bounds(video: VideoStream, *, max_seconds: float) -> None:
    width, height = video.codec_context.width, video.codec_context.height
    if not (0 < width <= MAX_SIDE_PIXELS and 0 < height <= MAX_SIDE_PIXELS):
        raise MediaUnreadableError("too_wide", width=width, height=height, limit=MAX_SIDE_PIXELS)
    seconds = _declared_seconds(video)
    if seconds > max_seconds:
        raise MediaUnreadableError("too_long", seconds=math.ceil(seconds), limit=int(max_seconds))


def _declared_seconds(video: VideoStream) -> float:
    return float((video.duration or 0) * (video.time_base or 0))


def _describe(error: av.FFmpegError) -> str:
    """Return FFmpeg's words without the path that PyAV appends."""
    return str(error.strerror or error)


# --- re-encoding -----------------------------------------------------------------------------


def _encode(
    source: Path, target: Path, *, facts: _Facts, bits_per_second: int, scale: float
) -> None:
    with (
        _open(source) as read,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as write,
    ):
        video = _the_video(read)
        video.thread_type = "AUTO"
        video.codec_context.thread_count = _THREADS
        audio = next(iter(read.streams.audio), None)
        encoded = _add_video(
            write, video, facts=facts, bits_per_second=bits_per_second, scale=scale
        )
        copied = None if audio is None else write.add_stream_from_template(audio)
        for packet in _packets(read, video, audio, encoded, copied):
            write.mux(packet)


def _add_video(
    write: OutputContainer,
    video: VideoStream,
    *,
    facts: _Facts,
    bits_per_second: int,
    scale: float,
) -> VideoStream:
    rate = video.average_rate or Fraction(30)
    encoded = write.add_stream("libx264", rate=rate)
    # yuv420p, which is what every player takes, knows even sizes only.
    encoded.width = max(2, round(facts.width * scale / 2) * 2)
    encoded.height = max(2, round(facts.height * scale / 2) * 2)
    encoded.pix_fmt = "yuv420p"
    context = encoded.codec_context
    context.bit_rate = bits_per_second
    context.thread_count = _THREADS
    if video.time_base is not None:
        context.time_base = video.time_base  # frame times are kept, whatever they are
    source = video.codec_context
    context.color_range = source.color_range
    context.color_primaries = source.color_primaries
    context.color_trc = source.color_trc
    context.colorspace = source.colorspace
    work = facts.width * facts.height * facts.frames * scale * scale
    context.options = {
        "preset": "veryfast" if work > _FAST_WORK else "fast",
        # Peaks of twice the mean for two seconds: free enough for a cut, bound enough for a limit.
        "maxrate": str(2 * bits_per_second),
        "bufsize": str(2 * bits_per_second),
    }
    return encoded


def _packets(
    read: InputContainer,
    video: VideoStream,
    audio: AudioStream | None,
    encoded: VideoStream,
    copied: AudioStream | None,
) -> Iterator[av.Packet[Stream]]:
    """Yield the packets of the new file in the order of the old; one frame is held at a time."""
    for packet in read.demux([video] if audio is None else [video, audio]):
        if audio is not None and packet.stream is audio:
            if packet.dts is not None and copied is not None:
                packet.stream = copied
                yield packet
            continue
        for frame in _frames_of(video, packet):
            fitted = frame.reformat(width=encoded.width, height=encoded.height, format="yuv420p")
            fitted.pict_type = 0  # the encoder chooses its own key frames
            yield from encoded.encode(fitted)
    yield from encoded.encode(None)
