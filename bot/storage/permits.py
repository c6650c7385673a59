"""What a guild's admins allow, and what they chose as defaults."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalogue import Choices, Kind
from bot.domain.catalogue.permits import Permits, Subject
from bot.domain.ids import ChannelId, GuildId
from bot.storage.guilds import ensure
from bot.storage.tables import kind_defaults, permits
from bot.storage.upsert import upsert


async def of_guild(connection: AsyncConnection, guild_id: GuildId) -> Permits:
    """Return everything a guild decided."""
    decided: dict[Subject, dict[str, bool]] = {subject: {} for subject in Subject}
    query = select(permits).where(permits.c.guild_id == guild_id).order_by(permits.c.name)
    for row in await connection.execute(query):
        decided[row.subject][row.name] = row.allowed
    return Permits(
        channels={
            ChannelId(int(name)): allowed for name, allowed in decided[Subject.CHANNEL].items()
        },
        models=decided[Subject.MODEL],
        effects=decided[Subject.EFFECT],
    )


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
        row.kind: Choices(model=row.model, resolution=row.resolution, size=row.size)
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
    }
    await upsert(connection, kind_defaults, {"guild_id": guild_id, "kind": kind}, values)


async def clear_default(connection: AsyncConnection, guild_id: GuildId, kind: Kind) -> None:
    """Delete what is chosen for a kind."""
    await connection.execute(
        delete(kind_defaults).where(
            kind_defaults.c.guild_id == guild_id, kind_defaults.c.kind == kind
        )
    )
