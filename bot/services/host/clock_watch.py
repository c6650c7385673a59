"""Watches the time of day: a host's clock may be set, and what waits by it must not wait for ever.

Stored moments are times of day. After a step back they lie too far in the future; none of our waits
is longer than ``LONGEST_WAIT``, so what lies further is due at once. A step forward makes things
due early, which costs a look.
"""

from __future__ import annotations

from bot.domain.jobs.deadlines import LONGEST_WAIT
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.storage import lanes, leases
from bot.storage.engine import Database

log = get_logger(__name__)

CHECK_SECONDS = 5.0
STEP_SECONDS = 5.0
"""Clocks that are slewed move by 0.5 ms a second at most; this much is a step."""


class ClockStepWatch:
    """Compares the time of day with a clock that never runs backwards."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._offset: float | None = None
        """The time of day less the monotonic clock, in seconds, at the last look."""
        self._may_wait_long = True
        """At the start as well: the clock may have been set between two processes."""

    async def run_once(self) -> float:
        """Look once; return the seconds until the next look."""
        offset = self._clock.now().timestamp() - self._clock.monotonic()
        stepped = 0.0 if self._offset is None else offset - self._offset
        self._offset = offset
        if abs(stepped) >= STEP_SECONDS:
            log.warning("clock_stepped", seconds=round(stepped))
        self._may_wait_long = self._may_wait_long or stepped <= -STEP_SECONDS
        if self._may_wait_long:
            await self._end_long_waits()
            self._may_wait_long = False
        return CHECK_SECONDS

    async def _end_long_waits(self) -> None:
        now = self._clock.now()
        async with self._database.write() as connection:
            hastened = await leases.cap_future_waits(connection, now=now, latest=now + LONGEST_WAIT)
            hastened += await lanes.cap_future_waits(connection, now=now, latest=now + LONGEST_WAIT)
        if hastened:
            log.warning("long_waits_ended", count=hastened)
