"""What outlives a process: the switch, when it left, its guilds, and its commands at Discord."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.host.overview import GuildInfo
from bot.domain.host.switch import Switch
from bot.domain.ids import GuildId
from bot.storage.tables import host_state, present_guilds, registered_commands
from bot.storage.upsert import upsert

_ONLY = {"id": 1}
_EVERYWHERE = 0


async def switch_of(connection: AsyncConnection) -> Switch:
    """Return how the operator's switch stands."""
    found = (await connection.execute(select(host_state.c.switch))).scalar_one_or_none()
    return Switch.OPEN if found is None else Switch(found)


async def set_switch(connection: AsyncConnection, switch: Switch) -> None:
    """Store how the switch stands."""
    await upsert(connection, host_state, _ONLY, {"switch": switch})


async def left_at(connection: AsyncConnection) -> datetime | None:
    """Return when the last process left in good order."""
    moment: datetime | None = (
        await connection.execute(select(host_state.c.left_at))
    ).scalar_one_or_none()
    return moment


async def set_left_at(connection: AsyncConnection, at: datetime) -> None:
    """Store when a process left."""
    await upsert(connection, host_state, _ONLY, {"left_at": at}, at_first={"switch": Switch.OPEN})


async def present(connection: AsyncConnection) -> dict[GuildId, GuildInfo]:
    """Return the guilds the bot was in when it last looked."""
    return {
        GuildId(row.guild_id): GuildInfo(name=row.name, members=row.members)
        for row in await connection.execute(select(present_guilds))
    }


async def set_present(connection: AsyncConnection, guilds: Mapping[GuildId, GuildInfo]) -> None:
    """Replace the guilds the bot is in."""
    await connection.execute(delete(present_guilds))
    if guilds:
        rows = [{"guild_id": guild_id, **asdict(guild)} for guild_id, guild in guilds.items()]
        await connection.execute(insert(present_guilds), rows)


async def registered(
    connection: AsyncConnection, application_id: int, guild_id: GuildId | None
) -> str | None:
    """Return the digest of the commands Discord has of us, everywhere or in one guild."""
    query = select(registered_commands.c.digest).where(
        registered_commands.c.application_id == application_id,
        registered_commands.c.guild_id == (guild_id or _EVERYWHERE),
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def registered_guilds(connection: AsyncConnection, application_id: int) -> set[GuildId]:
    """Return the guilds that have commands of their own."""
    query = select(registered_commands.c.guild_id).where(
        registered_commands.c.application_id == application_id,
        registered_commands.c.guild_id != _EVERYWHERE,
    )
    return {GuildId(row.guild_id) for row in await connection.execute(query)}


async def set_registered(
    connection: AsyncConnection, application_id: int, guild_id: GuildId | None, digest: str
) -> None:
    """Store the digest of what was registered."""
    key = {"application_id": application_id, "guild_id": guild_id or _EVERYWHERE}
    await upsert(connection, registered_commands, key, {"digest": digest})


async def forget_registered(
    connection: AsyncConnection, application_id: int, guild_id: GuildId
) -> None:
    """Forget a guild that has no commands of its own any more."""
    await connection.execute(
        delete(registered_commands).where(
            registered_commands.c.application_id == application_id,
            registered_commands.c.guild_id == guild_id,
        )
    )
