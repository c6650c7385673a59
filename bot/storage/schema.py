"""Which schema a database has, and which one this code needs: told without Alembic.

Alembic costs a process megabytes and a fifth of a second, and nearly every start finds the newest
schema; so only what changes one imports it.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from bot.storage.engine import Database

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
"""Their files begin with the revision, ``0001`` and so on."""

_version = table("alembic_version", column("version_num"))


def newest_revision() -> str:
    """Return the revision this code needs."""
    names = [path.name for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py")]
    if not names:
        raise RuntimeError("no migration is shipped")
    return max(names).partition("_")[0]


async def current_revision(database: Database) -> str | None:
    """Return the revision the database has; None for an empty one.

    Raises:
        DatabaseUnavailableError: the database cannot be reached.
    """
    async with database.read() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar_one_or_none()


async def upgrade(database: Database) -> None:
    """Bring a database to the newest schema, if it has an older one.

    Raises:
        DatabaseUnavailableError: the database cannot be reached.
    """
    if database.file is not None:
        database.file.parent.mkdir(parents=True, exist_ok=True)
    if await current_revision(database) != newest_revision():
        from bot.storage import migrate

        await migrate.upgrade(database)
