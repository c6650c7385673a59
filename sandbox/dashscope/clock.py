"""Tells the emulator's time, which can run faster than real time and jump ahead.

Task durations, the 24-hour memory and signed URLs follow this clock; rate limits do not, because
the callers they restrain pace themselves in real time.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

SERVICE_ZONE = timezone(timedelta(hours=8))
"""Times in answers are UTC+8 (image-to-video-by-first-and-last-frame-api-reference)."""


class ChangeNotifier:
    """Wakes everyone who waits, each time something changed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wake all present waiters."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, timeout_seconds: float | None) -> None:
        """Return at the next notification, or after so many real seconds."""
        event = self._event
        try:
            async with asyncio.timeout(timeout_seconds):
                await event.wait()
        except TimeoutError:
            return


class EmulatorClock:
    """Tells the wall time of the emulated service."""

    def __init__(self, speed: float = 1.0, *, notifier: ChangeNotifier | None = None) -> None:
        """Start at the present time.

        Args:
            speed: emulated seconds per real second, above 0.
            notifier: notified when the clock jumps or changes its speed.
        """
        self._speed = speed
        self._base_real = time.monotonic()
        self._base_epoch = time.time()
        self._notifier = notifier or ChangeNotifier()

    @property
    def speed(self) -> float:
        """Emulated seconds per real second."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        if value <= 0:
            message = "the clock cannot stand still or run backwards"
            raise ValueError(message)
        self._base_epoch, self._base_real = self.epoch(), time.monotonic()
        self._speed = value
        self._notifier.notify()

    def epoch(self) -> float:
        """Return the emulated Unix time, in seconds."""
        return self._base_epoch + (time.monotonic() - self._base_real) * self._speed

    def now(self) -> datetime:
        """Return the emulated time as an aware UTC datetime."""
        return datetime.fromtimestamp(self.epoch(), UTC)

    def advance(self, seconds: float) -> None:
        """Jump so many emulated seconds ahead.

        Raises:
            ValueError: the jump would go backwards.
        """
        if seconds < 0:
            message = "the clock cannot run backwards"
            raise ValueError(message)
        self._base_epoch += seconds
        self._notifier.notify()

    def real_seconds_until(self, epoch: float) -> float:
        """Return how many real seconds are left until an emulated Unix time; 0 when past."""
        return max(0.0, (epoch - self.epoch()) / self._speed)


def service_time(epoch: float) -> str:
    """Write a Unix time as answers do: ``YYYY-MM-DD HH:mm:ss.SSS`` in UTC+8."""
    moment = datetime.fromtimestamp(epoch, SERVICE_ZONE)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def parse_compact_time(text: str) -> float:
    """Read ``YYYYMMDDhhmmss`` of the list filter as UTC+8, into a Unix time.

    The page manage-asynchronous-tasks does not name the zone; answers are in UTC+8.

    Raises:
        ValueError: the text is not such a time.
    """
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=SERVICE_ZONE).timestamp()
