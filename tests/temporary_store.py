"""The provider's temporary store in memory, a part of ``tests.fakes.InMemoryProvider``."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from pathlib import Path

from bot.domain.ports import Clock, LocalFile
from bot.domain.requests.task import UploadedFile


class InMemoryStore:
    """Keeps what was uploaded."""

    def __init__(self, clock: Clock) -> None:
        self.uploads: list[tuple[bytes, str, str]] = []
        """What was uploaded: content, model, name."""
        self.upload_errors: deque[Exception] = deque()
        """What the next uploads raise."""
        self._clock = clock

    async def upload_file(self, file: LocalFile, *, model: str, name: str) -> UploadedFile:
        if self.upload_errors:
            raise self.upload_errors.popleft()
        content = await asyncio.to_thread(Path(file).read_bytes)
        self.uploads.append((content, model, name))
        return UploadedFile(
            url=f"oss://dashscope-instant/{len(self.uploads)}/{name}",
            expires_at=self._clock.now() + timedelta(hours=48),
        )
