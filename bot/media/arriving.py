"""Videos that are read while they arrive: most of the work is done when the last byte is there.

What is read ahead decides nothing but that a video plays. Where it does not show that, the file
is probed when it is whole, as any other.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av

from bot.domain.errors import MediaUnreadableError
from bot.domain.jobs.delivery import ProbedVideo
from bot.media import video
from bot.media.limits import limited_cpu
from bot.media.video import Facts

CPU_SECONDS = 240.0
"""For all threads of the decoder together: a file that is made to be slow gets no more, however
long it takes to arrive."""
THREADS = 2
"""The least with which a frame tells that it is damaged. Others have to receive the file."""
LOOK_SECONDS = 0.004
"""Between two looks for more."""

_pause = threading.Event()


def probe_arriving(file: Path, whole: Path) -> ProbedVideo:
    """Check a video as ``video.probe`` does, beginning while it grows.

    This waits until the file is whole; where that never comes, somebody has to end the process.

    Args:
        file: is not there yet, and is only ever appended to.
        whole: is there once the file has all its bytes.

    Raises:
        MediaUnreadableError: as ``video.probe``.
    """
    with limited_cpu(CPU_SECONDS):
        facts = _read_ahead(file, whole)
        while not whole.exists():
            _pause.wait(LOOK_SECONDS)
        return video.probe(file, facts=facts)


def _read_ahead(file: Path, whole: Path) -> Facts | None:
    """Decode a file while it grows; return what that shows, if it is that all of it plays."""
    with contextlib.suppress(MediaUnreadableError, av.FFmpegError):
        with _arriving(file, whole) as growing, video.open_video(growing) as container:
            facts = video.read_through(container, threads=THREADS)
        if facts.is_flawless:
            return facts
    return None


@contextlib.contextmanager
def _arriving(file: Path, whole: Path) -> Iterator[_GrowingFile]:
    """Open a file as soon as it is there."""
    while not file.exists():
        _pause.wait(LOOK_SECONDS)
    with file.open("rb", buffering=0) as stream:
        yield _GrowingFile(stream, whole)


class _GrowingFile:
    """A file that grows: a read waits for more until it is whole.

    One cannot seek in it, so FFmpeg reads it once from the first byte to the last; where the
    index comes last, it gives up.
    """

    def __init__(self, stream: BinaryIO, whole: Path) -> None:
        self._stream = stream
        self._whole = whole

    def read(self, size: int) -> bytes:
        """Return some of the bytes that follow; none where the file ends."""
        while True:
            is_whole = self._whole.exists()  # and was before this read
            content = self._stream.read(size)
            if content or is_whole:
                return content
            _pause.wait(LOOK_SECONDS)
