"""The last frame of a video as a picture: what a video that goes on from it begins with.

Run in a child process by ``child``, never on the event loop. The file is read twice and little of
it decoded: first for the times of all frames, then from the last key frame on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image

from bot.domain.errors import MediaError, MediaTooLargeError, MediaUnreadableError
from bot.domain.units import MIB
from bot.media.boxes import layout_of
from bot.media.decode import decode
from bot.media.encoding import trouble
from bot.media.srgb import to_srgb
from bot.media.stills import likely_matrix, named_matrix, nearest_matrix, still_of
from bot.media.video import (
    MAX_SECONDS,
    MAX_SIDE_PIXELS,
    check_bounds,
    frames_of,
    is_cut,
    open_video,
    the_video,
)

MAX_VIDEO_BYTES = 512 * MIB
"""No result is larger."""
MAX_FRAMES = 15_000
"""Two minutes of 120 frames a second."""
_THREADS = 2
"""The least with which a frame tells that it is damaged."""
_MOST_MISSING = 0.05
"""The share of frames that may be missing at the end, as a video that is delivered may lack them:
a quarter of a second of five."""


class _Entry(NamedTuple):
    """A frame of the index, in the order in which they are decoded."""

    pts: int
    is_key: bool
    is_seen: bool
    """Whether a player shows it; an edit list leaves out those that are needed for others alone."""


class _Came(NamedTuple):
    """What came out of the decoder for a frame."""

    is_whole: bool
    is_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """What reading a file has shown, without decoding."""

    entries: tuple[_Entry, ...]
    lost: int
    """Frames that the file says are to be shown, or are needed for others, and has not."""
    pixel: Fraction | None
    """The width of one against its height; None: square."""

    def missing_behind(self, pts: int) -> int:
        """Return how many frames are shown after a time, or should be."""
        return self.lost + sum(entry.is_seen and entry.pts > pts for entry in self.entries)

    def is_near_end(self, pts: int) -> bool:
        """Tell whether so little follows that it is a blemish."""
        seen = self.lost + sum(entry.is_seen for entry in self.entries)
        return self.missing_behind(pts) <= _MOST_MISSING * seen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What decoding from a key frame to the end has shown."""

    came: dict[int, _Came]
    """By time."""
    latest: av.VideoFrame | None
    """The last by time of those that are whole."""


def write_last_frame(source: Path, target: Path, *, first_picture: Path | None) -> None:
    """Write the last frame of a video as PNG: as players show it, in sRGB, without metadata.

    The last by time, of those that decode. Where the video does not say what its colours are, its
    first frame is compared with the picture it was made from.

    Args:
        source: the video.
        target: where the picture is written to.
        first_picture: what the maker of the video was given as its first frame, in any size.

    Raises:
        MediaTooLargeError: more bytes than ``MAX_VIDEO_BYTES``.
        MediaUnreadableError: as ``video.probe``.
    """
    size_bytes = source.stat().st_size
    if size_bytes > MAX_VIDEO_BYTES:
        raise MediaTooLargeError(limit_bytes=MAX_VIDEO_BYTES, actual_bytes=size_bytes)
    layout_of(source)
    try:
        index = _read_index(source)
        frame = _last_frame(source, index)
        matrix = _matrix_of(frame, source, index, first_picture)
        still_of(frame, matrix=matrix, pixel=index.pixel).save(target, "PNG")
    except av.FFmpegError as error:
        raise trouble(error) from error


# --- which frame -----------------------------------------------------------------------------


def _read_index(path: Path) -> _Index:
    """Read what the file says of each frame.

    Raises:
        MediaUnreadableError: it has none, too many, or is no video.
    """
    with open_video(path) as container:
        video = the_video(container)
        check_bounds(video)
        base = video.time_base or Fraction(1)
        # Not what the header counts: what an edit list leaves out never comes.
        expected = len(video.index_entries)
        entries: list[_Entry] = []
        for packet in _packets(container, video, path.stat().st_size):
            if packet.pts is None:  # it has not, behind the end
                continue
            entries.append(_Entry(packet.pts, packet.is_keyframe, not packet.is_discard))
            seconds = float((packet.pts - entries[0].pts) * base)
            if seconds > MAX_SECONDS or len(entries) > MAX_FRAMES:
                raise MediaUnreadableError(
                    "too_long", seconds=math.ceil(seconds), limit=int(MAX_SECONDS)
                )
        if not any(entry.is_seen for entry in entries):
            raise MediaUnreadableError("truncated" if expected else "decoder_failed")
        return _Index(
            entries=tuple(entries),
            lost=max(0, expected - len(entries)),
            pixel=video.sample_aspect_ratio,
        )


def _packets(
    container: InputContainer, video: VideoStream, length: int
) -> Iterator[av.Packet[Any]]:
    """Yield the packets of a video that are all there, and the empty last one."""
    for packet in container.demux([video]):
        if not is_cut(packet, length):
            yield packet


def _last_frame(path: Path, index: _Index) -> av.VideoFrame:
    """Decode the last frame by time.

    Goes back from the last key frame until one is found that is one, and behind which the last
    frame lies, in steps that double: a file may call all its frames key frames.

    Raises:
        MediaUnreadableError: ``truncated`` or ``decoder_failed``: none that decodes is near the
            end.
    """
    keys = [at for at, entry in enumerate(index.entries) if entry.is_key and at] or [0]
    back = 1
    while True:
        start = keys[-back] if back <= len(keys) else 0
        run = _run(path, index.entries, start)
        sure = _last_undamaged(index.entries[start:], run.came)
        if start == 0 or (
            sure is not None
            and all(entry.pts <= sure for entry in index.entries[:start] if entry.is_seen)
        ):
            break
        back *= 2
    whole = max((pts for pts, frame in run.came.items() if frame.is_whole), default=None)
    for pts in (sure, whole):
        if pts is not None and index.is_near_end(pts):
            if run.latest is not None and run.latest.pts == pts:
                return run.latest
            return _frame_at(path, start, pts)
    raise MediaUnreadableError(
        "truncated" if index.lost else "decoder_failed", frames=len(index.entries)
    )


def _run(path: Path, entries: Sequence[_Entry], start: int) -> _Run:
    """Decode from a frame of the index to the end.

    Two threads tell which frames are damaged, and lose some that are not where an error comes out;
    one thread loses none, and does not tell.
    """
    run = _run_with(path, start, threads=_THREADS)
    first = entries[start].pts
    shown = [entry.pts for entry in entries[start:] if entry.is_seen and entry.pts >= first]
    if all(pts in run.came for pts in shown):
        return run
    all_of_them = _run_with(path, start, threads=1)
    damaged = {pts for pts, frame in run.came.items() if not frame.is_whole}
    came = {
        pts: frame._replace(is_whole=frame.is_whole and pts not in damaged)
        for pts, frame in all_of_them.came.items()
    }
    return _Run(came=came, latest=all_of_them.latest)


def _run_with(path: Path, start: int, *, threads: int) -> _Run:
    """Decode from a frame of the index to the end; one frame is held."""
    came: dict[int, _Came] = {}
    latest: av.VideoFrame | None = None
    for frame in _decoded(path, start, threads=threads):
        if frame.pts is None:
            continue
        came[frame.pts] = _Came(not frame.is_corrupt, bool(frame.key_frame))
        if not frame.is_corrupt and (latest is None or (latest.pts or 0) <= frame.pts):
            latest = frame
    return _Run(came=came, latest=latest)


def _frame_at(path: Path, start: int, pts: int) -> av.VideoFrame:
    for frame in _decoded(path, start, threads=1):
        if frame.pts == pts:
            return frame
    raise MediaUnreadableError("decoder_failed")  # another time it came


def _decoded(path: Path, start: int, *, threads: int) -> Iterator[av.VideoFrame]:
    """Yield the frames from one of the index on, in the order of their times.

    Packets are counted rather than sought: seeking goes by times, which a file may tell wrong.
    """
    with open_video(path) as container:
        video = the_video(container)
        video.thread_type = "AUTO"
        video.codec_context.thread_count = threads
        for packet in islice(_packets(container, video, path.stat().st_size), start, None):
            for frame in frames_of(video, packet):
                if max(frame.width, frame.height) > MAX_SIDE_PIXELS:
                    size = {"width": frame.width, "height": frame.height}
                    raise MediaUnreadableError("too_wide", **size, limit=MAX_SIDE_PIXELS)
                yield frame


def _last_undamaged(entries: Sequence[_Entry], came: dict[int, _Came]) -> int | None:
    """Return the time of the last frame of which nothing is damaged that it was made from.

    A frame that does not come out spoils those that are decoded after it, up to the next key
    frame; decoders do not say so.
    """
    last: int | None = None
    key: int | None = None
    for entry in entries:
        frame = came.get(entry.pts)
        if entry.is_key:
            is_key = not entry.is_seen or (frame is not None and frame.is_whole and frame.is_key)
            key = entry.pts if is_key else None
        if key is None or not entry.is_seen or entry.pts < key:
            continue  # shown before the key frame: made from frames before it as well
        if frame is None or not frame.is_whole:
            key = None
        else:
            last = entry.pts if last is None else max(last, entry.pts)
    return last


# --- its colours -----------------------------------------------------------------------------


def _matrix_of(frame: av.VideoFrame, path: Path, index: _Index, first_picture: Path | None) -> int:
    named = named_matrix(frame)
    if named is not None:
        return named
    near: int | None = None
    if first_picture is not None and (picture := _opened(first_picture)) is not None:
        first = next(_decoded(path, 0, threads=1), None)
        if first is not None:
            near = nearest_matrix(first, picture, pixel=index.pixel)
    return likely_matrix(frame) if near is None else near


def _opened(path: Path) -> Image.Image | None:
    """Decode a picture; None where nothing can be told by it."""
    try:
        decoded = decode(path.read_bytes(), scale=lambda *_: 1.0)
    except MediaError:
        return None
    return to_srgb(decoded.image, decoded.colours)
