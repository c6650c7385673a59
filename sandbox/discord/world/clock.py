"""Tells the time, which tests move forward instead of waiting."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Adds to wall-clock time whatever was skipped."""

    def __init__(self) -> None:
        self._skipped_seconds = 0.0

    def timestamp(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time() + self._skipped_seconds

    def now(self) -> datetime:
        """The same moment as an aware datetime."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def iso(self) -> str:
        """The same moment as Discord writes it."""
        return self.now().isoformat()

    def advance(self, seconds: float) -> None:
        """Skip time: tokens die, signed URLs expire, messages get old."""
        if seconds < 0:
            msg = "time only moves forward"
            raise ValueError(msg)
        self._skipped_seconds += seconds
