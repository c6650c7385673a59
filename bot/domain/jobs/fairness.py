"""Which waiting job is next: fair between guilds, then between a guild's members.

Least recently served goes first, round and round: a guild that queued one job does not wait
behind another's thirty, and neither does a member. Among one member's jobs the oldest is first.
Pure; the same order decides the claim and the position shown to people.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.ids import GuildId, JobId, UserId

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job that may be claimed."""

    job_id: JobId
    guild_id: GuildId
    requester_id: UserId
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildInLine:
    """How a guild stands in a lane's line."""

    guild_id: GuildId
    waiting: int
    """Its jobs in line, at least one."""
    first_at: datetime
    """When the oldest of them was asked for."""
    served_at: datetime | None
    """When its last job was submitted."""

    @property
    def key(self) -> tuple[datetime, datetime, GuildId]:
        """What orders guilds within a round."""
        return (self.served_at or _NEVER, self.first_at, self.guild_id)


class Places:
    """Places in a line that is not read as a whole: only how many wait for each guild."""

    def __init__(self, guilds: Iterable[GuildInLine]) -> None:
        self._guilds = sorted(guilds, key=lambda guild: guild.key)
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


def in_order(
    waiting: Iterable[Waiting],
    *,
    guild_served_at: Mapping[GuildId, datetime],
    member_served_at: Mapping[tuple[GuildId, UserId], datetime],
) -> Iterator[Waiting]:
    """Yield the waiting jobs in the order they will be claimed.

    Args:
        waiting: the jobs of one lane.
        guild_served_at: when each guild's last job was submitted; missing means never.
        member_served_at: the same for each member in a guild.
    """
    by_member: dict[tuple[GuildId, UserId], deque[Waiting]] = defaultdict(deque)
    for job in sorted(waiting, key=lambda job: (job.created_at, job.job_id)):
        by_member[job.guild_id, job.requester_id].append(job)
    members: dict[GuildId, list[tuple[int, datetime, datetime, UserId]]] = defaultdict(list)
    for (guild_id, user_id), jobs in by_member.items():
        served_at = member_served_at.get((guild_id, user_id), _NEVER)
        heapq.heappush(members[guild_id], (0, served_at, jobs[0].created_at, user_id))
    guilds = [
        (0, guild_served_at.get(guild_id, _NEVER), min(first for _, _, first, _ in heap), guild_id)
        for guild_id, heap in members.items()
    ]
    heapq.heapify(guilds)
    # The first field of a key is the round: whoever had a turn now waits for all the others.
    while guilds:
        guild_round, guild_at, guild_first, guild_id = heapq.heappop(guilds)
        heap = members[guild_id]
        member_round, member_at, member_first, user_id = heapq.heappop(heap)
        jobs = by_member[guild_id, user_id]
        yield jobs.popleft()
        if jobs:
            heapq.heappush(heap, (member_round + 1, member_at, member_first, user_id))
        if heap:
            heapq.heappush(guilds, (guild_round + 1, guild_at, guild_first, guild_id))
