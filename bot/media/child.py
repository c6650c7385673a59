"""Pictures and videos are decoded in child processes; this is their asynchronous front.

A hostile file may crash its decoder, eat memory or never end. In a child that costs one refusal:
memory is limited, every kind of work has a time limit, and a child that is late or whose caller
has gone is killed. Nothing here blocks the event loop, and nothing imports a decoder.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from collections.abc import AsyncIterator, Awaitable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from bot.domain.errors import (
    InvalidImageError,
    MediaTooLargeError,
    MediaUnreadableError,
)
from bot.domain.guilds.charts import Chart
from bot.domain.jobs.ai_label import AiLabel
from bot.domain.jobs.delivery import ProbedVideo
from bot.domain.ports import LocalFile
from bot.domain.problems import PictureProblem, SoundProblem
from bot.domain.requests.pictures import ANY_MODEL, Picture, PictureFit, PictureNote
from bot.domain.requests.sounds import InvalidSoundError, SoundFacts, SoundFormat
from bot.media import work
from bot.media.work import Refusal
from bot.media.worker import START_SECONDS, Reach, WorkerDiedError
from bot.media.worker_pool import IDLE_SECONDS, WorkerPool

T = TypeVar("T")

_RECORDS = (
    *(ProbedVideo, Picture, PictureNote, SoundFacts, SoundFormat, type(Path())),
    *(Refusal, InvalidImageError, InvalidSoundError, MediaTooLargeError, MediaUnreadableError),
    *(PictureProblem, SoundProblem),
)
"""What children answer with."""
_SHRINK_NICENESS = 5
"""Encoding is the only work that takes minutes, and the only one nobody waits for at a prompt."""


class MediaPool:
    """Decodes, probes and re-encodes in child processes, which live while there is work.

    An asynchronous context manager: leaving it ends the children, whatever they are doing.
    """

    def __init__(
        self,
        *,
        scratch: LocalFile,
        readable: Sequence[LocalFile] = (),
        workers: int | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Remember the settings; no process is started.

        Args:
            scratch: the folder below which children write, and whatever is given to them to be
                written to lies; made where it is not there.
            readable: folders of files that are given to them, besides; made as well.
            workers: children for everything but re-encoding, and as many again for that; as
                many as there are cores by default.
            idle_seconds: after how long without work a child ends.
        """
        count = max(1, workers or _cores())
        pool = partial(
            WorkerPool,
            reach=Reach(scratch=Path(scratch), readable=tuple(map(Path, readable))),
            records=_RECORDS,
            idle_seconds=idle_seconds,
        )
        self._quick = pool(workers=count)
        self._encoders = pool(workers=count, niceness=_SHRINK_NICENESS)
        # Apart from the others: a download may take minutes, and each has a child with it.
        self._readers = pool(workers=count)
        # Apart as well: what admins look at keeps no picture and no paid result waiting.
        self._charts = pool(workers=1)
        self._arriving: dict[Path, asyncio.Future[ProbedVideo | Refusal]] = {}
        self.encoders = count
        """How many videos are re-encoded at the same time."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def warm_up(self) -> tuple[str, ...]:
        """Have a child ready that has loaded what pictures and videos need.

        Returns:
            What this system does not keep children away from: files, processes, network.

        Raises:
            MediaUnreadableError: no child could be started; the installation is broken.
        """
        return await self._media(self._quick.run(START_SECONDS, work.load))

    async def check(self) -> tuple[str, ...]:
        """Start a child once, and let it go again.

        Returns:
            What this system does not keep children away from: files, processes, network.

        Raises:
            MediaUnreadableError: no child could be started; the installation is broken.
        """
        missing = await self.warm_up()
        self._quick.end_idle()
        return missing

    async def expect_pictures(self) -> None:
        """Begin to start a child that ``prepare`` is going to need, while it is yet to come."""
        await self._quick.expect(work.PICTURE_MODULES)

    @contextlib.asynccontextmanager
    async def expecting(self, target: LocalFile) -> AsyncIterator[None]:
        """Read a video while it arrives, so that ``probe`` within this has little left to do.

        At most as many at a time as there are cores; others are read when they are probed.

        Args:
            target: is not there yet, will only be appended to, and lies in a folder of its own.
        """
        target = _absolute(target)
        if len(self._arriving) == self.encoders:
            yield
            return
        reading = asyncio.ensure_future(
            self._readers.run(work.ARRIVE_SECONDS, work.probe_arriving, target, _whole(target))
        )
        self._arriving[target] = reading
        try:
            yield
        finally:
            del self._arriving[target]
            reading.cancel()  # whatever is not read by now is of no use
            await asyncio.gather(reading, return_exceptions=True)

    async def prepare(
        self,
        sources: Sequence[tuple[str, LocalFile]],
        folder: LocalFile,
        *,
        preview: str,
        fit: PictureFit = ANY_MODEL,
    ) -> tuple[Picture, ...]:
        """Make pictures fit, and draw their preview; see ``images.prepare_pictures``.

        One visit to a child: what it decoded is drawn small there, and nothing goes there twice.

        Args:
            sources: each picture's option and file.
            folder: where the pictures are written to.
            preview: the preview's name there.
            fit: what they are made to fit into.

        Raises:
            InvalidImageError: a picture cannot be used; ``option`` says which, ``problem`` why.
                Where a decoder broke, the first option is named.
        """
        try:
            answer = await self._quick.run(
                work.PREPARE_SECONDS * max(1, math.ceil(len(sources) / 2)),
                work.prepare,
                tuple((option, _absolute(file)) for option, file in sources),
                _absolute(folder),
                preview,
                fit,
            )
        except WorkerDiedError as error:
            raise InvalidImageError(
                option=sources[0][0], problem=PictureProblem.DECODER_FAILED
            ) from error
        return _unwrap(answer)

    async def examine_sound(
        self, file: LocalFile, *, option: str, min_seconds: float, max_seconds: float
    ) -> SoundFacts:
        """Check that a file is a sound the provider takes; see ``sounds.examine``.

        Args:
            file: the file.
            option: the option it came in.
            min_seconds: the shortest that the model takes.
            max_seconds: the longest.

        Raises:
            InvalidSoundError: it cannot be used; ``problem`` says why.
        """
        limits = (min_seconds, max_seconds)
        try:
            answer = await self._quick.run(
                work.SOUND_SECONDS, work.examine_sound, _absolute(file), option, *limits
            )
        except WorkerDiedError as error:
            raise InvalidSoundError(option=option, problem=SoundProblem.DECODER_FAILED) from error
        return _unwrap(answer)

    async def probe(self, file: LocalFile) -> ProbedVideo:
        """Check that a file is a whole, playable video; see ``video.probe``.

        Raises:
            MediaUnreadableError: it is not, or the child died on it.
        """
        path = _absolute(file)
        if (reading := self._arriving.get(path)) is None:
            probing: Awaitable[ProbedVideo | Refusal] = self._quick.run(
                work.PROBE_SECONDS, work.probe, path
            )
        else:
            await asyncio.to_thread(_whole(path).touch)
            probing = _within(work.PROBE_SECONDS, reading)
        return _unwrap(await self._media(probing))

    async def last_frame(
        self, video: LocalFile, into: LocalFile, *, first_picture: LocalFile | None
    ) -> None:
        """Write the last frame of a video as PNG; see ``last_frame.write_last_frame``.

        Args:
            video: the file.
            into: where the picture is written to; unless this returns, what is there is not to be
                used.
            first_picture: what the maker of the video was given as its first frame: where the
                video does not say what its colours are, this does.

        Raises:
            MediaTooLargeError: the video has more bytes than any result.
            MediaUnreadableError: it has no last frame that decodes, or the child died on it.
        """
        picture = None if first_picture is None else _absolute(first_picture)
        writing = self._quick.run(
            work.LAST_FRAME_SECONDS,
            work.write_last_frame,
            *(_absolute(video), _absolute(into)),
            picture,
        )
        _unwrap(await self._media(writing))

    async def write_label(self, source: LocalFile, target: LocalFile, *, label: AiLabel) -> int:
        """Write a labelled copy of a video, the rest as it is; return its bytes.

        Raises:
            MediaUnreadableError: the file is too odd to be changed, or the child died on it.
        """
        files = _absolute(source), _absolute(target)
        labelling = self._quick.run(work.LABEL_SECONDS, work.write_label, *files, label)
        return _unwrap(await self._media(labelling))

    async def make_playable(
        self, source: LocalFile, target: LocalFile, *, label: AiLabel, may_be_cut: bool = False
    ) -> ProbedVideo:
        """Re-encode a video so that it plays everywhere; see ``playable.make_playable``.

        With the children and the bounds of ``shrink``.

        Raises:
            MediaUnreadableError: the source does not decode, or the child died on it.
        """
        files = _absolute(source), _absolute(target)
        encoding = self._encoders.run(
            work.SHRINK_SECONDS, work.make_playable, *files, label, may_be_cut=may_be_cut
        )
        return _unwrap(await self._media(encoding))

    async def shrink(
        self, source: LocalFile, target: LocalFile, *, limit_bytes: int, label: AiLabel
    ) -> ProbedVideo:
        """Re-encode a video to fit below a limit; see ``shrink.shrink``.

        As many at a time as there are cores; one that works much longer than its length and
        size explain is given up, and one that gets nowhere.

        Raises:
            MediaTooLargeError: it cannot be made to fit.
            MediaUnreadableError: the source does not decode, or the child died on it.
        """
        files = _absolute(source), _absolute(target)
        shrinking = self._encoders.run(work.SHRINK_SECONDS, work.shrink, *files, limit_bytes, label)
        return _unwrap(await self._media(shrinking))

    async def draw(self, chart: Chart) -> bytes:
        """Draw a chart as PNG; see ``charts.draw``.

        Raises:
            MediaUnreadableError: the child died on it.
        """
        return await self._media(self._charts.run(work.DRAW_SECONDS, work.draw, chart))

    async def aclose(self) -> None:
        """End all children at once; work under way is lost."""
        pools = (self._quick, self._readers, self._encoders, self._charts)
        await asyncio.gather(*(pool.aclose() for pool in pools))

    async def _media(self, working: Awaitable[T]) -> T:
        try:
            return await working
        except WorkerDiedError as error:
            raise MediaUnreadableError("decoder_failed") from error


def _absolute(file: LocalFile) -> Path:
    """Return a path that means the same in a child, which works in another folder."""
    return Path(file).absolute()


async def _within(seconds: float, working: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await working
    except TimeoutError as error:
        raise WorkerDiedError("it took too long") from error


def _whole(file: Path) -> Path:
    """Return the name of what is put beside a file once it has all its bytes."""
    return file.with_name(f"{file.name}.whole")


def _unwrap(answer: T | Refusal) -> T:
    if isinstance(answer, Refusal):
        raise answer.as_error()
    return answer


def _cores() -> int:
    """Return how many cores this process may use, which may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows
