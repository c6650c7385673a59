"""Which commands Discord has of us: they are sent again only when they changed."""

from __future__ import annotations

from bot.domain.ids import GuildId
from bot.storage import processes
from bot.storage.engine import Database


class CommandRegistry:
    """Remembers a digest of the registered commands per application and scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def digest(self, application_id: int, guild_id: GuildId | None = None) -> str | None:
        """Return the digest of what was registered last, everywhere or in one guild."""
        return await self._get(_key(application_id, guild_id))

    async def remember(
        self, application_id: int, digest: str, guild_id: GuildId | None = None
    ) -> None:
        """Store the digest of what was registered."""
        await self._set(_key(application_id, guild_id), digest)

    async def operator_guild(self, application_id: int) -> GuildId | None:
        """Return where the operator's commands were registered last."""
        stored = await self._get(_guild_key(application_id))
        return GuildId(int(stored)) if stored else None

    async def remember_operator_guild(self, application_id: int, guild_id: GuildId | None) -> None:
        """Store where the operator's commands are; None is nowhere."""
        await self._set(_guild_key(application_id), str(guild_id or ""))

    async def _get(self, key: str) -> str | None:
        async with self._database.read() as connection:
            return await processes.get_fact(connection, key)

    async def _set(self, key: str, value: str) -> None:
        async with self._database.write() as connection:
            await processes.set_fact(connection, key, value)


def _key(application_id: int, guild_id: GuildId | None) -> str:
    return f"commands:{application_id}" + (f":{guild_id}" if guild_id else "")


def _guild_key(application_id: int) -> str:
    return f"operator_guild:{application_id}"
