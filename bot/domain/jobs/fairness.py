"""The places in a line that guilds take turns in, without the line itself.

Who goes before whom is written in ``bot.storage.queue_order``; here is only counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.ids import GuildId


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildInLine:
    """How many jobs a guild has in a lane's line."""

    guild_id: GuildId
    waiting: int
    """At least one."""


class LinePlaces:
    """Places in a line that is not read as a whole: only how many wait for each guild."""

    def __init__(self, guilds: Iterable[GuildInLine]) -> None:
        """Take the guilds in the order of their turns."""
        self._guilds = list(guilds)
        self._turn = {guild.guild_id: turn for turn, guild in enumerate(self._guilds)}
        self._rounds: dict[int, tuple[int, list[int]]] = {}

    def __contains__(self, guild_id: GuildId) -> bool:
        return guild_id in self._turn

    def of(self, guild_id: GuildId, nth: int) -> int:
        """Return the place in line, from 1, of a guild's job.

        Each round serves one job of every guild that has one left; so before it come as many
        rounds as its own guild has jobs in front of it, and in its own round the guilds whose
        turn is earlier.

        Args:
            guild_id: whose job.
            nth: how many jobs of its guild are in front of it.
        """
        if nth not in self._rounds:
            before = sum(min(guild.waiting, nth) for guild in self._guilds)
            taking_part = [turn for turn, guild in enumerate(self._guilds) if guild.waiting > nth]
            self._rounds[nth] = (before, taking_part)
        before, taking_part = self._rounds[nth]
        return before + bisect_left(taking_part, self._turn[guild_id]) + 1
