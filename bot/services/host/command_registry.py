"""Which commands Discord has of us: they are sent again only when they changed."""

from __future__ import annotations

from bot.domain.ids import GuildId
from bot.storage import host_state
from bot.storage.engine import Database


class CommandRegistry:
    """Remembers a digest of the registered commands per application and scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def digest(self, application_id: int, guild_id: GuildId | None = None) -> str | None:
        """Return the digest of what was registered last, everywhere or in one guild."""
        async with self._database.read() as connection:
            return await host_state.registered(connection, application_id, guild_id)

    async def remember(
        self, application_id: int, digest: str, guild_id: GuildId | None = None
    ) -> None:
        """Store the digest of what was registered."""
        async with self._database.write() as connection:
            await host_state.set_registered(connection, application_id, guild_id, digest)

    async def guilds(self, application_id: int) -> set[GuildId]:
        """Return the guilds that have commands of their own: the operator's."""
        async with self._database.read() as connection:
            return await host_state.registered_guilds(connection, application_id)

    async def forget(self, application_id: int, guild_id: GuildId) -> None:
        """Forget a guild that has no commands of its own any more."""
        async with self._database.write() as connection:
            await host_state.forget_registered(connection, application_id, guild_id)
