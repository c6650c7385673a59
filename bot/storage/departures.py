"""Guilds the bot left: their waiting jobs, and the settings that go 30 days later."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guilds.quota import Scope
from bot.domain.guilds.settings import Guild
from bot.domain.ids import GuildId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.storage.jobs import jobs_of
from bot.storage.tables import (
    blocks,
    draws,
    grants,
    guilds,
    jobs,
    kind_defaults,
    permits,
    rules,
    words,
)


async def mark(
    connection: AsyncConnection, guild_ids: Collection[GuildId], left_at: datetime | None
) -> None:
    """Store when the bot left these guilds; None where it is back."""
    await connection.execute(
        update(guilds).where(guilds.c.guild_id.in_(guild_ids)).values(left_at=left_at)
    )


async def waiting_in_left(connection: AsyncConnection) -> list[Job]:
    """Return the waiting jobs of guilds the bot is no longer in."""
    query = (
        select(jobs)
        .join(guilds, guilds.c.guild_id == jobs.c.guild_id)
        .where(jobs.c.state == JobState.QUEUED, guilds.c.left_at.is_not(None))
        .order_by(jobs.c.id)
    )
    return await jobs_of(connection, query)


async def waiting_outside(connection: AsyncConnection, allowed: Collection[GuildId]) -> list[Job]:
    """Return the waiting jobs of all guilds but these."""
    query = (
        select(jobs)
        .where(jobs.c.state == JobState.QUEUED, jobs.c.guild_id.not_in(allowed))
        .order_by(jobs.c.id)
    )
    return await jobs_of(connection, query)


async def left_before(connection: AsyncConnection, moment: datetime) -> list[GuildId]:
    """Return the guilds the bot left before a moment."""
    query = select(guilds.c.guild_id).where(guilds.c.left_at <= moment)
    return [GuildId(row.guild_id) for row in await connection.execute(query)]


async def forget_settings(connection: AsyncConnection, guild: Guild) -> bool:
    """Erase what a guild's people set, with its row locked; jobs and ledger stay.

    Ceilings stay as well: they are the host's word about the guild, and leaving must not lift them.

    Returns:
        Whether there was anything to erase.
    """
    granted = select(grants.c.id).where(grants.c.guild_id == guild.guild_id)
    erased = 0
    for erasure in (
        delete(draws).where(draws.c.grant_id.in_(granted)),
        *(
            delete(table).where(table.c.guild_id == guild.guild_id)
            for table in (grants, permits, kind_defaults, blocks, words)
        ),
        delete(rules).where(rules.c.guild_id == guild.guild_id, rules.c.scope != Scope.CEILING),
    ):
        erased += (await connection.execute(erasure)).rowcount
    row = guilds.c.guild_id == guild.guild_id
    ceilings = select(rules.c.id).where(rules.c.guild_id == guild.guild_id).limit(1)
    if (await connection.execute(ceilings)).first() is None:
        await connection.execute(delete(guilds).where(row))
        return True
    blank = Guild(guild_id=guild.guild_id, left_at=guild.left_at)
    await connection.execute(update(guilds).where(row).values(asdict(blank)))
    return erased > 0 or guild != blank
