"""The emulator's films, rendered once for all tests of a process: each costs a second or two."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from sandbox.dashscope.video import VideoPlan, render


class FilmArchive:
    """Renders as the emulator does, and keeps every film."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="films")
        self._films: dict[str, Future[bytes]] = {}

    def start(self, plan: VideoPlan) -> Future[bytes]:
        """Begin to render a film, unless it is there."""
        key = plan.key()
        if key not in self._films:
            self._films[key] = self._executor.submit(render, plan, threading.Event())
        return self._films[key]

    async def video(self, plan: VideoPlan) -> bytes:
        """Return the film."""
        return await asyncio.shield(asyncio.wrap_future(self.start(plan)))

    def close(self) -> None:
        """Keep everything for the next server."""


ARCHIVE = FilmArchive()
