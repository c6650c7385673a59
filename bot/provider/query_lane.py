"""The pace of queries: the provider counts them per account, over all keys and models.

20 per second for query, list and cancel together; page ``manage-asynchronous-tasks`` under
https://help.aliyun.com/zh/model-studio/.
"""

from __future__ import annotations

import asyncio

from bot.domain.ports import Clock


class QueryLane:
    """Lets queries through one by one, evenly spaced, in the order they came."""

    def __init__(self, *, per_second: float, clock: Clock) -> None:
        self._interval_seconds = 1 / per_second
        self._clock = clock
        self._turn = asyncio.Lock()
        self._next_at = clock.monotonic()

    async def take_turn(self) -> None:
        """Return when the next query may leave."""
        async with self._turn:
            wait_seconds = self._next_at - self._clock.monotonic()
            if wait_seconds > 0:
                await self._clock.sleep(wait_seconds)
            # A sleep that ends a little early must not let the pace creep up.
            at = max(self._next_at, self._clock.monotonic())
            self._next_at = at + self._interval_seconds
