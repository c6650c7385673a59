"""What a guild's admins allow, and what they chose as defaults."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalogue import Choices, Kind
from bot.domain.catalogue.permits import Permits, Subject
from bot.domain.guilds.bounds import MAX_CHANNELS
from bot.domain.ids import ChannelId, GuildId
from bot.storage.guilds import ensure
from bot.storage.tables import kind_defaults, permits
from bot.storage.upsert import upsert

MAX_NAMES = 500
"""Of models and of effects: only those the catalogue has can be decided about."""
OPENED = 25
"""Channels that were opened, to be named where another is closed."""


async def of_guild(
    connection: AsyncConnection, guild_id: GuildId, *, path: Collection[ChannelId] | None = None
) -> Permits:
    """Return what a guild decided.

    Args:
        connection: a transaction.
        guild_id: whose.
        path: leaves what was decided about these channels, and some that were opened; all there
            may be where it is not given.
    """
    decided: dict[Subject, dict[str, bool]] = {subject: {} for subject in Subject}
    subject, name = permits.c.subject, permits.c.name
    channels = subject == Subject.CHANNEL
    parts = [(subject != Subject.CHANNEL, 2 * MAX_NAMES)]
    if path is None:
        parts.append((channels, MAX_CHANNELS))
    elif path:
        here = [str(channel_id) for channel_id in path]
        parts.append((and_(channels, name.in_(here)), MAX_CHANNELS))
        parts.append((and_(channels, permits.c.allowed), OPENED))
    for condition, most in parts:
        query = select(permits).where(permits.c.guild_id == guild_id, condition)
        for row in await connection.execute(query.order_by(name).limit(most)):
            decided[row.subject][row.name] = row.allowed
    return Permits(
        channels={
            ChannelId(int(name)): allowed for name, allowed in decided[Subject.CHANNEL].items()
        },
        models=decided[Subject.MODEL],
        effects=decided[Subject.EFFECT],
    )


async def count_channels(connection: AsyncConnection, guild_id: GuildId) -> int:
    """Return about how many channels a guild decided."""
    query = select(func.count()).where(
        permits.c.guild_id == guild_id, permits.c.subject == Subject.CHANNEL
    )
    return int((await connection.execute(query)).scalar_one())


async def decide(
    connection: AsyncConnection, guild_id: GuildId, subject: Subject, name: str, *, allowed: bool
) -> None:
    """Store a decision, replacing the one before."""
    await ensure(connection, guild_id)
    key = {"guild_id": guild_id, "subject": subject, "name": name}
    await upsert(connection, permits, key, {"allowed": allowed})


async def reset(
    connection: AsyncConnection, guild_id: GuildId, subject: Subject, name: str
) -> None:
    """Delete a decision."""
    await connection.execute(
        delete(permits).where(
            permits.c.guild_id == guild_id, permits.c.subject == subject, permits.c.name == name
        )
    )


async def defaults_of(connection: AsyncConnection, guild_id: GuildId) -> dict[Kind, Choices]:
    """Return what is chosen for members of a guild who choose nothing."""
    query = select(kind_defaults).where(kind_defaults.c.guild_id == guild_id)
    return {
        row.kind: Choices(
            model=row.model, resolution=row.resolution, size=row.size, audio=row.audio
        )
        for row in await connection.execute(query)
    }


async def set_default(
    connection: AsyncConnection, guild_id: GuildId, kind: Kind, choices: Choices
) -> None:
    """Store what is chosen for a kind."""
    await ensure(connection, guild_id)
    values = {
        "model": choices.model,
        "resolution": choices.resolution,
        "size": choices.size,
        "audio": choices.audio,
    }
    await upsert(connection, kind_defaults, {"guild_id": guild_id, "kind": kind}, values)


async def clear_default(connection: AsyncConnection, guild_id: GuildId, kind: Kind) -> None:
    """Delete what is chosen for a kind."""
    await connection.execute(
        delete(kind_defaults).where(
            kind_defaults.c.guild_id == guild_id, kind_defaults.c.kind == kind
        )
    )
