"""A clock that skips the time in which nobody does anything, for hours of work in minutes.

A clock that merely runs n times as fast makes every millisecond of computing n times as long, and
the figures with it. This one runs at its usual pace while anybody works; once every participant
waits for a moment to come, it jumps to the first of these moments, and the sandboxes' clocks jump
along. So waiting costs nothing, and working costs what it costs.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

LOOK_AGAIN_SECONDS = 0.002
"""So soon a jump is tried again that somebody outside the count stood in the way of."""


@dataclass(slots=True, eq=False)
class Waiter:
    """A participant that waits for a moment."""

    until: float
    """By the clock's own seconds."""
    wake: Callable[[], None]
    """Called once, from the loop's thread, when the moment has come."""


class SimulatedClock:
    """A ``Clock`` of the bot; participants say when they wait and when they work."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.RLock()
        self._skipped_seconds = 0.0
        self._started_at = time.time() - time.monotonic()
        self._working = 0
        self._waiters: set[Waiter] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._followers: list[Callable[[float], None]] = []
        self._obstacles: list[Callable[[], bool]] = []
        self._bounds: list[Callable[[], float | None]] = []
        self.jumps = 0
        """How often time was skipped."""

    def follow(self, advance: Callable[[float], None]) -> None:
        """Let another clock jump along: it is called with the seconds of each jump."""
        self._followers.append(advance)

    def wait_for(self, is_busy: Callable[[], bool]) -> None:
        """Never jump while this says that somebody outside the count is at work."""
        self._obstacles.append(is_busy)

    def stop_at(self, seconds_left: Callable[[], float | None]) -> None:
        """Never jump past a moment of somebody outside the count, who then has work to do.

        Args:
            seconds_left: until that moment; None where there is none.
        """
        self._bounds.append(seconds_left)

    # The port.

    def now(self) -> datetime:
        """Return the aware UTC time of day."""
        return datetime.fromtimestamp(self._started_at + self.monotonic(), UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic() + self._skipped_seconds

    async def sleep(self, seconds: float) -> None:
        """Suspend the caller, who counts as working: such sleeps are short, and no jump is due."""
        await asyncio.sleep(seconds)

    # Participants.

    @contextmanager
    def working(self, count: int = 1) -> Iterator[None]:
        """Count participants who work, until they say that they wait."""
        self.begin_work(count)
        try:
            yield
        finally:
            self.end_work(count)

    def begin_work(self, count: int = 1) -> None:
        """Count more who work."""
        with self._lock:
            self._working += count

    def end_work(self, count: int = 1) -> None:
        """Count fewer."""
        with self._lock:
            self._working -= count
            idle = self._working == 0
        if idle:
            self._loop.call_soon_threadsafe(self._look)

    def begin_wait(self, seconds: float, wake: Callable[[], None]) -> Waiter:
        """Turn one who works into one who waits; from any thread."""
        waiter = Waiter(self.monotonic() + seconds, wake)
        with self._lock:
            self._waiters.add(waiter)
        self.end_work()
        self._loop.call_soon_threadsafe(self._arm)
        return waiter

    def end_wait(self, waiter: Waiter) -> None:
        """Turn one who waits into one who works, before the moment; nothing if it has come."""
        with self._lock:
            if waiter not in self._waiters:
                return
            self._waiters.discard(waiter)
            self._working += 1
        waiter.wake()

    def drop(self, waiter: Waiter) -> None:
        """Forget one who will neither wait nor work any more."""
        with self._lock:
            self._waiters.discard(waiter)

    def _arm(self) -> None:
        """Wake the next by real time, should somebody work until then."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        with self._lock:
            first = min((waiter.until for waiter in self._waiters), default=None)
        if first is not None:
            self._timer = self._loop.call_later(max(0.0, first - self.monotonic()), self._wake_due)

    def _wake_due(self) -> None:
        now = self.monotonic()
        with self._lock:
            due = [waiter for waiter in self._waiters if waiter.until <= now]
        for waiter in due:
            self.end_wait(waiter)
        self._arm()

    def _look(self) -> None:
        """Jump, if nobody works."""
        with self._lock:
            if self._working or not self._waiters:
                return
            if not any(is_busy() for is_busy in self._obstacles):
                first = min(waiter.until for waiter in self._waiters)
                bounds = [left for bound in self._bounds if (left := bound()) is not None]
                seconds = max(0.0, min([first - self.monotonic(), *bounds]))
                self._skipped_seconds += seconds
                self.jumps += 1
                for advance in self._followers:
                    advance(seconds)
                self._loop.call_soon(self._wake_due)
                if not bounds:
                    return
        self._loop.call_later(LOOK_AGAIN_SECONDS, self._look)


class SimulatedWakeup:
    """The ``Wakeup`` of a loop that takes part: its waits are skipped."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._notified = False
        self._waiter: Waiter | None = None

    def notify(self) -> None:
        """Wake whoever waits, or the next one to wait."""
        self._notified = True
        if self._waiter is not None:
            self._clock.end_wait(self._waiter)

    async def wait(self, timeout_seconds: float) -> None:
        """Return when notified, or after so many seconds."""
        if not self._notified:
            woken = asyncio.Event()
            self._waiter = self._clock.begin_wait(timeout_seconds, woken.set)
            try:
                await woken.wait()
            finally:
                self._clock.drop(self._waiter)
                self._waiter = None
        self._notified = False
