"""Who changed what, and how often wishes were refused."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.audit import Actor, AuditEntry
from bot.domain.ids import GuildId
from bot.storage.tables import audit_entries, refusals


async def add(connection: AsyncConnection, entry: AuditEntry) -> None:
    """Store a change, in the transaction that makes it."""
    await connection.execute(
        insert(audit_entries).values(
            guild_id=entry.guild_id,
            at=entry.at,
            actor_id=entry.actor.user_id,
            actor_name=entry.actor.name,
            action=entry.action,
            subject=entry.subject,
            before=entry.before,
            after=entry.after,
        )
    )


async def newest(
    connection: AsyncConnection,
    guild_id: GuildId,
    *,
    since: datetime,
    until: datetime,
    limit: int,
    offset: int = 0,
) -> list[AuditEntry]:
    """Return a guild's changes of a period, newest first."""
    query = (
        select(audit_entries)
        .where(
            audit_entries.c.guild_id == guild_id,
            audit_entries.c.at >= since,
            audit_entries.c.at < until,
        )
        .order_by(audit_entries.c.at.desc(), audit_entries.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [
        AuditEntry(
            guild_id=row.guild_id,
            at=row.at,
            actor=Actor(user_id=row.actor_id, name=row.actor_name),
            action=row.action,
            subject=row.subject,
            before=row.before,
            after=row.after,
        )
        for row in await connection.execute(query)
    ]


async def count_refusal(
    connection: AsyncConnection, guild_id: GuildId, code: str, *, day: date
) -> None:
    """Count a refused wish."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    await connection.execute(
        dialect.insert(refusals)
        .values(guild_id=guild_id, day=day, code=code, count=1)
        .on_conflict_do_update(
            index_elements=["guild_id", "day", "code"], set_={"count": refusals.c.count + 1}
        )
    )


async def refusals_of(
    connection: AsyncConnection, guild_id: GuildId, *, first: date, last: date
) -> dict[str, int]:
    """Return how often wishes were refused by error code, the most frequent first."""
    total = func.sum(refusals.c.count)
    query = (
        select(refusals.c.code, total)
        .where(refusals.c.guild_id == guild_id, refusals.c.day.between(first, last))
        .group_by(refusals.c.code)
        .order_by(total.desc(), refusals.c.code)
    )
    return {code: int(count) for code, count in await connection.execute(query)}
