"""Which commands Discord has of us: they are sent again only when they changed."""

from __future__ import annotations

from bot.storage import processes
from bot.storage.engine import Database


class Registration:
    """Remembers a digest of the registered commands per application."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def digest(self, application_id: int) -> str | None:
        """Return the digest of what was registered last."""
        async with self._database.read() as connection:
            return await processes.get_fact(connection, f"commands:{application_id}")

    async def remember(self, application_id: int, digest: str) -> None:
        """Store the digest of what was registered."""
        async with self._database.write() as connection:
            await processes.set_fact(connection, f"commands:{application_id}", digest)
