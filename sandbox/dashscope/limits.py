"""Limits rates, counted in real time over a sliding window."""

from __future__ import annotations

import time
from collections import deque


class SlidingWindow:
    """Admits at most so many events in any window of so many real seconds."""

    def __init__(self, limit: int, window_seconds: float) -> None:
        self._limit = limit
        self._window_seconds = window_seconds
        self._admitted_at: deque[float] = deque()

    def admit(self) -> bool:
        """Count one event, unless the window is full. Refused events are not counted."""
        now = time.monotonic()
        while self._admitted_at and self._admitted_at[0] <= now - self._window_seconds:
            self._admitted_at.popleft()
        if len(self._admitted_at) >= self._limit:
            return False
        self._admitted_at.append(now)
        return True


class RateLimits:
    """Every window of the account: creations per model, queries together, uploads per model."""

    def __init__(self, window_seconds: float) -> None:
        self._window_seconds = window_seconds
        self._windows: dict[str, SlidingWindow] = {}

    def admit(self, name: str, limit: int) -> bool:
        """Count one event of the window called ``name``."""
        window = self._windows.get(name)
        if window is None:
            window = self._windows[name] = SlidingWindow(limit, self._window_seconds)
        return window.admit()
