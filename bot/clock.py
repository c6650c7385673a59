"""The wall clock and the process's own wake-up: the ports that every process needs."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class WallClock:
    """The time of day, and a clock that never runs backwards."""

    def now(self) -> datetime:
        """Return the aware UTC time of day."""
        return datetime.now(UTC)  # noqa: TID251 - this class is the one place

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Suspend the caller."""
        await asyncio.sleep(seconds)


class LocalWakeup:
    """Wakes a loop of the same process."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wake whoever waits, or the next one to wait."""
        self._event.set()

    async def wait(self, timeout_seconds: float) -> None:
        """Return when notified, or after so many seconds."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
