"""Changes a database's schema with Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from bot.storage.engine import Database
from bot.storage.schema import MIGRATIONS


def config_of(connection: Connection) -> Config:
    """Return Alembic's configuration for a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def upgrade(database: Database, revision: str = "head") -> None:
    """Apply all migrations up to one, in one transaction.

    Raises:
        DatabaseUnavailableError: the database cannot be reached.
    """
    database.make_folder()
    async with database.unhurried() as patient, patient.write() as connection:
        await connection.run_sync(lambda sync: command.upgrade(config_of(sync), revision))


async def downgrade(database: Database, revision: str) -> None:
    """Take migrations back down to one, in one transaction.

    Raises:
        DatabaseUnavailableError: the database cannot be reached.
    """
    async with database.unhurried() as patient, patient.write() as connection:
        await connection.run_sync(lambda sync: command.downgrade(config_of(sync), revision))
