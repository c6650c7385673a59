"""Migrations from nothing make exactly the tables of the code, and can be taken back."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from bot.storage import migrate
from bot.storage.engine import Database
from bot.storage.tables import metadata


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


async def test_migrated_database_has_the_tables_of_the_code(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []
    assert await migrate.current_revision(database) == migrate.newest_revision()


async def test_empty_database_is_migrated_and_doing_it_again_changes_nothing(
    empty_url: str,
) -> None:
    database = Database(empty_url)
    try:
        assert await migrate.current_revision(database) is None
        for _ in range(2):
            await migrate.upgrade(database)
            assert await migrate.current_revision(database) == migrate.newest_revision()
    finally:
        await database.aclose()


async def test_schema_can_be_taken_back_and_made_again(database: Database) -> None:
    async with database.write() as connection:
        await connection.run_sync(lambda sync: command.downgrade(migrate._config(sync), "base"))
        left = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert set(left) <= {"alembic_version"}
    assert await migrate.current_revision(database) is None
    await migrate.upgrade(database)
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []
