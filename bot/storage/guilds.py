"""Guilds and their rules. A guild's row is the lock for everything its members spend."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guilds.bounds import MAX_RULES
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.guilds.settings import Guild, Notify
from bot.domain.ids import GuildId, RoleId, UserId
from bot.storage.tables import guilds, rules
from bot.storage.upsert import insert_unless_there, upsert

_OF_ALL = (Scope.CEILING, Scope.SERVER, Scope.MEMBER_DEFAULT)
"""Scopes without a target."""


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


async def with_log_channel(
    connection: AsyncConnection, guild_ids: Collection[GuildId]
) -> set[GuildId]:
    """Return which of some guilds have a log channel."""
    if not guild_ids:
        return set()
    query = select(guilds.c.guild_id).where(
        guilds.c.guild_id.in_(guild_ids), guilds.c.log_channel_id.is_not(None)
    )
    return set((await connection.execute(query)).scalars())


async def change(connection: AsyncConnection, guild_id: GuildId, **settings: object) -> None:
    """Store settings of a guild whose row is locked."""
    await connection.execute(update(guilds).where(guilds.c.guild_id == guild_id).values(**settings))


async def rules_of(connection: AsyncConnection, guild_id: GuildId) -> list[Rule]:
    """Return the rules and ceilings stored for a guild, as many as may be."""
    return await _rules(connection, guild_id)


async def rules_for(
    connection: AsyncConnection,
    guild_id: GuildId,
    user_id: UserId,
    role_ids: Collection[RoleId],
) -> list[Rule]:
    """Return the rules and ceilings that may bind a member, however many others there are."""
    scope, target_id = rules.c.scope, rules.c.target_id
    mine = or_(
        scope.in_(_OF_ALL),
        and_(scope == Scope.MEMBER, target_id == user_id),
        and_(scope == Scope.ROLE, target_id.in_(role_ids)),
    )
    return await _rules(connection, guild_id, mine, limit=None)


async def rule_in_place(connection: AsyncConnection, guild_id: GuildId, rule: Rule) -> Rule | None:
    """Return the rule stored in a rule's place, if there is one."""
    found = await _rules(
        connection,
        guild_id,
        rules.c.scope == rule.scope,
        rules.c.target_id == (rule.target_id or 0),
        rules.c.unit == rule.unit,
        rules.c.window == rule.window,
    )
    return found[0] if found else None


async def rules_to_clear(
    connection: AsyncConnection,
    guild_id: GuildId,
    scope: Scope,
    target_id: int | None,
    *,
    roles: Collection[int] | None,
) -> list[Rule]:
    """Return somebody's rules, and some of roles that are gone.

    Args:
        connection: a transaction that holds the guild's row.
        guild_id: where.
        scope: whose rules, with ``target_id``.
        target_id: role or member, where the scope has one.
        roles: the guild's; None where they are not known.
    """
    theirs = and_(rules.c.scope == scope, rules.c.target_id == (target_id or 0))
    found = await _rules(connection, guild_id, theirs)
    if roles is None:
        return found
    gone = and_(rules.c.scope == Scope.ROLE, rules.c.target_id.not_in(roles))
    return found + [rule for rule in await _rules(connection, guild_id, gone) if rule not in found]


async def count_rules(connection: AsyncConnection, guild_id: GuildId) -> int:
    """Return how many rules moderators have set; ceilings are the host's."""
    query = select(func.count()).where(rules.c.guild_id == guild_id, rules.c.scope != Scope.CEILING)
    return int((await connection.execute(query)).scalar_one())


async def _rules(
    connection: AsyncConnection,
    guild_id: GuildId,
    *conditions: ColumnElement[bool],
    limit: int | None = MAX_RULES + len(Unit) * len(Window),
) -> list[Rule]:
    query = select(rules).where(rules.c.guild_id == guild_id, *conditions).order_by(rules.c.id)
    return [
        Rule(
            scope=row.scope,
            unit=row.unit,
            window=row.window,
            limit=row.limit,
            target_id=row.target_id or None,
        )
        for row in await connection.execute(query.limit(limit))
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
