"""A double of the children that decode videos: any bytes will do."""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from typing_extensions import override

from bot.domain.errors import (
    InvalidImageError,
    MediaError,
    MediaUnreadableError,
)
from bot.domain.jobs.ai_label import AiLabel
from bot.domain.jobs.delivery import ProbedVideo
from bot.domain.ports import LocalFile
from bot.domain.requests.pictures import ANY_MODEL, Picture, PictureFit
from bot.domain.requests.sounds import InvalidSoundError, SoundFacts, SoundFormat
from bot.media.child import MediaPool
from tests.fakes import a_picture


class FakeMedia(MediaPool):
    """Takes any file for a video; shrinks by cutting."""

    def __init__(self) -> None:
        super().__init__(workers=1, scratch=Path(tempfile.gettempdir()))
        self.probe_errors: deque[MediaError] = deque()
        self.picture_errors: deque[InvalidImageError | OSError] = deque()
        self.picture_calls: list[str] = []
        """The methods that were called because of pictures."""
        self.sounds: deque[SoundFacts | InvalidSoundError | OSError] = deque()
        """What the next sounds turn out to be; five seconds of MP3 where this is empty."""
        self.shrink_errors: deque[MediaError | OSError] = deque()
        self.shrunk_to: list[int] = []
        self.probed: deque[ProbedVideo] = deque()
        """What the next probes see; a video that needs nothing where this is empty."""
        self.encode_errors: deque[MediaError | OSError] = deque()
        self.mends_what_is_cut = False
        self.label_errors: deque[MediaError | OSError] = deque()
        self.labels: list[AiLabel] = []
        """What was to be written into files."""

    @override
    @asynccontextmanager
    async def expecting(self, target: LocalFile) -> AsyncIterator[None]:
        yield

    @override
    async def prepare(
        self,
        sources: Sequence[tuple[str, LocalFile]],
        folder: LocalFile,
        *,
        preview: str,
        fit: PictureFit = ANY_MODEL,
    ) -> tuple[Picture, ...]:
        self.picture_calls.append("prepare")
        if self.picture_errors:
            raise self.picture_errors.popleft()
        return await asyncio.to_thread(self._prepare, sources, Path(folder), preview)

    @staticmethod
    def _prepare(
        sources: Sequence[tuple[str, LocalFile]], folder: Path, preview: str
    ) -> tuple[Picture, ...]:
        pictures = tuple(a_picture(option) for option, _ in sources)
        for picture, (_, file) in zip(pictures, sources, strict=True):
            (folder / picture.file_name).write_bytes(Path(file).read_bytes())
        (folder / preview).write_bytes(b"preview")
        return pictures

    @override
    async def expect_pictures(self) -> None:
        self.picture_calls.append("expect_pictures")

    @override
    async def examine_sound(
        self, file: LocalFile, *, option: str, min_seconds: float, max_seconds: float
    ) -> SoundFacts:
        mp3 = SoundFacts(format=SoundFormat.MP3, seconds=5.0, channels=2, sample_rate=44100)
        seen = self.sounds.popleft() if self.sounds else mp3
        if isinstance(seen, Exception):
            raise seen
        return seen

    @override
    async def probe(self, file: LocalFile) -> ProbedVideo:
        if self.probe_errors:
            raise self.probe_errors.popleft()
        return self.probed.popleft() if self.probed else self._seen(file)

    @override
    async def write_label(self, source: LocalFile, target: LocalFile, *, label: AiLabel) -> int:
        self.labels.append(label)
        if self.label_errors:
            raise self.label_errors.popleft()
        content = await asyncio.to_thread(Path(source).read_bytes)
        return await asyncio.to_thread(Path(target).write_bytes, content + b" labelled")

    @override
    async def make_playable(
        self, source: LocalFile, target: LocalFile, *, label: AiLabel, may_be_cut: bool = False
    ) -> ProbedVideo:
        if may_be_cut and not self.mends_what_is_cut:
            raise MediaUnreadableError("truncated")
        self.labels.append(label)
        if self.encode_errors:
            raise self.encode_errors.popleft()
        content = await asyncio.to_thread(Path(source).read_bytes)
        await asyncio.to_thread(Path(target).write_bytes, content + b" re-encoded")
        return self._seen(target)

    @override
    async def shrink(
        self, source: LocalFile, target: LocalFile, *, limit_bytes: int, label: AiLabel
    ) -> ProbedVideo:
        self.labels.append(label)
        self.shrunk_to.append(limit_bytes)
        content = await asyncio.to_thread(Path(source).read_bytes)
        if self.shrink_errors:
            await asyncio.to_thread(Path(target).write_bytes, content[:10])
            raise self.shrink_errors.popleft()
        await asyncio.to_thread(Path(target).write_bytes, content[:limit_bytes])
        return self._seen(target)

    @staticmethod
    def _seen(file: LocalFile) -> ProbedVideo:
        return ProbedVideo(
            size_bytes=Path(file).stat().st_size,
            width=1280,
            height=720,
            duration_seconds=5.0,
        )
