"""Brings a database to the newest schema, and says which one it has."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.storage.engine import Database

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """Return the revision this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("no migration is shipped")
    return head


async def upgrade(database: Database, revision: str = "head") -> None:
    """Apply all missing migrations, in one transaction each.

    Raises:
        DatabaseUnavailableError: the database cannot be reached.
    """
    if database.file is not None:
        database.file.parent.mkdir(parents=True, exist_ok=True)
    async with database.write() as connection:
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), revision))


async def current_revision(database: Database) -> str | None:
    """Return the revision the database has; None for an empty one.

    Raises:
        DatabaseUnavailableError: the database cannot be reached.
    """
    async with database.read() as connection:
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )
