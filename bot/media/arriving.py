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
from bot.domain.jobs.delivery import MediaFile, part_of
from bot.media import video
from bot.media.files import Identity, identity_of
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


def probe_arriving(target: Path, earlier: Identity | None) -> MediaFile:
    """Check a video as ``video.probe`` does, beginning while it grows as ``part_of(target)``.

    This waits until the file is whole; where that never comes, somebody has to end the process.

    Args:
        target: the name it gets when it is whole.
        earlier: the file that has had this name before.

    Raises:
        MediaUnreadableError: as ``video.probe``.
    """
    with limited_cpu(CPU_SECONDS):
        facts = _read_ahead(target, earlier)
        while not _is_there(target, earlier):
            _pause.wait(LOOK_SECONDS)
        return video.probe(target, facts=facts)


def _read_ahead(target: Path, earlier: Identity | None) -> Facts | None:
    """Decode a file while it grows; return what that shows, if it is that all of it plays."""
    with contextlib.suppress(MediaUnreadableError, av.FFmpegError, _LostError):
        with _arriving(target, earlier) as file, video.open_video(file) as container:
            facts = video.read_through(container, threads=THREADS)
        if facts.is_flawless:
            return facts
    return None


@contextlib.contextmanager
def _arriving(target: Path, earlier: Identity | None) -> Iterator[_ArrivingFile]:
    """Open a file as soon as it begins to grow.

    Raises:
        _LostError: it was whole before it was seen.
    """
    while True:
        try:
            stream = part_of(target).open("rb", buffering=0)
        except FileNotFoundError:
            if _is_there(target, earlier):
                raise _LostError from None
            _pause.wait(LOOK_SECONDS)
        else:
            with stream:
                yield _ArrivingFile(stream, target)
            return


def _is_there(target: Path, earlier: Identity | None) -> bool:
    """Tell whether there is another file than the earlier one."""
    return identity_of(target) not in {None, earlier}


class _LostError(OSError):
    """What was read did not become the file that was expected."""


class _ArrivingFile:
    """A file that grows under one name and then gets another: a read waits for more until then.

    One cannot seek in it, so FFmpeg reads it once from the first byte to the last; where the
    index comes last, it gives up.
    """

    def __init__(self, stream: BinaryIO, target: Path) -> None:
        self._stream = stream
        self._target = target
        self._identity = identity_of(stream.fileno())

    def read(self, size: int) -> bytes:
        """Return some of the bytes that follow; none where the file ends.

        Raises:
            _LostError: it is neither the file that grows nor the one that has come of it.
        """
        while True:
            is_whole = identity_of(self._target) == self._identity  # and was before this read
            content = self._stream.read(size)
            if content or is_whole:
                return content
            names = (part_of(self._target), self._target)  # in this order: it is renamed once
            if all(identity_of(name) != self._identity for name in names):
                raise _LostError
            _pause.wait(LOOK_SECONDS)
