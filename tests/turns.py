"""Turns played out one job after the other: what every order of a line must come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.ids import GuildId, JobId, UserId

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_LATER = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job in a line."""

    job_id: JobId
    guild_id: GuildId
    requester_id: UserId
    created_at: datetime


def played_out(
    line: Iterable[Waiting],
    *,
    guild_served_at: Mapping[GuildId, datetime] | None = None,
    member_served_at: Mapping[tuple[GuildId, UserId], datetime] | None = None,
) -> Iterator[Waiting]:
    """Yield a line's jobs as they are served: guild, member, job; whoever was served comes last."""
    left = sorted(line, key=lambda job: (job.created_at, job.job_id))
    guilds, members = dict(guild_served_at or {}), dict(member_served_at or {})
    came_at: dict[GuildId, datetime] = {}
    for job in left:
        came_at.setdefault(job.guild_id, job.created_at)

    def turn(job: Waiting) -> tuple[object, ...]:
        member = (job.guild_id, job.requester_id)
        first_at = min(
            other.created_at for other in left if (other.guild_id, other.requester_id) == member
        )
        return (
            *(guilds.get(job.guild_id, _NEVER), came_at[job.guild_id], job.guild_id),
            *(members.get(member, _NEVER), first_at, job.requester_id),
            *(job.created_at, job.job_id),
        )

    served = 0
    while left:
        job = min(left, key=turn)
        left.remove(job)
        served += 1
        guilds[job.guild_id] = _LATER + timedelta(seconds=served)
        members[job.guild_id, job.requester_id] = _LATER + timedelta(seconds=served)
        yield job
