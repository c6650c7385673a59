"""Guilds and their rules. A guild's row is the lock for everything its members spend."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guilds.quota import Rule
from bot.domain.guilds.settings import Guild, Notify
from bot.domain.ids import GuildId
from bot.storage.tables import guilds, rules
from bot.storage.upsert import insert_unless_there, upsert


async def ensure(connection: AsyncConnection, guild_id: GuildId) -> None:
    """Create a guild's row where there is none."""
    await insert_unless_there(connection, guilds, asdict(Guild(guild_id=guild_id)))


async def lock(connection: AsyncConnection, guild_id: GuildId) -> Guild:
    """Lock a guild's row until the transaction ends, creating it where there is none."""
    query = select(guilds).where(guilds.c.guild_id == guild_id).with_for_update()
    while True:
        await ensure(connection, guild_id)
        row = (await connection.execute(query)).one_or_none()
        # Waited for whoever forgot the guild: its row is gone, and is made anew.
        if row is not None:
            return _guild_of(row)


async def get(connection: AsyncConnection, guild_id: GuildId) -> Guild:
    """Return a guild's settings, the defaults where it has none."""
    query = select(guilds).where(guilds.c.guild_id == guild_id)
    row = (await connection.execute(query)).one_or_none()
    return Guild(guild_id=guild_id) if row is None else _guild_of(row)


async def change(connection: AsyncConnection, guild_id: GuildId, **settings: object) -> None:
    """Store settings of a guild whose row is locked."""
    await connection.execute(update(guilds).where(guilds.c.guild_id == guild_id).values(**settings))


async def rules_of(connection: AsyncConnection, guild_id: GuildId) -> list[Rule]:
    """Return the rules and ceilings stored for a guild."""
    query = select(rules).where(rules.c.guild_id == guild_id).order_by(rules.c.id)
    return [
        Rule(
            scope=row.scope,
            unit=row.unit,
            window=row.window,
            limit=row.limit,
            target_id=row.target_id or None,
        )
        for row in await connection.execute(query)
    ]


async def set_rule(connection: AsyncConnection, guild_id: GuildId, rule: Rule) -> None:
    """Store a rule, replacing the one in its place."""
    await ensure(connection, guild_id)
    place = {
        "guild_id": guild_id,
        "scope": rule.scope,
        "target_id": rule.target_id or 0,
        "unit": rule.unit,
        "window": rule.window,
    }
    await upsert(connection, rules, place, {"limit": rule.limit})


async def clear_rule(connection: AsyncConnection, guild_id: GuildId, rule: Rule) -> None:
    """Delete the rule in a rule's place, if there is one."""
    await connection.execute(
        delete(rules).where(
            rules.c.guild_id == guild_id,
            rules.c.scope == rule.scope,
            rules.c.target_id == (rule.target_id or 0),
            rules.c.unit == rule.unit,
            rules.c.window == rule.window,
        )
    )


def _guild_of(row: Row[Any]) -> Guild:
    settings = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Guild(**settings | {"notify": Notify(row.notify)})
