"""A double of the children that decode videos: any bytes will do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from typing_extensions import override

from bot.domain.errors import MediaError
from bot.domain.jobs.delivery import MediaFile
from bot.media.child import MediaPool


class FakeMedia(MediaPool):
    """Takes any file for a video; shrinks by cutting."""

    def __init__(self) -> None:
        super().__init__(workers=1)
        self.probe_errors: deque[MediaError] = deque()
        self.shrunk_to: list[int] = []

    @override
    @asynccontextmanager
    async def expecting(self, target: Path) -> AsyncIterator[None]:
        yield

    @override
    async def probe(self, path: Path) -> MediaFile:
        if self.probe_errors:
            raise self.probe_errors.popleft()
        return self._media_of(path)

    @override
    async def shrink(self, source: Path, target: Path, *, limit_bytes: int) -> MediaFile:
        self.shrunk_to.append(limit_bytes)
        content = await asyncio.to_thread(source.read_bytes)
        await asyncio.to_thread(target.write_bytes, content[:limit_bytes])
        return self._media_of(target)

    @staticmethod
    def _media_of(path: Path) -> MediaFile:
        content = path.read_bytes()
        return MediaFile(
            path=path,
            size_bytes=len(content),
            width=1280,
            height=720,
            duration_seconds=5.0,
        )
