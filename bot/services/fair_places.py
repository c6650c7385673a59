"""Places for work that takes a while, shared fairly: one in hand a person, guilds in turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.domain.ids import GuildId, UserId


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    user_id: UserId
    admitted: asyncio.Future[None]


class FairPlaces:
    """So many at a time; who waits is served guild by guild, and in a guild in the order they came.

    A person has one place at a time, however much they asked for: what else they asked for waits
    and keeps nobody waiting.
    """

    def __init__(self, places: int) -> None:
        """Remember the number; nobody waits.

        Args:
            places: how many have one at the same time.
        """
        self._free = places
        self._waiting: dict[GuildId, deque[_Waiting]] = {}
        """Guilds in the order of their turns."""
        self._served: set[UserId] = set()

    @asynccontextmanager
    async def place(self, guild_id: GuildId, user_id: UserId) -> AsyncIterator[None]:
        """Wait for a place, and hold it until the block ends."""
        waiting = _Waiting(user_id, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(guild_id, deque()).append(waiting)
        self._admit()
        try:
            await waiting.admitted
        except asyncio.CancelledError:
            # It may have been admitted in the moment in which its caller went away.
            if waiting.admitted.done() and not waiting.admitted.cancelled():
                self._release(user_id)
            else:
                self._drop(guild_id, waiting)
            raise
        try:
            yield
        finally:
            self._release(user_id)

    def _admit(self) -> None:
        while self._free and (found := self._next()) is not None:
            guild_id, waiting = found
            self._drop(guild_id, waiting)
            if guild_id in self._waiting:
                # Its next one waits until all others had their turn.
                self._waiting[guild_id] = self._waiting.pop(guild_id)
            self._free -= 1
            self._served.add(waiting.user_id)
            waiting.admitted.set_result(None)

    def _next(self) -> tuple[GuildId, _Waiting] | None:
        return next(
            (
                (guild_id, waiting)
                for guild_id, line in self._waiting.items()
                for waiting in line
                if waiting.user_id not in self._served
            ),
            None,
        )

    def _drop(self, guild_id: GuildId, waiting: _Waiting) -> None:
        line = self._waiting[guild_id]
        line.remove(waiting)
        if not line:
            del self._waiting[guild_id]

    def _release(self, user_id: UserId) -> None:
        self._free += 1
        self._served.discard(user_id)
        self._admit()
