"""Who changed what, and how often requests were refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guilds.audit import AuditEntry, AuditLine
from bot.domain.guilds.bounds import MAX_AUDIT_ENTRIES
from bot.domain.ids import ChannelId, GuildId
from bot.domain.people import Person
from bot.storage.tables import audit_entries, refusals
from bot.storage.upsert import upsert


async def add(connection: AsyncConnection, entry: AuditEntry, *, tell_in: ChannelId | None) -> None:
    """Store a change, in the transaction that makes it, for the log channel there is."""
    await connection.execute(
        insert(audit_entries).values(
            guild_id=entry.guild_id,
            at=entry.at,
            actor_id=entry.actor.user_id,
            actor_name=entry.actor.name,
            action=entry.action,
            change=entry.change,
            tell_in=tell_in,
        )
    )
    await _drop_oldest(connection, entry.guild_id)


async def _drop_oldest(connection: AsyncConnection, guild_id: GuildId) -> None:
    mine = audit_entries.c.guild_id == guild_id
    newest_too_many = (
        select(audit_entries.c.at)
        .where(mine)
        .order_by(audit_entries.c.at.desc())
        .limit(1)
        .offset(MAX_AUDIT_ENTRIES)
        .scalar_subquery()
    )
    await connection.execute(
        delete(audit_entries).where(mine, audit_entries.c.at <= newest_too_many)
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
    return [_entry_of(row) for row in await connection.execute(query)]


async def untold_channels(connection: AsyncConnection) -> set[ChannelId]:
    """Return the log channels that are to be told anything."""
    query = select(audit_entries.c.tell_in).where(audit_entries.c.tell_in.is_not(None)).distinct()
    return {ChannelId(row.tell_in) for row in await connection.execute(query)}


async def next_untold(connection: AsyncConnection, channel_id: ChannelId) -> AuditLine | None:
    """Return the oldest change that a log channel was not told."""
    query = (
        select(audit_entries)
        .where(audit_entries.c.tell_in == channel_id)
        .order_by(audit_entries.c.id)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return AuditLine(id=row.id, channel_id=channel_id, entry=_entry_of(row))


async def mark_told(connection: AsyncConnection, line: AuditLine) -> None:
    """Store that a change was told, or is not to be."""
    await connection.execute(
        update(audit_entries).where(audit_entries.c.id == line.id).values(tell_in=None)
    )


def _entry_of(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        guild_id=row.guild_id,
        at=row.at,
        actor=Person(user_id=row.actor_id, name=row.actor_name),
        change=row.change,
    )


async def count_refusal(
    connection: AsyncConnection, guild_id: GuildId, code: str, *, day: date
) -> None:
    """Count a refused request."""
    key = {"guild_id": guild_id, "day": day, "code": code}
    one_more = {"count": refusals.c.count + 1}
    await upsert(connection, refusals, key, one_more, at_first={"count": 1})


async def refusals_of(
    connection: AsyncConnection, guild_id: GuildId, *, first: date, last: date
) -> dict[str, int]:
    """Return how often requests were refused by error code, the most frequent first."""
    total = func.sum(refusals.c.count)
    query = (
        select(refusals.c.code, total)
        .where(refusals.c.guild_id == guild_id, refusals.c.day.between(first, last))
        .group_by(refusals.c.code)
        .order_by(total.desc(), refusals.c.code)
    )
    return {code: int(count) for code, count in await connection.execute(query)}
