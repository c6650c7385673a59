"""What only an operator asks: over all guilds at once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.amounts import Amounts
from bot.domain.guilds.quota import Rule, Scope
from bot.domain.ids import GuildId
from bot.storage.tables import guilds, ledger_entries, rules


async def spent_by_guild(connection: AsyncConnection, *, since: datetime) -> dict[GuildId, Amounts]:
    """Return what each guild reserved and was charged for since a moment."""
    columns = ledger_entries.c
    query = (
        select(
            columns.guild_id,
            func.sum(columns.videos),
            func.sum(columns.seconds),
            func.sum(columns.micros),
        )
        .where(columns.counted_at >= since)
        .group_by(columns.guild_id)
    )
    return {
        GuildId(guild_id): Amounts(videos=int(videos), seconds=int(seconds), micros=int(micros))
        for guild_id, videos, seconds, micros in await connection.execute(query)
    }


async def ceilings(connection: AsyncConnection) -> dict[GuildId, list[Rule]]:
    """Return the ceilings operators have set."""
    found: dict[GuildId, list[Rule]] = defaultdict(list)
    query = select(rules).where(rules.c.scope == Scope.CEILING).order_by(rules.c.id)
    for row in await connection.execute(query):
        rule = Rule(scope=row.scope, unit=row.unit, window=row.window, limit=row.limit)
        found[GuildId(row.guild_id)].append(rule)
    return found


async def left_at_by_guild(connection: AsyncConnection) -> dict[GuildId, datetime | None]:
    """Return every guild that has a row, and when the bot left it."""
    query = select(guilds.c.guild_id, guilds.c.left_at)
    return {GuildId(row.guild_id): row.left_at for row in await connection.execute(query)}
